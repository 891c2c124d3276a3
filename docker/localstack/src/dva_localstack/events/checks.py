"""What rules, targets and entries of EventBridge may be."""

import json
from collections.abc import Mapping
from typing import Any

from botocore.utils import InvalidArnException
from localstack.aws.api.events import InvalidEventPatternException, LimitExceededException
from localstack.services.events.event_rule_engine import EventPatternCompiler
from localstack.services.events.models import Rule, ValidationException
from localstack.services.events.target import TargetSenderFactory
from localstack.utils.aws.arns import parse_arn

from dva_localstack.schedules.expressions import At, BadExpression, parse

TARGETS = 5
"""Targets of a rule: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-quota.html"""

NEED_ROLE = ("firehose", "kinesis", "states")
"""Services that EventBridge invokes with the target's role only:
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-resource-based.html"""

ENTRIES_BYTES = 1_048_576
"""Size of all entries of a PutEvents: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-putevents.html"""

TIME_BYTES = 14
"""What an entry's time counts."""


def check_pattern(text: str) -> None:
    """Refuse a pattern that means nothing.

    :param text: the pattern, JSON
    :raises InvalidEventPatternException: it is refused
    """
    if EventPatternCompiler().compile_event_pattern(text) == {}:
        raise InvalidEventPatternException("Event pattern is not valid. Reason: Filter is empty")


def check_schedule(text: str) -> None:
    """Refuse a schedule of a rule that is neither ``rate`` nor ``cron``.

    :param text: the expression
    :raises ValidationException: it is refused
    """
    try:
        if not isinstance(parse(text), At):
            return
    except BadExpression:
        pass
    raise ValidationException("Parameter ScheduleExpression is not valid.")


def check_targets(rule: Rule, targets: list[dict[str, Any]]) -> None:
    """Refuse targets that EventBridge refuses as a whole.

    :raises LimitExceededException: the rule would have more than five
    :raises ValidationException: one of them is wrong
    """
    if len({*rule.targets, *(target["Id"] for target in targets)}) > TARGETS:
        raise LimitExceededException("The requested resource exceeds the maximum number allowed.")
    for target in targets:
        identity = target["Id"]
        inputs = [name for name in ("Input", "InputPath", "InputTransformer") if target.get(name)]
        if len(inputs) > 1:
            raise ValidationException(
                f"Only one of Input, InputPath, or InputTransformer must be provided for target {identity}."
            )
        if target.get("Input") and not is_json(target["Input"]):
            raise ValidationException(f"JSON syntax error in input for target {identity}.")
        if service_of(target["Arn"]) in NEED_ROLE and not target.get("RoleArn"):
            raise ValidationException(f"RoleArn is required for target {target['Arn']}.")


def fault_of(target: Mapping[str, Any]) -> str | None:
    """Return why EventBridge does not take one target among others; None if it does."""
    arn = target["Arn"]
    service = service_of(arn)
    known = service in TargetSenderFactory.target_map
    if not arn.startswith("arn:") or not known:
        return f"Parameter {arn} is not valid. Reason: Provided Arn is not in correct format."
    if service == "sqs" and arn.endswith(".fifo") and not target.get("SqsParameters"):
        return f"Parameter(s) SqsParameters must be specified for target: {target['Id']}."
    return None


def service_of(arn: str) -> str:
    """Return the service in an ARN; empty if it is none."""
    try:
        return parse_arn(arn)["service"]
    except InvalidArnException:
        return ""


def is_json(text: str) -> bool:
    """Return whether a text is JSON."""
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


def entry_bytes(entry: Mapping[str, Any]) -> int:
    """Return what an entry counts against the limit."""
    texts = [entry.get("Source"), entry.get("DetailType"), entry.get("Detail"), *(entry.get("Resources") or [])]
    size = sum(len((text or "").encode()) for text in texts)
    return size + (TIME_BYTES if entry.get("Time") else 0)


def validate_entry(entry: Mapping[str, Any]) -> dict[str, str] | None:
    """Return why an entry is not taken; None if it is.

    Fault: LocalStack refuses a whole call for a detail of 256 KiB, which was the limit until 2026.
    """
    for name in ("Source", "DetailType", "Detail"):
        if not entry.get(name):
            return {
                "ErrorCode": "InvalidArgument",
                "ErrorMessage": f"Parameter {name} is not valid. Reason: {name} is a required argument.",
            }
    if not (is_json(entry["Detail"]) and isinstance(json.loads(entry["Detail"]), dict)):
        return {"ErrorCode": "MalformedDetail", "ErrorMessage": "Detail is malformed."}
    return None
