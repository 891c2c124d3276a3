"""Retries of a rule's target, and its dead-letter queue.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-retry-policy.html
"""

import json
import logging
import time
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

from botocore.exceptions import ClientError
from localstack.aws.connect import connect_to
from localstack.services.events.target import TargetSender
from localstack.utils.aws.arns import parse_arn, sqs_queue_url_for_arn

from dva_localstack.schedules.clock import Clock

LOG = logging.getLogger(__name__)

CLOCK = Clock("events-retries")

ATTEMPTS, AGE_SECONDS = 185, 86_400
"""Retries and age of an event, unless the target's RetryPolicy says otherwise."""

LONGEST_WAIT_SECONDS = 60
"""Retries wait 1, 2, 4, … seconds, and no longer than this."""

ORIGINAL: ContextVar[dict[str, Any]] = ContextVar("the event that is being sent, before any transformation")

NO_PERMISSIONS = ("AccessDenied", "AccessDeniedException", "AuthorizationError", "AuthorizationErrorException")
"""Errors that retries do not mend: the role or the resource's policy does not allow the call."""


class FailedDelivery(Exception):
    """A target that is no AWS API did not take an event."""

    def __init__(self, message: str, permanent: bool = False, wait_seconds: float = 0.0) -> None:
        """Say what happened.

        :param message: in words
        :param permanent: whether to try it again is in vain
        :param wait_seconds: how long the target wants to be left alone
        """
        super().__init__(message)
        self.permanent = permanent
        self.wait_seconds = wait_seconds


def deliver(
    send: Callable[[Any, dict[str, Any], Any], None], sender: TargetSender, event: dict[str, Any], trace: Any
) -> None:
    """Send an event to a target; repeat it, or put it on the dead-letter queue, if that fails.

    Fault: LocalStack tries once and drops the event.

    :param send: LocalStack's own method of the sender
    :param sender: the target's sender
    :param event: the event
    :param trace: the trace header
    """
    began = time.time()

    def attempt(number: int) -> None:
        ORIGINAL.set(event)
        try:
            send(sender, dict(event), trace)
        except Exception as error:
            LOG.info("Target %s of %s: %s", sender.arn, sender.rule_arn, error)
            policy = sender.target.get("RetryPolicy") or {}
            exhausted = None
            if number > policy.get("MaximumRetryAttempts", ATTEMPTS):
                exhausted = "MaximumRetryAttempts"
            elif time.time() - began >= policy.get("MaximumEventAgeInSeconds", AGE_SECONDS):
                exhausted = "MaximumEventAgeInSeconds"
            code = error_code(error)
            failed = error if isinstance(error, FailedDelivery) else FailedDelivery(str(error))
            if exhausted or failed.permanent or code in ("NO_PERMISSIONS", "NO_RESOURCE"):
                send_dead_letter(sender, event, code, str(error), number - 1, exhausted)
            else:
                wait = max(min(2 ** (number - 1), LONGEST_WAIT_SECONDS), failed.wait_seconds)
                CLOCK.call(time.time() + wait, lambda: attempt(number + 1))

    attempt(1)


def error_code(error: Exception) -> str:
    """Return how EventBridge names a failure: what retries mend is an ``SDK_CLIENT_ERROR`` or ``THROTTLING``."""
    code = error.response["Error"]["Code"] if isinstance(error, ClientError) else ""
    if code in NO_PERMISSIONS:
        return "NO_PERMISSIONS"
    if "NotFound" in code or "NonExistent" in code or "DoesNotExist" in code:
        return "NO_RESOURCE"
    return "THROTTLING" if "Throttl" in code or "TooManyRequests" in code else "SDK_CLIENT_ERROR"


def send_dead_letter(
    sender: TargetSender, event: dict[str, Any], code: str, message: str, retries: int, exhausted: str | None
) -> None:
    """Send an event to a target's dead-letter queue, if it has one.

    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html
    """
    arn = (sender.target.get("DeadLetterConfig") or {}).get("Arn")
    if not arn:
        return
    attributes = {
        "RULE_ARN": sender.rule_arn,
        "TARGET_ARN": sender.arn,
        "ERROR_CODE": code,
        "ERROR_MESSAGE": message,
        "RETRY_ATTEMPTS": str(retries),
    }
    if exhausted:
        attributes["EXHAUSTED_RETRY_CONDITION"] = exhausted
    client = connect_to(aws_access_key_id=sender.account_id, region_name=parse_arn(arn)["region"]).sqs
    client.request_metadata(service_principal="events", source_arn=sender.rule_arn).send_message(
        QueueUrl=sqs_queue_url_for_arn(arn),
        MessageBody=json.dumps({key: value for key, value in event.items() if key != "event-bus-name"}, default=str),
        MessageAttributes={name: {"DataType": "String", "StringValue": value} for name, value in attributes.items()},
    )
