"""The user migration trigger, which brings a user from elsewhere at the first sign-in.

Fault: MiniStack does not run it. https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-lambda-migrate-user.html
"""

from ministack.services import cognito

from dva_localstack.repairs.cognito import triggers
from dva_localstack.repairs.cognito.store import Data, Refused

CONFIRMED, RESET = "CONFIRMED", "RESET_REQUIRED"


def at_sign_in(pool: Data, client_id: str, username: str, password: str, data: Data) -> Data | None:
    """Ask the trigger for a user who signs in with a password; None where it knows none."""
    return migrate(pool, "UserMigration_Authentication", client_id, username, password, data)


def at_forgotten_password(pool: Data, client_id: str, username: str, data: Data) -> Data | None:
    """Ask the trigger for a user who forgot the password; None where it knows none."""
    return migrate(pool, "UserMigration_ForgotPassword", client_id, username, None, data)


def migrate(pool: Data, source: str, client_id: str, username: str, password: str | None, data: Data) -> Data | None:
    """Run the trigger and create the user that it describes.

    :raises Refused: ``UserNotFoundException`` where the function fails
    """
    if not triggers.configured(pool, "UserMigration"):
        return None
    metadata = data.get("ClientMetadata")
    request: Data = {"password": password, "validationData": metadata} if metadata else {"password": password}
    empty = dict.fromkeys(("userAttributes", "finalUserStatus", "messageAction", "desiredDeliveryMediums"))
    try:
        response = triggers.call(pool, "UserMigration", source, client_id, username, request, empty) or {}
    except Refused as refusal:
        message = f"Exception migrating user in app client {client_id}"
        raise Refused("UserNotFoundException", message) from refusal
    values = response.get("userAttributes")
    if not values:
        return None
    held = {name: str(value) for name, value in values.items() if name not in ("username", "sub")}
    held["sub"] = cognito.new_uuid()
    alias = cognito._username_alias_attribute(pool, username)
    if alias:
        held.setdefault(alias, username)
    now = cognito._now_epoch()
    status = response.get("finalUserStatus") or (CONFIRMED if password else RESET)
    user: Data = {
        "Username": held["sub"] if alias else username,
        "Attributes": cognito._dict_to_attr_list(held),
        "UserCreateDate": now,
        "UserLastModifiedDate": now,
        "Enabled": True,
        "UserStatus": status,
        "MFAOptions": [],
        "_password": password or cognito._generate_temp_password(),
        "_groups": [],
        "_tokens": [],
    }
    pool["_users"][user["Username"]] = user
    pool["EstimatedNumberOfUsers"] = len(pool["_users"])
    return user
