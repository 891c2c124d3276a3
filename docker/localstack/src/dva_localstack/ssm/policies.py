"""The policies of an advanced parameter.

https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-policies.html
"""

import json
from datetime import UTC, datetime
from typing import Any

from localstack.aws.api.ssm import (
    InvalidPolicyAttributeException,
    InvalidPolicyTypeException,
    PoliciesLimitExceededException,
)

ATTRIBUTES = {
    "Expiration": {"Timestamp"},
    "ExpirationNotification": {"Before", "Unit"},
    "NoChangeNotification": {"After", "Unit"},
}
LIMIT = 10


def parsed(text: str | None) -> list[dict[str, Any]]:
    """Return a request's policies; none where there are none.

    :raises ServiceException: they are no policies
    """
    try:
        policies = json.loads(text or "[]")
    except ValueError:
        policies = None
    if not isinstance(policies, list) or not all(isinstance(policy, dict) for policy in policies):
        raise InvalidPolicyAttributeException("The policies are no list of JSON objects.")
    if len(policies) > LIMIT:
        raise PoliciesLimitExceededException(f"A parameter has at most {LIMIT} policies.")
    for policy in policies:
        check(policy)
    return policies


def check(policy: dict[str, Any]) -> None:
    """Refuse a policy that Parameter Store refuses."""
    kind = policy.get("Type")
    if kind not in ATTRIBUTES:
        raise InvalidPolicyTypeException(
            "The policy type isn't supported. Parameter Store supports the following policy types: "
            "Expiration, ExpirationNotification, and NoChangeNotification."
        )
    given = policy.get("Attributes")
    if not isinstance(given, dict) or set(given) != ATTRIBUTES[kind] or given.get("Unit", "Days") not in UNITS:
        raise InvalidPolicyAttributeException(f"A policy {kind} has the attributes {sorted(ATTRIBUTES[kind])}.")
    if kind == "Expiration":
        moment(given["Timestamp"])
    elif not str(given.get("Before", given.get("After"))).isdigit():
        raise InvalidPolicyAttributeException("Before and After are numbers.")


UNITS = ("Days", "Hours")


def moment(text: Any) -> datetime:
    """Return the time of an expiration.

    :raises InvalidPolicyAttributeException: it is none
    """
    try:
        found = datetime.fromisoformat(text)
    except (TypeError, ValueError):
        raise InvalidPolicyAttributeException("Timestamp is no time in the format of ISO 8601.") from None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def expiry(policies: list[dict[str, Any]]) -> datetime | None:
    """Return when a parameter with these policies is deleted."""
    return next((moment(each["Attributes"]["Timestamp"]) for each in policies if each["Type"] == "Expiration"), None)


def shown(text: str) -> list[dict[str, str]]:
    """Return policies as DescribeParameters shows them."""
    return [
        {"PolicyText": json.dumps(policy), "PolicyType": policy["Type"], "PolicyStatus": "Pending"}
        for policy in json.loads(text)
    ]
