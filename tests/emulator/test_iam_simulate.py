"""The policy simulator, and the documents that IAM refuses."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError


def document(*statements: dict[str, Any], **more: Any) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements), **more})


def allow(action: Any, resource: Any = "*", **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def deny(action: Any, resource: Any = "*", **more: Any) -> dict[str, Any]:
    return {"Effect": "Deny", "Action": action, "Resource": resource, **more}


def refused(code: str, call: Callable[..., Any], **parameters: Any) -> str:
    with pytest.raises(ClientError) as caught:
        call(**parameters)
    error = caught.value.response["Error"]
    assert error["Code"] == code, error
    return error["Message"]


@pytest.fixture
def iam(aws: Any) -> Any:
    return aws("iam")


def decisions(answer: dict[str, Any]) -> dict[str, str]:
    return {result["EvalActionName"]: result["EvalDecision"] for result in answer["EvaluationResults"]}


def test_inline_managed_and_group_policies_count(iam: Any) -> None:
    """A user's simulation has the user's policies and those of the user's groups.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulatePrincipalPolicy.html
    """
    arn = iam.create_user(UserName="dev")["User"]["Arn"]
    iam.put_user_policy(UserName="dev", PolicyName="own", PolicyDocument=document(allow("s3:GetObject")))
    managed = iam.create_policy(PolicyName="queues", PolicyDocument=document(allow("sqs:SendMessage")))["Policy"]["Arn"]
    iam.attach_user_policy(UserName="dev", PolicyArn=managed)
    iam.create_group(GroupName="team")
    group = document(allow("sns:Publish"), deny("sqs:DeleteQueue"))
    iam.put_group_policy(GroupName="team", PolicyName="shared", PolicyDocument=group)
    iam.add_user_to_group(GroupName="team", UserName="dev")
    actions = ["s3:GetObject", "sqs:SendMessage", "sns:Publish", "sqs:DeleteQueue", "s3:PutObject"]
    assert decisions(iam.simulate_principal_policy(PolicySourceArn=arn, ActionNames=actions)) == {
        "s3:GetObject": "allowed",
        "sqs:SendMessage": "allowed",
        "sns:Publish": "allowed",
        "sqs:DeleteQueue": "explicitDeny",
        "s3:PutObject": "implicitDeny",
    }


def test_a_new_default_version_decides(iam: Any) -> None:
    """The default version of a managed policy is the one in force.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_managed-versioning.html
    """
    arn = iam.create_role(
        RoleName="work",
        AssumeRolePolicyDocument=document(
            {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
        ),
    )["Role"]["Arn"]
    policy = iam.create_policy(PolicyName="p", PolicyDocument=document(allow("s3:*")))["Policy"]["Arn"]
    iam.attach_role_policy(RoleName="work", PolicyArn=policy)
    call = {"PolicySourceArn": arn, "ActionNames": ["s3:GetObject", "sqs:SendMessage"]}
    assert decisions(iam.simulate_principal_policy(**call))["s3:GetObject"] == "allowed"
    iam.create_policy_version(PolicyArn=policy, PolicyDocument=document(allow("sqs:*")), SetAsDefault=True)
    now = decisions(iam.simulate_principal_policy(**call))
    assert now == {"s3:GetObject": "implicitDeny", "sqs:SendMessage": "allowed"}


def test_each_action_on_each_resource(iam: Any) -> None:
    """https://docs.aws.amazon.com/IAM/latest/APIReference/API_EvaluationResult.html"""
    answer = iam.simulate_custom_policy(
        PolicyInputList=[document(allow("s3:*", "arn:aws:s3:::mine/*"))],
        ActionNames=["s3:GetObject", "s3:PutObject"],
        ResourceArns=["arn:aws:s3:::mine/a", "arn:aws:s3:::other/a"],
    )
    found = [(each["EvalResourceName"], each["EvalDecision"]) for each in answer["EvaluationResults"]]
    assert found == [("arn:aws:s3:::mine/a", "allowed"), ("arn:aws:s3:::other/a", "implicitDeny")] * 2
    assert answer["EvaluationResults"][0]["ResourceSpecificResults"][0]["EvalResourceDecision"] == "allowed"


def test_the_statement_that_decided_is_named(iam: Any) -> None:
    """MatchedStatements tells policy, line and column.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_Statement.html
    """
    first = document(allow("s3:PutObject"))
    second = '{"Version": "2012-10-17",\n "Statement": [\n  ' + json.dumps(allow("sqs:*")) + ",\n  "
    second += json.dumps(deny("s3:Put*")) + "]}"
    answer = iam.simulate_custom_policy(PolicyInputList=[first, second], ActionNames=["s3:PutObject"])
    (matched,) = answer["EvaluationResults"][0]["MatchedStatements"]
    assert matched["SourcePolicyId"] == "PolicyInputList.2"
    assert matched["StartPosition"] == {"Line": 4, "Column": 3}
    assert matched["EndPosition"] == {"Line": 4, "Column": 3 + len(json.dumps(deny("s3:Put*")))}


