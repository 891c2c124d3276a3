"""STS: who may have temporary credentials, for how long, and what they carry."""

import base64
import hashlib
import hmac
import json
import struct
import time
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
import requests
from botocore.config import Config
from botocore.exceptions import ClientError

Statement = dict[str, Any]


def document(*statements: Statement) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def trust(principal: Any, *actions: str, condition: Statement | None = None) -> str:
    statement = {"Effect": "Allow", "Principal": principal, "Action": list(actions) or ["sts:AssumeRole"]}
    return document(statement | ({"Condition": condition} if condition else {}))


def totp(seed: bytes, steps_ago: int = 0) -> str:
    """Return the code that an authenticator app shows: https://www.rfc-editor.org/rfc/rfc6238"""
    counter = struct.pack(">Q", int(time.time()) // 30 - steps_ago)
    digest = hmac.new(base64.b32decode(seed), counter, hashlib.sha1).digest()
    number = struct.unpack(">I", digest[digest[-1] & 15 :][:4])[0] & 0x7FFFFFFF
    return f"{number % 1_000_000:06d}"


class World:
    """An account with roles and users made in one line."""

    def __init__(self, account: Any) -> None:
        self.account = account
        self.iam = account("iam")
        self.sts = account("sts")

    def arn(self, role: str) -> str:
        return f"arn:aws:iam::{self.account.id}:role/{role}"

    def role(self, name: str, policy: str, **settings: Any) -> str:
        return self.iam.create_role(RoleName=name, AssumeRolePolicyDocument=policy, **settings)["Role"]["Arn"]

    def user(self, name: str, *allowed: Statement) -> dict[str, str]:
        self.iam.create_user(UserName=name)
        if allowed:
            self.iam.put_user_policy(UserName=name, PolicyName="inline", PolicyDocument=document(*allowed))
        return self.iam.create_access_key(UserName=name)["AccessKey"]

    def client(self, keys: dict[str, str], service: str = "sts") -> Any:
        return boto3.client(
            service,
            endpoint_url=self.account.endpoint,
            region_name="us-east-1",
            aws_access_key_id=keys["AccessKeyId"],
            aws_secret_access_key=keys["SecretAccessKey"],
            aws_session_token=keys.get("SessionToken"),
            config=Config(retries={"max_attempts": 1}, parameter_validation=False),
        )

    def mfa(self, user: str) -> tuple[str, bytes]:
        device = self.iam.create_virtual_mfa_device(VirtualMFADeviceName=user)["VirtualMFADevice"]
        seed = device["Base32StringSeed"]
        self.iam.enable_mfa_device(
            UserName=user,
            SerialNumber=device["SerialNumber"],
            AuthenticationCode1=totp(seed, 1),
            AuthenticationCode2=totp(seed),
        )
        return device["SerialNumber"], seed


ASSUME: Statement = {"Effect": "Allow", "Action": ["sts:AssumeRole", "sts:TagSession"], "Resource": "*"}


@pytest.fixture
def world(aws: Any) -> World:
    return World(aws)


@pytest.fixture
def elsewhere(another_account: Callable[[], Any]) -> Iterator[World]:
    return World(another_account())


def refused(code: str, call: Callable[..., Any], *text: str, **parameters: Any) -> str:
    with pytest.raises(ClientError) as caught:
        call(**parameters)
    error = caught.value.response["Error"]
    assert error["Code"] == code, error
    for part in text:
        assert part in error["Message"]
    return error["Message"]


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
    arn = world.role("work", trust({"AWS": world.account.id}))
    without = world.client(world.user("without"))
    allowed = world.client(world.user("allowed", ASSUME))
    refused("AccessDenied", without.assume_role, RoleArn=arn, RoleSessionName="try")
    made = allowed.assume_role(RoleArn=arn, RoleSessionName="day")
    assert made["AssumedRoleUser"]["Arn"] == f"arn:aws:sts::{world.account.id}:assumed-role/work/day"


def test_trusting_a_user_of_the_same_account_is_enough(world: World) -> None:
    """Named in the trust policy itself, a user of the role's account needs no identity policy.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-basics-req-context.html
    """
    keys = world.user("named")
    arn = world.role("work", trust({"AWS": f"arn:aws:iam::{world.account.id}:user/named"}))
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
    arn = world.role("work", trust({"AWS": world.account.id}, condition=condition))
    client = world.client(keys)
    refused("AccessDenied", client.assume_role, RoleArn=arn, RoleSessionName="bob")
    assert client.assume_role(RoleArn=arn, RoleSessionName="ann")["Credentials"]


def test_how_long_a_role_session_lasts(world: World) -> None:
    """From 15 minutes to the role's maximum; an hour unless asked otherwise.

    https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
    """
    arn = world.role("work", trust({"AWS": world.account.id}), MaxSessionDuration=7200)
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
    arn = world.role("work", trust({"AWS": world.account.id}, "sts:AssumeRole", "sts:TagSession", condition=condition))

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
    arn = world.role("work", trust({"AWS": world.account.id}, "sts:AssumeRole", "sts:TagSession"))
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
    arn = world.role("work", trust({"AWS": world.account.id}))
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
    arn = world.role("work", trust({"AWS": world.account.id}))
    client = world.client({"AccessKeyId": world.account.id, "SecretAccessKey": "x"})
    refused("ValidationError", client.assume_role, "'roleSessionName'", RoleArn=arn, RoleSessionName=name)


def test_mfa_opens_a_role_that_asks_for_it(world: World) -> None:
    """aws:MultiFactorAuthPresent is true when a right code of the user's device comes with the request.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_mfa_configure-api-require.html
    """
    keys = world.user("ann", ASSUME)
    serial, seed = world.mfa("ann")
    condition = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}
    arn = world.role("careful", trust({"AWS": world.account.id}, condition=condition))
    client = world.client(keys)
    call = {"RoleArn": arn, "RoleSessionName": "day"}
    refused("AccessDenied", client.assume_role, **call)
    wrong = f"{(int(totp(seed)) + 500_000) % 1_000_000:06d}"
    refused(
        "AccessDenied",
        client.assume_role,
        "MultiFactorAuthentication failed with invalid MFA one time pass code",
        SerialNumber=serial,
        TokenCode=wrong,
        **call,
    )
    assert client.assume_role(**call, SerialNumber=serial, TokenCode=totp(seed))["Credentials"]


