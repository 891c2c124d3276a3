"""How users sign in: https://docs.aws.amazon.com/cognito/latest/developerguide/authentication.html"""

from typing import Any

import pytest
from emulator.cognito_srp import Srp
from emulator.cognito_tools import PASSWORD, Pool, claims, refusal, secret_hash, totp

TOTP = {"SoftwareTokenMfaConfiguration": {"Enabled": True}}


def srp(pool: Pool, password: str = PASSWORD, name: str = "ana") -> dict[str, Any]:
    """Sign in by SRP and return the last answer."""
    client = Srp(pool.id, password)
    challenge = pool.idp.initiate_auth(
        ClientId=pool.client_id, AuthFlow="USER_SRP_AUTH", AuthParameters={"USERNAME": name, "SRP_A": client.a}
    )
    assert challenge["ChallengeName"] == "PASSWORD_VERIFIER"
    return pool.idp.respond_to_auth_challenge(
        ClientId=pool.client_id,
        ChallengeName="PASSWORD_VERIFIER",
        ChallengeResponses=client.answer(challenge["ChallengeParameters"]),
    )


def answer(pool: Pool, challenge: dict[str, Any], **responses: str) -> dict[str, Any]:
    """Answer a challenge as ana."""
    return pool.idp.respond_to_auth_challenge(
        ClientId=pool.client_id,
        ChallengeName=challenge["ChallengeName"],
        Session=challenge["Session"],
        ChallengeResponses={"USERNAME": "ana", **responses},
    )


def enroll(pool: Pool) -> str:
    """Give ana an authenticator app and return its secret."""
    token = pool.tokens()["AccessToken"]
    secret = pool.idp.associate_software_token(AccessToken=token)["SecretCode"]
    assert pool.idp.verify_software_token(AccessToken=token, UserCode=totp(secret))["Status"] == "SUCCESS"
    return secret


def test_a_wrong_password(aws: Any) -> None:
    """https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_InitiateAuth.html"""
    pool = Pool(aws)
    pool.user()
    error = refusal(pool.sign_in, password="Wrong-Pass1!")
    assert error == ("NotAuthorizedException", "Incorrect username or password.")


@pytest.mark.parametrize(
    ("setting", "code"), [("ENABLED", "NotAuthorizedException"), ("LEGACY", "UserNotFoundException")]
)
def test_an_unknown_user_looks_like_a_wrong_password_where_asked_for(aws: Any, setting: str, code: str) -> None:
    """https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-user-pool-managing-errors.html"""
    pool = Pool(aws, client_settings={"PreventUserExistenceErrors": setting})
    assert refusal(pool.sign_in, name="nobody")[0] == code


def test_five_wrong_passwords_lock_the_user_for_a_moment(aws: Any) -> None:
    """https://docs.aws.amazon.com/cognito/latest/developerguide/authentication.html#authentication-flow-lockout-behavior"""
    pool = Pool(aws)
    pool.user()
    for _ in range(5):
        assert refusal(pool.sign_in, password="Wrong-Pass1!")[1] == "Incorrect username or password."
    assert refusal(pool.sign_in) == ("NotAuthorizedException", "Password attempts exceeded")


def test_a_client_without_the_password_flow_refuses_it(aws: Any) -> None:
    """A client that names no flows allows SRP, custom authentication and refreshing.

    https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_CreateUserPoolClient.html
    """
    pool = Pool(aws, client_settings={"ExplicitAuthFlows": []})
    pool.user()
    error = refusal(pool.sign_in)
    assert error == ("InvalidParameterException", "USER_PASSWORD_AUTH flow not enabled for this client")
    assert srp(pool)["AuthenticationResult"]["IdToken"]


def test_srp_proves_the_password_without_sending_it(aws: Any) -> None:
    """https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-authentication-flow-methods.html"""
    pool = Pool(aws)
    pool.user()
    assert claims(srp(pool)["AuthenticationResult"]["AccessToken"])["username"] == "ana"
    assert refusal(srp, pool=pool, password="Wrong-Pass1!")[0] == "NotAuthorizedException"