def test_values_that_the_simulation_lacks(iam: Any) -> None:
    """MissingContextValues lists the keys that the policies ask for and that no entry gives.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulateCustomPolicy.html
    """
    condition = {"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}, "StringEquals": {"aws:RequestedRegion": "eu-west-1"}}
    policy = document(allow("s3:*", "arn:aws:s3:::b/${aws:username}/*", Condition=condition))
    call = {
        "PolicyInputList": [policy],
        "ActionNames": ["s3:GetObject"],
        "ResourceArns": ["arn:aws:s3:::b/ann/x"],
    }
    (result,) = iam.simulate_custom_policy(**call)["EvaluationResults"]
    assert result["EvalDecision"] == "implicitDeny"
    assert set(result["MissingContextValues"]) == {"aws:SourceIp", "aws:RequestedRegion", "aws:username"}
    entries = [
        {"ContextKeyName": name, "ContextKeyType": kind, "ContextKeyValues": [value]}
        for name, kind, value in (
            ("aws:username", "string", "ann"),
            ("aws:SourceIp", "ip", "203.0.113.9"),
            ("aws:RequestedRegion", "string", "eu-west-1"),
        )
    ]
    (result,) = iam.simulate_custom_policy(**call, ContextEntries=entries)["EvaluationResults"]
    assert (result["EvalDecision"], result["MissingContextValues"]) == ("allowed", [])


def test_keys_with_several_values(iam: Any) -> None:
    """A context entry of a list type is a multivalued key.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_ContextEntry.html
    """
    condition = {"ForAllValues:StringEquals": {"aws:TagKeys": ["Team", "Cost"]}}
    policy = document(allow("ec2:CreateTags", Condition=condition))

    def decide(*keys: str) -> str:
        entry = {"ContextKeyName": "aws:TagKeys", "ContextKeyType": "stringList", "ContextKeyValues": list(keys)}
        answer = iam.simulate_custom_policy(
            PolicyInputList=[policy], ActionNames=["ec2:CreateTags"], ContextEntries=[entry]
        )
        return answer["EvaluationResults"][0]["EvalDecision"]

    assert decide("Team", "Cost") == "allowed"
    assert decide("Team", "Owner") == "implicitDeny"


def test_a_boundary_is_told_apart(iam: Any) -> None:
    """PermissionsBoundaryDecisionDetail tells whether the boundary allows the action.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_PermissionsBoundaryDecisionDetail.html
    """
    boundary = iam.create_policy(PolicyName="edge", PolicyDocument=document(allow("s3:*")))["Policy"]["Arn"]
    arn = iam.create_user(UserName="dev", PermissionsBoundary=boundary)["User"]["Arn"]
    iam.put_user_policy(UserName="dev", PolicyName="all", PolicyDocument=document(allow("*")))
    call = {"PolicySourceArn": arn, "ActionNames": ["s3:GetObject", "sqs:SendMessage"]}
    inside, outside = iam.simulate_principal_policy(**call)["EvaluationResults"]
    assert (inside["EvalDecision"], outside["EvalDecision"]) == ("allowed", "implicitDeny")
    assert inside["PermissionsBoundaryDecisionDetail"] == {"AllowedByPermissionsBoundary": True}
    assert outside["PermissionsBoundaryDecisionDetail"] == {"AllowedByPermissionsBoundary": False}
    wider = iam.simulate_principal_policy(**call, PermissionsBoundaryPolicyInputList=[document(allow("*"))])
    assert set(decisions(wider).values()) == {"allowed"}


def test_a_resource_policy_takes_part(iam: Any, aws: Any) -> None:
    """A bucket policy can let a user in or shut it out; another account's bucket needs both.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulatePrincipalPolicy.html
    """
    arn = iam.create_user(UserName="dev")["User"]["Arn"]
    bucket = "arn:aws:s3:::photos/x"
    lets_in = document(allow("s3:GetObject", bucket, Principal={"AWS": arn}))
    call = {"PolicySourceArn": arn, "ActionNames": ["s3:GetObject"], "ResourceArns": [bucket], "CallerArn": arn}
    assert decisions(iam.simulate_principal_policy(**call)) == {"s3:GetObject": "implicitDeny"}
    inside = iam.simulate_principal_policy(**call, ResourcePolicy=lets_in)
    assert decisions(inside) == {"s3:GetObject": "allowed"}
    other = iam.simulate_principal_policy(
        **call, ResourcePolicy=lets_in, ResourceOwner="arn:aws:iam::444455556666:root"
    )
    assert decisions(other) == {"s3:GetObject": "implicitDeny"}
    shut = document(deny("s3:*", bucket, Principal="*"))
    assert decisions(iam.simulate_principal_policy(**call, ResourcePolicy=shut)) == {"s3:GetObject": "explicitDeny"}


def test_simulations_that_aws_refuses(iam: Any, aws: Any) -> None:
    """https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulatePrincipalPolicy.html#API_SimulatePrincipalPolicy_Errors"""
    missing = f"arn:aws:iam::{aws.id}:user/missing"
    actions = ["s3:GetObject"]
    message = refused("NoSuchEntity", iam.simulate_principal_policy, PolicySourceArn=missing, ActionNames=actions)
    assert message == "The user with name missing cannot be found."
    refused("InvalidInput", iam.simulate_custom_policy, PolicyInputList=["{}"], ActionNames=actions)
    good = [document(allow("s3:*"))]
    refused("InvalidInput", iam.simulate_custom_policy, PolicyInputList=good, ActionNames=["GetObject"])


def test_keys_that_policies_ask_for(iam: Any) -> None:
    """https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetContextKeysForCustomPolicy.html"""
    policy = document(
        allow("s3:*", "arn:aws:s3:::b/${aws:username}/*", Condition={"Bool": {"aws:SecureTransport": "true"}})
    )
    keys = {"aws:username", "aws:SecureTransport"}
    assert set(iam.get_context_keys_for_custom_policy(PolicyInputList=[policy])["ContextKeyNames"]) == keys
    arn = iam.create_user(UserName="dev")["User"]["Arn"]
    iam.put_user_policy(UserName="dev", PolicyName="p", PolicyDocument=policy)
    assert set(iam.get_context_keys_for_principal_policy(PolicySourceArn=arn)["ContextKeyNames"]) == keys


WRONG = {
    "no JSON": "{",
    "no statement": '{"Version": "2012-10-17"}',
    "lower-case effect": document(allow("s3:*") | {"Effect": "allow"}),
    "no action": document({"Effect": "Allow", "Resource": "*"}),
    "no resource": document({"Effect": "Allow", "Action": "s3:*"}),
    "action without a service": document(allow("GetObject")),
    "resource that is no ARN": document(allow("s3:*", "photos/*")),
    "principal": document(allow("s3:*", Principal="*")),
    "unknown operator": document(allow("s3:*", Condition={"StringIs": {"aws:username": "x"}})),
    "two Sids alike": document(allow("s3:*", Sid="A"), allow("sqs:*", Sid="A")),
}


@pytest.mark.parametrize("why", WRONG)
def test_identity_policies_that_are_none(iam: Any, why: str) -> None:
    """Inline and managed policies are checked when they are saved.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_policies.html
    """
    iam.create_user(UserName="dev")
    call = {"UserName": "dev", "PolicyName": "p", "PolicyDocument": WRONG[why]}
    refused("MalformedPolicyDocument", iam.put_user_policy, **call)
    refused("MalformedPolicyDocument", iam.create_policy, PolicyName="p", PolicyDocument=WRONG[why])
    assert iam.list_user_policies(UserName="dev")["PolicyNames"] == []


TRUST = {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"Resource": "*"}, "Has prohibited field Resource."),
        ({"Action": "s3:GetObject"}, "Trust Policy statement actions can only be sts:AssumeRole"),
        ({"Principal": {"AWS": "arn:aws:iam::111122223333:user/nobody"}}, "Invalid principal in policy"),
        ({"Principal": {"AWS": "not-an-arn"}}, "Invalid principal in policy"),
    ],
)
def test_trust_policies_that_are_none(iam: Any, change: dict[str, Any], message: str) -> None:
    """A trust policy names who may assume the role, and whom it names must exist.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateRole.html
    """
    wrong = document(TRUST | change)
    assert message in refused("MalformedPolicyDocument", iam.create_role, RoleName="r", AssumeRolePolicyDocument=wrong)
    iam.create_role(RoleName="r", AssumeRolePolicyDocument=document(TRUST))
    refused("MalformedPolicyDocument", iam.update_assume_role_policy, RoleName="r", PolicyDocument=wrong)
    kept = iam.get_role(RoleName="r")["Role"]["AssumeRolePolicyDocument"]
    assert kept["Statement"] == [TRUST]


def test_an_mfa_device_is_bound_by_two_codes_in_a_row(iam: Any) -> None:
    """Codes that the device never showed are refused.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_EnableMFADevice.html
    """
    iam.create_user(UserName="ann")
    serial = iam.create_virtual_mfa_device(VirtualMFADeviceName="ann")["VirtualMFADevice"]["SerialNumber"]
    refused(
        "InvalidAuthenticationCode",
        iam.enable_mfa_device,
        UserName="ann",
        SerialNumber=serial,
        AuthenticationCode1="000000",
        AuthenticationCode2="000000",
    )
    assert iam.list_mfa_devices(UserName="ann")["MFADevices"] == []
