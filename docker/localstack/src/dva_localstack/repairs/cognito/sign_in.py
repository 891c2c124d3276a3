"""Signing in through the API: flows, passwords, challenges and tokens.

Faults: flows that an app client leaves out are open; the triggers before and after authentication and the migration
of users do not run; wrong passwords never lock; a new password need not follow the policy.
"""

import json
import time

from ministack.services import cognito

from dva_localstack.repairs.cognito import (
    challenges,
    choice,
    codes,
    custom_auth,
    limits,
    migration,
    schema,
    sessions,
    sign_up,
    tokens,
    triggers,
)
from dva_localstack.repairs.cognito.dispatch import operation
from dva_localstack.repairs.cognito.store import (
    Answer,
    Data,
    Refused,
    answered,
    attributes,
    client_of,
    find_user,
    hides_users,
    pool_of,
    result_of,
    set_attributes,
)

DEFAULT_FLOWS = {"ALLOW_REFRESH_TOKEN_AUTH", "ALLOW_USER_SRP_AUTH", "ALLOW_CUSTOM_AUTH"}
"""Of a client that names none, and added to the older names: https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_CreateUserPoolClient.html"""

OLDER_FLOWS = {"ADMIN_NO_SRP_AUTH": "ALLOW_ADMIN_USER_PASSWORD_AUTH", "USER_PASSWORD_AUTH": "ALLOW_USER_PASSWORD_AUTH"}

WRONG = "Incorrect username or password."

PASSWORD_FLOWS = ("USER_PASSWORD_AUTH", "ADMIN_USER_PASSWORD_AUTH")


def flows_of(client: Data) -> set[str]:
    """Return the flows that an app client allows, by their ALLOW names."""
    named = set(client.get("ExplicitAuthFlows") or [])
    if any(flow.startswith("ALLOW_") for flow in named):
        return named
    return DEFAULT_FLOWS | {OLDER_FLOWS[flow] for flow in named if flow in OLDER_FLOWS}


def check_flow(client: Data, flow: str, admin: bool) -> None:
    """Refuse a flow that the operation or the app client does not allow."""
    if flow in PASSWORD_FLOWS and admin != flow.startswith("ADMIN_"):
        raise Refused("InvalidParameterException", "Initiate Auth method not supported.")
    if f"ALLOW_{flow}" in flows_of(client):
        return
    if flow == "USER_PASSWORD_AUTH":
        raise Refused("InvalidParameterException", "USER_PASSWORD_AUTH flow not enabled for this client")
    if flow in ("USER_SRP_AUTH", "CUSTOM_AUTH"):
        raise Refused("InvalidParameterException", f"{flow} is not enabled for the client.")
    raise Refused("InvalidParameterException", "Auth flow not enabled for this client")


@operation("InitiateAuth")
def initiate(data: Data) -> Data:
    """Begin to sign in.

    https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_InitiateAuth.html
    """
    return begin(data, admin=False)


@operation("AdminInitiateAuth")
def admin_initiate(data: Data) -> Data:
    """Begin to sign a user in from a server.

    https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_AdminInitiateAuth.html
    """
    return begin(data, admin=True)


def begin(data: Data, admin: bool) -> Data:
    """Answer InitiateAuth and AdminInitiateAuth."""
    pool = pool_of(data)
    client = client_of(data, pool)
    older = {"REFRESH_TOKEN": "REFRESH_TOKEN_AUTH", "ADMIN_NO_SRP_AUTH": "ADMIN_USER_PASSWORD_AUTH"}
    flow: str = data.get("AuthFlow") or ""
    flow = older.get(flow, flow)
    check_flow(client, flow, admin)
    given = data.get("AuthParameters") or {}
    if flow == "REFRESH_TOKEN_AUTH":
        if "REFRESH_TOKEN" not in given:
            raise Refused("InvalidParameterException", "Missing required parameter REFRESH_TOKEN")
        result = sessions.refresh(pool, client, given["REFRESH_TOKEN"])
        return {"ChallengeParameters": {}, "AuthenticationResult": result}
    if not given.get("USERNAME"):
        raise Refused("InvalidParameterException", "Missing required parameter USERNAME")
    if flow == "USER_AUTH" and data.get("Session"):
        return after_sign_up(pool, client["ClientId"], data)
    user = signing_in(pool, given["USERNAME"])
    if flow == "USER_AUTH":
        return choice.begin(pool, client, user, data, lambda _: with_password(pool, client, user, data, None))
    if flow in PASSWORD_FLOWS:
        return with_password(pool, client, user, data, None)
    if user:
        triggers.before_authentication(pool, client["ClientId"], user, data)
    if flow == "USER_SRP_AUTH":
        return result_of(cognito._initiate_user_srp_auth(pool, pool["Id"], client["ClientId"], given))
    untold = {name: value for name, value in data.items() if name != "ClientMetadata"}
    return custom_auth.completed(pool, user, result_of(custom_auth.START[admin](untold)), untold)