def test_a_server_signs_users_in_with_its_own_flow(aws: Any) -> None:
    """https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_AdminInitiateAuth.html"""
    pool = Pool(aws, client_settings={"ExplicitAuthFlows": ["ALLOW_ADMIN_USER_PASSWORD_AUTH"]})
    pool.user()
    request = {
        "ClientId": pool.client_id,
        "AuthFlow": "ADMIN_USER_PASSWORD_AUTH",
        "AuthParameters": {"USERNAME": "ana", "PASSWORD": PASSWORD},
    }
    assert pool.idp.admin_initiate_auth(UserPoolId=pool.id, **request)["AuthenticationResult"]["IdToken"]
    assert refusal(pool.idp.initiate_auth, **request) == (
        "InvalidParameterException",
        "Initiate Auth method not supported.",
    )


def test_a_client_with_a_secret_wants_its_hash(aws: Any) -> None:
    """https://docs.aws.amazon.com/cognito/latest/developerguide/signing-up-users-in-your-app.html#cognito-user-pools-computing-secret-hash"""
    pool = Pool(aws, client_settings={"GenerateSecret": True})
    pool.user()
    given = {"USERNAME": "ana", "PASSWORD": PASSWORD}
    request = {"ClientId": pool.client_id, "AuthFlow": "USER_PASSWORD_AUTH"}
    sign_in = pool.idp.initiate_auth
    assert refusal(sign_in, **request, AuthParameters=given) == (
        "NotAuthorizedException",
        f"Client {pool.client_id} is configured with secret but SECRET_HASH was not received",
    )
    wrong = given | {"SECRET_HASH": secret_hash("eve", pool.client_id, pool.app["ClientSecret"])}
    assert refusal(sign_in, **request, AuthParameters=wrong) == (
        "NotAuthorizedException",
        f"Unable to verify secret hash for client {pool.client_id}",
    )
    right = given | {"SECRET_HASH": secret_hash("ana", pool.client_id, pool.app["ClientSecret"])}
    assert sign_in(**request, AuthParameters=right)["AuthenticationResult"]["IdToken"]


def test_a_temporary_password_must_be_replaced(aws: Any) -> None:
    """https://docs.aws.amazon.com/cognito/latest/developerguide/how-to-create-user-accounts.html"""
    pool = Pool(aws)
    created = pool.idp.admin_create_user(
        UserPoolId=pool.id, Username="ana", TemporaryPassword="Temp-Pass1!", MessageAction="SUPPRESS"
    )
    assert created["User"]["UserStatus"] == "FORCE_CHANGE_PASSWORD"
    challenge = pool.sign_in(password="Temp-Pass1!")
    assert challenge["ChallengeName"] == "NEW_PASSWORD_REQUIRED"
    assert refusal(answer, pool=pool, challenge=challenge, NEW_PASSWORD="short")[0] == "InvalidPasswordException"
    assert answer(pool, challenge, NEW_PASSWORD=PASSWORD)["AuthenticationResult"]["IdToken"]
    assert pool.idp.admin_get_user(UserPoolId=pool.id, Username="ana")["UserStatus"] == "CONFIRMED"
    assert pool.tokens()["IdToken"]


def test_a_challenge_is_answered_in_its_session_only(aws: Any) -> None:
    """Without the session of a right password nobody sets a new one.

    https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_RespondToAuthChallenge.html
    """
    pool = Pool(aws)
    pool.idp.admin_create_user(UserPoolId=pool.id, Username="ana", MessageAction="SUPPRESS")
    forged = {"ChallengeName": "NEW_PASSWORD_REQUIRED", "Session": "x" * 40}
    error = refusal(answer, pool=pool, challenge=forged, NEW_PASSWORD=PASSWORD)
    assert error == ("NotAuthorizedException", "Invalid session for the user.")


