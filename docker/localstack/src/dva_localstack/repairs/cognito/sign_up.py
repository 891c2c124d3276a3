"""How users come to be: sign-up, confirmation, and creation by an administrator.

Faults: a pool for administrators only takes sign-ups; the confirmed attribute is not verified; post confirmation
does not run; the pre sign-up trigger gets no validation data and does not run for an administrator.
"""

from ministack.services import cognito

from dva_localstack.repairs.cognito import challenges, choice, codes, limits, schema, triggers
from dva_localstack.repairs.cognito.dispatch import BEFORE, operation
from dva_localstack.repairs.cognito.store import (
    Data,
    Refused,
    attributes,
    client_of,
    find_user,
    hides_users,
    pool_of,
    result_of,
    set_attributes,
)

NOT_FOUND = "Username/client id combination not found."

FORMER = 24
"""Passwords that a policy can remember: https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_PasswordPolicyType.html"""


@operation("SignUp")
def sign_up(data: Data) -> Data:
    """Create an unconfirmed user and send a code to the attribute that the pool verifies.

    https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_SignUp.html
    """
    pool = pool_of(data)
    client = client_of(data, pool)
    if (pool.get("AdminCreateUserConfig") or {}).get("AllowAdminCreateUserOnly"):
        raise Refused("NotAuthorizedException", "SignUp is not permitted for this user pool")
    username, values = data["Username"], schema.attributes_in(data)
    check_username(pool, username)
    if error := cognito._new_user_error(pool, username, values):
        result_of(error)
    alias = cognito._username_alias_attribute(pool, username)
    if alias:
        values[alias] = username
    schema.check(pool, values, client, new=True, complete=True)
    if find_user(pool, username):
        kind = {"email": "email", "phone_number": "phone_number"}.get(alias or "")
        taken = f"An account with the given {kind} already exists." if kind else "User already exists"
        raise Refused("UsernameExistsException", taken)
    if data.get("Password") or not choice.passwordless(pool):
        check_password(pool, data.get("Password") or "")
    sub = cognito.new_uuid()
    name = sub if alias else username
    outcome = pre_sign_up(pool, "PreSignUp_SignUp", client["ClientId"], name, values, data)
    values["sub"] = sub
    now = cognito._now_epoch()
    user: Data = {
        "Username": name,
        "Attributes": cognito._dict_to_attr_list(values),
        "UserCreateDate": now,
        "UserLastModifiedDate": now,
        "Enabled": True,
        "UserStatus": "CONFIRMED" if outcome.get("autoConfirmUser") else "UNCONFIRMED",
        "MFAOptions": [],
        "_password": data.get("Password") or "",
        "_groups": [],
        "_tokens": [],
    }
    answer: Data = {"UserConfirmed": user["UserStatus"] == "CONFIRMED", "UserSub": values["sub"]}
    if attribute := codes.verified_first(pool, user):
        answer["CodeDeliveryDetails"] = codes.send(
            pool, user, "sign-up", attribute, "CustomMessage_SignUp", client["ClientId"], data.get("ClientMetadata")
        )
    pool["_users"][name] = user
    pool["EstimatedNumberOfUsers"] = len(pool["_users"])
    if "CodeDeliveryDetails" in answer and "ALLOW_USER_AUTH" in (client.get("ExplicitAuthFlows") or []):
        answer["Session"] = challenges.start(pool, client["ClientId"], user, "SIGN_UP", {})["Session"]
    if answer["UserConfirmed"]:
        post_confirmation(pool, user, "PostConfirmation_ConfirmSignUp", client["ClientId"], data)
    return answer


def check_username(pool: Data, username: str) -> None:
    """Refuse a username that could be mistaken for an alias.

    https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-settings-attributes.html

    :raises Refused: ``InvalidParameterException``
    """
    for name, form, words in (("email", schema.EMAIL, "email"), ("phone_number", schema.PHONE, "phone number")):
        if name in (pool.get("AliasAttributes") or []) and form.fullmatch(username):
            text = f"Username cannot be of {words} format, since user pool is configured for {words} alias."
            raise Refused("InvalidParameterException", text)


