"""STS: whom a role trusts, for how long, and what its sessions carry."""

import time
from typing import Any

import pytest
import requests
from botocore.exceptions import ClientError
from emulator.sts_world import ASSUME, World, document, refused, trust


def test_a_role_that_does_not_exist_is_refused_like_one_that_does_not_trust(world: World) -> None:
    """STS does not tell strangers which roles there are: both are AccessDenied.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_roles.html
    """
    world.role("closed", trust({"Service": "ec2.amazonaws.com"}))
    for name in ("missing", "closed"):
        message = refused("AccessDenied", world.sts.assume_role, RoleArn=world.arn(name), RoleSessionName="try")
        who = f"arn:aws:iam::{world.account.id}:root"
        assert message == f"User: {who} is not authorized to perform: sts:AssumeRole on resource: {world.arn(name)}"


def test_trusting_the_account_leaves_it_to_identity_policies(world: World) -> None:
    """A trust policy that names the account lets its users in if their own policies allow sts:AssumeRole.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_terms-and-concepts.html
    """
    arn = world.role("clerk", trust({"AWS": world.account.id}))
    without = world.client(world.user("without"))
    allowed = world.client(world.user("allowed", ASSUME))
    refused("AccessDenied", without.assume_role, RoleArn=arn, RoleSessionName="try")
    made = allowed.assume_role(RoleArn=arn, RoleSessionName="day")
    assert made["AssumedRoleUser"]["Arn"] == f"arn:aws:sts::{world.account.id}:assumed-role/clerk/day"


def test_trusting_a_user_of_the_same_account_is_enough(world: World) -> None:
    """Named in the trust policy itself, a user of the role's account needs no identity policy.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-basics-req-context.html
    """
    keys = world.user("named")
    arn = world.role("clerk", trust({"AWS": f"arn:aws:iam::{world.account.id}:user/named"}))
    assert world.client(keys).assume_role(RoleArn=arn, RoleSessionName="day")["Credentials"]["SessionToken"]


def test_across_accounts_both_sides_must_allow(world: World, elsewhere: World) -> None:
    """The role's account trusts the other account, and there an identity policy must allow sts:AssumeRole.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic-cross-account.html
    """
    keys = elsewhere.user("guest")
    arn = world.role("open", trust({"AWS": f"arn:aws:iam::{elsewhere.account.id}:user/guest"}))
    guest = elsewhere.client(keys)
    refused("AccessDenied", guest.assume_role, RoleArn=arn, RoleSessionName="try")
    elsewhere.iam.put_user_policy(UserName="guest", PolicyName="assume", PolicyDocument=document(ASSUME))
    session = guest.assume_role(RoleArn=arn, RoleSessionName="visit")["Credentials"]
    assert world.client(session).get_caller_identity()["Account"] == world.account.id


def test_the_external_id_must_be_the_agreed_one(world: World, elsewhere: World) -> None:
    """sts:ExternalId keeps a third party from being used against its other customers.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html
    """
    condition = {"StringEquals": {"sts:ExternalId": "Unique-7"}}
    arn = world.role("audit", trust({"AWS": elsewhere.account.id}, condition=condition))
    call = {"RoleArn": arn, "RoleSessionName": "audit"}
    refused("AccessDenied", elsewhere.sts.assume_role, **call)
    refused("AccessDenied", elsewhere.sts.assume_role, **call, ExternalId="unique-7")
    assert elsewhere.sts.assume_role(**call, ExternalId="Unique-7")["Credentials"]


def test_the_trust_policy_can_ask_for_a_session_name(world: World) -> None:
    """sts:RoleSessionName with a policy variable makes users put their own name on their sessions.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_iam-condition-keys.html
    """
    keys = world.user("ann", ASSUME)
    condition = {"StringLike": {"sts:RoleSessionName": "${aws:username}"}}
    arn = world.role("clerk", trust({"AWS": world.account.id}, condition=condition))
    client = world.client(keys)
    refused("AccessDenied", client.assume_role, RoleArn=arn, RoleSessionName="bob")
    assert client.assume_role(RoleArn=arn, RoleSessionName="ann")["Credentials"]


def test_how_long_a_role_session_lasts(world: World) -> None:
    """From 15 minutes to the role's maximum; an hour unless asked otherwise.

    https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
    """
    arn = world.role("clerk", trust({"AWS": world.account.id}), MaxSessionDuration=7200)
    call = {"RoleArn": arn, "RoleSessionName": "day"}
    client = world.client({"AccessKeyId": world.account.id, "SecretAccessKey": "x"})
    refused(
        "ValidationError",
        client.assume_role,
        "Member must have value greater than or equal to 900",
        DurationSeconds=899,
        **call,
    )
    message = refused("ValidationError", client.assume_role, DurationSeconds=7201, **call)
    assert message == "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."
    for parameters, seconds in (({}, 3600), ({"DurationSeconds": 7200}, 7200), ({"DurationSeconds": 900}, 900)):
        ends = client.assume_role(**call, **parameters)["Credentials"]["Expiration"].timestamp()
        assert ends == pytest.approx(time.time() + seconds, abs=20)


