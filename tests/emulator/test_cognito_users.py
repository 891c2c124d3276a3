"""Users as administrators and apps see them: https://docs.aws.amazon.com/cognito/latest/developerguide/how-to-manage-user-accounts.html"""

from typing import Any

import pytest
from emulator.cognito_tools import Pool, refusal


def test_a_list_is_filtered_and_shows_what_was_asked_for(aws: Any) -> None:
    """https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_ListUsers.html"""
    pool = Pool(aws)
    pool.user("ana", email="Ana@example.com")
    pool.idp.admin_create_user(UserPoolId=pool.id, Username="ben", MessageAction="SUPPRESS")

    def listed(text: str) -> list[str]:
        return [user["Username"] for user in pool.idp.list_users(UserPoolId=pool.id, Filter=text)["Users"]]

    assert listed('email = "ana@example.com"') == ["ana"]
    assert listed('username ^= "b"') == ["ben"]
    assert listed('cognito:user_status = "FORCE_CHANGE_PASSWORD"') == ["ben"]
    users = pool.idp.list_users(UserPoolId=pool.id, AttributesToGet=["email"])["Users"]
    assert [user["Attributes"] for user in users] == [[{"Name": "email", "Value": "Ana@example.com"}], []]


@pytest.mark.parametrize(
    "settings",
    [
        pytest.param({"Filter": 'custom:plan = "gold"'}, id="custom attribute"),
        pytest.param({"Filter": "email like ana"}, id="no filter"),
        pytest.param({"PaginationToken": "nonsense"}, id="token"),
    ],
)
def test_lists_that_aws_refuses(aws: Any, settings: dict[str, Any]) -> None:
    """https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_ListUsers.html"""
    pool = Pool(aws)
    assert refusal(pool.idp.list_users, UserPoolId=pool.id, **settings)[0] == "InvalidParameterException"


def test_an_app_sees_the_attributes_that_it_may_read(aws: Any) -> None:
    """https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-settings-attributes.html"""
    pool = Pool(aws, client_settings={"ReadAttributes": ["given_name"]})
    pool.user(given_name="Ana", email="ana@example.com")
    user = pool.idp.get_user(AccessToken=pool.tokens()["AccessToken"])
    assert {item["Name"] for item in user["UserAttributes"]} == {"sub", "given_name"}


def test_a_new_user_of_an_old_name_is_in_no_group(aws: Any) -> None:
    """https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_AdminDeleteUser.html"""
    pool = Pool(aws)
    pool.user()
    pool.idp.create_group(UserPoolId=pool.id, GroupName="staff")
    pool.idp.admin_add_user_to_group(UserPoolId=pool.id, Username="ana", GroupName="staff")
    pool.idp.admin_delete_user(UserPoolId=pool.id, Username="ana")
    pool.user()
    assert pool.idp.list_users_in_group(UserPoolId=pool.id, GroupName="staff")["Users"] == []
    error = refusal(pool.idp.admin_add_user_to_group, UserPoolId=pool.id, Username="ana", GroupName="boss")
    assert error == ("ResourceNotFoundException", "Group not found.")


def test_a_users_groups_come_in_pages(aws: Any) -> None:
    """https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_AdminListGroupsForUser.html"""
    pool = Pool(aws)
    pool.user()
    for name in ("a", "b", "c"):
        pool.idp.create_group(UserPoolId=pool.id, GroupName=name)
        pool.idp.admin_add_user_to_group(UserPoolId=pool.id, Username="ana", GroupName=name)
    pages = pool.idp.get_paginator("admin_list_groups_for_user").paginate(
        UserPoolId=pool.id, Username="ana", PaginationConfig={"PageSize": 2}
    )
    assert [[group["GroupName"] for group in page["Groups"]] for page in pages] == [["a", "b"], ["c"]]


def test_an_accepted_invitation_is_not_sent_again(aws: Any) -> None:
    """https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_AdminCreateUser.html"""
    pool = Pool(aws)
    pool.user(email="ana@example.com")
    error = refusal(pool.idp.admin_create_user, UserPoolId=pool.id, Username="ana", MessageAction="RESEND")
    assert error[0] == "UnsupportedUserStateException"


@pytest.mark.parametrize("name", ["two words", "ana@example.com"])
def test_usernames_that_aws_refuses(aws: Any, name: str) -> None:
    """An email address would be taken for the alias of somebody else.

    https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-settings-attributes.html
    """
    pool = Pool(aws, {"AliasAttributes": ["email"]})
    assert refusal(pool.sign_up, name=name)[0] == "InvalidParameterException"
    assert refusal(pool.user, name=name)[0] == "InvalidParameterException"


def test_codes_are_guessed_a_limited_number_of_times(aws: Any) -> None:
    """AWS allows 5 to 20 attempts in an hour.

    https://docs.aws.amazon.com/cognito/latest/developerguide/managing-users-passwords.html
    """
    pool = Pool(aws)
    pool.user(email="ana@example.com", email_verified="true")
    pool.idp.forgot_password(ClientId=pool.client_id, Username="ana")
    wrong = f"{(int(pool.code()) + 1) % 10**6:06d}"
    request = {"ClientId": pool.client_id, "Username": "ana", "ConfirmationCode": wrong, "Password": "New-Pass1!"}
    codes = [refusal(pool.idp.confirm_forgot_password, **request) for _ in range(11)]
    assert codes[4][0] == "CodeMismatchException"
    assert codes[10] == ("LimitExceededException", "Attempt limit exceeded, please try after some time.")


def test_former_passwords_are_refused_where_the_policy_remembers_them(aws: Any) -> None:
    """https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_PasswordPolicyType.html"""
    pool = Pool(aws, {"Policies": {"PasswordPolicy": {"MinimumLength": 8, "PasswordHistorySize": 2}}})
    pool.user(password="first-one")
    change = {"AccessToken": pool.tokens(password="first-one")["AccessToken"]}
    pool.idp.change_password(**change, PreviousPassword="first-one", ProposedPassword="second-one")
    again = {**change, "PreviousPassword": "second-one", "ProposedPassword": "first-one"}
    assert refusal(pool.idp.change_password, **again)[0] == "PasswordHistoryPolicyViolationException"
    pool.idp.change_password(**change, PreviousPassword="second-one", ProposedPassword="third-one")
