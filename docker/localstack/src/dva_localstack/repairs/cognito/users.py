"""Users as they are shown, listed and deleted.

Faults: attributes that an app client may not read are shown to it; a list's filter that AWS refuses is ignored, as
are the attributes that were asked for; deleted users stay in their groups; an invitation is sent again to users who
have accepted it; a pool without passwords gives its users one.
"""

import re

from ministack.services import cognito

from dva_localstack.repairs.cognito import choice, codes, passwords
from dva_localstack.repairs.cognito.dispatch import operation
from dva_localstack.repairs.cognito.store import Data, Refused, attributes, find_user, pool_of, result_of

FILTER = re.compile(r'\s*"?([\w:]+)"?\s*(\^?=)\s*"([^"]*)"\s*')

SEARCHABLE = (
    "username",
    "email",
    "phone_number",
    "name",
    "given_name",
    "family_name",
    "preferred_username",
    "cognito:user_status",
    "status",
    "sub",
)
"""https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_ListUsers.html"""

EXACT = ("username", "cognito:user_status", "status")
"""Names whose values are compared with upper and lower case, from the same page."""

PAGE = 60


def user_of(data: Data) -> tuple[Data, Data]:
    """Return the pool and the user that an administrator's request names.

    :raises Refused: ``UserNotFoundException``
    """
    pool = pool_of(data)
    user = find_user(pool, data.get("Username"))
    if not user:
        raise Refused("UserNotFoundException", "User does not exist.")
    return pool, user


def shown(user: Data) -> Data:
    """Return a user as MiniStack shows it, without what is empty."""
    answer = USER_OUT(user)
    if not answer["MFAOptions"]:
        del answer["MFAOptions"]
    return answer


USER_OUT = cognito._user_out


def detailed(user: Data) -> Data:
    """Return a user with the second factors that are active."""
    answer = shown(user)
    answer["UserAttributes"] = answer.pop("Attributes")
    if user.get("_mfa_enabled"):
        answer["UserMFASettingList"] = user["_mfa_enabled"]
    if user.get("_preferred_mfa"):
        answer["PreferredMfaSetting"] = user["_preferred_mfa"]
    return answer


@operation("AdminGetUser")
def admin_get(data: Data) -> Data:
    """Return a user to an administrator."""
    return detailed(user_of(data)[1])


@operation("GetUser")
def get_own(data: Data) -> Data:
    """Return the user of an access token, with the attributes that its app client may read.

    https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_GetUser.html
    """
    user, pool, client_id = passwords.of_token(data)
    answer = detailed(user)
    for name in ("UserCreateDate", "UserLastModifiedDate", "Enabled", "UserStatus"):
        del answer[name]
    if readable := pool["_clients"].get(client_id, {}).get("ReadAttributes"):
        answer["UserAttributes"] = [item for item in answer["UserAttributes"] if item["Name"] in ("sub", *readable)]
    return answer


def matching(users: list[Data], text: str) -> list[Data]:
    """Return the users that a filter of ListUsers lets through.

    :raises Refused: ``InvalidParameterException``: the filter cannot be read, or its attribute cannot be searched
    """
    found = FILTER.fullmatch(text)
    if not found:
        raise Refused("InvalidParameterException", f"Error while parsing filter: {text}")
    name, operator, wanted = found.groups()
    if name not in SEARCHABLE:
        raise Refused("InvalidParameterException", f"Attribute {name} cannot be used in a filter.")
    if name not in EXACT:
        wanted = wanted.casefold()

    def fits(user: Data) -> bool:
        held = {
            **attributes(user),
            "username": user["Username"],
            "cognito:user_status": user["UserStatus"],
            "status": "Enabled" if user.get("Enabled", True) else "Disabled",
        }.get(name)
        if held is None:
            return False
        held = held if name in EXACT else held.casefold()
        return held.startswith(wanted) if operator == "^=" else held == wanted

    return [user for user in users if fits(user)]


