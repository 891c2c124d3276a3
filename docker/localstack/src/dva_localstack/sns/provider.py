"""LocalStack's SNS provider with our repairs."""

import json
import re
from collections.abc import Mapping
from typing import Any

from botocore.utils import InvalidArnException
from localstack.aws.api import RequestContext
from localstack.aws.api.sns import (
    EmptyBatchRequestException,
    InvalidParameterException,
    InvalidParameterValueException,
    PublishBatchResponse,
    PublishResponse,
    SubscribeResponse,
)
from localstack.services.plugins import Service
from localstack.services.sns.provider import SnsProvider
from localstack.utils.aws.arns import parse_arn

SUBJECT = re.compile(r"(?=[A-Za-z0-9!-/:-@\[-`{-~])[ -~]{1,100}")
"""ASCII without control characters that begins with a letter, a digit or a punctuation mark:
https://docs.aws.amazon.com/sns/latest/api/API_Publish.html"""

MAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")

NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")


class CheckedMessages(SnsProvider):
    """Faults: subjects, numbers and lists are not checked; an empty batch is an internal error."""

    def publish(self, context: RequestContext, message: str, **request: Any) -> PublishResponse:
        """Publish a message."""
        check_subject(request.get("subject"))
        check_attributes(request.get("message_attributes"))
        return super().publish(context, message, **request)

    def publish_batch(
        self, context: RequestContext, topic_arn: str, publish_batch_request_entries: list[dict[str, Any]], **more: Any
    ) -> PublishBatchResponse:
        """Publish up to ten messages."""
        if not publish_batch_request_entries:
            raise EmptyBatchRequestException("The batch request doesn't contain any entries.")
        for entry in publish_batch_request_entries:
            check_subject(entry.get("Subject"))
            check_attributes(entry.get("MessageAttributes"))
        return super().publish_batch(context, topic_arn, publish_batch_request_entries, **more)


class CheckedEndpoints(SnsProvider):
    """Fault: anything is an endpoint of a function or a mailbox."""

    def subscribe(
        self, context: RequestContext, topic_arn: str, protocol: str, endpoint: str | None = None, **request: Any
    ) -> SubscribeResponse:
        """Subscribe an endpoint to a topic."""
        if protocol in ("lambda", "firehose") and service_of(endpoint or "") != protocol:
            raise InvalidParameterException(f"Invalid parameter: {protocol.capitalize()} endpoint ARN")
        if protocol in ("email", "email-json") and not MAIL.fullmatch(endpoint or ""):
            raise InvalidParameterException("Invalid parameter: Email address")
        return super().subscribe(context, topic_arn, protocol, endpoint, **request)


class CourseSnsProvider(CheckedMessages, CheckedEndpoints):
    """LocalStack's provider, mended; each base says which fault it mends."""


def check_subject(subject: str | None) -> None:
    """Refuse a subject that SNS refuses.

    :raises InvalidParameterException: it is refused
    """
    if subject and not SUBJECT.fullmatch(subject):
        raise InvalidParameterException("Invalid parameter: Subject")


def check_attributes(attributes: Mapping[str, Any] | None) -> None:
    """Refuse numbers that are none, and lists that are none.

    :raises InvalidParameterValueException: they are refused
    """
    for name, attribute in (attributes or {}).items():
        kind, value = attribute.get("DataType") or "", attribute.get("StringValue") or ""
        if kind.split(".")[0] == "Number" and not NUMBER.fullmatch(value):
            raise InvalidParameterValueException(f"Could not cast message attribute '{name}' value to number.")
        if kind == "String.Array" and not is_list(value):
            raise InvalidParameterValueException(f"Could not parse message attribute '{name}' value as a list.")


def is_list(text: str) -> bool:
    """Return whether a text is a JSON list."""
    try:
        return isinstance(json.loads(text), list)
    except ValueError:
        return False


def service_of(arn: str) -> str:
    """Return the service in an ARN; empty if it is none."""
    try:
        return parse_arn(arn)["service"]
    except InvalidArnException:
        return ""


def create_service() -> Service:
    """Return SNS."""
    return Service.for_provider(CourseSnsProvider())