def test_a_session_token_remembers_mfa(world: World) -> None:
    """GetSessionToken with a code gives credentials of the user for which MFA was done.

    https://docs.aws.amazon.com/STS/latest/APIReference/API_GetSessionToken.html
    """
    keys = world.user("ann", ASSUME)
    serial, seed = world.mfa("ann")
    condition = {
        "Bool": {"aws:MultiFactorAuthPresent": "true"},
        "NumericLessThan": {"aws:MultiFactorAuthAge": "3600"},
    }
    arn = world.role("careful", trust({"AWS": world.account.id}, condition=condition))
    client = world.client(keys)
    plain = world.client(client.get_session_token()["Credentials"])
    refused("AccessDenied", plain.assume_role, RoleArn=arn, RoleSessionName="day")
    proven = world.client(client.get_session_token(SerialNumber=serial, TokenCode=totp(seed))["Credentials"])
    assert proven.get_caller_identity()["Arn"] == f"arn:aws:iam::{world.account.id}:user/ann"
    assert proven.assume_role(RoleArn=arn, RoleSessionName="day")["Credentials"]


def test_an_mfa_device_belongs_to_its_user(world: World) -> None:
    """Another user's device proves nothing.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_mfa_configure-api-require.html
    """
    world.user("ann")
    serial, seed = world.mfa("ann")
    bob = world.client(world.user("bob"))
    refused(
        "AccessDenied",
        bob.get_session_token,
        "Please verify your MFA serial number",
        SerialNumber=serial,
        TokenCode=totp(seed),
    )


