"""What a message and a request about messages may be.

https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html
"""

import re
from collections.abc import Mapping
from typing import Any

from localstack.aws.api import CommonServiceException
from localstack.aws.api.sqs import BatchResultErrorEntry, InvalidAttributeName
from localstack.services.sqs.exceptions import InvalidParameterValueException

ATTRIBUTES = 10
"""Attributes that a message may have."""

NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")

SYSTEM_ATTRIBUTES = (
    *("All", "ApproximateFirstReceiveTimestamp", "ApproximateReceiveCount", "AWSTraceHeader"),
    *("DeadLetterQueueSourceArn", "MessageDeduplicationId", "MessageGroupId", "SenderId", "SentTimestamp"),
    "SequenceNumber",
)
"""What a receive may ask for:
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ReceiveMessage.html"""

DELAY_SECONDS = (0, 900)
TIMEOUT_SECONDS = (0, 43_200)

QUERY_CODES = {"MissingRequiredParameterException": "MissingParameter"}
"""Codes in SQS's answers that are not just LocalStack's without ``Exception``."""


class MessageNotInflight(CommonServiceException):
    """The message is visible again, or was never received."""

    def __init__(self) -> None:
        super().__init__("MessageNotInflight", "The specified message isn't in flight.", 400, True)


def check_range(value: int | None, name: str, least: int, most: int) -> None:
    """Refuse a number of a request.

    :param value: the number; None passes
    :param name: the parameter's name
    :param least: smallest value
    :param most: largest value
    :raises InvalidParameterValueException: it is out of range
    """
    if value is not None and not least <= value <= most:
        raise InvalidParameterValueException(
            f"Value {value} for parameter {name} is invalid. Reason: Must be between {least} and {most}, if provided."
        )


def check_message_attributes(attributes: Mapping[str, Any] | None) -> None:
    """Refuse more than ten attributes, and numbers that are none.

    :param attributes: a message's attributes by name
    :raises InvalidParameterValueException: they are refused
    """
    attributes = attributes or {}
    if len(attributes) > ATTRIBUTES:
        raise InvalidParameterValueException(
            f"Number of message attributes [{len(attributes)}] exceeds the allowed maximum [{ATTRIBUTES}]."
        )
    for name, attribute in attributes.items():
        if ".." in name:
            raise InvalidParameterValueException(f"The message attribute name '{name}' has successive periods.")
        kind = (attribute.get("DataType") or "").split(".")[0]
        if kind == "Number" and not NUMBER.fullmatch(attribute.get("StringValue") or ""):
            raise InvalidParameterValueException(
                f"Can't cast the value of message (user) attribute '{name}' to a number."
            )
        if kind == "Binary" and not attribute.get("BinaryValue"):
            raise InvalidParameterValueException(
                f"The message (user) attribute '{name}' must contain a non-empty message attribute value."
            )


def check_asked(names: list[str] | None) -> None:
    """Refuse names of system attributes that there are not.

    :raises InvalidAttributeName: one is unknown
    """
    for name in names or []:
        if name not in SYSTEM_ATTRIBUTES:
            raise InvalidAttributeName(f"Unknown Attribute {name}.")


def check_system_attributes(attributes: Mapping[str, Any] | None) -> None:
    """Refuse system attributes other than the trace header.

    https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html

    :raises InvalidParameterValueException: they are refused
    """
    for name in attributes or {}:
        if name != "AWSTraceHeader":
            raise InvalidParameterValueException(f"Message system attribute name '{name}' is invalid.")


def as_sqs_says(failed: list[BatchResultErrorEntry] | None) -> list[BatchResultErrorEntry]:
    """Return a batch's failed entries with the codes that SQS uses.

    Fault: LocalStack gives its own exceptions' names and blames the server; all of them are the sender's.
    """
    for entry in failed or []:
        code = entry["Code"]
        entry["Code"] = QUERY_CODES.get(code, code.removesuffix("Exception"))
        entry["SenderFault"] = True
    return failed or []