def test_a_required_attribute_that_is_there_stays(aws: Any) -> None:
    """https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_RespondToAuthChallenge.html"""
    schema = [{"Name": "name", "AttributeDataType": "String", "Required": True, "Mutable": True}]
    pool = Pool(aws, {"Schema": schema})
    named = [{"Name": "name", "Value": "Ana"}]
    pool.idp.admin_create_user(
        UserPoolId=pool.id, Username="ana", TemporaryPassword=PASSWORD, MessageAction="SUPPRESS", UserAttributes=named
    )
    challenge = pool.sign_in()
    given = {"NEW_PASSWORD": "New-Pass1!", "userAttributes.name": "Eve"}
    error = refusal(answer, pool=pool, challenge=challenge, **given)
    assert error == ("NotAuthorizedException", "Cannot modify an already provided name")
    assert answer(pool, challenge, NEW_PASSWORD="New-Pass1!")["AuthenticationResult"]


def test_an_invitation_carries_the_temporary_password(aws: Any) -> None:
    """https://docs.aws.amazon.com/cognito/latest/developerguide/how-to-create-user-accounts.html"""
    pool = Pool(aws)
    pool.idp.admin_create_user(
        UserPoolId=pool.id,
        Username="ana",
        UserAttributes=[{"Name": "email", "Value": "ana@example.com"}],
        DesiredDeliveryMediums=["EMAIL"],
    )
    assert pool.sign_in(password=pool.code())["ChallengeName"] == "NEW_PASSWORD_REQUIRED"


def test_an_invitation_goes_by_sms_unless_told_otherwise(aws: Any) -> None:
    """https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_AdminCreateUser.html"""
    pool = Pool(aws)
    number = [{"Name": "phone_number", "Value": "+12025550143"}]
    pool.idp.admin_create_user(UserPoolId=pool.id, Username="ana", UserAttributes=number, TemporaryPassword=PASSWORD)
    sent = pool.codes("ana")[0]
    assert (sent["medium"], sent["to"], sent["code"]) == ("SMS", "+12025550143", PASSWORD)


def test_a_forgotten_password_is_replaced_with_a_code(aws: Any) -> None:
    """https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_ConfirmForgotPassword.html"""
    pool = Pool(aws)
    pool.user(email="ana@example.com", email_verified="true")
    request = {"ClientId": pool.client_id, "Username": "ana", "Password": "New-Pass1!"}
    confirm = pool.idp.confirm_forgot_password
    assert refusal(confirm, **request, ConfirmationCode="123456") == (
        "ExpiredCodeException",
        "Invalid code provided, please request a code again.",
    )
    pool.idp.forgot_password(ClientId=pool.client_id, Username="ana")
    code = pool.code()
    wrong = f"{(int(code) + 1) % 10**6:06d}"
    assert refusal(confirm, **request, ConfirmationCode=wrong)[0] == "CodeMismatchException"
    confirm(**request, ConfirmationCode=code)
    assert refusal(pool.sign_in)[0] == "NotAuthorizedException"
    assert pool.tokens(password="New-Pass1!")["IdToken"]
    assert refusal(confirm, **request, ConfirmationCode=code)[0] == "ExpiredCodeException"


def test_without_a_verified_address_no_password_is_recovered(aws: Any) -> None:
    """https://docs.aws.amazon.com/cognito/latest/developerguide/managing-users-passwords.html"""
    pool = Pool(aws)
    pool.user(email="ana@example.com")
    error = refusal(pool.idp.forgot_password, ClientId=pool.client_id, Username="ana")
    assert error == (
        "InvalidParameterException",
        "Cannot reset password for the user as there is no registered/verified email or phone_number",
    )


def test_an_administrator_resets_a_password(aws: Any) -> None:
    """https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_AdminResetUserPassword.html"""
    pool = Pool(aws)
    pool.user(email="ana@example.com", email_verified="true")
    pool.idp.admin_reset_user_password(UserPoolId=pool.id, Username="ana")
    assert refusal(pool.sign_in)[0] == "PasswordResetRequiredException"
    pool.idp.confirm_forgot_password(
        ClientId=pool.client_id, Username="ana", Password="New-Pass1!", ConfirmationCode=pool.code()
    )
    assert pool.tokens(password="New-Pass1!")["IdToken"]


