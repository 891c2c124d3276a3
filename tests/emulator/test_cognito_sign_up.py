"""How users sign up: https://docs.aws.amazon.com/cognito/latest/developerguide/signing-up-users-in-your-app.html"""

from typing import Any

import boto3
import pytest
from botocore import UNSIGNED
from botocore.config import Config
from emulator.cognito_tools import PASSWORD, Pool, refusal

EMAIL = {"AutoVerifiedAttributes": ["email"]}


def test_a_user_signs_up_and_confirms_with_the_code_from_the_email(aws: Any) -> None:
    """The code confirms the user, and verifies the email that it went to.

    https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_ConfirmSignUp.html
    """
    pool = Pool(aws, EMAIL)
    answer = pool.sign_up(email="ana@example.com")
    assert not answer["UserConfirmed"]
    details = answer["CodeDeliveryDetails"]
    assert details == {"Destination": "a***@e***", "DeliveryMedium": "EMAIL", "AttributeName": "email"}
    pool.idp.confirm_sign_up(ClientId=pool.client_id, Username="ana", ConfirmationCode=pool.code())
    user = pool.idp.admin_get_user(UserPoolId=pool.id, Username="ana")
    assert user["UserStatus"] == "CONFIRMED"
    assert {"Name": "email_verified", "Value": "true"} in user["UserAttributes"]


def test_sign_up_needs_no_credentials(aws: Any) -> None:
    """A browser signs up without AWS keys: the app client's id says whose pool it is.

    https://docs.aws.amazon.com/cognito/latest/developerguide/authentication-flows-public-server-side.html
    """
    pool = Pool(aws)
    anonymous = boto3.client(
        "cognito-idp", endpoint_url=aws.endpoint, region_name="us-east-1", config=Config(signature_version=UNSIGNED)
    )
    anonymous.sign_up(ClientId=pool.client_id, Username="ana", Password=PASSWORD)
    assert pool.idp.admin_get_user(UserPoolId=pool.id, Username="ana")["UserStatus"] == "UNCONFIRMED"


def test_without_automatic_verification_no_code_is_sent(aws: Any) -> None:
    """https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-settings-email-phone-verification.html"""
    pool = Pool(aws)
    assert "CodeDeliveryDetails" not in pool.sign_up(email="ana@example.com")
    assert pool.codes("ana") == []


@pytest.mark.parametrize(
    ("password", "reason"),
    [
        ("Sh0rt!", "Password not long enough"),
        ("no-upper-1", "Password must have uppercase characters"),
        ("NO-LOWER-1", "Password must have lowercase characters"),
        ("No-Numbers", "Password must have numeric characters"),
        ("NoSymbols1", "Password must have symbol characters"),
    ],
)
def test_the_password_policy_is_enforced(aws: Any, password: str, reason: str) -> None:
    """https://docs.aws.amazon.com/cognito/latest/developerguide/managing-users-passwords.html"""
    pool = Pool(aws)
    code, message = refusal(pool.sign_up, password=password)
    assert (code, message) == ("InvalidPasswordException", f"Password did not conform with policy: {reason}")


def test_a_policy_of_ones_own_is_enforced(aws: Any) -> None:
    """https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_PasswordPolicyType.html"""
    lenient = dict.fromkeys(("RequireUppercase", "RequireLowercase", "RequireNumbers", "RequireSymbols"), False)
    pool = Pool(aws, {"Policies": {"PasswordPolicy": {"MinimumLength": 12, **lenient}}})
    assert refusal(pool.sign_up, password="elevenchars")[0] == "InvalidPasswordException"
    pool.sign_up(password="twelve-chars")


def test_a_wrong_code_confirms_nobody(aws: Any) -> None:
    """https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_ConfirmSignUp.html"""
    pool = Pool(aws, EMAIL)
    pool.sign_up(email="ana@example.com")
    wrong = f"{(int(pool.code()) + 1) % 10**6:06d}"
    confirm = pool.idp.confirm_sign_up
    error = refusal(confirm, ClientId=pool.client_id, Username="ana", ConfirmationCode=wrong)
    assert error == ("CodeMismatchException", "Invalid verification code provided, please try again.")
    assert pool.idp.admin_get_user(UserPoolId=pool.id, Username="ana")["UserStatus"] == "UNCONFIRMED"


