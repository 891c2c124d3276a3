"""Refresh tokens: renewed, rotated and revoked.

Faults: an expired, forged or disabled user's refresh token still gives tokens; rotation and the app client's secret
are not known; any token can be revoked by anybody.
"""

import time

from ministack.services import cognito

from dva_localstack.repairs.cognito import sealed, tokens
from dva_localstack.repairs.cognito.dispatch import operation
from dva_localstack.repairs.cognito.store import Answer, Data, Refused, client_of, find_user, pool_of, result_of

ROTATED: dict[str, float] = {}
"""Refresh tokens that were replaced, by their ``jti``: until when they are still taken, in seconds since 1970."""


def owner(pool: Data, client_id: str, token: str) -> tuple[Data, Data]:
    """Return the user and the claims of a valid refresh token.

    https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-using-the-refresh-token.html

    :raises Refused: ``NotAuthorizedException`` or ``RefreshTokenReuseException``
    """
    claims = sealed.opened(token)
    if not str(claims.get("iss", "")).endswith(f"/{pool['Id']}"):
        raise Refused("NotAuthorizedException", "Invalid Refresh Token")
    if claims.get("client_id") != client_id:
        raise Refused("NotAuthorizedException", "Refresh Token has different Client")
    if claims["exp"] <= time.time():
        raise Refused("NotAuthorizedException", "Refresh Token has expired")
    user = find_user(pool, claims["sub"])
    if not user:
        raise Refused("NotAuthorizedException", "The user has been deleted for the associated refresh token")
    if not user.get("Enabled", True):
        raise Refused("NotAuthorizedException", "User is disabled.")
    signed_out = claims["iat"] < int(user.get("_signout_at", 0))
    if signed_out or claims["origin_jti"] in cognito._revoked_tokens:
        raise Refused("NotAuthorizedException", "Refresh Token has been revoked")
    if ROTATED.get(claims["jti"], time.time() + 1) < time.time():
        raise Refused("RefreshTokenReuseException", "Refresh Token has been reused")
    return user, claims


def refresh(pool: Data, client: Data, token: str, metadata: Data | None = None) -> Data:
    """Return new tokens for a refresh token, and a new refresh token where the app client rotates them."""
    user, claims = owner(pool, client["ClientId"], token)
    result = tokens.issue(
        pool["Id"],
        client["ClientId"],
        user,
        trigger_source="TokenGeneration_RefreshTokens",
        client_metadata=metadata,
        origin_jti=claims["origin_jti"],
        scope=claims.get("scope"),
        auth_time=claims["auth_time"],
    )
    rotation = client.get("RefreshTokenRotation") or {}
    if rotation.get("Feature") == "ENABLED":
        ROTATED.setdefault(claims["jti"], time.time() + rotation.get("RetryGracePeriodSeconds", 0))
    else:
        del result["RefreshToken"]
    return result


@operation("GetTokensFromRefreshToken")
def get_tokens(data: Data) -> Data:
    """Renew a session; the operation for clients that rotate their refresh tokens.

    https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_GetTokensFromRefreshToken.html
    """
    pool = pool_of(data)
    client = client_of(data, pool)
    if client.get("ClientSecret") and data.get("ClientSecret") != client["ClientSecret"]:
        raise Refused("NotAuthorizedException", f"Unable to verify secret for client {client['ClientId']}")
    return {"AuthenticationResult": refresh(pool, client, data["RefreshToken"], data.get("ClientMetadata"))}


@operation("RevokeToken")
def revoke(data: Data) -> Data:
    """Revoke a refresh token and the access tokens that came with it.

    https://docs.aws.amazon.com/cognito/latest/developerguide/token-revocation.html
    """
    client_id = data.get("ClientId")
    try:
        client = client_of(data, pool_of(data))
    except Refused as unknown:
        raise Refused("UnauthorizedException", f"Client {client_id} does not exist.") from unknown
    if client.get("ClientSecret") and data.get("ClientSecret") != client["ClientSecret"]:
        raise Refused("UnauthorizedException", "Invalid client credentials.")
    if not client.get("EnableTokenRevocation", True):
        raise Refused("UnsupportedOperationException", "Token revocation is not enabled for this client.")
    revoke_session(client, data["Token"])
    return {}


def revoke_session(client: Data, token: str) -> None:
    """Revoke the session of a refresh token of ``client``; one that is already revoked stays so.

    :raises Refused: ``UnsupportedTokenTypeException``, or ``UnauthorizedException`` for another client's token
    """
    claims = sealed.opened(token)
    if not claims:
        raise Refused("UnsupportedTokenTypeException", "Unsupported token type")
    if claims.get("client_id") != client["ClientId"]:
        raise Refused("UnauthorizedException", "The token was issued to another client.")
    cognito._revoked_tokens.add(claims["origin_jti"])


def refresh_user(pool: Data, pool_id: str, client_id: str, token: str) -> tuple[Data | None, Answer | None]:
    """Return a refresh token's user as MiniStack asks for it, to check a secret hash."""
    try:
        return owner(pool, client_id, token)[0], None
    except Refused as refusal:
        return None, refusal.answer()


@operation("AdminDisableUser")
def disable(data: Data) -> Data:
    """Disable a user, whose sessions end for good.

    https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_AdminDisableUser.html
    """
    answer = result_of(DISABLE(data))
    user = cognito._resolve_user(pool_of(data), data["Username"])[0]
    cognito._revoked_tokens.update(user.pop("_origin_jtis", []))
    return answer


DISABLE = cognito._admin_disable_user


def apply() -> None:
    """Check refresh tokens here also where MiniStack does."""
    cognito._refresh_auth_user = refresh_user
