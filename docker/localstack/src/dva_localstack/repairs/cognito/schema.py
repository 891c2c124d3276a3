"""Which attributes a user may have.

Faults: required attributes may be missing, unknown ones are kept, immutable ones change, lengths are not looked at,
and an app client writes attributes that it may not.
"""

import re

from ministack.services import cognito

from dva_localstack.repairs.cognito.store import Data, Refused

EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
PHONE = re.compile(r"\+[0-9]{3,18}")
ADMINS_ONLY = ("email_verified", "phone_number_verified")
"""Attributes that only an administrator sets directly."""


def attributes_in(data: Data, name: str = "UserAttributes") -> dict[str, str]:
    """Return the attributes in a request, names to values."""
    return {item["Name"]: item.get("Value", "") for item in data.get(name) or []}


def check(pool: Data, values: dict[str, str], client: Data | None, new: bool, complete: bool = False) -> None:
    """Refuse attributes that the pool's schema or the app client does not allow.

    https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-settings-attributes.html

    :param client: the app client of a user's own request; None for an administrator's
    :param new: whether the user is being created, so that immutable attributes may be set
    :param complete: whether required attributes must be there
    :raises Refused: ``InvalidParameterException`` or ``NotAuthorizedException``
    """
    schema = {item["Name"]: item for item in cognito._ensure_schema_attributes(pool)["SchemaAttributes"]}
    if client:
        writable = client.get("WriteAttributes")
        for name in values:
            if name in ADMINS_ONLY or (writable and name not in writable) or name.startswith("dev:"):
                raise Refused("NotAuthorizedException", "A client attempted to write unauthorized attribute")
    faults = []
    for name, value in values.items():
        if name == "sub" or (not new and name in schema and not schema[name].get("Mutable", True)):
            raise Refused("InvalidParameterException", f"user.{name}: Attribute cannot be updated.\n")
        if name not in schema:
            faults.append(f"{name}: Attribute does not exist in the schema.")
        elif problem := value_problem(schema[name], value):
            faults.append(f"{name}: {problem}")
    if complete:
        given = {name for name, value in values.items() if value}
        faults += [
            f"{name}: The attribute is required"
            for name, item in schema.items()
            if item.get("Required") and name != "sub" and name not in given
        ]
    if faults:
        raise Refused(
            "InvalidParameterException",
            "Attributes did not conform to the schema: " + "\n".join(faults) + "\n",
        )
    if values.get("email") and not EMAIL.fullmatch(values["email"]):
        raise Refused("InvalidParameterException", "Invalid email address format.")
    if values.get("phone_number") and not PHONE.fullmatch(values["phone_number"]):
        raise Refused("InvalidParameterException", "Invalid phone number format.")


def value_problem(attribute: Data, value: str) -> str:
    """Return what is wrong with a value by its type and its limits, or an empty string."""
    kind = attribute.get("AttributeDataType", "String")
    if kind == "String":
        limits = attribute.get("StringAttributeConstraints") or {}
        if len(value) < int(limits.get("MinLength") or 0) and value:
            return f"String must be at least {limits['MinLength']} characters long"
        if len(value) > int(limits.get("MaxLength") or 2048):
            return f"String must be no longer than {limits['MaxLength']} characters"
    elif kind == "Number":
        limits = attribute.get("NumberAttributeConstraints") or {}
        if not re.fullmatch(r"-?\d+", value):
            return "Attribute value must be a number"
        if not int(limits.get("MinValue") or value) <= int(value) <= int(limits.get("MaxValue") or value):
            return "Attribute value is out of range"
    elif kind == "Boolean" and value.lower() not in ("true", "false"):
        return "Attribute value must be true or false"
    return ""


def aliases(pool: Data) -> list[str]:
    """Return the attributes by which users of a pool can sign in."""
    return [*(pool.get("UsernameAttributes") or []), *(pool.get("AliasAttributes") or [])]


def owner_of_alias(pool: Data, name: str, value: str, but: Data) -> Data | None:
    """Return another user than ``but`` who signs in with this verified attribute, or None."""
    if name not in aliases(pool):
        return None
    for user in pool["_users"].values():
        held = cognito._attr_list_to_dict(user.get("Attributes", []))
        if user is not but and held.get(name) == value and held.get(f"{name}_verified") == "true":
            return user
    return None


def resolve(pool: Data, username: str | None) -> tuple[Data | None, object]:
    """Find a user; a pool that ignores case finds it under any spelling.

    Fault: the pool's ``UsernameConfiguration`` is not looked at.
    """
    found = RESOLVE(pool, username)
    sensitive = (pool.get("UsernameConfiguration") or {}).get("CaseSensitive", True)
    if found[0] is not None or sensitive or not isinstance(username, str):
        return found
    wanted = username.casefold()
    for user in list(pool["_users"].values()):
        held = cognito._attr_list_to_dict(user.get("Attributes", []))
        for spelling in (user["Username"], *(held.get(name, "") for name in aliases(pool))):
            if spelling and spelling.casefold() == wanted:
                return RESOLVE(pool, spelling)
    return found


RESOLVE = cognito._resolve_user


def apply() -> None:
    """Look users up by :func:`resolve` everywhere."""
    cognito._resolve_user = resolve
