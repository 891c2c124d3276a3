"""What a queue's attributes may be.

https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SetQueueAttributes.html
"""

import json
from collections.abc import Callable, Mapping
from typing import Any

from localstack.services.sqs.exceptions import InvalidAttributeValue, InvalidParameterValueException
from localstack.services.sqs.models import SqsQueue
from localstack.utils.aws.arns import parse_arn

from dva_localstack.iam import identities
from dva_localstack.policy.validation import MalformedPolicy, check_document

RANGES = {
    "DelaySeconds": (0, 900),
    "KmsDataKeyReusePeriodSeconds": (60, 86_400),
    "MaximumMessageSize": (1_024, 1_048_576),
    "MessageRetentionPeriod": (60, 1_209_600),
    "ReceiveMessageWaitTimeSeconds": (0, 20),
    "VisibilityTimeout": (0, 43_200),
}
"""Smallest and largest value: seconds, and bytes for the size."""

CHOICES = {
    "ContentBasedDeduplication": ("true", "false"),
    "DeduplicationScope": ("messageGroup", "queue"),
    "FifoQueue": ("true", "false"),
    "FifoThroughputLimit": ("perQueue", "perMessageGroupId"),
    "SqsManagedSseEnabled": ("true", "false"),
}
"""The values that a word may have."""

RECEIVES = (1, 1_000)
"""Smallest and largest ``maxReceiveCount``."""

PERMISSIONS = ("allowAll", "denyAll", "byQueue")
"""Values of ``redrivePermission``."""

SOURCES = 10
"""How many source queues a ``RedriveAllowPolicy`` may name."""

FindQueue = Callable[[str], SqsQueue | None]
"""Returns the queue of an ARN, or None."""


def check_attributes(
    attributes: Mapping[str, str], existing: Mapping[str, str], queue_arn: str, find: FindQueue
) -> None:
    """Refuse attributes that SQS refuses.

    :param attributes: the attributes of the request
    :param existing: the attributes that the queue has; empty for a new one
    :param queue_arn: the queue's ARN
    :param find: finds dead-letter queues
    :raises InvalidAttributeValue: a value is out of range, no number, or no such word
    :raises InvalidParameterValueException: a redrive policy names what cannot be used
    """
    for name, value in attributes.items():
        if name in RANGES and not within(value, *RANGES[name]):
            raise invalid(name)
        if name in CHOICES and value.lower() not in [choice.lower() for choice in CHOICES[name]]:
            raise invalid(name)
    if attributes.get("Policy"):
        check_policy(attributes["Policy"])
    if attributes.get("KmsMasterKeyId") and attributes.get("SqsManagedSseEnabled", "").lower() == "true":
        raise InvalidAttributeValue(
            "You can use one type of server-side encryption (SSE) at one time: either SSE-KMS or SSE-SQS."
        )
    merged = {**existing, **attributes}
    if merged.get("FifoThroughputLimit") == "perMessageGroupId" and merged.get("DeduplicationScope") != "messageGroup":
        raise invalid("FifoThroughputLimit")
    if text := attributes.get("RedrivePolicy"):
        check_redrive_policy(text, merged.get("FifoQueue", "").lower() == "true", queue_arn, find)
    if text := attributes.get("RedriveAllowPolicy"):
        check_redrive_allow_policy(text)


def check_policy(text: str) -> None:
    """Refuse a policy that is none.

    :param text: the policy, JSON
    :raises InvalidAttributeValue: it is refused
    """
    document = parsed(text)
    if isinstance(document, dict) and document.get("Statement") == []:
        return
    try:
        check_document(document, "resource")
    except MalformedPolicy as error:
        raise invalid("Policy") from error
    if identities.missing_in(document):
        raise invalid("Policy")


def other_encryption(attributes: Mapping[str, str]) -> dict[str, str]:
    """Return what a choice of encryption changes: a queue has a KMS key or SQS's own, not both.

    https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-server-side-encryption.html

    :param attributes: the attributes of a request
    """
    if attributes.get("KmsMasterKeyId"):
        return {"SqsManagedSseEnabled": "false"}
    return {"KmsMasterKeyId": ""} if attributes.get("SqsManagedSseEnabled", "").lower() == "true" else {}