def test_a_disabled_user_neither_signs_in_nor_refreshes(aws: Any) -> None:
    """https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_AdminDisableUser.html"""
    pool = Pool(aws)
    pool.user()
    tokens = pool.tokens()
    pool.idp.admin_disable_user(UserPoolId=pool.id, Username="ana")
    assert refusal(pool.sign_in) == ("NotAuthorizedException", "User is disabled.")
    assert refusal(pool.idp.get_user, AccessToken=tokens["AccessToken"])[0] == "NotAuthorizedException"
    pool.idp.admin_enable_user(UserPoolId=pool.id, Username="ana")
    assert refusal(pool.refresh, token=tokens["RefreshToken"])[0] == "NotAuthorizedException"
    assert pool.tokens()["IdToken"]


def test_a_changed_password(aws: Any) -> None:
    """https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_ChangePassword.html"""
    pool = Pool(aws)
    pool.user()
    token = pool.tokens()["AccessToken"]
    change = pool.idp.change_password
    error = refusal(change, AccessToken=token, PreviousPassword="Wrong-Pass1!", ProposedPassword="New-Pass1!")
    assert error == ("NotAuthorizedException", "Incorrect username or password.")
    change(AccessToken=token, PreviousPassword=PASSWORD, ProposedPassword="New-Pass1!")
    assert pool.tokens(password="New-Pass1!")["IdToken"]


def test_optional_mfa_asks_users_who_turned_it_on(aws: Any) -> None:
    """https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-settings-mfa-totp.html"""
    pool = Pool(aws)
    pool.idp.set_user_pool_mfa_config(UserPoolId=pool.id, MfaConfiguration="OPTIONAL", **TOTP)
    pool.user()
    secret = enroll(pool)
    token = pool.tokens()["AccessToken"]
    pool.idp.set_user_mfa_preference(
        AccessToken=token, SoftwareTokenMfaSettings={"Enabled": True, "PreferredMfa": True}
    )
    challenge = pool.sign_in()
    assert challenge["ChallengeName"] == "SOFTWARE_TOKEN_MFA"
    wrong = f"{(int(totp(secret)) + 500000) % 10**6:06d}"
    error = refusal(answer, pool=pool, challenge=challenge, SOFTWARE_TOKEN_MFA_CODE=wrong)
    assert error == ("CodeMismatchException", "Invalid code received for user")
    assert answer(pool, challenge, SOFTWARE_TOKEN_MFA_CODE=totp(secret))["AuthenticationResult"]["IdToken"]


def test_a_code_of_an_app_is_good_once(aws: Any) -> None:
    """Five wrong ones lock the second factor for a moment.

    https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-settings-mfa.html
    """
    pool = Pool(aws)
    pool.idp.set_user_pool_mfa_config(UserPoolId=pool.id, MfaConfiguration="OPTIONAL", **TOTP)
    pool.user()
    secret = enroll(pool)
    setting = {"Enabled": True, "PreferredMfa": True}
    pool.idp.admin_set_user_mfa_preference(UserPoolId=pool.id, Username="ana", SoftwareTokenMfaSettings=setting)
    code = totp(secret)
    assert answer(pool, pool.sign_in(), SOFTWARE_TOKEN_MFA_CODE=code)["AuthenticationResult"]
    challenge = pool.sign_in()
    error = refusal(answer, pool=pool, challenge=challenge, SOFTWARE_TOKEN_MFA_CODE=code)
    assert error == ("ExpiredCodeException", "Your software token has already been used once.")
    wrong = f"{(int(totp(secret)) + 500000) % 10**6:06d}"
    for _ in range(5):
        error = refusal(answer, pool=pool, challenge=challenge, SOFTWARE_TOKEN_MFA_CODE=wrong)
        assert error[0] == "CodeMismatchException"
    error = refusal(answer, pool=pool, challenge=challenge, SOFTWARE_TOKEN_MFA_CODE=wrong)
    assert error == ("NotAuthorizedException", "Password attempts exceeded")


