"""Challenge sessions: what a sign-in waits for, for whom, and how long.

Fault: MiniStack takes NEW_PASSWORD_REQUIRED, MFA_SETUP and MFA answers for any user without looking at the session,
so that anybody signs in as anybody.
"""

import base64
import json
import secrets
import time

from ministack.services import cognito

from dva_localstack.repairs.cognito import codes, limits, triggers
from dva_localstack.repairs.cognito.store import Data, Refused, attributes, find_user, forget_expired

FACTORS = {"SOFTWARE_TOKEN_MFA": "software token", "SMS_MFA": "phone_number", "EMAIL_OTP": "email"}
"""Second factors; the two that are codes, with the attribute that they are sent to."""


TOTP_SECONDS = 90
"""How long a code of an authenticator app is taken: its own 30 seconds, and those before and after."""


def start(pool: Data, client_id: str, user: Data, name: str, parameters: dict[str, str], **more: object) -> Data:
    """Begin a session that waits for the answer to the challenge ``name``, and return that challenge."""
    forget_expired(cognito._challenge_sessions._data, "expires_at")
    token, session = cognito._create_challenge_session(pool["Id"], client_id, user["Username"])
    session.update(awaits=name, **more)
    return {"ChallengeName": name, "Session": token, "ChallengeParameters": parameters}


def session_of(data: Data, name: str) -> Data:
    """Return the session of an answer to the challenge ``name``.

    :raises Refused: ``NotAuthorizedException``: no such session, another client's or user's, or too old
    """
    session = cognito._challenge_sessions.get(data.get("Session") or "")
    if not session or session.get("awaits") != name or data.get("ClientId") not in (None, session["client_id"]):
        raise Refused("NotAuthorizedException", "Invalid session for the user.")
    if session["expires_at"] < cognito.time.time():
        raise Refused("NotAuthorizedException", "Invalid session for the user, session is expired.")
    return session


def finish(data: Data) -> None:
    """End a session: its token answers no second time."""
    cognito._challenge_sessions.pop(data["Session"], None)


def user_of(pool: Data, session: Data, responses: Data) -> Data:
    """Return the user of a session, who must be the one that the answer names.

    :raises Refused: ``NotAuthorizedException``
    """
    user = find_user(pool, session["username"])
    named = find_user(pool, responses.get("USERNAME"))
    if not user or named is not user or not user.get("Enabled", True):
        raise Refused("NotAuthorizedException", "Invalid session for the user.")
    return user


def enrolled(pool: Data, user: Data) -> list[str]:
    """Return the second factors that a user has and that are active."""
    required = pool.get("MfaConfiguration") == "ON"
    active = user.get("_mfa_enabled", [])
    held = attributes(user)
    factors = []
    if user.get("_totp_secret") and (required or "SOFTWARE_TOKEN_MFA" in active):
        factors.append("SOFTWARE_TOKEN_MFA")
    for factor, setting in (("SMS_MFA", "SmsMfaConfiguration"), ("EMAIL_OTP", "EmailMfaConfiguration")):
        verified = held.get(f"{FACTORS[factor]}_verified") == "true"
        if pool.get(setting) and verified and (required or factor in active):
            factors.append(factor)
    return factors


def second_factor(pool: Data, client_id: str, user: Data, **more: object) -> Data | None:
    """Return the challenge for a second factor, or None where none is needed.

    https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-settings-mfa.html
    """
    if pool.get("MfaConfiguration", "OFF") == "OFF":
        return None
    factors = enrolled(pool, user)
    if not factors:
        if pool["MfaConfiguration"] != "ON":
            return None
        parameters = {"MFAS_CAN_SETUP": '["SOFTWARE_TOKEN_MFA"]', "USER_ID_FOR_SRP": user["Username"]}
        return start(pool, client_id, user, "MFA_SETUP", parameters, **more)
    preferred = user.get("_preferred_mfa")
    if preferred not in factors:
        if len(factors) > 1:
            parameters = {"MFAS_CAN_CHOOSE": json.dumps(factors), "USER_ID_FOR_SRP": user["Username"]}
            return start(pool, client_id, user, "SELECT_MFA_TYPE", parameters, **more)
        preferred = factors[0]
    return ask_for_code(pool, client_id, user, preferred, **more)


def ask_for_code(pool: Data, client_id: str, user: Data, factor: str, **more: object) -> Data:
    """Return the challenge for a code of one factor; where it is sent, it is sent now."""
    parameters = {"USER_ID_FOR_SRP": user["Username"]}
    if factor == "SOFTWARE_TOKEN_MFA":
        parameters["FRIENDLY_DEVICE_NAME"] = user.get("_totp_device", "")
    else:
        sent = codes.send(pool, user, "mfa", FACTORS[factor], "CustomMessage_Authentication", client_id)
        parameters |= {
            "CODE_DELIVERY_DELIVERY_MEDIUM": sent["DeliveryMedium"],
            "CODE_DELIVERY_DESTINATION": sent["Destination"],
        }
    return start(pool, client_id, user, factor, parameters, **more)


def check_code(user: Data, factor: str, responses: Data) -> None:
    """Check the code of a second factor.

    :raises Refused: ``CodeMismatchException`` or ``ExpiredCodeException``
    """
    given = responses.get(f"{factor}_CODE", "")
    limits.check_lock(user, "mfa")
    try:
        if factor == "SOFTWARE_TOKEN_MFA":
            check_totp(user, given)
        else:
            codes.check(user, "mfa", given)
    except Refused as refusal:
        if refusal.code == "CodeMismatchException":
            limits.failed(user, "mfa")
        raise
    limits.passed(user, "mfa")


