"""Choice-based sign-in, the flow USER_AUTH: the user picks among the first factors that the pool allows.

Fault: MiniStack does not know it outside its own pages.
https://docs.aws.amazon.com/cognito/latest/developerguide/authentication-flows-selection-sdk.html
"""

from collections.abc import Callable

from ministack.services import cognito

from dva_localstack.repairs.cognito import challenges, codes
from dva_localstack.repairs.cognito.dispatch import operation
from dva_localstack.repairs.cognito.store import Data, Refused, attributes, hides_users

CODES = {"EMAIL_OTP": "email", "SMS_OTP": "phone_number"}
"""First factors that are codes, and the attribute that they are sent to."""

PASSWORDS = ("PASSWORD", "PASSWORD_SRP")

FIRST = (*PASSWORDS, *CODES)
"""Passkeys (``WEB_AUTHN``) are not offered."""


def allowed(pool: Data) -> list[str]:
    """Return the first factors that a pool allows."""
    policy = (pool.get("Policies") or {}).get("SignInPolicy") or {}
    return policy.get("AllowedFirstAuthFactors") or ["PASSWORD"]


def passwordless(pool: Data) -> bool:
    """Whether users of a pool can be without a password."""
    return any(factor in allowed(pool) for factor in CODES)


def available(pool: Data, user: Data | None) -> list[str]:
    """Return the challenges that a user can choose from; for a user who is not known, those of the pool."""
    held = attributes(user) if user else dict.fromkeys(CODES.values(), "")
    names = list(PASSWORDS) if "PASSWORD" in allowed(pool) and (user is None or user.get("_password")) else []
    if pool.get("MfaConfiguration") == "ON":
        return names
    return names + [name for name, needed in CODES.items() if name in allowed(pool) and (not user or held.get(needed))]


def begin(pool: Data, client: Data, user: Data | None, data: Data, check: Callable[[Data], Data]) -> Data:
    """Answer InitiateAuth for USER_AUTH.

    :param check: checks a password in what it is given and continues the sign-in
    :raises Refused: ``UserNotFoundException``, where the client does not hide it, and more
    """
    given = data["AuthParameters"]
    if user is None and not hides_users(pool, client["ClientId"]):
        raise Refused("UserNotFoundException", "User does not exist.")
    if user and not user.get("Enabled", True):
        raise Refused("NotAuthorizedException", "User is disabled.")
    if user and user["UserStatus"] == "UNCONFIRMED":
        raise Refused("UserNotConfirmedException", "User is not confirmed.")
    preferred = given.get("PREFERRED_CHALLENGE")
    if preferred and preferred not in (*FIRST, "WEB_AUTHN"):
        raise Refused("InvalidParameterException", f"Unsupported preferred challenge: {preferred}")
    names = available(pool, user)
    if preferred in names:
        return ask(pool, client, user, preferred, given, check)
    nobody = {"Username": given["USERNAME"]}
    challenge = challenges.start(pool, client["ClientId"], user or nobody, "SELECT_CHALLENGE", {})
    return {**challenge, "AvailableChallenges": names}


def ask(pool: Data, client: Data, user: Data | None, name: str, given: Data, check: Callable[[Data], Data]) -> Data:
    """Return the challenge ``name``, or what follows where ``given`` answers it already."""
    client_id = client["ClientId"]
    if name == "PASSWORD" and given.get("PASSWORD"):
        return check(given)
    if name == "PASSWORD_SRP" and given.get("SRP_A"):
        return srp(pool, client_id, user, given)
    somebody = user or {"Username": given["USERNAME"]}
    if name in CODES:
        sent = {"DeliveryMedium": "EMAIL" if name == "EMAIL_OTP" else "SMS", "Destination": "****"}
        if user:
            sent = codes.send(pool, user, "first", CODES[name], "CustomMessage_Authentication", client_id)
        parameters = {
            "CODE_DELIVERY_DELIVERY_MEDIUM": sent["DeliveryMedium"],
            "CODE_DELIVERY_DESTINATION": sent["Destination"],
        }
        return challenges.start(pool, client_id, somebody, name, parameters, first=True)
    return challenges.start(pool, client_id, somebody, name, {})


def srp(pool: Data, client_id: str, user: Data | None, given: Data) -> Data:
    """Return the challenge PASSWORD_VERIFIER, whether or not the client allows SRP as a flow of its own."""
    if not cognito._SRP_A_RE.match(given["SRP_A"]):
        raise Refused("InvalidParameterException", "SRP_A must be a hexadecimal number.")
    name = user["Username"] if user else given["USERNAME"]
    token, session = cognito._create_challenge_session(pool["Id"], client_id, name)
    session["auth_flow"] = "USER_SRP_AUTH"
    parameters, session["srp"] = cognito._srp_challenge(pool["Id"], user, name, given["SRP_A"], token)
    return {"ChallengeName": "PASSWORD_VERIFIER", "Session": token, "ChallengeParameters": parameters}


def chosen(pool: Data, user: Data, name: str, responses: Data) -> str:
    """Return the factor that an answer to SELECT_CHALLENGE, PASSWORD or PASSWORD_SRP is for.

    :raises Refused: ``InvalidParameterException``: it is not one of those that were offered
    """
    factor = responses.get("ANSWER", "") if name == "SELECT_CHALLENGE" else name
    if factor not in available(pool, user):
        raise Refused("InvalidParameterException", f"Challenge {factor} is not available for the user.")
    needed = {"PASSWORD": "PASSWORD", "PASSWORD_SRP": "SRP_A"}.get(factor)
    if needed and not responses.get(needed):
        raise Refused("InvalidParameterException", f"Missing required parameter {needed}")
    return factor


@operation("GetUserAuthFactors")
def auth_factors(data: Data) -> Data:
    """Return the factors of the user of an access token.

    https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_GetUserAuthFactors.html
    """
    user, pool = cognito._user_pool_for_access_token(data.get("AccessToken"))
    if not user:
        raise Refused("NotAuthorizedException", "Invalid Access Token")
    answer: Data = {
        "Username": user["Username"],
        "ConfiguredUserAuthFactors": [name for name in available(pool, user) if name != "PASSWORD_SRP"],
    }
    if user.get("_mfa_enabled"):
        answer["UserMFASettingList"] = user["_mfa_enabled"]
    if user.get("_preferred_mfa"):
        answer["PreferredMfaSetting"] = user["_preferred_mfa"]
    return answer
