"""Users whom a developer's own server knows, in identity pools; and logins that are taken off an identity.

Fault: MiniStack answers these operations without doing anything.
https://docs.aws.amazon.com/cognito/latest/developerguide/developer-authenticated-identities.html
"""

from ministack.services import cognito

from dva_localstack.repairs.cognito.dispatch import identity_operation
from dva_localstack.repairs.cognito.identity import (
    DEVELOPER_TOKEN_SECONDS,
    check_logins,
    holder,
    open_id_token,
)
from dva_localstack.repairs.cognito.store import Data, Refused


def identity_of(pool: Data, user: str) -> str | None:
    """Return the id of the identity that a developer's user has in a pool, or None."""
    return next((name for name, held in pool["_identities"].items() if user in held.get("_developer", [])), None)


def pool_of(data: Data, provider: str | None) -> Data:
    """Return the pool of a request, whose developer provider must be the named one.

    :raises Refused: ``InvalidParameterException``
    """
    pool = cognito._identity_pools[data["IdentityPoolId"]]
    if not provider or pool.get("DeveloperProviderName") != provider:
        raise Refused("InvalidParameterException", "Please provide the pool's developer provider name.")
    return pool


@identity_operation("GetOpenIdTokenForDeveloperIdentity")
def developer_token(data: Data) -> Data:
    """Return a token for a user whom the caller's own server knows, with an identity for it."""
    logins = data.get("Logins") or {}
    provider = cognito._identity_pools[data["IdentityPoolId"]].get("DeveloperProviderName")
    pool = pool_of(data, provider if provider in logins else None)
    user, wanted = logins[provider], data.get("IdentityId")
    known = identity_of(pool, user)
    if wanted and wanted not in pool["_identities"]:
        raise Refused("ResourceNotFoundException", f"Identity '{wanted}' not found.")
    if wanted and known and wanted != known:
        raise Refused("DeveloperUserAlreadyRegisteredException", "The developer user belongs to another identity.")
    identity_id = known or wanted or cognito._identity_id(pool["IdentityPoolId"])
    now = cognito._now_epoch()
    new = {"IdentityId": identity_id, "Logins": {}, "CreationDate": now, "LastModifiedDate": now}
    held = pool["_identities"].setdefault(identity_id, new)
    if not known:
        held.update(_developer=[*held.get("_developer", []), user], LastModifiedDate=now)
    methods = ["authenticated", provider, f"{provider}:{identity_id}:{user}"]
    seconds = data.get("TokenDuration") or DEVELOPER_TOKEN_SECONDS
    token = open_id_token(pool, identity_id, methods, data.get("PrincipalTags") or {}, seconds)
    return {"IdentityId": identity_id, "Token": token}


@identity_operation("LookupDeveloperIdentity")
def look_up(data: Data) -> Data:
    """Return the identity of a developer's user, or the users of an identity."""
    pool = cognito._identity_pools[data["IdentityPoolId"]]
    user, identity_id = data.get("DeveloperUserIdentifier"), data.get("IdentityId")
    identity_id = identity_id or identity_of(pool, user or "")
    users = pool["_identities"].get(identity_id, {}).get("_developer", [])
    if not users:
        raise Refused("ResourceNotFoundException", "Identity not found.")
    if user and user not in users:
        raise Refused("ResourceConflictException", "The developer user belongs to another identity.")
    return {"IdentityId": identity_id, "DeveloperUserIdentifierList": users}


@identity_operation("MergeDeveloperIdentities")
def merge(data: Data) -> Data:
    """Give the users of one identity to another, which stays."""
    pool = pool_of(data, data.get("DeveloperProviderName"))
    source, target = (identity_of(pool, data[f"{name}UserIdentifier"]) for name in ("Source", "Destination"))
    if not source or not target:
        raise Refused("ResourceNotFoundException", "Identity not found.")
    if source != target:
        held = pool["_identities"]
        held[target]["_developer"] = [*held[target]["_developer"], *held[source].pop("_developer")]
        held[source].update(Logins={}, _merged_into=target, LastModifiedDate=cognito._now_epoch())
    return {"IdentityId": target}


@identity_operation("UnlinkDeveloperIdentity")
def unlink_user(data: Data) -> Data:
    """Take a developer's user off an identity."""
    pool = pool_of(data, data.get("DeveloperProviderName"))
    user, identity_id = data["DeveloperUserIdentifier"], data["IdentityId"]
    if identity_of(pool, user) != identity_id:
        raise Refused("ResourceNotFoundException", "Identity not found.")
    pool["_identities"][identity_id]["_developer"].remove(user)
    return {}


@identity_operation("UnlinkIdentity")
def unlink_login(data: Data) -> Data:
    """Take logins off an identity that is signed in."""
    pool = holder(data.get("IdentityId"))
    check_logins(pool, data["IdentityId"], data.get("Logins") or {})
    held = pool["_identities"][data["IdentityId"]]
    gone = data.get("LoginsToRemove") or []
    held["Logins"] = {name: token for name, token in (held.get("Logins") or {}).items() if name not in gone}
    return {}