def check_password(pool: Data, password: str, user: Data | None = None) -> None:
    """Refuse a password that the pool's policy does not allow.

    :param user: whose former passwords are refused, too, as many as the policy says
    :raises Refused: ``InvalidPasswordException`` or ``PasswordHistoryPolicyViolationException``
    """
    if password != password.strip():
        message = "Password did not conform with policy: Password must not begin or end with a space"
        raise Refused("InvalidPasswordException", message)
    if error := cognito._validate_password(pool, password):
        result_of(error)
    remembered = ((pool.get("Policies") or {}).get("PasswordPolicy") or {}).get("PasswordHistorySize") or 0
    if user and remembered and password in [user.get("_password"), *user.get("_former", [])][:remembered]:
        text = "Password has previously been used. Please choose another password."
        raise Refused("PasswordHistoryPolicyViolationException", text)


def replace_password(user: Data, password: str) -> None:
    """Give a user a new password, and remember the one before."""
    user["_former"] = [user.get("_password"), *user.get("_former", [])][:FORMER]
    user["_password"] = password


def password_faults(pool: Data, password: str) -> list[str]:
    """Return the first rule of the policy that a password breaks, as AWS words it; MiniStack lists them all."""
    faults = FAULTS(pool, password)
    if faults and "length" in faults[0]:
        return ["Password not long enough"]
    return faults[:1]


FAULTS = cognito._password_policy_errors


def pre_sign_up(pool: Data, source: str, client_id: str, name: str, values: dict[str, str], data: Data) -> Data:
    """Run the pre sign-up trigger and set the attributes that it verifies; return its response.

    https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-lambda-pre-sign-up.html
    """
    validation = schema.attributes_in(data, "ValidationData") or None
    request: Data = {"userAttributes": dict(values), "validationData": validation}
    if data.get("ClientMetadata"):
        request["clientMetadata"] = data["ClientMetadata"]
    empty = {"autoConfirmUser": False, "autoVerifyEmail": False, "autoVerifyPhone": False}
    outcome = triggers.call(pool, "PreSignUp", source, client_id, name, request, empty) or {}
    for flag, attribute in (("autoVerifyEmail", "email"), ("autoVerifyPhone", "phone_number")):
        if outcome.get(flag):
            if not values.get(attribute):
                raise Refused("InvalidLambdaResponseException", f"The user has no {attribute} to verify.")
            values[f"{attribute}_verified"] = "true"
    return outcome


def post_confirmation(pool: Data, user: Data, source: str, client_id: str | None, data: Data) -> None:
    """Run the post confirmation trigger.

    https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-lambda-post-confirmation.html
    """
    request = triggers.user_request(user, data.get("ClientMetadata"))
    triggers.call(pool, "PostConfirmation", source, client_id, user["Username"], request, {})


@operation("ConfirmSignUp")
def confirm_sign_up(data: Data) -> Data:
    """Confirm a user by the code, and the attribute that it was sent to.

    https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_ConfirmSignUp.html
    """
    pool = pool_of(data)
    user = find_user(pool, data.get("Username"))
    if not user:
        if hides_users(pool, data["ClientId"]):
            raise Refused("CodeMismatchException", codes.MISMATCH)
        raise Refused("UserNotFoundException", NOT_FOUND)
    if data.get("Session"):
        challenges.user_of(pool, challenges.session_of(data, "SIGN_UP"), {"USERNAME": data["Username"]})
    if user["UserStatus"] != "UNCONFIRMED":
        status = user["UserStatus"]
        raise Refused("NotAuthorizedException", f"User cannot be confirmed. Current status is {status}")
    attribute = user.get("_codes", {}).get("sign-up", {}).get("attribute")
    held = attributes(user)
    rival = schema.owner_of_alias(pool, attribute, held.get(attribute, ""), user) if attribute else None
    if rival and not data.get("ForceAliasCreation"):
        raise Refused("AliasExistsException", f"An account with the {attribute} already exists.")
    attribute = codes.check(user, "sign-up", data.get("ConfirmationCode", ""))
    if rival:
        set_attributes(rival, {f"{attribute}_verified": "false"})
    set_attributes(user, {f"{attribute}_verified": "true"})
    user["UserStatus"] = "CONFIRMED"
    post_confirmation(pool, user, "PostConfirmation_ConfirmSignUp", data["ClientId"], data)
    if not data.get("Session"):
        return {}
    challenges.finish(data)
    return {"Session": challenges.start(pool, data["ClientId"], user, "CONFIRMED", {})["Session"]}