def test_chained_roles_last_an_hour_at_most(world: World) -> None:
    """A role assumed by a role's session lasts an hour at most, whatever its MaxSessionDuration.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles.html#iam-term-role-chaining
    """
    first = world.role("first", trust({"AWS": world.account.id}))
    second = world.role("second", trust({"AWS": first}), MaxSessionDuration=43200)
    client = world.client(world.sts.assume_role(RoleArn=first, RoleSessionName="one")["Credentials"])
    call = {"RoleArn": second, "RoleSessionName": "two"}
    refused("ValidationError", client.assume_role, "role chaining", DurationSeconds=3601, **call)
    assert client.assume_role(**call, DurationSeconds=3600)["Credentials"]


def test_session_tags_need_permission_of_their_own(world: World) -> None:
    """Passing tags is sts:TagSession, which the trust policy must allow as well.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/id_session-tags.html
    """
    plain = world.role("plain", trust({"AWS": world.account.id}))
    tagged = world.role("tagged", trust({"AWS": world.account.id}, "sts:AssumeRole", "sts:TagSession"))
    tags = [{"Key": "Team", "Value": "red"}]
    refused("AccessDenied", world.sts.assume_role, "sts:TagSession", RoleArn=plain, RoleSessionName="day", Tags=tags)
    assert world.sts.assume_role(RoleArn=tagged, RoleSessionName="day", Tags=tags)["PackedPolicySize"] > 0


def test_a_trust_policy_can_require_session_tags(world: World) -> None:
    """aws:RequestTag and aws:TagKeys tell which tags come with the session.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/id_session-tags.html#id_session-tags_permissions-required
    """
    condition = {
        "StringLike": {"aws:RequestTag/Project": "*"},
        "ForAllValues:StringEquals": {"aws:TagKeys": ["Project", "Cost"]},
    }
    arn = world.role("clerk", trust({"AWS": world.account.id}, "sts:AssumeRole", "sts:TagSession", condition=condition))

    def assume(*keys: str) -> Any:
        tags = [{"Key": key, "Value": "x"} for key in keys]
        return world.sts.assume_role(RoleArn=arn, RoleSessionName="day", Tags=tags)

    for keys in (("Cost",), ("Project", "Team")):
        with pytest.raises(ClientError, match="AccessDenied"):
            assume(*keys)
    assert assume("Project", "Cost")["Credentials"]


def test_transitive_tags_go_on_to_the_next_role(world: World) -> None:
    """A transitive tag stays with the chain and cannot be set anew; other session tags end with their session.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/id_session-tags.html#id_session-tags_role-chaining
    """
    both = ("sts:AssumeRole", "sts:TagSession")
    first = world.role("first", trust({"AWS": world.account.id}, *both))
    team = {"StringEquals": {"aws:PrincipalTag/Team": "red"}, "Null": {"aws:PrincipalTag/Desk": "true"}}
    second = world.role("second", trust({"AWS": first}, *both))
    third = world.role("third", trust({"AWS": second}, *both, condition=team))
    tags = [{"Key": "Team", "Value": "red"}, {"Key": "Desk", "Value": "7"}]
    one = world.sts.assume_role(RoleArn=first, RoleSessionName="one", Tags=tags, TransitiveTagKeys=["team"])
    client = world.client(one["Credentials"])
    refused(
        "InvalidParameterValue",
        client.assume_role,
        "conflicts with a transitive tag key",
        RoleArn=second,
        RoleSessionName="two",
        Tags=[{"Key": "TEAM", "Value": "blue"}],
    )
    two = client.assume_role(RoleArn=second, RoleSessionName="two")["Credentials"]
    assert world.client(two).assume_role(RoleArn=third, RoleSessionName="three")["Credentials"]


def test_tags_that_aws_refuses(world: World) -> None:
    """Tag keys are unique without regard to case, and a transitive key must be among the tags.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/id_session-tags.html#id_session-tags_know
    """
    arn = world.role("clerk", trust({"AWS": world.account.id}, "sts:AssumeRole", "sts:TagSession"))
    call = {"RoleArn": arn, "RoleSessionName": "day"}
    twice = [{"Key": "Team", "Value": "red"}, {"Key": "team", "Value": "blue"}]
    refused("InvalidParameterValue", world.sts.assume_role, "Duplicate tag keys", Tags=twice, **call)
    refused(
        "InvalidParameterValue",
        world.sts.assume_role,
        "must be included in the requested tags",
        Tags=twice[:1],
        TransitiveTagKeys=["Desk"],
        **call,
    )