def test_session_tokens_are_not_given_to_sessions(world: World) -> None:
    """Only long-term credentials can call GetSessionToken and GetFederationToken.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_sts-comparison.html
    """
    client = world.client(world.sts.get_session_token()["Credentials"])
    refused("AccessDenied", client.get_session_token, "session credentials")
    refused("AccessDenied", client.get_federation_token, "session credentials", Name="bob")


def test_how_long_a_users_session_lasts(world: World) -> None:
    """Twelve hours unless asked otherwise, 36 at most; the root gets an hour.

    https://docs.aws.amazon.com/STS/latest/APIReference/API_GetSessionToken.html
    """
    client = world.client(world.user("ann"))

    def lasts(credentials: dict[str, Any]) -> float:
        return credentials["Credentials"]["Expiration"].timestamp() - time.time()

    assert lasts(client.get_session_token()) == pytest.approx(43200, abs=20)
    assert lasts(client.get_session_token(DurationSeconds=129600)) == pytest.approx(129600, abs=20)
    assert lasts(world.sts.get_session_token()) == pytest.approx(3600, abs=20)
    refused("ValidationError", client.get_session_token, "'durationSeconds'", DurationSeconds=129601)


def test_a_federated_user_has_a_name_of_its_own(world: World) -> None:
    """https://docs.aws.amazon.com/STS/latest/APIReference/API_GetFederationToken.html"""
    may = {"Effect": "Allow", "Action": "sts:GetFederationToken", "Resource": "*"}
    client = world.client(world.user("proxy", may))
    made = client.get_federation_token(Name="bob")
    arn = f"arn:aws:sts::{world.account.id}:federated-user/bob"
    assert made["FederatedUser"] == {"FederatedUserId": f"{world.account.id}:bob", "Arn": arn}
    assert world.client(made["Credentials"]).get_caller_identity()["Arn"] == arn
    refused("ValidationError", client.get_federation_token, "'name'", Name="b")


def test_who_a_session_is(world: World) -> None:
    """GetCallerIdentity needs no permission; a session's UserId is the role's id and the session's name.

    https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html
    """
    arn = world.role("work", trust({"AWS": world.account.id}))
    role_id = world.iam.get_role(RoleName="work")["Role"]["RoleId"]
    session = world.sts.assume_role(RoleArn=arn, RoleSessionName="day")["Credentials"]
    answer = world.client(session).get_caller_identity()
    assert (answer["UserId"], answer["Account"]) == (f"{role_id}:day", world.account.id)
    assert answer["Arn"] == f"arn:aws:sts::{world.account.id}:assumed-role/work/day"
    assert world.sts.get_access_key_info(AccessKeyId=session["AccessKeyId"])["Account"] == world.account.id


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


class Tokens:
    """A user pool that gives ID tokens, known to IAM as a provider."""

    def __init__(self, world: World) -> None:
        idp = world.account("cognito-idp")
        pool = idp.create_user_pool(PoolName="people")["UserPool"]["Id"]
        flows = ["ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"]
        self.client_id = idp.create_user_pool_client(UserPoolId=pool, ClientName="app", ExplicitAuthFlows=flows)[
            "UserPoolClient"
        ]["ClientId"]
        idp.admin_create_user(UserPoolId=pool, Username="ann", MessageAction="SUPPRESS")
        idp.admin_set_user_password(UserPoolId=pool, Username="ann", Password="Pass-word-1", Permanent=True)
        self.id_token, self.access_token = (
            idp.initiate_auth(
                ClientId=self.client_id,
                AuthFlow="USER_PASSWORD_AUTH",
                AuthParameters={"USERNAME": "ann", "PASSWORD": "Pass-word-1"},
            )["AuthenticationResult"][kind]
            for kind in ("IdToken", "AccessToken")
        )
        body = self.id_token.split(".")[1]
        self.claims = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
        self.issuer = self.claims["iss"]
        self.name = self.issuer.split("://")[1]

    def register(self, world: World, audience: str) -> str:
        return world.iam.create_open_id_connect_provider(
            Url=self.issuer, ClientIDList=[audience], ThumbprintList=["0" * 40]
        )["OpenIDConnectProviderArn"]


@pytest.fixture
def tokens(world: World) -> Tokens:
    return Tokens(world)


