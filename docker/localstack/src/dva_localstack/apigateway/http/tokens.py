"""JSON Web Tokens of local user pools, and of any OpenID provider on the loopback.

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-jwt-authorizer.html
"""

import ipaddress
import threading
import time
import urllib.parse
from typing import Any

import requests
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from dva_localstack.cognito.tokens import InvalidToken, claims_of, same_issuer, verify

KEY_SECONDS = 5
"""How long a key set that lacks a token's key is believed before it is fetched again."""

_KEYS: dict[str, tuple[float, KeySet]] = {}
_LOCK = threading.Lock()


def on_loopback(url: str) -> bool:
    """Return whether a URL leads to this machine: nothing here calls another one."""
    host = urllib.parse.urlsplit(url).hostname or ""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def verified(token: str, issuer: str) -> dict[str, Any]:
    """Return the claims of a token that ``issuer`` signed and that holds now.

    :raises InvalidToken: another issuer's, a wrong signature, not valid yet or no longer
    """
    claims = claims_of(token)
    said = str(claims.get("iss", ""))
    if not same_issuer(said, issuer):
        raise InvalidToken("issuer", "Invalid issuer")
    if said.rstrip("/").rsplit("/", 1)[-1].count("_") == 1:
        return verify(token)
    if not on_loopback(issuer):
        raise InvalidToken("issuer", "The issuer is not on this machine")
    claims = _signed(token, issuer)
    now = time.time()
    for name, late in (("exp", True), ("nbf", False), ("iat", False)):
        value = claims.get(name)
        if value is None and name != "exp":
            continue
        if not isinstance(value, int | float) or (value <= now if late else value > now):
            raise InvalidToken("expired", f"Invalid {name}")
    return claims


def _signed(token: str, issuer: str) -> dict[str, Any]:
    with _LOCK:
        known = _KEYS.get(issuer)
    try:
        if known:
            try:
                return jwt.decode(token, known[1], algorithms=["RS256"]).claims
            except (JoseError, ValueError):
                if time.monotonic() - known[0] < KEY_SECONDS:
                    raise
        keys = _fetch(issuer)
        with _LOCK:
            _KEYS[issuer] = (time.monotonic(), keys)
        return jwt.decode(token, keys, algorithms=["RS256"]).claims
    except (JoseError, ValueError) as error:
        raise InvalidToken("signature", "Invalid signature") from error


def _fetch(issuer: str) -> KeySet:
    """Return the issuer's keys, found by its OpenID configuration."""
    with requests.Session() as session:
        session.trust_env = False
        try:
            configuration = session.get(f"{issuer.rstrip('/')}/.well-known/openid-configuration", timeout=5)
            configuration.raise_for_status()
            where = configuration.json()["jwks_uri"]
            if not on_loopback(where):
                raise InvalidToken("issuer", "The issuer's keys are not on this machine")
            return KeySet.import_key_set(session.get(where, timeout=5).json())
        except (requests.RequestException, KeyError) as error:
            raise InvalidToken("issuer", "The issuer's keys cannot be read") from error