@operation("AdminConfirmSignUp")
def admin_confirm(data: Data) -> Data:
    """Confirm a user without a code, which verifies no attribute.

    https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_AdminConfirmSignUp.html
    """
    pool = pool_of(data)
    user = find_user(pool, data.get("Username"))
    if not user:
        raise Refused("UserNotFoundException", "User does not exist.")
    if user["UserStatus"] != "UNCONFIRMED":
        status = user["UserStatus"]
        raise Refused("NotAuthorizedException", f"User cannot be confirmed. Current status is {status}")
    user["UserStatus"] = "CONFIRMED"
    user["UserLastModifiedDate"] = cognito._now_epoch()
    post_confirmation(pool, user, "PostConfirmation_ConfirmSignUp", "CLIENT_ID_NOT_APPLICABLE", data)
    return {}


@operation("ResendConfirmationCode")
def resend(data: Data) -> Data:
    """Send a new code to an unconfirmed user; the old one no longer confirms.

    https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_ResendConfirmationCode.html
    """
    pool = pool_of(data)
    user = find_user(pool, data.get("Username"))
    if not user:
        if hides_users(pool, data["ClientId"]):
            destination = cognito._masked_destination(data["Username"])
            details = {"Destination": destination, "DeliveryMedium": "EMAIL", "AttributeName": "email"}
            return {"CodeDeliveryDetails": details}
        raise Refused("UserNotFoundException", NOT_FOUND)
    if user["UserStatus"] != "UNCONFIRMED":
        raise Refused("InvalidParameterException", "User is already confirmed.")
    limits.count(user, "ask sign-up")
    attribute = codes.verified_first(pool, user)
    if not attribute:
        raise Refused("InvalidParameterException", "Auto verification not turned on.")
    source, metadata = "CustomMessage_ResendCode", data.get("ClientMetadata")
    return {"CodeDeliveryDetails": codes.send(pool, user, "sign-up", attribute, source, data["ClientId"], metadata)}


def before_admin_create(action: str, data: Data) -> None:
    """Check the attributes of a user that an administrator creates, and run the pre sign-up trigger."""
    if action != "AdminCreateUser":
        return
    pool, values = pool_of(data), schema.attributes_in(data)
    username = data.get("Username") or ""
    check_username(pool, username)
    alias = cognito._username_alias_attribute(pool, username)
    resent = (data.get("MessageAction") or "").upper() == "RESEND"
    if find_user(pool, username) and not resent:
        raise Refused("UsernameExistsException", "User account already exists")
    if resent:
        return
    schema.check(pool, {**values, **({alias: username} if alias else {})}, None, new=True)
    for name, item in values.items():
        rival = schema.owner_of_alias(pool, name, item, {}) if values.get(f"{name}_verified") == "true" else None
        if rival and not data.get("ForceAliasCreation"):
            raise Refused("UsernameExistsException", f"An account with the {name} already exists.")
    pre_sign_up(pool, "PreSignUp_AdminCreateUser", "CLIENT_ID_NOT_APPLICABLE", username, values, data)
    data["UserAttributes"] = cognito._dict_to_attr_list(values)


BEFORE.append(before_admin_create)


def apply() -> None:
    """Word a password's fault as AWS does, everywhere."""
    cognito._password_policy_errors = password_faults
