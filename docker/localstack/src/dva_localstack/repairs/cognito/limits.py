"""How often a user may be wrong, and how often codes are asked for.

Faults: only wrong passwords that are sent as they are lock a user; codes can be guessed without an end.
"""

import time

from dva_localstack.repairs.cognito.store import Data, Refused

FREE_FAILURES = 5
"""Wrong passwords, or wrong codes of a second factor, before the user is locked for 1 second, and twice as long each
further time: https://docs.aws.amazon.com/cognito/latest/developerguide/authentication.html"""

LONGEST = 900
"""Seconds of the longest lock; as long without a failure, and all is forgotten. From the same page."""

ATTEMPTS = 10
"""Codes that a user may ask for, and enter, in an hour. AWS allows 5 to 20, by the risk that it sees:
https://docs.aws.amazon.com/cognito/latest/developerguide/managing-users-passwords.html"""

HOUR = 3600


def check_lock(user: Data, kind: str) -> None:
    """Refuse a user who is locked.

    :param kind: ``password`` or ``mfa``
    :raises Refused: ``NotAuthorizedException``
    """
    if time.time() < user.get("_locks", {}).get(kind, {}).get("until", 0):
        raise Refused("NotAuthorizedException", "Password attempts exceeded")


def failed(user: Data, kind: str) -> None:
    """Count a failure, and lock the user from the fifth on."""
    now = time.time()
    lock = user.setdefault("_locks", {}).setdefault(kind, {"failures": 0, "until": 0.0, "last": now})
    if now - lock["last"] > LONGEST:
        lock["failures"] = 0
    lock["failures"] += 1
    lock["last"] = now
    if lock["failures"] >= FREE_FAILURES:
        lock["until"] = now + min(2 ** (lock["failures"] - FREE_FAILURES), LONGEST)


def passed(user: Data, kind: str) -> None:
    """Forget the failures of a user who got it right."""
    user.get("_locks", {}).pop(kind, None)


def count(user: Data, what: str) -> None:
    """Count one attempt of an hour, for example to enter a code.

    :raises Refused: ``LimitExceededException``: there were too many
    """
    now = time.time()
    made = [moment for moment in user.setdefault("_attempts", {}).get(what, []) if moment > now - HOUR]
    if len(made) >= ATTEMPTS:
        raise Refused("LimitExceededException", "Attempt limit exceeded, please try after some time.")
    user["_attempts"][what] = [*made, now]
