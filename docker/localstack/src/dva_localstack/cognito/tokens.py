"""Verifying the tokens of local user pools and identity pools, as API Gateway and STS do."""

import base64
import json
import re
import threading
import time
from typing import Any

import requests
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from dva_localstack.ministack import SIDECAR

IDENTITY_ISSUER = "https://cognito-identity.amazonaws.com"
"""Issuer of identity pools' tokens: https://docs.aws.amazon.com/cognito/latest/developerguide/authentication-flow.html"""

KEY_SECONDS = 5
"""How long a key set that lacks a token's key is believed before it is fetched again."""

_KEYS: dict[str, tuple[float, KeySet]] = {}
_LOCK = threading.Lock()


class InvalidToken(Exception):
    """A token is not one of a local pool, was changed, or has expired.

    ``reason`` is ``"malformed"``, ``"issuer"``, ``"signature"`` or ``"expired"``.
    """

    def __init__(self, reason: str, message: str) -> None:
        """Say why, for a program and for a reader."""
        super().__init__(message)
        self.reason = reason


def pool_of_issuer(issuer: str) -> str:
    """Return the user pool id at the end of an issuer, in the emulator's form or in AWS's.

    AWS's is ``https://cognito-idp.<region>.amazonaws.com/<pool id>``, the emulator's
    ``http://localhost:<port>/<pool id>``; both name the same pool here.
    """
    return issuer.rstrip("/").rsplit("/", 1)[-1]


def same_issuer(one: str, other: str) -> bool:
    """Return whether two issuers name the same user pool, whichever form each has."""
    return one == other or (pool_of_issuer(one) == pool_of_issuer(other) and "_" in pool_of_issuer(one))


def claims_of(token: str) -> dict[str, Any]:
    """Return what a token claims, unverified.

    :raises InvalidToken: it is not a JSON Web Token
    """
    parts = token.split(".")
    try:
        if len(parts) != 3:
            raise ValueError("three parts are needed")
        claims = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except ValueError as error:
        raise InvalidToken("malformed", "The token is not a JSON Web Token.") from error
    if not isinstance(claims, dict):
        raise InvalidToken("malformed", "The token's claims are not an object.")
    return claims


def verify(token: str) -> dict[str, Any]:
    """Return the claims of a token that a user pool or an identity pool of this emulator signed.

    The account and the region do not matter: a pool's id is unique. Whose audience, use (``token_use``) and scopes
    the caller accepts is the caller's to check; a token revoked meanwhile still verifies, as on AWS.

    :raises InvalidToken: with its ``reason``
    """
    claims = claims_of(token)
    issuer = claims.get("iss")
    if not isinstance(issuer, str):
        raise InvalidToken("issuer", "The token names no issuer.")
    pool = "cognito-identity" if issuer == IDENTITY_ISSUER else pool_of_issuer(issuer)
    if not re.fullmatch(r"cognito-identity|[\w-]+_[0-9A-Za-z]+", pool):
        raise InvalidToken("issuer", f"{issuer!r} is no user pool's issuer.")
    try:
        verified = _decode(token, pool)
    except (JoseError, ValueError) as error:
        raise InvalidToken("signature", f"The token's signature does not verify: {error}") from error
    expires = verified.get("exp")
    if not isinstance(expires, int | float) or expires <= time.time():
        raise InvalidToken("expired", "The token has expired.")
    return verified


def _decode(token: str, pool: str) -> dict[str, Any]:
    with _LOCK:
        known = _KEYS.get(pool)
    if known:
        try:
            return jwt.decode(token, known[1], algorithms=["RS256"]).claims
        except (JoseError, ValueError):
            if time.monotonic() - known[0] < KEY_SECONDS:
                raise
    keys = _fetch(pool)
    with _LOCK:
        _KEYS[pool] = (time.monotonic(), keys)
    return jwt.decode(token, keys, algorithms=["RS256"]).claims


def _fetch(pool: str) -> KeySet:
    with requests.Session() as session:
        session.trust_env = False
        try:
            SIDECAR.start()
            answer = session.get(f"{SIDECAR.url}/{pool}/.well-known/jwks.json", timeout=30)
        except requests.RequestException as error:
            raise InvalidToken("issuer", "No user pool can be asked for its keys.") from error
    if not answer.ok:
        raise InvalidToken("issuer", f"No user pool of this emulator is the issuer {pool!r}.")
    return KeySet.import_key_set(answer.json())