def signing_in(pool: Data, username: str) -> Data | None:
    """Return the user who signs in by a username or an alias; a ``sub`` does not sign in."""
    user = find_user(pool, username)
    if user and user["Username"] != username and attributes(user).get("sub") == username:
        return None
    return user


def with_password(pool: Data, client: Data, user: Data | None, data: Data, metadata: Data | None) -> Data:
    """Check a password that was sent as it is, and continue.

    :param metadata: what the triggers after the sign-in are told; InitiateAuth tells them nothing
    """
    given = data["AuthParameters"]
    if not given.get("PASSWORD"):
        raise Refused("InvalidParameterException", "Missing required parameter PASSWORD")
    if user is None:
        user = migration.at_sign_in(pool, client["ClientId"], given["USERNAME"], given["PASSWORD"], data)
    if user is None:
        if hides_users(pool, client["ClientId"]):
            nobody = {"Username": given["USERNAME"], "Attributes": []}
            triggers.before_authentication(pool, client["ClientId"], nobody, data, unknown=True)
            raise Refused("NotAuthorizedException", WRONG)
        raise Refused("UserNotFoundException", "User does not exist.")
    check_password(pool, client["ClientId"], user, given["PASSWORD"], data)
    return after_password(pool, client["ClientId"], user, metadata)


def check_password(pool: Data, client_id: str, user: Data, password: str, data: Data) -> None:
    """Refuse a user who may not sign in, or a wrong password.

    :raises Refused: with AWS's exception for each reason
    """
    if not user.get("Enabled", True):
        raise Refused("NotAuthorizedException", "User is disabled.")
    triggers.before_authentication(pool, client_id, user, data)
    if user["UserStatus"] == "UNCONFIRMED":
        raise Refused("UserNotConfirmedException", "User is not confirmed.")
    limits.check_lock(user, "password")
    if user.get("_provider_disabled") or not user.get("_password") or user["_password"] != password:
        limits.failed(user, "password")
        raise Refused("NotAuthorizedException", WRONG)
    limits.passed(user, "password")
    if user["UserStatus"] == "RESET_REQUIRED":
        raise Refused("PasswordResetRequiredException", "Password reset required for the user")
    if user["UserStatus"] == "FORCE_CHANGE_PASSWORD":
        policy = (pool.get("Policies") or {}).get("PasswordPolicy") or {}
        days = policy.get("TemporaryPasswordValidityDays", 7)
        if time.time() > user["UserLastModifiedDate"] + days * 86400:
            text = "Temporary password has expired and must be reset by an administrator."
            raise Refused("NotAuthorizedException", text)


def after_password(pool: Data, client_id: str, user: Data, metadata: Data | None) -> Data:
    """Return the next challenge after a right password, or the tokens."""
    if user["UserStatus"] == "FORCE_CHANGE_PASSWORD":
        held = attributes(user)
        required = [item["Name"] for item in pool["SchemaAttributes"] if item.get("Required") and item["Name"] != "sub"]
        missing = [f"userAttributes.{name}" for name in required if not held.get(name)]
        parameters = {
            "USER_ID_FOR_SRP": user["Username"],
            "requiredAttributes": json.dumps(missing),
            "userAttributes": json.dumps({name: value for name, value in held.items() if name != "sub"}),
        }
        return challenges.start(pool, client_id, user, "NEW_PASSWORD_REQUIRED", parameters)
    source = "TokenGeneration_Authentication"
    return challenges.second_factor(pool, client_id, user, source=source) or signed_in(
        pool, client_id, user, source, metadata
    )


def signed_in(pool: Data, client_id: str, user: Data, source: str, metadata: Data | None) -> Data:
    """Run the post authentication trigger and return the tokens."""
    triggers.after_authentication(pool, client_id, user, metadata)
    result = tokens.issue(pool["Id"], client_id, user, trigger_source=source, client_metadata=metadata)
    return {"ChallengeParameters": {}, "AuthenticationResult": result}


@operation("RespondToAuthChallenge")
def respond(data: Data) -> Data:
    """Answer a challenge.

    https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_RespondToAuthChallenge.html
    """
    return answer(data, admin=False)


@operation("AdminRespondToAuthChallenge")
def admin_respond(data: Data) -> Data:
    """Answer a challenge from a server."""
    return answer(data, admin=True)


