"""What is inside the tokens of user pools.

Faults: the ID token names neither the roles of the user's groups nor the preferred one; an unverified email is
called verified; the time of authentication changes at every refresh; the trigger before token generation runs once
for each token; groups of equal names in other orders give other tokens.
"""

import base64
import hashlib
import time
from typing import Any

from ministack.services import cognito

from dva_localstack.repairs.cognito import sealed, triggers
from dva_localstack.repairs.cognito.keys import issuer
from dva_localstack.repairs.cognito.store import Data, attributes

OPAQUE = ("sub", "identities")
"""Attributes of a user that are not copied into the ID token as they are."""


def groups_by_precedence(pool: Data, user: Data) -> list[Data]:
    """Return a user's groups, the one that wins, with the lowest precedence value, first.

    https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-user-pools-user-groups.html
    """
    groups = [pool["_groups"][name] for name in user.get("_groups", []) if name in pool["_groups"]]
    return sorted(groups, key=lambda group: (group.get("Precedence") is None, group.get("Precedence") or 0))


def role_claims(groups: list[Data]) -> Data:
    """Return the claims about IAM roles of a user in ``groups``, which are in order of precedence.

    No role is preferred where the winning groups share a precedence value and differ in their roles.
    """
    with_role = [group for group in groups if group.get("RoleArn")]
    if not with_role:
        return {}
    claims: Data = {"cognito:roles": list(dict.fromkeys(group["RoleArn"] for group in with_role))}
    best = with_role[0].get("Precedence")
    if len({group["RoleArn"] for group in with_role if group.get("Precedence") == best}) == 1:
        claims["cognito:preferred_role"] = with_role[0]["RoleArn"]
    return claims


def attribute_claims(user: Data, client: Data) -> Data:
    """Return a user's attributes that an app client may read, as claims of the ID token."""
    readable = client.get("ReadAttributes")
    claims: Data = {}
    held = attributes(user)
    for name in ("email", "phone_number"):
        if name in held:
            held.setdefault(f"{name}_verified", "false")
    for name, value in held.items():
        if name in OPAQUE or (readable and name not in readable):
            continue
        claims[name] = value == "true" if name in ("email_verified", "phone_number_verified") else value
    return claims


SCOPED = {
    "email": ("email", "email_verified"),
    "phone": ("phone_number", "phone_number_verified"),
}
"""Attributes that a scope of its own shows; ``profile`` shows all others:
https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-user-pools-define-resource-servers.html"""


def scoped(user: Data, client: Data, scope: str | None) -> Data:
    """Return the attributes of a user that the scopes of a grant show; ``openid`` alone shows all of them."""
    claims = attribute_claims(user, client)
    granted = set((scope or "").split())
    if scope is None or not granted & {"email", "phone", "profile"}:
        return claims
    special = {name: needed for needed, names in SCOPED.items() for name in names}
    return {name: value for name, value in claims.items() if special.get(name, "profile") in granted}


def issue(
    pool_id: str,
    client_id: str,
    user: Data,
    nonce: str = "",
    trigger_source: str = "TokenGeneration_Authentication",
    client_metadata: Data | None = None,
    origin_jti: str = "",
    scope: str | None = None,
    auth_time: int | None = None,
) -> Data:
    """Return an authentication result with the three tokens of one sign-in or refresh.

    https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-using-tokens-with-identity-providers.html

    :param scope: scopes granted by the token endpoint; None for a sign-in through the API
    :param auth_time: when the user signed in, in seconds since 1970; None for now
    """
    pool = cognito._user_pools[pool_id]
    client = pool["_clients"][client_id]
    if not origin_jti:
        origin_jti = cognito.new_uuid()
        user.setdefault("_origin_jtis", []).append(origin_jti)
    now = int(time.time())
    groups = groups_by_precedence(pool, user)
    names = {"cognito:groups": [group["GroupName"] for group in groups]} if groups else {}
    common: Data = {
        "sub": attributes(user).get("sub", user["Username"]),
        "iss": issuer(pool_id),
        "origin_jti": origin_jti,
        "event_id": cognito.new_uuid(),
        "auth_time": auth_time or now,
        "iat": now,
        **names,
    }
    granted = cognito._API_TOKEN_SCOPE if scope is None else scope
    access = {
        **common,
        "client_id": client_id,
        "token_use": "access",
        "scope": " ".join(cognito._aws_scope_order(granted.split())),
        "exp": now + cognito._token_validity(pool_id, client_id, "access"),
        "jti": cognito.new_uuid(),
        "username": user["Username"],
        **({} if scope is None else {"version": 2}),
    }
    identity = {
        **scoped(user, client, scope),
        **common,
        **role_claims(groups),
        **({"nonce": nonce} if nonce else {}),
        "aud": client_id,
        "token_use": "id",
        "exp": now + cognito._token_validity(pool_id, client_id, "id"),
        "jti": cognito.new_uuid(),
        "cognito:username": user["Username"],
    }
    if linked := attributes(user).get("identities"):
        identity["identities"] = [cognito._identity_claim(item) for item in cognito.json.loads(linked)]
    triggers.before_tokens(pool, client, user, groups, trigger_source, client_metadata, identity, access)
    if not client.get("EnableTokenRevocation", True):
        for claims in (access, identity):
            del claims["origin_jti"], claims["jti"]
    access_token = cognito._signed_jwt(access, pool_id, "access")
    if scope is not None:
        identity["at_hash"] = half_hash(access_token)
    return {
        "AccessToken": access_token,
        "IdToken": cognito._signed_jwt(identity, pool_id, "id"),
        "RefreshToken": refresh_token(pool_id, client_id, common, scope),
        "TokenType": "Bearer",
        "ExpiresIn": access["exp"] - now,
    }


def half_hash(token: str) -> str:
    """Return the claim ``at_hash`` that ties an ID token to an access token.

    https://openid.net/specs/openid-connect-core-1_0.html#CodeIDToken
    """
    return base64.urlsafe_b64encode(hashlib.sha256(token.encode()).digest()[:16]).decode().rstrip("=")


def refresh_token(pool_id: str, client_id: str, common: Data, scope: str | None) -> str:
    """Return a refresh token, which nobody else can read."""
    claims = {key: common[key] for key in ("sub", "iss", "origin_jti", "auth_time", "iat")}
    claims |= {
        "client_id": client_id,
        "exp": common["iat"] + cognito._token_validity(pool_id, client_id, "refresh"),
        "jti": cognito.new_uuid(),
        **({} if scope is None else {"scope": scope}),
    }
    return sealed.sealed(claims)


def machine_token(pool_id: str, client: Data, scope: str, metadata: Data) -> Data:
    """Return the answer of the token endpoint to a client that signs in for itself."""
    now = int(time.time())
    validity = cognito._token_validity(pool_id, client["ClientId"], "access")
    claims: dict[str, Any] = {
        "sub": client["ClientId"],
        "token_use": "access",
        "scope": scope,
        "auth_time": now,
        "iss": issuer(pool_id),
        "exp": now + validity,
        "iat": now,
        "version": 2,
        "jti": cognito.new_uuid(),
        "client_id": client["ClientId"],
    }
    triggers.before_machine_token(cognito._user_pools[pool_id], client, metadata, claims)
    return {
        "access_token": cognito._signed_jwt(claims, pool_id, "access"),
        "expires_in": validity,
        "token_type": "Bearer",
    }


def apply() -> None:
    """Have every sign-in of MiniStack's issue these tokens."""
    cognito._build_auth_result = issue