def check_totp(user: Data, given: str) -> None:
    """Check a code of an authenticator app, which signs in once.

    :raises Refused: ``CodeMismatchException``, or ``ExpiredCodeException`` for a code that was used
    """
    if not cognito._totp_matches(user.get("_totp_secret", ""), given):
        raise Refused("CodeMismatchException", "Invalid code received for user")
    used = [moment for moment in user.get("_totp_used", []) if moment[1] > time.time() - TOTP_SECONDS]
    if given in [code for code, _ in used]:
        raise Refused("ExpiredCodeException", "Your software token has already been used once.")
    user["_totp_used"] = [*used, (given, time.time())]


def associate(data: Data) -> Data:
    """Give a secret to an authenticator app, for a signed-in user or during MFA_SETUP.

    https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_AssociateSoftwareToken.html
    """
    holder, pool = holder_of(data)
    if not (pool.get("SoftwareTokenMfaConfiguration") or {}).get("Enabled"):
        raise Refused("SoftwareTokenMFANotFoundException", "Software Token MFA has not been enabled by the userPool.")
    holder["_totp_pending_secret"] = base64.b32encode(secrets.token_bytes(32)).decode().rstrip("=")
    answer = {"SecretCode": holder["_totp_pending_secret"]}
    return {**answer, "Session": data["Session"]} if data.get("Session") else answer


def verify_software_token(data: Data) -> Data:
    """Accept the first code of an authenticator app.

    https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_VerifySoftwareToken.html
    """
    holder, pool = holder_of(data)
    secret = holder.get("_totp_pending_secret")
    if not secret or not cognito._totp_matches(secret, data.get("UserCode")):
        raise Refused("EnableSoftwareTokenMFAException", "Code mismatch")
    user = find_user(pool, holder["username"]) if data.get("Session") else holder
    assert user is not None
    user["_totp_secret"] = secret
    user["_totp_device"] = data.get("FriendlyDeviceName", "")
    del holder["_totp_pending_secret"]
    if not data.get("Session"):
        return {"Status": "SUCCESS"}
    holder["set_up"] = True
    user["_mfa_enabled"] = list(dict.fromkeys([*user.get("_mfa_enabled", []), "SOFTWARE_TOKEN_MFA"]))
    return {"Status": "SUCCESS", "Session": data["Session"]}


def holder_of(data: Data) -> tuple[Data, Data]:
    """Return who a secret is for, the user of an access token or an MFA_SETUP session, and the pool."""
    if data.get("Session"):
        session = session_of(data, "MFA_SETUP")
        return session, cognito._user_pools[session["pool_id"]]
    user, pool = cognito._user_pool_for_access_token(data.get("AccessToken"))
    if not user:
        raise Refused("NotAuthorizedException", "Invalid Access Token")
    return user, pool


def set_preference(user: Data, data: Data) -> None:
    """Turn a user's factors on or off and prefer one.

    Fault: MiniStack turns a software token on that was never verified.
    https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_SetUserMFAPreference.html
    """
    settings = {
        "SOFTWARE_TOKEN_MFA": data.get("SoftwareTokenMfaSettings"),
        "SMS_MFA": data.get("SMSMfaSettings"),
        "EMAIL_OTP": data.get("EmailMfaSettings"),
    }
    if len([item for item in settings.values() if item and item.get("PreferredMfa")]) > 1:
        raise Refused("InvalidParameterException", "Only one MFA method can be preferred.")
    for factor, setting in settings.items():
        if setting is None:
            continue
        active = [name for name in user.get("_mfa_enabled", []) if name != factor]
        if setting.get("Enabled"):
            ready = (
                user.get("_totp_secret") if factor == "SOFTWARE_TOKEN_MFA" else attributes(user).get(FACTORS[factor])
            )
            if not ready:
                text = f"User does not have delivery config set to turn on {factor}"
                raise Refused("InvalidParameterException", text)
            active.append(factor)
        user["_mfa_enabled"] = active
        if setting.get("PreferredMfa"):
            user["_preferred_mfa"] = factor
        elif user.get("_preferred_mfa") == factor:
            user["_preferred_mfa"] = ""


def custom_trigger(name: str, build: str) -> object:
    """Return MiniStack's function that runs one of the three triggers of custom authentication, on our Lambda."""

    def run(pool_id: str, client_id: str, username: str, held: Data, session: Data, *more: object) -> tuple:
        pool = cognito._user_pools[pool_id]
        if not triggers.configured(pool, name):
            raise Refused(
                "InvalidParameterException", f"Custom auth lambda trigger is not configured for the user pool: {name}."
            )
        user = find_user(pool, username) or {"UserStatus": ""}
        known = {"cognito:user_status": user["UserStatus"], **held}
        event = getattr(cognito, build)(pool_id, client_id, username, known, session, *more)
        event["response"] = dict.fromkeys(event["response"])
        if not event["request"]["clientMetadata"]:
            del event["request"]["clientMetadata"]
        response = triggers.call(
            pool, name, event["triggerSource"], client_id, username, event["request"], event["response"]
        )
        return {"response": response}, None

    return run


def apply() -> None:
    """Use these sessions and triggers in the flows that stay MiniStack's."""
    cognito._apply_mfa_preference = set_preference
    for name, function, build in (
        ("DefineAuthChallenge", "_invoke_define_auth_challenge_trigger", "_build_define_auth_challenge_event"),
        ("CreateAuthChallenge", "_invoke_create_auth_challenge_trigger", "_build_create_auth_challenge_event"),
        ("VerifyAuthChallengeResponse", "_invoke_verify_auth_challenge_trigger", "_build_verify_auth_challenge_event"),
    ):
        setattr(cognito, function, custom_trigger(name, build))