def answer(data: Data, admin: bool) -> Data:
    """Answer RespondToAuthChallenge and AdminRespondToAuthChallenge."""
    pool = pool_of(data)
    client_id = client_of(data, pool)["ClientId"]
    name, responses = data.get("ChallengeName", ""), data.get("ChallengeResponses") or {}
    if name == "PASSWORD_VERIFIER":
        return verify_password(pool, data, admin)
    if name == "CUSTOM_CHALLENGE":
        known = cognito._challenge_sessions.get(data.get("Session") or "")
        if not known or "awaits" in known:
            raise Refused("NotAuthorizedException", "Invalid session for the user.")
        user = find_user(pool, known["username"])
        return custom_auth.completed(pool, user, result_of(custom_auth.CONTINUE[admin](data)), data)
    if not data.get("Session"):
        raise Refused("InvalidParameterException", "Missing required parameter Session")
    session = challenges.session_of(data, name)
    user = challenges.user_of(pool, session, responses)
    metadata, source = data.get("ClientMetadata"), session.get("source", "TokenGeneration_NewPasswordChallenge")
    if name in ("SELECT_CHALLENGE", *choice.PASSWORDS):
        return first_factor(pool, client_of(data, pool), user, name, data)
    if session.get("first"):
        codes.check(user, "first", responses.get(f"{name}_CODE", ""))
        challenges.finish(data)
        return signed_in(pool, client_id, user, "TokenGeneration_Authentication", metadata)
    if name == "NEW_PASSWORD_REQUIRED":
        new_password(pool, user, responses)
        challenges.finish(data)
        further = challenges.second_factor(pool, client_id, user, source=source)
        return further or signed_in(pool, client_id, user, source, metadata)
    if name == "SELECT_MFA_TYPE":
        factor = responses.get("ANSWER", "")
        if factor not in challenges.enrolled(pool, user):
            raise Refused("InvalidParameterException", "Invalid MFA type.")
        challenges.finish(data)
        return challenges.ask_for_code(pool, client_id, user, factor, source=source)
    if name == "MFA_SETUP":
        if not session.get("set_up"):
            raise Refused("NotAuthorizedException", "Invalid session for the user.")
    else:
        challenges.check_code(user, name, responses)
    challenges.finish(data)
    return signed_in(pool, client_id, user, source, metadata)


def first_factor(pool: Data, client: Data, user: Data, name: str, data: Data) -> Data:
    """Continue choice-based sign-in with the factor that was chosen."""
    responses = data["ChallengeResponses"]
    factor = choice.chosen(pool, user, name, responses)
    challenges.finish(data)
    again, metadata = {**data, "AuthParameters": responses}, data.get("ClientMetadata")
    return choice.ask(
        pool,
        client,
        user,
        factor,
        responses,
        lambda _: with_password(pool, client, user, again, metadata),
    )


def verify_password(pool: Data, data: Data, admin: bool) -> Data:
    """Answer PASSWORD_VERIFIER; a wrong proof counts as a wrong password."""
    given = data.get("Session") or (data.get("ChallengeResponses") or {}).get("PASSWORD_CLAIM_SECRET_BLOCK") or ""
    known = cognito._challenge_sessions.get(given)
    user = find_user(pool, known["username"]) if known else None
    if user:
        limits.check_lock(user, "password")
    try:
        result = result_of(custom_auth.CONTINUE[admin](data))
    except Refused as refusal:
        if user and refusal.message == WRONG:
            limits.failed(user, "password")
        raise
    if user:
        limits.passed(user, "password")
    if not known or known.get("auth_flow") == "USER_SRP_AUTH":
        return result
    return custom_auth.completed(pool, user, result, data)


def after_sign_up(pool: Data, client_id: str, data: Data) -> Data:
    """Sign a user in whose code confirmed the sign-up a moment ago, by the session of ConfirmSignUp."""
    user = challenges.user_of(pool, challenges.session_of(data, "CONFIRMED"), data["AuthParameters"])
    challenges.finish(data)
    return signed_in(pool, client_id, user, "TokenGeneration_Authentication", data.get("ClientMetadata"))


def new_password(pool: Data, user: Data, responses: Data) -> None:
    """Replace a temporary password, and set the attributes that were missing.

    :raises Refused: the policy, or a missing attribute, does not allow it
    """
    prefix = "userAttributes."
    values = {name.removeprefix(prefix): value for name, value in responses.items() if name.startswith(prefix)}
    held = {**attributes(user), **values}
    for item in pool["SchemaAttributes"]:
        if item.get("Required") and item["Name"] in values and attributes(user).get(item["Name"]):
            raise Refused("NotAuthorizedException", f"Cannot modify an already provided {item['Name']}")
        if item.get("Required") and not held.get(item["Name"]):
            raise Refused("InvalidParameterException", f"Invalid attributes given, {item['Name']} is missing")
    schema.check(pool, values, None, new=False)
    sign_up.check_password(pool, responses.get("NEW_PASSWORD") or "", user)
    set_attributes(user, values)
    sign_up.replace_password(user, responses["NEW_PASSWORD"])
    user["UserStatus"] = "CONFIRMED"


operation("AssociateSoftwareToken")(challenges.associate)
operation("VerifySoftwareToken")(challenges.verify_software_token)


def password_accepted(
    pool: Data,
    pool_id: str,
    client_id: str,
    user: Data,
    username: str,
    metadata: Data | None = None,
    data: Data | None = None,
) -> Answer:
    """Answer a password that SRP verified, as MiniStack asks for it."""
    return answered(after_password(pool, client_id, user, metadata))


def apply() -> None:
    """Continue here after SRP."""
    cognito._password_auth_result = password_accepted