@operation("ListUsers")
def list_users(data: Data) -> Data:
    """Return users, with the attributes that are asked for.

    https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_ListUsers.html
    """
    pool = pool_of(data)
    users = list(pool["_users"].values())
    if data.get("Filter"):
        users = matching(users, data["Filter"])
    page, token = paged(users, data.get("Limit"), data.get("PaginationToken"))
    listed = [shown(user) for user in page]
    if wanted := data.get("AttributesToGet"):
        for user in listed:
            user["Attributes"] = [item for item in user["Attributes"] if item["Name"] in wanted]
    return {"Users": listed, **({"PaginationToken": token} if token else {})}


def paged(items: list[Data], limit: int | None, token: str | None) -> tuple[list[Data], str | None]:
    """Return one page of a list and the token of the next."""
    start = int(token or 0)
    end = start + min(PAGE if limit is None else limit, PAGE)
    return items[start:end], str(end) if end < len(items) else None


@operation("AdminListGroupsForUser")
def groups_of(data: Data) -> Data:
    """Return a user's groups, a page at a time."""
    pool, user = user_of(data)
    groups = [pool["_groups"][name] for name in user.get("_groups", []) if name in pool["_groups"]]
    page, token = paged(groups, data.get("Limit"), data.get("NextToken"))
    return {"Groups": [cognito._group_out(group) for group in page], **({"NextToken": token} if token else {})}


def delete(pool: Data, user: Data) -> Data:
    """Delete a user, out of all groups; the tokens are worth nothing to identity pools that ask."""
    cognito._revoked_tokens.update(user.get("_origin_jtis", []))
    del pool["_users"][user["Username"]]
    for group in pool["_groups"].values():
        group["_members"] = [name for name in group.get("_members", []) if name != user["Username"]]
    pool["EstimatedNumberOfUsers"] = len(pool["_users"])
    return {}


@operation("AdminDeleteUser")
def admin_delete(data: Data) -> Data:
    """Delete a user as an administrator."""
    return delete(*user_of(data))


@operation("DeleteUser")
def delete_own(data: Data) -> Data:
    """Delete the user of an access token."""
    user, pool, _ = passwords.of_token(data)
    return delete(pool, user)


@operation("AdminCreateUser")
def admin_create(data: Data) -> Data:
    """Create or invite a user; one who is created without a password, where the pool takes that, is confirmed.

    https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_AdminCreateUser.html
    """
    pool = pool_of(data)
    known = find_user(pool, data.get("Username"))
    if data.get("MessageAction") == "RESEND" and known and known["UserStatus"] != "FORCE_CHANGE_PASSWORD":
        status = f"Resend not possible. {known['Username']} status is not FORCE_CHANGE_PASSWORD"
        raise Refused("UnsupportedUserStateException", status)
    without = not known and choice.passwordless(pool) and not data.get("TemporaryPassword")
    if without:
        data = {**data, "MessageAction": "SUPPRESS"}
    answer = result_of(CREATE(data))
    if without:
        user = pool["_users"][answer["User"]["Username"]]
        user.update(_password="", UserStatus="CONFIRMED")
        answer["User"] = shown(user)
    else:
        invite_by_sms(pool, pool["_users"][answer["User"]["Username"]], data)
    return answer


INVITATION = "Your username is {username} and temporary password is {####}."


def invite_by_sms(pool: Data, user: Data, data: Data) -> None:
    """Keep the invitation by SMS, which is the default, for a user who has a phone number."""
    number = attributes(user).get("phone_number")
    if (
        not number
        or data.get("MessageAction") == "SUPPRESS"
        or "SMS" not in (data.get("DesiredDeliveryMediums") or ["SMS"])
    ):
        return
    config = pool.get("AdminCreateUserConfig") or {}
    text = (config.get("InviteMessageTemplate") or {}).get("SMSMessage") or INVITATION
    text = text.replace("{username}", user["Username"]).replace("{####}", user["_password"])
    codes.deliver(pool, user, "invitation", "phone_number", number, user["_password"], "", text)


CREATE = cognito._admin_create_user


def apply() -> None:
    """Show users so everywhere."""
    cognito._user_out = shown
