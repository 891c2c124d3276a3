"""Tokens of user pools: https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-using-tokens-with-identity-providers.html"""

import json
import time
from typing import Any

import pytest
import requests
from emulator.cognito_tools import PASSWORD, Pool, claims, decoded, refusal, secret_hash, verified

ROLE = "arn:aws:iam::111122223333:role"


def test_both_tokens_are_signed_with_a_key_that_the_pool_publishes(aws: Any) -> None:
    """https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-using-tokens-verifying-a-jwt.html"""
    pool = Pool(aws)
    pool.user()
    tokens = pool.tokens()
    for name in ("IdToken", "AccessToken"):
        assert verified(tokens[name], f"{pool.url}/.well-known/jwks.json")["exp"] > time.time()


def test_a_verifier_finds_keys_and_issuer_from_the_token_alone(aws: Any) -> None:
    """The issuer's OpenID configuration names the issuer itself and the keys, all of it on this machine.

    https://docs.aws.amazon.com/cognito/latest/developerguide/federation-endpoints.html
    """
    pool = Pool(aws)
    pool.user()
    token = pool.tokens()["IdToken"]
    issuer = claims(token)["iss"]
    assert issuer.startswith("http://localhost:")
    assert issuer.endswith(f"/{pool.id}")
    configuration = requests.get(f"{issuer}/.well-known/openid-configuration", timeout=10).json()
    assert configuration["issuer"] == issuer
    assert verified(token, configuration["jwks_uri"])["iss"] == issuer


def test_each_pool_has_keys_of_its_own(aws: Any) -> None:
    """https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-using-tokens-verifying-a-jwt.html"""
    published = [requests.get(f"{Pool(aws).url}/.well-known/jwks.json", timeout=10).json() for _ in range(2)]
    first, second = ({key["kid"] for key in keys["keys"]} for keys in published)
    assert not first & second
    assert requests.get(f"{aws.endpoint}/us-east-1_Nobody123/.well-known/jwks.json", timeout=10).status_code == 404


def test_the_id_token_tells_who_and_the_access_token_what(aws: Any) -> None:
    """https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-using-the-id-token.html"""
    pool = Pool(aws, {"Schema": [{"Name": "plan", "AttributeDataType": "String", "Mutable": True}]})
    pool.user(email="ana@example.com", custom__plan="free")
    tokens = pool.tokens()
    identity, access = claims(tokens["IdToken"]), claims(tokens["AccessToken"])
    assert (identity["token_use"], identity["aud"]) == ("id", pool.client_id)
    assert (identity["email"], identity["email_verified"], identity["custom:plan"]) == (
        "ana@example.com",
        False,
        "free",
    )
    assert identity["cognito:username"] == "ana"
    assert (access["token_use"], access["client_id"], access["username"]) == ("access", pool.client_id, "ana")
    assert access["scope"] == "aws.cognito.signin.user.admin"
    assert "aud" not in access
    assert "email" not in access
    assert access["sub"] == identity["sub"]
    assert access["exp"] - access["iat"] == tokens["ExpiresIn"] == 3600


def test_groups_come_in_order_of_precedence_with_their_roles(aws: Any) -> None:
    """The group with the lowest value is first, and its role preferred; one without a value comes last.

    https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-user-pools-user-groups.html
    """
    pool = Pool(aws)
    pool.user()
    for name, more in {
        "all": {},
        "readers": {"Precedence": 20, "RoleArn": f"{ROLE}/read"},
        "editors": {"Precedence": 10, "RoleArn": f"{ROLE}/edit"},
    }.items():
        pool.idp.create_group(UserPoolId=pool.id, GroupName=name, **more)
        pool.idp.admin_add_user_to_group(UserPoolId=pool.id, Username="ana", GroupName=name)
    tokens = pool.tokens()
    identity, access = claims(tokens["IdToken"]), claims(tokens["AccessToken"])
    assert identity["cognito:groups"] == access["cognito:groups"] == ["editors", "readers", "all"]
    assert identity["cognito:roles"] == [f"{ROLE}/edit", f"{ROLE}/read"]
    assert identity["cognito:preferred_role"] == f"{ROLE}/edit"
    pool.idp.update_group(UserPoolId=pool.id, GroupName="readers", Precedence=10)
    assert "cognito:preferred_role" not in claims(pool.tokens()["IdToken"])


