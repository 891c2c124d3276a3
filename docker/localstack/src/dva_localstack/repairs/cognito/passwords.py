"""Forgotten, reset and changed passwords, and attributes that users verify later.

Faults: a password is reset without any verified address; codes are fixed; attributes stay verified when they
change; GetUserAttributeVerificationCode, VerifyUserAttribute and the two deletions of attributes are missing.
"""

from ministack.services import cognito

from dva_localstack.repairs.cognito import codes, limits, migration, schema, sign_up
from dva_localstack.repairs.cognito.dispatch import operation
from dva_localstack.repairs.cognito.store import (
    Data,
    Refused,
    attributes,
    find_user,
    hides_users,
    pool_of,
    set_attributes,
)

NO_ADDRESS = "Cannot reset password for the user as there is no registered/verified email or phone_number"
VERIFIABLE = ("email", "phone_number")


def recovery_attribute(pool: Data, user: Data) -> str:
    """Return the verified attribute to which a code for a new password goes.

    https://docs.aws.amazon.com/cognito/latest/developerguide/managing-users-passwords.html

    :raises Refused: there is none, or the pool leaves recovery to administrators
    """
    settings = (pool.get("AccountRecoverySetting") or {}).get("RecoveryMechanisms") or []
    order = [item["Name"] for item in sorted(settings, key=lambda item: item["Priority"])]
    if order == ["admin_only"]:
        raise Refused("NotAuthorizedException", "Contact administrator to reset password.")
    held = attributes(user)
    for name in order or ["verified_phone_number", "verified_email"]:
        attribute = name.removeprefix("verified_")
        sms_is_factor = attribute == "phone_number" and "SMS_MFA" in user.get("_mfa_enabled", [])
        if held.get(f"{attribute}_verified") == "true" and not (sms_is_factor and order):
            return attribute
    raise Refused("InvalidParameterException", NO_ADDRESS)


@operation("ForgotPassword")
def forgot_password(data: Data) -> Data:
    """Send a code for a new password.

    https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_ForgotPassword.html
    """
    pool = pool_of(data)
    user = find_user(pool, data.get("Username"))
    user = user or migration.at_forgotten_password(pool, data["ClientId"], data["Username"], data)
    if not user:
        if hides_users(pool, data["ClientId"]):
            destination = cognito._masked_destination(data["Username"])
            details = {"Destination": destination, "DeliveryMedium": "EMAIL", "AttributeName": "email"}
            return {"CodeDeliveryDetails": details}
        raise Refused("UserNotFoundException", sign_up.NOT_FOUND)
    if not user.get("Enabled", True):
        raise Refused("NotAuthorizedException", "User is disabled.")
    if user["UserStatus"] == "FORCE_CHANGE_PASSWORD":
        raise Refused("NotAuthorizedException", "User password cannot be reset in the current state.")
    limits.count(user, "ask password")
    attribute = recovery_attribute(pool, user)
    source, metadata = "CustomMessage_ForgotPassword", data.get("ClientMetadata")
    return {"CodeDeliveryDetails": codes.send(pool, user, "password", attribute, source, data["ClientId"], metadata)}


@operation("ConfirmForgotPassword")
def confirm_forgot_password(data: Data) -> Data:
    """Set a new password by the code.

    https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_ConfirmForgotPassword.html
    """
    pool = pool_of(data)
    user = find_user(pool, data.get("Username"))
    if not user:
        if hides_users(pool, data["ClientId"]):
            raise Refused("CodeMismatchException", codes.MISMATCH)
        raise Refused("UserNotFoundException", sign_up.NOT_FOUND)
    sign_up.check_password(pool, data.get("Password") or "", user)
    codes.check(user, "password", data.get("ConfirmationCode", ""))
    sign_up.replace_password(user, data["Password"])
    user["UserStatus"] = "CONFIRMED"
    user["UserLastModifiedDate"] = cognito._now_epoch()
    sign_up.post_confirmation(pool, user, "PostConfirmation_ConfirmForgotPassword", data["ClientId"], data)
    return {}


@operation("ChangePassword")
def change_password(data: Data) -> Data:
    """Change one's own password.

    https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_ChangePassword.html
    """
    user, pool, _ = of_token(data)
    if user.get("_password"):
        if not data.get("PreviousPassword"):
            raise Refused("InvalidParameterException", "Missing required parameter OldPassword")
        if data["PreviousPassword"] != user["_password"]:
            limits.count(user, "change password")
            raise Refused("NotAuthorizedException", "Incorrect username or password.")
    sign_up.check_password(pool, data.get("ProposedPassword") or "", user)
    sign_up.replace_password(user, data["ProposedPassword"])
    user["UserLastModifiedDate"] = cognito._now_epoch()
    return {}


@operation("AdminResetUserPassword")
def admin_reset(data: Data) -> Data:
    """Make a password unusable and send a code for a new one.

    https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_AdminResetUserPassword.html
    """
    pool = pool_of(data)
    user = find_user(pool, data.get("Username"))
    if not user:
        raise Refused("UserNotFoundException", "User does not exist.")
    if user["UserStatus"] not in ("CONFIRMED", "RESET_REQUIRED"):
        raise Refused("NotAuthorizedException", "User password cannot be reset in the current state.")
    attribute = recovery_attribute(pool, user)
    source, client = "CustomMessage_ForgotPassword", "CLIENT_ID_NOT_APPLICABLE"
    codes.send(pool, user, "password", attribute, source, client, data.get("ClientMetadata"))
    user["UserStatus"] = "RESET_REQUIRED"
    return {}