def test_a_confirmed_user_is_not_confirmed_again(aws: Any) -> None:
    """https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_ConfirmSignUp.html"""
    pool = Pool(aws, EMAIL)
    pool.sign_up(email="ana@example.com")
    request = {"ClientId": pool.client_id, "Username": "ana", "ConfirmationCode": pool.code()}
    pool.idp.confirm_sign_up(**request)
    error = refusal(pool.idp.confirm_sign_up, **request)
    assert error == ("NotAuthorizedException", "User cannot be confirmed. Current status is CONFIRMED")


def test_a_code_that_was_sent_again_replaces_the_first(aws: Any) -> None:
    """https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_ResendConfirmationCode.html"""
    pool = Pool(aws, EMAIL)
    pool.sign_up(email="ana@example.com")
    first = pool.code()
    pool.idp.resend_confirmation_code(ClientId=pool.client_id, Username="ana")
    second = pool.code()
    assert len(pool.codes("ana")) == 2
    if first != second:
        confirm = pool.idp.confirm_sign_up
        error = refusal(confirm, ClientId=pool.client_id, Username="ana", ConfirmationCode=first)
        assert error[0] == "CodeMismatchException"
    pool.idp.confirm_sign_up(ClientId=pool.client_id, Username="ana", ConfirmationCode=second)


def test_an_unconfirmed_user_cannot_sign_in(aws: Any) -> None:
    """https://docs.aws.amazon.com/cognito/latest/developerguide/signing-up-users-in-your-app.html"""
    pool = Pool(aws)
    pool.sign_up()
    assert refusal(pool.sign_in) == ("UserNotConfirmedException", "User is not confirmed.")
    pool.idp.admin_confirm_sign_up(UserPoolId=pool.id, Username="ana")
    assert pool.tokens()["AccessToken"]


def test_a_username_is_taken_once(aws: Any) -> None:
    """https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_SignUp.html"""
    pool = Pool(aws)
    pool.sign_up()
    assert refusal(pool.sign_up)[0] == "UsernameExistsException"


def test_a_required_attribute_must_be_given(aws: Any) -> None:
    """https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-settings-attributes.html"""
    pool = Pool(aws, {"Schema": [{"Name": "email", "Required": True}]})
    code, message = refusal(pool.sign_up)
    assert code == "InvalidParameterException"
    assert "email: The attribute is required" in message
    pool.sign_up(email="ana@example.com")


def test_custom_attributes_are_those_of_the_schema(aws: Any) -> None:
    """https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-settings-attributes.html#user-pool-settings-custom-attributes"""
    pool = Pool(aws, {"Schema": [{"Name": "plan", "AttributeDataType": "String", "Mutable": True}]})
    assert refusal(pool.sign_up, custom__color="red")[0] == "InvalidParameterException"
    pool.sign_up(custom__plan="free")
    user = pool.idp.admin_get_user(UserPoolId=pool.id, Username="ana")
    assert {"Name": "custom:plan", "Value": "free"} in user["UserAttributes"]


def test_an_immutable_attribute_keeps_its_first_value(aws: Any) -> None:
    """https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-settings-attributes.html#user-pool-settings-custom-attributes"""
    pool = Pool(aws, {"Schema": [{"Name": "tenant", "AttributeDataType": "String", "Mutable": False}]})
    pool.user(custom__tenant="a")
    change = {"UserAttributes": [{"Name": "custom:tenant", "Value": "b"}]}
    error = refusal(pool.idp.admin_update_user_attributes, UserPoolId=pool.id, Username="ana", **change)
    assert error[0] == "InvalidParameterException"


def test_an_app_client_writes_only_what_it_may(aws: Any) -> None:
    """https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-settings-attributes.html#user-pool-settings-attribute-permissions-and-scopes"""
    pool = Pool(aws, client_settings={"WriteAttributes": ["email"]})
    error = refusal(pool.sign_up, email="ana@example.com", nickname="Ana")
    assert error == ("NotAuthorizedException", "A client attempted to write unauthorized attribute")


def test_nobody_verifies_their_own_email_by_saying_so(aws: Any) -> None:
    """https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-settings-attributes.html"""
    pool = Pool(aws)
    error = refusal(pool.sign_up, email="ana@example.com", email_verified="true")
    assert error[0] == "NotAuthorizedException"


def test_a_pool_for_administrators_takes_no_sign_ups(aws: Any) -> None:
    """https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-settings-admin-create-user-policy.html"""
    pool = Pool(aws, {"AdminCreateUserConfig": {"AllowAdminCreateUserOnly": True}})
    assert refusal(pool.sign_up) == ("NotAuthorizedException", "SignUp is not permitted for this user pool")