def test_source_identity_is_allowed_by_the_trust_policy_and_stays(world: World) -> None:
    """Setting it is sts:SetSourceIdentity; it goes through role chains and cannot be changed.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_temp_control-access_monitor.html
    """
    both = ("sts:AssumeRole", "sts:SetSourceIdentity")
    plain = world.role("plain", trust({"AWS": world.account.id}))
    first = world.role("first", trust({"AWS": world.account.id}, *both))
    condition = {"StringEquals": {"aws:SourceIdentity": "ann"}}
    second = world.role("second", trust({"AWS": first}, *both, condition=condition))
    named = {"RoleSessionName": "day", "SourceIdentity": "ann"}
    refused("AccessDenied", world.sts.assume_role, "sts:SetSourceIdentity", RoleArn=plain, **named)
    one = world.sts.assume_role(RoleArn=first, **named)
    assert one["SourceIdentity"] == "ann"
    client = world.client(one["Credentials"])
    assert client.assume_role(RoleArn=second, RoleSessionName="two")["SourceIdentity"] == "ann"
    refused("AccessDenied", client.assume_role, RoleArn=second, RoleSessionName="two", SourceIdentity="bob")


def test_a_session_policy_must_be_a_policy(world: World) -> None:
    """https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html#API_AssumeRole_Errors"""
    arn = world.role("clerk", trust({"AWS": world.account.id}))
    call = {"RoleArn": arn, "RoleSessionName": "day"}
    for wrong in ("{", "{}"):
        refused("MalformedPolicyDocument", world.sts.assume_role, Policy=wrong, **call)
    long = document({"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::" + "x" * 2048})
    refused("ValidationError", world.sts.assume_role, "length less than or equal to 2048", Policy=long, **call)


def test_session_policies_limit_which_roles_come_next(world: World) -> None:
    """A session may do only what its session policy allows too, here: assume one role but not the other.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies.html#policies_session
    """
    first = world.role("first", trust({"AWS": world.account.id}))
    world.iam.put_role_policy(RoleName="first", PolicyName="assume", PolicyDocument=document(ASSUME))
    other, next_one = (world.role(name, trust({"AWS": world.account.id})) for name in ("other", "next"))
    only = document({"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": next_one})
    session = world.sts.assume_role(RoleArn=first, RoleSessionName="one", Policy=only)["Credentials"]
    client = world.client(session)
    assert client.assume_role(RoleArn=next_one, RoleSessionName="two")["Credentials"]
    refused("AccessDenied", client.assume_role, RoleArn=other, RoleSessionName="two")


@pytest.mark.parametrize("name", ["a", "has space", "x" * 65, "sla/sh"])
def test_session_names_that_aws_refuses(world: World, name: str) -> None:
    """2 to 64 characters of letters, digits and ``_=,.@-+``.

    https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
    """
    arn = world.role("clerk", trust({"AWS": world.account.id}))
    client = world.client({"AccessKeyId": world.account.id, "SecretAccessKey": "x"})
    refused("ValidationError", client.assume_role, "'roleSessionName'", RoleArn=arn, RoleSessionName=name)


def test_a_function_needs_a_role_that_trusts_lambda(world: World, aws: Any) -> None:
    """https://docs.aws.amazon.com/lambda/latest/dg/lambda-intro-execution-role.html"""
    arn = world.role("ec2", trust({"Service": "ec2.amazonaws.com"}))
    refused(
        "InvalidParameterValueException",
        aws("lambda").create_function,
        "The role defined for the function cannot be assumed by Lambda.",
        FunctionName="f",
        Runtime="python3.13",
        Role=arn,
        Handler="a.b",
        Code={"ZipFile": b"PK\x05\x06" + bytes(18)},
    )


def test_why_a_role_was_refused_can_be_asked(world: World, elsewhere: World) -> None:
    """The emulator keeps its last refusals with their reasons; AWS tells as much only to whoever reads CloudTrail.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_roles.html
    """
    condition = {"StringEquals": {"sts:ExternalId": "Unique-7"}}
    arn = world.role("audit", trust({"AWS": elsewhere.account.id}, condition=condition))
    refused("AccessDenied", elsewhere.sts.assume_role, RoleArn=arn, RoleSessionName="audit")
    url = f"{world.account.endpoint}/_dva/iam/last-denials"
    (last, *_) = requests.get(url, params={"account": world.account.id}, timeout=10).json()["denials"]
    assert (last["action"], last["resource"], last["policy_type"]) == ("sts:AssumeRole", arn, "resource-based")
    assert "the trust policy of role 'audit'" in last["explanation"]