def of_token(data: Data) -> tuple[Data, Data, str]:
    """Return the user of an access token, its pool and the app client.

    :raises Refused: ``NotAuthorizedException``
    """
    user, pool = cognito._user_pool_for_access_token(data.get("AccessToken"))
    if not user:
        raise Refused("NotAuthorizedException", "Invalid Access Token")
    return user, pool, cognito._token_claims(data["AccessToken"])["client_id"]


def update(pool: Data, user: Data, values: dict[str, str], client_id: str, data: Data) -> list[Data]:
    """Change attributes; a changed address is no longer verified, and gets a code where the pool verifies it.

    https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-settings-email-phone-verification.html
    """
    sent = []
    held = attributes(user)
    settings = pool.get("UserAttributeUpdateSettings") or {}
    waits = settings.get("AttributesRequireVerificationBeforeUpdate") or []
    for name in VERIFIABLE:
        if name not in values or values[name] == held.get(name):
            continue
        if schema.owner_of_alias(pool, name, values[name], user) and name in (pool.get("UsernameAttributes") or []):
            raise Refused("AliasExistsException", f"An account with the given {name} already exists.")
        if values.get(f"{name}_verified") == "true":
            continue
        automatic = name in (pool.get("AutoVerifiedAttributes") or [])
        pending = {**user, "Attributes": [{"Name": name, "Value": values[name]}]}
        if automatic:
            purpose = f"attribute:{name}"
            sent.append(codes.send(pool, pending, purpose, name, "CustomMessage_UpdateUserAttribute", client_id,
                                   data.get("ClientMetadata")))  # fmt: skip
            user["_codes"] = pending["_codes"]
        if automatic and name in waits and held.get(name):
            user.setdefault("_pending", {})[name] = values.pop(name)
        else:
            values[f"{name}_verified"] = "false"
    set_attributes(user, values)
    return sent


@operation("UpdateUserAttributes")
def update_own(data: Data) -> Data:
    """Change one's own attributes."""
    user, pool, client_id = of_token(data)
    values = schema.attributes_in(data)
    schema.check(pool, values, pool["_clients"].get(client_id), new=False)
    return {"CodeDeliveryDetailsList": update(pool, user, values, client_id, data)}


@operation("AdminUpdateUserAttributes")
def update_users(data: Data) -> Data:
    """Change a user's attributes as an administrator."""
    pool = pool_of(data)
    user = find_user(pool, data.get("Username"))
    if not user:
        raise Refused("UserNotFoundException", "User does not exist.")
    values = schema.attributes_in(data)
    schema.check(pool, values, None, new=False)
    update(pool, user, values, "CLIENT_ID_NOT_APPLICABLE", data)
    return {}


def remove(user: Data, pool: Data, names: list[str]) -> Data:
    """Delete attributes that are neither required nor the sign-in name."""
    schema_of = {item["Name"]: item for item in cognito._ensure_schema_attributes(pool)["SchemaAttributes"]}
    for name in names:
        if name not in schema_of:
            raise Refused("InvalidParameterException", f"user.{name}: Attribute does not exist in the schema.\n")
        if schema_of[name].get("Required") or name in (pool.get("UsernameAttributes") or []):
            raise Refused("InvalidParameterException", f"user.{name}: Attribute is required.\n")
    gone = {*names, *(f"{name}_verified" for name in names)}
    user["Attributes"] = [item for item in user["Attributes"] if item["Name"] not in gone]
    return {}


@operation("DeleteUserAttributes")
def delete_own(data: Data) -> Data:
    """Delete one's own attributes."""
    user, pool, _ = of_token(data)
    return remove(user, pool, data["UserAttributeNames"])


@operation("AdminDeleteUserAttributes")
def delete_users(data: Data) -> Data:
    """Delete a user's attributes as an administrator."""
    pool = pool_of(data)
    user = find_user(pool, data.get("Username"))
    if not user:
        raise Refused("UserNotFoundException", "User does not exist.")
    return remove(user, pool, data["UserAttributeNames"])


@operation("GetUserAttributeVerificationCode")
def send_verification(data: Data) -> Data:
    """Send a code that verifies one's email or phone number.

    https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_GetUserAttributeVerificationCode.html
    """
    user, pool, client_id = of_token(data)
    name = data["AttributeName"]
    if name not in VERIFIABLE or not attributes(user).get(name):
        raise Refused("InvalidParameterException", f"User does not have a {name} to verify.")
    limits.count(user, f"ask attribute:{name}")
    source, metadata = "CustomMessage_VerifyUserAttribute", data.get("ClientMetadata")
    return {"CodeDeliveryDetails": codes.send(pool, user, f"attribute:{name}", name, source, client_id, metadata)}


@operation("VerifyUserAttribute")
def verify(data: Data) -> Data:
    """Verify one's email or phone number by a code.

    https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_VerifyUserAttribute.html
    """
    user, pool, _ = of_token(data)
    name = codes.check(user, f"attribute:{data['AttributeName']}", data["Code"])
    value = user.get("_pending", {}).pop(name, None) or attributes(user)[name]
    if schema.owner_of_alias(pool, name, value, user):
        raise Refused("AliasExistsException", f"An account with the {name} already exists.")
    set_attributes(user, {name: value, f"{name}_verified": "true"})
    return {}