def test_email_addresses_as_usernames(aws: Any) -> None:
    """The pool gives such a user its ``sub`` for a username, and takes the email at sign-in.

    https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-settings-attributes.html#user-pool-settings-aliases
    """
    pool = Pool(aws, {"UsernameAttributes": ["email"], **EMAIL})
    assert refusal(pool.sign_up, name="ana")[0] == "InvalidParameterException"
    answer = pool.idp.sign_up(ClientId=pool.client_id, Username="ana@example.com", Password=PASSWORD)
    code = pool.code("ana@example.com")
    pool.idp.confirm_sign_up(ClientId=pool.client_id, Username="ana@example.com", ConfirmationCode=code)
    user = pool.idp.admin_get_user(UserPoolId=pool.id, Username="ana@example.com")
    assert user["Username"] == answer["UserSub"]
    assert pool.tokens("ana@example.com")["IdToken"]


def test_an_alias_signs_in_once_it_is_verified(aws: Any) -> None:
    """https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-settings-attributes.html#user-pool-settings-aliases"""
    pool = Pool(aws, {"AliasAttributes": ["email"]})
    pool.user(email="ana@example.com")
    assert refusal(pool.sign_in, name="ana@example.com")[0] == "UserNotFoundException"
    verified = [{"Name": "email", "Value": "ana@example.com"}, {"Name": "email_verified", "Value": "true"}]
    pool.idp.admin_update_user_attributes(UserPoolId=pool.id, Username="ana", UserAttributes=verified)
    assert pool.tokens("ana@example.com")["IdToken"]


def test_a_verified_alias_belongs_to_one_user(aws: Any) -> None:
    """https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_ConfirmSignUp.html"""
    pool = Pool(aws, {"AliasAttributes": ["email"], **EMAIL})
    pool.user("ana", email="ana@example.com", email_verified="true")
    pool.sign_up("eve", email="ana@example.com")
    request = {"ClientId": pool.client_id, "Username": "eve", "ConfirmationCode": pool.code("eve")}
    assert refusal(pool.idp.confirm_sign_up, **request)[0] == "AliasExistsException"
    pool.idp.confirm_sign_up(**request, ForceAliasCreation=True)
    user = pool.idp.admin_get_user(UserPoolId=pool.id, Username="ana")
    assert {"Name": "email_verified", "Value": "false"} in user["UserAttributes"]


def test_case_matters_unless_the_pool_says_otherwise(aws: Any) -> None:
    """https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-case-sensitivity.html"""
    sensitive, insensitive = Pool(aws), Pool(aws, {"UsernameConfiguration": {"CaseSensitive": False}})
    for pool in (sensitive, insensitive):
        pool.user("Ana")
    assert refusal(sensitive.sign_in, name="ANA")[0] == "UserNotFoundException"
    assert insensitive.tokens("ANA")["IdToken"]
    assert refusal(insensitive.sign_up, name="aNa")[0] == "UsernameExistsException"


def test_an_unknown_app_client_is_refused(aws: Any) -> None:
    """https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_SignUp.html"""
    nobody = "1example23456789abcdefghij"
    error = refusal(aws("cognito-idp").sign_up, ClientId=nobody, Username="ana", Password=PASSWORD)
    assert error == ("ResourceNotFoundException", f"User pool client {nobody} does not exist.")


def test_a_changed_email_is_verified_again(aws: Any) -> None:
    """https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_VerifyUserAttribute.html"""
    pool = Pool(aws, EMAIL)
    pool.user(email="old@example.com", email_verified="true")
    token = pool.tokens()["AccessToken"]
    change = [{"Name": "email", "Value": "new@example.com"}]
    sent = pool.idp.update_user_attributes(AccessToken=token, UserAttributes=change)["CodeDeliveryDetailsList"]
    assert [item["AttributeName"] for item in sent] == ["email"]
    before = {item["Name"]: item["Value"] for item in pool.idp.get_user(AccessToken=token)["UserAttributes"]}
    assert (before["email"], before["email_verified"]) == ("new@example.com", "false")
    assert pool.codes("ana")[0]["to"] == "new@example.com"
    pool.idp.verify_user_attribute(AccessToken=token, AttributeName="email", Code=pool.code())
    after = {item["Name"]: item["Value"] for item in pool.idp.get_user(AccessToken=token)["UserAttributes"]}
    assert after["email_verified"] == "true"