WEB = "sts:AssumeRoleWithWebIdentity"


def test_a_token_of_a_user_pool_opens_a_role(world: World, tokens: Tokens) -> None:
    """The trust policy names the provider and asks for audience and subject.

    https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html
    """
    provider = tokens.register(world, tokens.client_id)

    def role(name: str, subject: str) -> str:
        condition = {"StringEquals": {f"{tokens.name}:aud": tokens.client_id, f"{tokens.name}:sub": subject}}
        return world.role(name, trust({"Federated": provider}, WEB, condition=condition))

    call = {"RoleSessionName": "web", "WebIdentityToken": tokens.id_token}
    made = world.sts.assume_role_with_web_identity(RoleArn=role("hers", tokens.claims["sub"]), **call)
    assert made["SubjectFromWebIdentityToken"] == tokens.claims["sub"]
    assert (made["Provider"], made["Audience"]) == (provider, tokens.client_id)
    who = world.client(made["Credentials"]).get_caller_identity()["Arn"]
    assert who == f"arn:aws:sts::{world.account.id}:assumed-role/hers/web"
    for arn in (role("his", "somebody-else"), world.arn("missing")):
        message = refused("AccessDenied", world.sts.assume_role_with_web_identity, RoleArn=arn, **call)
        assert message == f"Not authorized to perform {WEB}"


def test_tokens_that_prove_nothing(world: World, tokens: Tokens) -> None:
    """An unknown issuer, another audience, a changed token, or no token at all.

    https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html
    """
    call = {"RoleArn": world.arn("any"), "RoleSessionName": "web"}
    assume = world.sts.assume_role_with_web_identity
    refused("InvalidIdentityToken", assume, "not a valid JWT", WebIdentityToken="no.token", **call)
    refused(
        "InvalidIdentityToken",
        assume,
        f"No OpenIDConnect provider found in your account for {tokens.issuer}",
        WebIdentityToken=tokens.id_token,
        **call,
    )
    tokens.register(world, "another-client")
    refused("InvalidIdentityToken", assume, "Incorrect token audience", WebIdentityToken=tokens.id_token, **call)
    refused("InvalidIdentityToken", assume, "aud", WebIdentityToken=tokens.access_token, **call)
    head, _, signature = tokens.id_token.split(".")
    changed = base64.urlsafe_b64encode(json.dumps(tokens.claims | {"sub": "me"}).encode()).decode().rstrip("=")
    refused("InvalidIdentityToken", assume, WebIdentityToken=f"{head}.{changed}.{signature}", **call)


def test_an_identity_pool_vouches_for_guests(world: World) -> None:
    """Trust policies tell identity pools' guests from signed-in users by audience and amr.

    https://docs.aws.amazon.com/cognito/latest/developerguide/iam-roles.html
    """
    identity = world.account("cognito-identity")
    pool = identity.create_identity_pool(IdentityPoolName="app", AllowUnauthenticatedIdentities=True)["IdentityPoolId"]
    token = identity.get_open_id_token(IdentityId=identity.get_id(IdentityPoolId=pool)["IdentityId"])["Token"]

    def role(name: str, audience: str, method: str) -> str:
        condition = {
            "StringEquals": {"cognito-identity.amazonaws.com:aud": audience},
            "ForAnyValue:StringLike": {"cognito-identity.amazonaws.com:amr": method},
        }
        return world.role(name, trust({"Federated": "cognito-identity.amazonaws.com"}, WEB, condition=condition))

    call = {"RoleSessionName": "web", "WebIdentityToken": token}
    guest = world.sts.assume_role_with_web_identity(RoleArn=role("guest", pool, "unauthenticated"), **call)
    assert guest["Credentials"]["SessionToken"]
    for arn in (role("user", pool, "authenticated"), role("other", "us-east-1:other", "unauthenticated")):
        refused("AccessDenied", world.sts.assume_role_with_web_identity, RoleArn=arn, **call)


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