def test_lifetimes_are_the_app_clients(aws: Any) -> None:
    """https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_CreateUserPoolClient.html"""
    units = {"AccessToken": "minutes", "IdToken": "seconds"}
    settings = {"AccessTokenValidity": 5, "IdTokenValidity": 600, "TokenValidityUnits": units}
    pool = Pool(aws, client_settings=settings)
    pool.user()
    tokens = pool.tokens()
    identity, access = claims(tokens["IdToken"]), claims(tokens["AccessToken"])
    assert (identity["exp"] - identity["iat"], access["exp"] - access["iat"]) == (600, 300)


@pytest.mark.parametrize(
    ("name", "value", "unit"),
    [
        ("AccessToken", 4, "minutes"),
        ("AccessToken", 25, "hours"),
        ("IdToken", 2, "days"),
        ("RefreshToken", 59, "minutes"),
        ("RefreshToken", 3651, "days"),
    ],
)
def test_lifetimes_have_limits(aws: Any, name: str, value: int, unit: str) -> None:
    """https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_CreateUserPoolClient.html"""
    pool = Pool(aws)
    error = refusal(pool.client, **{f"{name}Validity": value, "TokenValidityUnits": {name: unit}})
    assert error == ("InvalidParameterException", "Invalid range for token validity.")


def test_a_refresh_keeps_the_time_of_the_sign_in_and_sees_new_groups(aws: Any) -> None:
    """https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-using-the-refresh-token.html"""
    pool = Pool(aws)
    pool.user()
    tokens = pool.tokens()
    pool.idp.create_group(UserPoolId=pool.id, GroupName="late")
    pool.idp.admin_add_user_to_group(UserPoolId=pool.id, Username="ana", GroupName="late")
    renewed = pool.refresh(tokens["RefreshToken"])
    before, after = claims(tokens["AccessToken"]), claims(renewed["AccessToken"])
    assert after["auth_time"] == before["auth_time"]
    assert after["origin_jti"] == before["origin_jti"]
    assert after["jti"] != before["jti"]
    assert after["cognito:groups"] == ["late"]
    assert "RefreshToken" not in renewed


def test_a_refresh_token_tells_nobody_anything(aws: Any) -> None:
    """It is encrypted, and worth nothing when changed.

    https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-using-the-refresh-token.html
    """
    pool = Pool(aws)
    pool.user()
    token = pool.tokens()["RefreshToken"]
    header, _, nonce, hidden, tag = token.split(".")
    assert json.loads(decoded(header))["enc"] == "A256GCM"
    assert pool.client_id.encode() not in decoded(hidden)
    changed = ".".join((header, "", nonce, hidden[::-1], tag))
    assert refusal(pool.refresh, token=changed) == ("NotAuthorizedException", "Invalid Refresh Token")
    assert refusal(pool.idp.get_user, AccessToken=token) == ("NotAuthorizedException", "Invalid Access Token")


def test_a_secret_clients_refresh_wants_the_hash_of_the_username(aws: Any) -> None:
    """https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-using-the-refresh-token.html"""
    pool = Pool(aws, client_settings={"GenerateSecret": True})
    pool.user()
    proof = {"SECRET_HASH": secret_hash("ana", pool.client_id, pool.app["ClientSecret"])}
    start, client = pool.idp.initiate_auth, {"ClientId": pool.client_id}
    given = {"USERNAME": "ana", "PASSWORD": PASSWORD, **proof}
    tokens = start(**client, AuthFlow="USER_PASSWORD_AUTH", AuthParameters=given)["AuthenticationResult"]
    token = {"REFRESH_TOKEN": tokens["RefreshToken"]}
    assert refusal(pool.refresh, token=tokens["RefreshToken"])[0] == "NotAuthorizedException"
    renewed = start(**client, AuthFlow="REFRESH_TOKEN_AUTH", AuthParameters={**token, **proof})
    assert renewed["AuthenticationResult"]["IdToken"]


