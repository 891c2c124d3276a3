"""Custom authentication, which MiniStack still runs: what its answers lack.

Faults: every challenge of a sign-in has the same session; the post authentication trigger does not run.
https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-lambda-challenge.html
"""

import base64
import secrets

from ministack.services import cognito

from dva_localstack.repairs.cognito import triggers
from dva_localstack.repairs.cognito.store import Data

START = {False: cognito._initiate_auth, True: cognito._admin_initiate_auth}
CONTINUE = {False: cognito._respond_to_auth_challenge, True: cognito._admin_respond_to_auth_challenge}
"""MiniStack's operations, by whether an administrator calls: they still run custom authentication and SRP."""


def completed(pool: Data, user: Data | None, result: Data, data: Data) -> Data:
    """Return what MiniStack answers in custom authentication, with what it lacks.

    The next challenge has a session of its own; the one before answers no more.
    """
    if user and "AuthenticationResult" in result:
        triggers.after_authentication(pool, data["ClientId"], user, data.get("ClientMetadata"))
    if user and result.get("ChallengeName") == "CUSTOM_CHALLENGE":
        result["ChallengeParameters"] = {"USERNAME": user["Username"], **result["ChallengeParameters"]}
    if data.get("Session") and "Session" in result:
        session = cognito._challenge_sessions.pop(data["Session"])
        result["Session"] = base64.b64encode(secrets.token_bytes(32)).decode()
        cognito._challenge_sessions[result["Session"]] = session
    return result
