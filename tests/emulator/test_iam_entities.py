"""Users, roles and policies of IAM: names, boundaries, and what must go before they can be deleted."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

READS = json.dumps(
    {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}]}
)
TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
        ],
    }
)


@pytest.fixture
def iam(aws: Any) -> Any:
    return aws("iam", parameter_validation=False)


def refused(code: str, call: Callable[..., Any], **parameters: Any) -> str:
    with pytest.raises(ClientError) as caught:
        call(**parameters)
    error = caught.value.response["Error"]
    assert error["Code"] == code, error
    return error["Message"]


@pytest.mark.parametrize("name", ["two words", "sla/sh", "exclaim!", "x" * 65])
def test_names(iam: Any, name: str) -> None:
    """Letters, digits and ``_+=,.@-``, up to 64 for users and roles.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
    """
    refused("ValidationError", iam.create_user, UserName=name)
    refused("ValidationError", iam.create_role, RoleName=name, AssumeRolePolicyDocument=TRUST)
    iam.create_user(UserName="first.last+tag@example.com")


def test_a_boundary_must_exist(iam: Any, aws: Any) -> None:
    """https://docs.aws.amazon.com/IAM/latest/APIReference/API_PutUserPermissionsBoundary.html"""
    missing = f"arn:aws:iam::{aws.id}:policy/missing"
    message = refused("NoSuchEntity", iam.create_user, UserName="ann", PermissionsBoundary=missing)
    assert message == f"Scope ARN: {missing} does not exist or is not attachable."
    iam.create_user(UserName="ann")
    refused("NoSuchEntity", iam.put_user_permissions_boundary, UserName="ann", PermissionsBoundary=missing)
    aws_policy = "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"
    iam.put_user_permissions_boundary(UserName="ann", PermissionsBoundary=aws_policy)
    found = iam.get_user(UserName="ann")["User"]["PermissionsBoundary"]["PermissionsBoundaryArn"]
    assert found == aws_policy


@pytest.mark.parametrize("seconds", [3599, 43201])
def test_a_role_session_lasts_one_to_twelve_hours_at_most(iam: Any, seconds: int) -> None:
    """https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateRole.html"""
    call = {"RoleName": "work", "AssumeRolePolicyDocument": TRUST}
    refused("ValidationError", iam.create_role, **call, MaxSessionDuration=seconds)
    iam.create_role(**call, MaxSessionDuration=7200)
    refused("ValidationError", iam.update_role, RoleName="work", MaxSessionDuration=seconds)
    assert iam.get_role(RoleName="work")["Role"]["MaxSessionDuration"] == 7200


def test_a_user_is_deleted_last(iam: Any) -> None:
    """Policies, keys and groups go first.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteUser.html
    """
    iam.create_user(UserName="ann")
    iam.put_user_policy(UserName="ann", PolicyName="p", PolicyDocument=READS)
    key = iam.create_access_key(UserName="ann")["AccessKey"]["AccessKeyId"]
    iam.create_group(GroupName="team")
    iam.add_user_to_group(GroupName="team", UserName="ann")
    assert "must delete policies first" in refused("DeleteConflict", iam.delete_user, UserName="ann")
    iam.delete_user_policy(UserName="ann", PolicyName="p")
    assert "must delete access keys first" in refused("DeleteConflict", iam.delete_user, UserName="ann")
    iam.delete_access_key(UserName="ann", AccessKeyId=key)
    assert "must remove users from group first" in refused("DeleteConflict", iam.delete_user, UserName="ann")
    iam.remove_user_from_group(GroupName="team", UserName="ann")
    iam.delete_user(UserName="ann")
    refused("NoSuchEntity", iam.get_user, UserName="ann")


def test_a_role_is_deleted_after_its_policies(iam: Any) -> None:
    """https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteRole.html"""
    iam.create_role(RoleName="work", AssumeRolePolicyDocument=TRUST)
    iam.put_role_policy(RoleName="work", PolicyName="p", PolicyDocument=READS)
    assert "must delete policies first" in refused("DeleteConflict", iam.delete_role, RoleName="work")
    iam.delete_role_policy(RoleName="work", PolicyName="p")
    iam.delete_role(RoleName="work")
    refused("NoSuchEntity", iam.get_role, RoleName="work")


def test_a_policy_in_use_stays(iam: Any) -> None:
    """Attached to somebody, a boundary of somebody, or with versions, a policy cannot be deleted.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeletePolicy.html
    """
    arn = iam.create_policy(PolicyName="p", PolicyDocument=READS)["Policy"]["Arn"]
    iam.create_user(UserName="ann", PermissionsBoundary=arn)
    refused("DeleteConflict", iam.delete_policy, PolicyArn=arn)
    iam.delete_user_permissions_boundary(UserName="ann")
    iam.attach_user_policy(UserName="ann", PolicyArn=arn)
    refused("DeleteConflict", iam.delete_policy, PolicyArn=arn)
    iam.detach_user_policy(UserName="ann", PolicyArn=arn)
    iam.create_policy_version(PolicyArn=arn, PolicyDocument=READS)
    assert "more than one version" in refused("DeleteConflict", iam.delete_policy, PolicyArn=arn)
    iam.delete_policy_version(PolicyArn=arn, VersionId="v2")
    iam.delete_policy(PolicyArn=arn)
    refused("NoSuchEntity", iam.get_policy, PolicyArn=arn)


def test_an_aws_policy_counts_the_attachments_of_each_account(aws, another_account):
    """https://docs.aws.amazon.com/IAM/latest/APIReference/API_Policy.html"""
    arn = "arn:aws:iam::aws:policy/ReadOnlyAccess"
    other = another_account()
    for account, names in ((aws, ("ana", "bob")), (other, ("ana",))):
        for name in names:
            account("iam").create_user(UserName=name)
            account("iam").attach_user_policy(UserName=name, PolicyArn=arn)
    aws("iam").detach_user_policy(UserName="bob", PolicyArn=arn)

    def attached(account, **options):
        pages = account("iam").get_paginator("list_policies").paginate(OnlyAttached=True, **options)
        return [(policy["Arn"], policy["AttachmentCount"]) for page in pages for policy in page["Policies"]]

    assert attached(aws) == attached(other) == attached(aws, Scope="AWS") == [(arn, 1)]
    assert attached(aws, Scope="Local") == []
    aws("iam").detach_user_policy(UserName="ana", PolicyArn=arn)
    assert (attached(aws), attached(other)) == ([], [(arn, 1)])