def test_a_revoked_refresh_token_takes_its_access_tokens_along(aws: Any) -> None:
    """Another session of the same user goes on; a verifier that only looks at signatures still takes the token.

    https://docs.aws.amazon.com/cognito/latest/developerguide/token-revocation.html
    """
    pool = Pool(aws)
    pool.user()
    first, second = pool.tokens(), pool.tokens()
    pool.idp.revoke_token(Token=first["RefreshToken"], ClientId=pool.client_id)
    error = refusal(pool.refresh, token=first["RefreshToken"])
    assert error == ("NotAuthorizedException", "Refresh Token has been revoked")
    error = refusal(pool.idp.get_user, AccessToken=first["AccessToken"])
    assert error == ("NotAuthorizedException", "Access Token has been revoked")
    assert pool.refresh(second["RefreshToken"])["IdToken"]
    assert verified(first["AccessToken"], f"{pool.url}/.well-known/jwks.json")


def test_only_refresh_tokens_are_revoked(aws: Any) -> None:
    """https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_RevokeToken.html"""
    pool = Pool(aws)
    pool.user()
    token = pool.tokens()["AccessToken"]
    error = refusal(pool.idp.revoke_token, Token=token, ClientId=pool.client_id)
    assert error[0] == "UnsupportedTokenTypeException"


@pytest.mark.parametrize("by", ["user", "administrator"])
def test_a_global_sign_out_ends_all_sessions(aws: Any, by: str) -> None:
    """https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_GlobalSignOut.html"""
    pool = Pool(aws)
    pool.user()
    sessions = [pool.tokens(), pool.tokens()]
    if by == "user":
        pool.idp.global_sign_out(AccessToken=sessions[0]["AccessToken"])
    else:
        pool.idp.admin_user_global_sign_out(UserPoolId=pool.id, Username="ana")
    for tokens in sessions:
        assert refusal(pool.refresh, token=tokens["RefreshToken"])[0] == "NotAuthorizedException"
        assert refusal(pool.idp.get_user, AccessToken=tokens["AccessToken"])[0] == "NotAuthorizedException"
    assert pool.refresh(pool.tokens()["RefreshToken"])["IdToken"]


def test_rotation_replaces_the_refresh_token(aws: Any) -> None:
    """https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-using-the-refresh-token.html#using-the-refresh-token-rotation"""
    rotation = {"Feature": "ENABLED", "RetryGracePeriodSeconds": 0}
    flows = ["ALLOW_USER_PASSWORD_AUTH"]
    pool = Pool(aws, client_settings={"RefreshTokenRotation": rotation, "ExplicitAuthFlows": flows})
    pool.user()
    first = pool.tokens()["RefreshToken"]
    renew = pool.idp.get_tokens_from_refresh_token
    second = renew(ClientId=pool.client_id, RefreshToken=first)["AuthenticationResult"]["RefreshToken"]
    assert second != first
    assert refusal(renew, ClientId=pool.client_id, RefreshToken=first)[0] == "RefreshTokenReuseException"
    assert renew(ClientId=pool.client_id, RefreshToken=second)["AuthenticationResult"]["IdToken"]


def test_a_token_of_another_pool_is_no_token(aws: Any) -> None:
    """https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-using-the-access-token.html"""
    pool = Pool(aws)
    pool.user()
    identity = pool.tokens()["IdToken"]
    assert refusal(pool.idp.get_user, AccessToken=identity)[0] == "NotAuthorizedException"
    head, body, signature = pool.tokens()["AccessToken"].split(".")
    changed = f"{head}.{body}.{'A' * len(signature)}"
    assert refusal(pool.idp.get_user, AccessToken=changed)[0] == "NotAuthorizedException"