def check_tags(tags: Mapping[str, str] | None) -> None:
    """Refuse tags whose keys are AWS's own.

    https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-queues.html

    :raises InvalidParameterValueException: they are refused
    """
    for key in tags or {}:
        if key.lower().startswith("aws:"):
            raise InvalidParameterValueException(f"Tag key {key} is invalid. Reason: aws: is a reserved prefix.")


def check_redrive_policy(text: str, fifo: bool, queue_arn: str, find: FindQueue) -> None:
    """Refuse a redrive policy that names no usable queue.

    :param text: the policy, JSON
    :param fifo: whether the source is a FIFO queue
    :param queue_arn: the source's ARN
    :param find: finds the dead-letter queue
    :raises InvalidParameterValueException: it is refused
    """

    def refuse(reason: str) -> InvalidParameterValueException:
        return InvalidParameterValueException(f"Value {text} for parameter RedrivePolicy is invalid. Reason: {reason}")

    policy = parsed(text)
    if not isinstance(policy, dict):
        raise refuse("Redrive policy is not a valid JSON map.")
    target, count = policy.get("deadLetterTargetArn"), policy.get("maxReceiveCount")
    if not isinstance(target, str):
        raise refuse("Redrive policy does not contain mandatory attribute: deadLetterTargetArn.")
    if count is None:
        raise refuse("Redrive policy does not contain mandatory attribute: maxReceiveCount.")
    if not within(str(count), *RECEIVES):
        raise refuse(f"Invalid value for maxReceiveCount: {count}, valid values are from 1 to 1000 both inclusive.")
    queue = find(target)
    if queue is None:
        raise refuse("Dead letter target does not exist.")
    if queue.name.endswith(".fifo") != fifo:
        raise refuse("Dead-letter queue must be same type of queue as the source.")
    if parse_arn(target)["region"] != parse_arn(queue_arn)["region"]:
        raise refuse("Dead-letter queue must be in the Region of the source.")
    if not may_use(queue_arn, queue):
        raise refuse("The dead-letter queue's RedriveAllowPolicy does not allow this source queue.")


def may_use(source_arn: str, dead_letter_queue: SqsQueue) -> bool:
    """Return whether a queue's ``RedriveAllowPolicy`` lets another one use it as its dead-letter queue."""
    policy = parsed(dead_letter_queue.attributes.get("RedriveAllowPolicy") or "{}") or {}
    permission = policy.get("redrivePermission", "allowAll")
    return permission == "allowAll" or (permission == "byQueue" and source_arn in policy.get("sourceQueueArns", []))


def check_redrive_allow_policy(text: str) -> None:
    """Refuse a ``RedriveAllowPolicy`` that makes no sense.

    :param text: the policy, JSON
    :raises InvalidParameterValueException: it is refused
    """
    policy = parsed(text)
    fault = None
    if not isinstance(policy, dict) or policy.get("redrivePermission") not in PERMISSIONS:
        fault = f"redrivePermission must be one of {', '.join(PERMISSIONS)}."
    elif ("sourceQueueArns" in policy) != (policy["redrivePermission"] == "byQueue"):
        fault = "sourceQueueArns must be given with redrivePermission byQueue, and only then."
    elif not 0 < len(policy.get("sourceQueueArns", ["any"])) <= SOURCES:
        fault = f"sourceQueueArns must name 1 to {SOURCES} queues."
    if fault:
        raise InvalidParameterValueException(
            f"Value {text} for parameter RedriveAllowPolicy is invalid. Reason: {fault}"
        )


def invalid(name: str) -> InvalidAttributeValue:
    """Return the error for a value that an attribute cannot have."""
    return InvalidAttributeValue(f"Invalid value for the parameter {name}.")


def within(value: str, least: int, most: int) -> bool:
    """Return whether a text is a whole number in a range."""
    try:
        return least <= int(value) <= most
    except ValueError:
        return False


def parsed(text: str) -> Any:
    """Return the JSON value of a text; None if it is none."""
    try:
        return json.loads(text)
    except ValueError:
        return None
