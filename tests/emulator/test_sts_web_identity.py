"""STS for who comes with a token: user pools and identity pools of the local Cognito."""

import base64
import json

import pytest
from emulator.sts_world import Tokens, World, refused, trust

WEB = "sts:AssumeRoleWithWebIdentity"


@pytest.fixture
def tokens(world: World) -> Tokens:
    return Tokens(world)


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
