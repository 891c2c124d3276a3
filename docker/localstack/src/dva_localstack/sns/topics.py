"""What a topic's attributes may be.

https://docs.aws.amazon.com/sns/latest/api/API_SetTopicAttributes.html
"""

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from localstack.aws.api.sns import InvalidParameterException

from dva_localstack.policy.validation import MalformedPolicy, check_document

from .retries import check_delivery_policy

DEFAULT_BYTES, LARGEST_BYTES, SMALLEST_BYTES = 262_144, 1_048_576, 1_024
"""Size of a message with its attributes, and of a batch: https://docs.aws.amazon.com/sns/latest/api/API_Publish.html"""

LARGE_PROTOCOLS = ("sqs", "lambda", "firehose")
"""Subscriptions that a topic for large messages may have, and at most this many of them:"""
LARGE_SUBSCRIPTIONS = 100

NAME_CHARACTERS = 100
"""Longest ``DisplayName``."""

CHOICES = {
    "ContentBasedDeduplication": ("true", "false"),
    "FifoThroughputScope": ("Topic", "MessageGroup"),
    "SignatureVersion": ("1", "2"),
    "TracingConfig": ("PassThrough", "Active"),
}
"""The values that a word may have."""

FEEDBACK = re.compile(
    r"(HTTP|Firehose|Lambda|Application|SQS)(SuccessFeedback(RoleArn|SampleRate)|FailureFeedbackRoleArn)"
)

FREE = ("DisplayName", "KmsMasterKeyId", "Policy", "DeliveryPolicy", "MaximumMessageSize", "ArchivePolicy")
"""Names of attributes whose values are no choice."""

OF_FIFO = ("ContentBasedDeduplication", "FifoThroughputScope", "ArchivePolicy")
"""Attributes of FIFO topics only."""

ARCHIVE_DAYS = (1, 365)
"""Retention of an archive: https://docs.aws.amazon.com/sns/latest/dg/message-archiving-and-replay-topic-owner.html"""


def invalid(what: str) -> InvalidParameterException:
    """Return the error for something that is refused."""
    return InvalidParameterException(f"Invalid parameter: {what}")


def check_topic_attribute(name: str, value: str, fifo: bool, protocols: Iterable[str] = ()) -> None:
    """Refuse an attribute that SNS refuses.

    :param name: its name
    :param value: its value; empty resets it
    :param fifo: whether the topic is a FIFO topic
    :param protocols: those of the topic's subscriptions
    :raises InvalidParameterException: it is refused
    """
    if name not in (*CHOICES, *FREE) and not FEEDBACK.fullmatch(name):
        raise invalid("AttributeName")
    if not value:
        return
    value = str(value)
    fault = name in CHOICES and value.lower() not in [choice.lower() for choice in CHOICES[name]]
    if fault or (name in OF_FIFO and not fifo) or (name == "DisplayName" and len(value) > NAME_CHARACTERS):
        raise invalid(f"Attributes Reason: {name} cannot be {value}")
    if name == "Policy":
        check_policy(value)
    if name == "DeliveryPolicy":
        check_delivery_policy(value, of_topic=True)
    if name == "MaximumMessageSize":
        check_size(value, list(protocols))
    if name == "ArchivePolicy" and value != "{}":
        days = str((parsed(value) or {}).get("MessageRetentionPeriod"))
        if not (days.isdigit() and ARCHIVE_DAYS[0] <= int(days) <= ARCHIVE_DAYS[1]):
            raise invalid("ArchivePolicy: MessageRetentionPeriod must be 1 to 365 days")


def check_policy(text: str) -> None:
    """Refuse a policy that is none.

    :raises InvalidParameterException: it is refused
    """
    try:
        check_document(parsed(text), "resource")
    except MalformedPolicy as error:
        raise invalid(f"Policy Reason: {error}") from error


def check_size(value: str, protocols: list[str]) -> None:
    """Refuse a ``MaximumMessageSize`` out of range, or too large for a topic's subscriptions."""
    if not (value.isdigit() and SMALLEST_BYTES <= int(value) <= LARGEST_BYTES):
        raise invalid(f"MaximumMessageSize must be {SMALLEST_BYTES} to {LARGEST_BYTES}")
    if int(value) > DEFAULT_BYTES and (
        len(protocols) > LARGE_SUBSCRIPTIONS or any(protocol not in LARGE_PROTOCOLS for protocol in protocols)
    ):
        raise invalid(
            "MaximumMessageSize above 262144 needs a topic with 100 subscriptions at most: SQS, Lambda, Firehose"
        )


def counted(subscriptions: Iterable[Mapping[str, Any]], deleted: int) -> dict[str, str]:
    """Return the attributes that count a topic's subscriptions."""
    pending = [subscription["PendingConfirmation"] == "true" for subscription in subscriptions]
    return {
        "SubscriptionsConfirmed": str(pending.count(False)),
        "SubscriptionsPending": str(pending.count(True)),
        "SubscriptionsDeleted": str(deleted),
    }


def parsed(text: str) -> Any:
    """Return the JSON object of a text; None if it is none."""
    try:
        value = json.loads(text)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None