def test_an_encoded_refusal_can_be_read_by_who_may(world: World, elsewhere: World) -> None:
    """EC2 hides the details of a refusal in a message that sts:DecodeAuthorizationMessage opens.

    https://docs.aws.amazon.com/STS/latest/APIReference/API_DecodeAuthorizationMessage.html
    """
    keys = world.user("dev", {"Sid": "NoKeys", "Effect": "Deny", "Action": "ec2:CreateKeyPair", "Resource": "*"})
    message = refused("UnauthorizedOperation", world.client(keys, "ec2").create_key_pair, KeyName="k")
    sentence, found, encoded = message.partition(". Encoded authorization failure message: ")
    assert found
    assert "explicit deny in an identity-based policy" in sentence
    refused("AccessDenied", world.client(keys).decode_authorization_message, EncodedMessage=encoded)
    decoded = json.loads(world.sts.decode_authorization_message(EncodedMessage=encoded)["DecodedMessage"])
    assert (decoded["allowed"], decoded["explicitDeny"]) == (False, True)
    assert decoded["matchedStatements"]["items"][0]["statementId"] == "NoKeys"
    assert decoded["context"]["principal"]["arn"] == f"arn:aws:iam::{world.account.id}:user/dev"
    assert decoded["context"]["action"] == "ec2:CreateKeyPair"
    for sts, wrong in ((world.sts, "nonsense"), (elsewhere.sts, encoded)):
        refused("InvalidAuthorizationMessageException", sts.decode_authorization_message, EncodedMessage=wrong)


def bucket(world: World) -> str:
    name = f"things-{world.account.id}"
    world.account("s3").create_bucket(Bucket=name)
    for key in ("red/1", "blue/1"):
        world.account("s3").put_object(Bucket=name, Key=key, Body=key.encode())
    return name


def test_session_tags_open_what_belongs_to_the_team(world: World) -> None:
    """One policy for all teams: aws:PrincipalTag is the session's tag, which hides the role's own.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/introduction_attribute-based-access-control.html
    """
    name = bucket(world)
    both = trust({"AWS": world.account.id}, "sts:AssumeRole", "sts:TagSession")
    arn = world.role("work", both, Tags=[{"Key": "team", "Value": "blue"}])
    resource = f"arn:aws:s3:::{name}/${{aws:PrincipalTag/team}}/*"
    own = document({"Effect": "Allow", "Action": "s3:GetObject", "Resource": resource})
    world.iam.put_role_policy(RoleName="work", PolicyName="own", PolicyDocument=own)
    for tags, opened, closed in (([{"Key": "team", "Value": "red"}], "red/1", "blue/1"), ([], "blue/1", "red/1")):
        session = world.sts.assume_role(RoleArn=arn, RoleSessionName="day", Tags=tags)["Credentials"]
        s3 = world.client(session, "s3")
        assert s3.get_object(Bucket=name, Key=opened)["Body"].read() == opened.encode()
        refused("AccessDenied", s3.get_object, Bucket=name, Key=closed)


def test_a_federated_user_may_do_what_both_policies_allow(world: World) -> None:
    """The session gets the intersection of the user's policies and the one passed; with none passed, nothing.

    https://docs.aws.amazon.com/STS/latest/APIReference/API_GetFederationToken.html
    """
    name = bucket(world)
    reads = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{name}/*"}
    may = {"Effect": "Allow", "Action": "sts:GetFederationToken", "Resource": "*"}
    proxy = world.client(world.user("proxy", may, reads))
    passed = document({"Effect": "Allow", "Action": "s3:*", "Resource": f"arn:aws:s3:::{name}/red/*"})
    s3 = world.client(proxy.get_federation_token(Name="bob", Policy=passed)["Credentials"], "s3")
    assert s3.get_object(Bucket=name, Key="red/1")["Body"].read() == b"red/1"
    refused("AccessDenied", s3.get_object, Bucket=name, Key="blue/1")
    refused("AccessDenied", s3.put_object, Bucket=name, Key="red/2", Body=b"")
    bare = world.client(proxy.get_federation_token(Name="bob")["Credentials"], "s3")
    refused("AccessDenied", bare.get_object, Bucket=name, Key="red/1")
