"""Delivery policies: how often and when SNS repeats a delivery to an HTTP endpoint.

https://docs.aws.amazon.com/sns/latest/dg/sns-message-delivery-retries.html
"""

import json
from collections.abc import Mapping
from typing import Any

from localstack.aws.api.sns import InvalidParameterException

DEFAULTS = {
    "minDelayTarget": 20,
    "maxDelayTarget": 20,
    "numRetries": 3,
    "numNoDelayRetries": 0,
    "numMinDelayRetries": 0,
    "numMaxDelayRetries": 0,
    "backoffFunction": "linear",
}
"""The policy of a topic that has none; delays are in seconds."""

BACKOFFS = {"arithmetic": 2.0, "exponential": 3.0, "geometric": 2.5, "linear": 1.0}
"""Functions by which delays grow, and the power by which each does so here: AWS publishes only a drawing of them."""

LONGEST_SECONDS, MOST_RETRIES = 3_600, 100

PHASES = ("numNoDelayRetries", "numMinDelayRetries", "numMaxDelayRetries")
"""Retries at once, and in the phases before and after the growing delays."""


def delays(policy: Mapping[str, Any]) -> list[float]:
    """Return the seconds to wait before each retry.

    :param policy: a healthy retry policy, complete
    """
    low, high = float(policy["minDelayTarget"]), float(policy["maxDelayTarget"])
    at_once, before, after = (int(policy[phase]) for phase in PHASES)
    growing = max(int(policy["numRetries"]) - at_once - before - after, 0)
    power = BACKOFFS[policy["backoffFunction"]]
    between = [low + (high - low) * ((step + 1) / growing) ** power for step in range(growing)]
    return [0.0] * at_once + [low] * before + between + [high] * after


def policy_for(subscription: Mapping[str, Any], topic: Mapping[str, str]) -> dict[str, Any]:
    """Return the healthy retry policy of a subscription: its own, else the topic's, else the default one.

    :param subscription: the subscription's attributes
    :param topic: the topic's attributes
    """
    http = json.loads(topic.get("DeliveryPolicy") or "{}").get("http") or {}
    given = http.get("defaultHealthyRetryPolicy") or {}
    own = json.loads(subscription.get("DeliveryPolicy") or "{}").get("healthyRetryPolicy")
    if own and not http.get("disableSubscriptionOverrides"):
        given = own
    return DEFAULTS | given


def effective_policy(topic: Mapping[str, str]) -> str:
    """Return a topic's delivery policy with the defaults in it, JSON.

    :param topic: the topic's attributes
    """
    given = json.loads(topic.get("DeliveryPolicy") or "{}").get("http") or {}
    complete = {
        "disableSubscriptionOverrides": False,
        "defaultRequestPolicy": {"headerContentType": "text/plain; charset=UTF-8"},
        **given,
        "defaultHealthyRetryPolicy": DEFAULTS | (given.get("defaultHealthyRetryPolicy") or {}),
    }
    return json.dumps({"http": complete})


def check_delivery_policy(text: str, of_topic: bool) -> None:
    """Refuse a delivery policy that SNS refuses.

    :param text: the policy, JSON
    :param of_topic: whether it is a topic's; a subscription's has no ``http`` around it
    :raises InvalidParameterException: it is refused
    """
    error = InvalidParameterException("Invalid parameter: DeliveryPolicy: not a valid delivery policy")
    try:
        document = json.loads(text)
        inner = (document.get("http") or {}).get("defaultHealthyRetryPolicy") if of_topic else None
        policy = DEFAULTS | ((inner if of_topic else document.get("healthyRetryPolicy")) or {})
        low, high, retries = (int(policy[name]) for name in ("minDelayTarget", "maxDelayTarget", "numRetries"))
        phases = [int(policy[phase]) for phase in PHASES]
    except (ValueError, TypeError, AttributeError) as failure:
        raise error from failure
    fits = 1 <= low <= high <= LONGEST_SECONDS and 0 <= retries <= MOST_RETRIES
    if not fits or min(phases) < 0 or sum(phases) > retries or policy["backoffFunction"] not in BACKOFFS:
        raise error
    if sum(delays(policy)) > LONGEST_SECONDS:
        raise error