def test_a_code_by_email_as_second_factor(aws: Any) -> None:
    """The pool must send its email by SES; the message is the pool's.

    https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-settings-mfa-sms-email-message.html
    """
    ses = {"EmailSendingAccount": "DEVELOPER", "SourceArn": f"arn:aws:ses:us-east-1:{aws.id}:identity/example.com"}
    pool = Pool(aws, {"EmailConfiguration": ses})
    message = {"Message": "Your key is {####}", "Subject": "Key"}
    pool.idp.set_user_pool_mfa_config(UserPoolId=pool.id, MfaConfiguration="ON", EmailMfaConfiguration=message)
    pool.user(email="ana@example.com", email_verified="true")
    challenge = pool.sign_in()
    assert challenge["ChallengeName"] == "EMAIL_OTP"
    sent = pool.codes("ana")[0]
    assert (sent["subject"], sent["text"]) == ("Key", f"Your key is {sent['code']}")
    assert answer(pool, challenge, EMAIL_OTP_CODE=sent["code"])["AuthenticationResult"]["IdToken"]


def test_required_mfa_is_set_up_at_the_first_sign_in(aws: Any) -> None:
    """https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-settings-mfa-totp.html"""
    pool = Pool(aws)
    pool.idp.set_user_pool_mfa_config(UserPoolId=pool.id, MfaConfiguration="ON", **TOTP)
    pool.user()
    challenge = pool.sign_in()
    assert challenge["ChallengeName"] == "MFA_SETUP"
    assert refusal(answer, pool=pool, challenge=challenge)[0] == "NotAuthorizedException"
    associated = pool.idp.associate_software_token(Session=challenge["Session"])
    secret = associated["SecretCode"]
    verified = pool.idp.verify_software_token(Session=associated["Session"], UserCode=totp(secret))
    done = answer(pool, {**challenge, "Session": verified["Session"]})
    assert done["AuthenticationResult"]["IdToken"]
    assert srp(pool)["ChallengeName"] == "SOFTWARE_TOKEN_MFA"


def test_a_token_that_was_never_verified_is_no_factor(aws: Any) -> None:
    """https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_SetUserMFAPreference.html"""
    pool = Pool(aws)
    pool.idp.set_user_pool_mfa_config(UserPoolId=pool.id, MfaConfiguration="OPTIONAL", **TOTP)
    pool.user()
    token = pool.tokens()["AccessToken"]
    pool.idp.associate_software_token(AccessToken=token)
    error = refusal(pool.idp.verify_software_token, AccessToken=token, UserCode="000000")
    assert error[0] == "EnableSoftwareTokenMFAException"
    setting = {"Enabled": True}
    error = refusal(pool.idp.set_user_mfa_preference, AccessToken=token, SoftwareTokenMfaSettings=setting)
    assert error[0] == "InvalidParameterException"


def test_a_code_by_sms_as_second_factor(aws: Any) -> None:
    """https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-settings-mfa-sms-email-message.html"""
    pool = Pool(aws)
    sender = {"SmsConfiguration": {"SnsCallerArn": f"arn:aws:iam::{aws.id}:role/sms"}}
    pool.idp.set_user_pool_mfa_config(UserPoolId=pool.id, MfaConfiguration="OPTIONAL", SmsMfaConfiguration=sender)
    pool.user(phone_number="+12025550143", phone_number_verified="true")
    setting = {"Enabled": True, "PreferredMfa": True}
    pool.idp.admin_set_user_mfa_preference(UserPoolId=pool.id, Username="ana", SMSMfaSettings=setting)
    challenge = pool.sign_in()
    assert challenge["ChallengeName"] == "SMS_MFA"
    assert challenge["ChallengeParameters"]["CODE_DELIVERY_DESTINATION"] == "+*******0143"
    code = pool.code()
    wrong = f"{(int(code) + 1) % 10**6:06d}"
    assert refusal(answer, pool=pool, challenge=challenge, SMS_MFA_CODE=wrong)[0] == "CodeMismatchException"
    assert answer(pool, challenge, SMS_MFA_CODE=code)["AuthenticationResult"]["IdToken"]
