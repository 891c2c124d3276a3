"""The public keys of pools and their OpenID configuration.

Faults: each pool makes two key pairs, which takes a second of a busy machine; the issuer is a host of Amazon's,
which a verifier that follows it would ask over the network; the OpenID configuration names paths that are not the
pool's.
"""

import json

from ministack import app
from ministack.services import cognito

from dva_localstack.repairs.cognito.store import PUBLIC_URL, Answer, Data

IDENTITY_KEYS = "cognito-identity"
"""Identity pools have one key pair in common, as on AWS; it is kept under this name."""

ENDPOINTS = {
    "authorization_endpoint": "oauth2/authorize",
    "token_endpoint": "oauth2/token",
    "userinfo_endpoint": "oauth2/userInfo",
    "revocation_endpoint": "oauth2/revoke",
    "end_session_endpoint": "logout",
}
"""https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-userpools-server-contract-reference.html"""


def issuer(pool_id: str) -> str:
    """Return the issuer of a user pool: a URL on the gateway, below which its keys and its configuration are."""
    return f"{PUBLIC_URL}/{pool_id}"


def configuration_of(pool: Data) -> Answer:
    """Return a pool's OpenID configuration, in which every URL is on the gateway.

    https://openid.net/specs/openid-connect-discovery-1_0.html#ProviderMetadata
    """
    base = issuer(pool["Id"])
    document = json.loads(cognito.well_known_openid_configuration(pool["Id"])[2])
    document |= {"issuer": base, "jwks_uri": f"{base}/.well-known/jwks.json"}
    for name, path in ENDPOINTS.items():
        document.pop(name, None)
        if pool.get("Domain"):
            document[name] = f"{PUBLIC_URL}/_cognito/{pool['Domain']}/{path}"
    return 200, {"Content-Type": "application/json"}, json.dumps(document).encode()


def serve(path: str) -> Answer | None:
    """Answer a request for public keys or a configuration; None for any other path."""
    pool_id, found, document = path.lstrip("/").partition("/.well-known/")
    if not found:
        return None
    pool = cognito._get_pool_unscoped(pool_id)
    if document == "jwks.json" and (pool or pool_id == IDENTITY_KEYS):
        return cognito.well_known_jwks(pool_id)
    if document == "openid-configuration" and pool:
        return configuration_of(pool)
    return 404, {"Content-Type": "application/json"}, b'{"message":"User pool does not exist."}'


def key_pair(pool_id: str, use: str) -> tuple[object, Data]:
    """Return the key pair of a pool, whichever token it is for."""
    return PAIR(pool_id, "id")


PAIR = cognito._pool_signing_key


def apply() -> None:
    """Give each pool one key pair, and serve keys and configurations ahead of MiniStack."""
    cognito._POOL_KEY_USES = ("id",)
    cognito._pool_signing_key = key_pair
    get = app._handle_cognito_get_request

    async def handle_get(method: str, path: str, headers: Data, query: Data) -> Answer | None:
        return (method == "GET" and serve(path)) or await get(method, path, headers, query)

    app._handle_cognito_get_request = handle_get
