"""Access keys, passwords, and what IAM tells of their use."""

import csv
from typing import Any

import pytest
from emulator.people import allow, assume, refused, role, user


@pytest.fixture
def iam(aws: Any) -> Any:
    return aws("iam", parameter_validation=False)


def test_a_key_tells_when_it_was_last_used(aws, iam):
    """https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetAccessKeyLastUsed.html"""
    person = user(aws, allow("sqs:*"))
    key = person.credentials["AccessKeyId"]

    def used():
        return iam.get_access_key_last_used(AccessKeyId=key)["AccessKeyLastUsed"]

    assert used() == {"ServiceName": "N/A", "Region": "N/A"}
    person("sqs").list_queues()
    assert (used()["ServiceName"], used()["Region"]) == ("sqs", "us-east-1")
    assert used()["LastUsedDate"]


def test_a_role_tells_when_it_was_last_used(aws, iam):
    """https://docs.aws.amazon.com/IAM/latest/APIReference/API_RoleLastUsed.html"""
    arn = role(aws, allow("sqs:*"))
    name = arn.rpartition("/")[2]
    assert iam.get_role(RoleName=name)["Role"]["RoleLastUsed"] == {}
    assume(user(aws, allow("sts:AssumeRole")), arn)("sqs").list_queues()
    found = iam.get_role(RoleName=name)["Role"]["RoleLastUsed"]
    assert found["Region"] == "us-east-1"
    assert found["LastUsedDate"]


def test_keys_are_rotated_one_beside_the_other(aws):
    """Two keys at most: make the second, use it, turn the first off, delete it.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/id-credentials-access-keys-update.html
    """
    own = f"arn:aws:iam::{aws.id}:user/${{aws:username}}"
    person = user(aws, allow("iam:*AccessKey*", own))
    old, iam = person.credentials["AccessKeyId"], person("iam")
    new = type(person)(aws.endpoint, person.arn, iam.create_access_key()["AccessKey"])("iam")
    refused(iam.create_access_key, "LimitExceeded", 409)
    new.update_access_key(AccessKeyId=old, Status="Inactive")
    refused(iam.list_access_keys, "InvalidClientTokenId", 403)
    new.delete_access_key(AccessKeyId=old)
    assert [key["Status"] for key in new.list_access_keys()["AccessKeyMetadata"]] == ["Active"]


def test_the_credential_report(aws, iam):
    """https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_getting-report.html"""
    person = user(aws, allow("sqs:*"))
    person("sqs").list_queues()
    refused(iam.get_credential_report, "ReportNotPresent", 410)
    assert iam.generate_credential_report()["State"] == "STARTED"
    assert iam.generate_credential_report()["State"] == "COMPLETE"
    root, line = csv.DictReader(iam.get_credential_report()["Content"].decode().splitlines())
    assert (root["user"], root["password_enabled"]) == ("<root_account>", "not_supported")
    assert (line["user"], line["access_key_1_active"], line["mfa_active"]) == (person.name, "true", "false")
    assert (line["access_key_1_last_used_service"], line["access_key_2_last_used_date"]) == ("sqs", "N/A")


def test_passwords_follow_the_policy(iam):
    """https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_passwords_account-policy.html"""
    iam.create_user(UserName="ann")
    refused(iam.get_account_password_policy, "NoSuchEntity", 404)
    for weak in ("Ab1!", "abcdefgh1"):
        refused(lambda text=weak: iam.create_login_profile(UserName="ann", Password=text), "PasswordPolicyViolation")
    refused(lambda: iam.update_account_password_policy(MinimumPasswordLength=5), "ValidationError", 400)
    iam.update_account_password_policy(MinimumPasswordLength=12, RequireNumbers=True)
    for weak in ("abcdefgh1", "abcdefghijkl"):
        refused(lambda text=weak: iam.create_login_profile(UserName="ann", Password=text), "PasswordPolicyViolation")
    iam.create_login_profile(UserName="ann", Password="abcdefghijk1", PasswordResetRequired=True)
    assert iam.get_login_profile(UserName="ann")["LoginProfile"]["PasswordResetRequired"]
    refused(lambda: iam.create_login_profile(UserName="ann", Password="abcdefghijk1"), "EntityAlreadyExists", 409)


def test_users_change_their_own_password(aws, iam):
    """https://docs.aws.amazon.com/IAM/latest/APIReference/API_ChangePassword.html"""
    person = user(aws, allow("iam:ChangePassword"))
    iam.create_login_profile(UserName=person.name, Password="Right-12")
    change = person("iam").change_password
    refused(lambda: change(OldPassword="Wrong-12", NewPassword="Other-12"), "AccessDenied", 403)
    refused(lambda: change(OldPassword="Right-12", NewPassword="short"), "PasswordPolicyViolation", 400)
    change(OldPassword="Right-12", NewPassword="Other-12")
    change(OldPassword="Other-12", NewPassword="Right-12")
