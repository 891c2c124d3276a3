"""What IAM refuses: too much, what exists, what is missing, what is AWS's; its ids and pages."""

import json
import re
from functools import partial
from typing import Any

import pytest
from emulator.people import allow, policy, refused, trust, user

LAMBDA = trust({"Service": "lambda.amazonaws.com"})


@pytest.fixture
def iam(aws: Any) -> Any:
    """A client with the user, group and role ``ann``."""
    client = aws("iam", parameter_validation=False)
    client.create_user(UserName="ann")
    client.create_group(GroupName="ann")
    client.create_role(RoleName="ann", AssumeRolePolicyDocument=LAMBDA)
    return client


def long(size: int) -> str:
    """Return a policy of somewhat more than ``size`` characters."""
    return policy(allow("s3:GetObject", [f"arn:aws:s3:::{'x' * 80}{number}" for number in range(size // 100 + 1)]))


def test_policies_have_sizes(iam):
    """White space is not counted.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html#reference_iam-quotas-entity-length
    """
    message = refused(lambda: iam.create_policy(PolicyName="p", PolicyDocument=long(7000)), "LimitExceeded", 409)
    assert message == "Cannot exceed quota for PolicySize: 6144"
    for kind, limit in (("user", 2048), ("group", 5120), ("role", 10240)):
        put = partial(getattr(iam, f"put_{kind}_policy"), **{f"{kind.capitalize()}Name": "ann"})
        spacious = json.dumps(json.loads(policy(allow("s3:*"))), indent=200)
        put(PolicyName="spacious", PolicyDocument=spacious)
        message = refused(partial(put, PolicyName="p", PolicyDocument=long(limit)), "LimitExceeded", 409)
        assert message == f"Maximum policy size of {limit} bytes exceeded for {kind} ann"
    trusted = trust({"AWS": [f"arn:aws:iam::{number:012d}:root" for number in range(60)]})
    message = refused(lambda: iam.create_role(RoleName="r", AssumeRolePolicyDocument=trusted), "LimitExceeded")
    assert message == "Cannot exceed quota for ACLSizePerRole: 2048"


def test_ten_policies_and_ten_groups(iam):
    """https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html#reference_iam-quotas-entities"""
    for number in range(10):
        arn = iam.create_policy(PolicyName=f"p{number}", PolicyDocument=policy(allow("s3:*")))["Policy"]["Arn"]
        iam.attach_user_policy(UserName="ann", PolicyArn=arn)
        iam.create_group(GroupName=f"g{number}")
        iam.add_user_to_group(UserName="ann", GroupName=f"g{number}")
    iam.attach_user_policy(UserName="ann", PolicyArn=arn)
    eleventh = "arn:aws:iam::aws:policy/ReadOnlyAccess"
    message = refused(lambda: iam.attach_user_policy(UserName="ann", PolicyArn=eleventh), "LimitExceeded", 409)
    assert message == "Cannot exceed quota for PoliciesPerUser: 10"
    message = refused(lambda: iam.add_user_to_group(UserName="ann", GroupName="ann"), "LimitExceeded", 409)
    assert message == "Cannot exceed quota for GroupsPerUser: 10"


def test_fifty_tags_whose_keys_differ_by_more_than_case(iam):
    """https://docs.aws.amazon.com/IAM/latest/UserGuide/id_tags.html#id_tags_rules"""
    tags = [{"Key": f"k{number}", "Value": ""} for number in range(50)]
    iam.tag_role(RoleName="ann", Tags=tags)
    refused(lambda: iam.tag_role(RoleName="ann", Tags=[{"Key": "k50", "Value": ""}]), "LimitExceeded", 409)
    twice = [{"Key": "team", "Value": "a"}, {"Key": "Team", "Value": "b"}]
    refused(lambda: iam.create_user(UserName="bob", Tags=twice), "InvalidInput", 400)


def test_names_are_taken_whatever_their_case(iam):
    """https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html#reference_iam-quotas-names"""
    message = refused(lambda: iam.create_user(UserName="Ann"), "EntityAlreadyExists", 409)
    assert message == "User with name Ann already exists."
    message = refused(lambda: iam.create_role(RoleName="ANN", AssumeRolePolicyDocument=LAMBDA), "EntityAlreadyExists")
    assert message == "Role with name ANN already exists."
    iam.create_group(GroupName="bob")
    refused(lambda: iam.update_group(GroupName="bob", NewGroupName="ann"), "EntityAlreadyExists", 409)
    iam.update_group(GroupName="bob", NewGroupName="eve")
    assert iam.get_group(GroupName="eve")["Group"]["Path"] == "/"


def test_what_is_missing_is_named(iam):
    """https://docs.aws.amazon.com/IAM/latest/APIReference/API_PutUserPolicy.html#API_PutUserPolicy_Errors"""
    text = policy(allow("s3:*"))
    calls = {
        "The user with name x cannot be found.": lambda: iam.put_user_policy(
            UserName="x", PolicyName="p", PolicyDocument=text
        ),
        "The group with name x cannot be found.": lambda: iam.add_user_to_group(UserName="ann", GroupName="x"),
        "The role with name x cannot be found.": lambda: iam.get_role(RoleName="x"),
        "The user policy with name p cannot be found.": lambda: iam.get_user_policy(UserName="ann", PolicyName="p"),
    }
    for message, call in calls.items():
        assert refused(call, "NoSuchEntity", 404) == message


def test_what_is_in_use_or_aws_s_stays(iam):
    """https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_create-service-linked-role.html"""
    iam.add_user_to_group(UserName="ann", GroupName="ann")
    message = refused(lambda: iam.delete_group(GroupName="ann"), "DeleteConflict", 409)
    assert message == "Cannot delete entity, must remove users from group first."
    iam.create_instance_profile(InstanceProfileName="p")
    iam.add_role_to_instance_profile(InstanceProfileName="p", RoleName="ann")
    refused(lambda: iam.delete_role(RoleName="ann"), "DeleteConflict", 409)
    name = iam.create_service_linked_role(AWSServiceName="autoscaling.amazonaws.com")["Role"]["RoleName"]
    refused(lambda: iam.delete_role(RoleName=name), "UnmodifiableEntity", 400)
    arn = "arn:aws:iam::aws:policy/ReadOnlyAccess"
    message = refused(lambda: iam.delete_policy(PolicyArn=arn), "AccessDenied", 403)
    assert message == f"Policy {arn} is outside your own account."


def test_documents_that_are_refused(iam):
    """A key that stands twice, a condition key without prefix, a service that is none.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_policies.html
    """
    twice = '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Effect":"Deny","Action":"s3:*","Resource":"*"}}'
    bare = policy(allow("s3:*", Condition={"StringEquals": {"prefix": "a"}}))
    for document in (twice, bare):
        refused(lambda text=document: iam.create_policy(PolicyName="p", PolicyDocument=text), "MalformedPolicyDocument")
    nobody = trust({"Service": "lambda.amazon.com"})
    message = refused(
        lambda: iam.create_role(RoleName="r", AssumeRolePolicyDocument=nobody), "MalformedPolicyDocument", 400
    )
    assert message == 'Invalid principal in policy: "SERVICE":"lambda.amazon.com"'


def test_ids_tell_what_they_are_of(iam):
    """https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-unique-ids"""
    made = {
        "AIDA": iam.get_user(UserName="ann")["User"]["UserId"],
        "AGPA": iam.get_group(GroupName="ann")["Group"]["GroupId"],
        "AROA": iam.get_role(RoleName="ann")["Role"]["RoleId"],
        "ANPA": iam.create_policy(PolicyName="p", PolicyDocument=policy(allow("s3:*")))["Policy"]["PolicyId"],
    }
    assert all(re.fullmatch(f"{prefix}[A-Z0-9]{{17}}", found) for prefix, found in made.items()), made


def test_lists_come_in_pages(iam):
    """https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListUsers.html"""
    for name in ("eve", "bob", "dan"):
        iam.create_user(UserName=name)
    first = iam.list_users(MaxItems=3)
    assert [each["UserName"] for each in first["Users"]] == ["ann", "bob", "dan"]
    last = iam.list_users(MaxItems=3, Marker=first["Marker"])
    assert (last["IsTruncated"], [each["UserName"] for each in last["Users"]]) == (False, ["eve"])
    refused(lambda: iam.list_users(MaxItems=1001), "ValidationError", 400)
    actions = ["s3:GetObject", "s3:PutObject"]
    page = iam.simulate_custom_policy(PolicyInputList=[policy(allow("s3:*"))], ActionNames=actions, MaxItems=1)
    assert (page["IsTruncated"], len(page["EvaluationResults"])) == (True, 1)


def test_who_is_made_anew_is_not_trusted(aws, iam):
    """A policy that names somebody means whom it was written for, not the next one with that name.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html#principal-users
    """
    old = user(aws, allow("sts:AssumeRole"))
    arn = iam.create_role(RoleName="work", AssumeRolePolicyDocument=trust({"AWS": old.arn}))["Role"]["Arn"]
    call = {"RoleArn": arn, "RoleSessionName": "test"}
    old("sts").assume_role(**call)
    unique = iam.get_user(UserName=old.name)["User"]["UserId"]
    iam.delete_access_key(UserName=old.name, AccessKeyId=old.credentials["AccessKeyId"])
    iam.delete_user_policy(UserName=old.name, PolicyName="inline")
    iam.delete_user(UserName=old.name)
    iam.create_user(UserName=old.name)
    iam.put_user_policy(UserName=old.name, PolicyName="p", PolicyDocument=policy(allow("sts:AssumeRole")))
    key = iam.create_access_key(UserName=old.name)["AccessKey"]
    new = type(old)(aws.endpoint, old.arn, key)
    refused(lambda: new("sts").assume_role(**call), "AccessDenied", 403)
    document = iam.get_role(RoleName="work")["Role"]["AssumeRolePolicyDocument"]
    assert document["Statement"][0]["Principal"] == {"AWS": unique}
