"""STS for users: MFA, session tokens, federation, and what sessions may do at other services."""

import json
import time
from typing import Any

import pytest
from emulator.sts_world import ASSUME, World, document, refused, totp, trust


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
    arn = world.role("clerk", trust({"AWS": world.account.id}))
    role_id = world.iam.get_role(RoleName="clerk")["Role"]["RoleId"]
    session = world.sts.assume_role(RoleArn=arn, RoleSessionName="day")["Credentials"]
    answer = world.client(session).get_caller_identity()
    assert (answer["UserId"], answer["Account"]) == (f"{role_id}:day", world.account.id)
    assert answer["Arn"] == f"arn:aws:sts::{world.account.id}:assumed-role/clerk/day"
    assert world.sts.get_access_key_info(AccessKeyId=session["AccessKeyId"])["Account"] == world.account.id


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
    arn = world.role("clerk", both, Tags=[{"Key": "team", "Value": "blue"}])
    resource = f"arn:aws:s3:::{name}/${{aws:PrincipalTag/team}}/*"
    own = document({"Effect": "Allow", "Action": "s3:GetObject", "Resource": resource})
    world.iam.put_role_policy(RoleName="clerk", PolicyName="own", PolicyDocument=own)
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
