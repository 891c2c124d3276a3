"""Whose pool a request means that carries no signature.

Fault: SignUp, InitiateAuth and the other public operations are not signed, so that they arrive as the account
000000000000, and MiniStack looks for their app client, token or identity there alone. On AWS what they name says
whose it is.
"""

from ministack.services import cognito

from dva_localstack.repairs.cognito import sealed
from dva_localstack.repairs.cognito.store import Data


def owner_of(data: Data) -> tuple[str, str] | None:
    """Return the account and the region of the pool, app client, token, session or identity in a public request."""
    pool_id = data.get("UserPoolId") or data.get("IdentityPoolId") or ""
    refresh = sealed.opened(data.get("RefreshToken") or data.get("Token"))
    if not pool_id and refresh:
        pool_id = refresh["iss"].rsplit("/", 1)[-1]
    if not pool_id and data.get("AccessToken"):
        pool_id = cognito._pool_id_from_token(data["AccessToken"])
    identity, client = data.get("IdentityId"), data.get("ClientId")
    for account, region, name, pool in entries():
        if name == pool_id or client in pool.get("_clients", ()) or identity in pool.get("_identities", ()):
            return account, region
    session = data.get("Session")
    for (account, token), challenge in list(cognito._challenge_sessions._data.items()):
        if token == session:
            return account, cognito._pool_region(challenge["pool_id"])
    return None


def entries() -> list[tuple[str, str, str, Data]]:
    """Return account, region, id and record of every user pool and identity pool."""
    stores = (cognito._user_pools, cognito._identity_pools)
    return [(account, region, name, pool) for store in stores for (account, region, name), pool in store.all_items()]


def pin(data: Data) -> None:
    """Serve the rest of this request as the owner of what it names."""
    if owner := owner_of(data):
        cognito.set_request_account_id(owner[0])
        cognito.set_request_region(owner[1])


def apply() -> None:
    """Mend the fault for user pools; :mod:`dispatch` does it for identity pools."""
    cognito._pin_unsigned_idp_scope = pin
