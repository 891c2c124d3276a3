"""What a schedule may be.

https://docs.aws.amazon.com/scheduler/latest/APIReference/API_CreateSchedule.html
"""

import json
import re
from collections.abc import Mapping
from datetime import tzinfo
from typing import Any

from botocore.exceptions import ClientError
from dateutil.zoneinfo import get_zonefile_instance
from localstack.aws.api.scheduler import ValidationException
from localstack.aws.connect import connect_to
from localstack.utils.aws.arns import parse_arn

from dva_localstack.schedules.expressions import BadExpression, parse

PRINCIPAL = "scheduler"
"""The service's name as LocalStack's clients take it."""

ROLE = re.compile(r"arn:aws(-[a-z]+)?:iam::\d{12}:role/[\w+=,.@/-]+")
DEAD_LETTER_QUEUE = re.compile(r"arn:aws(-[a-z]+)?:sqs:[a-z0-9-]+:\d{12}:[a-zA-Z0-9_-]+")
UNIVERSAL = re.compile(r"arn:aws:scheduler:::aws-sdk:([a-z0-9]+):([a-zA-Z0-9]+)")

TEMPLATED = ("events", "firehose", "kinesis", "lambda", "sns", "sqs", "states")
"""Services whose resources can be targets by their own ARN; AWS also knows some that the emulator has not."""

JSON_INPUT = ("events", "lambda", "states")
"""Services whose input must be JSON."""

READS = ("get", "list", "describe", "batchGet", "query", "scan")
"""Actions that begin so only read, and cannot be targets."""


def check(request: Mapping[str, Any], account_id: str) -> None:
    """Refuse a schedule that the Scheduler refuses.

    :param request: the parameters of CreateSchedule or UpdateSchedule
    :param account_id: the caller's account
    :raises ValidationException: it is refused
    """
    expression = request["ScheduleExpression"]
    try:
        parse(expression)
    except BadExpression as error:
        raise ValidationException(f"Invalid Schedule Expression {expression}.") from error
    if time_zone(request.get("ScheduleExpressionTimezone")) is None:
        raise ValidationException(f"Invalid Schedule Expression Timezone {request['ScheduleExpressionTimezone']}.")
    window = request["FlexibleTimeWindow"]
    if (window["Mode"] == "FLEXIBLE") != bool(window.get("MaximumWindowInMinutes")):
        raise ValidationException("MaximumWindowInMinutes must be set for the mode FLEXIBLE, and only for it.")
    start, end = request.get("StartDate"), request.get("EndDate")
    if start and end and start >= end:
        raise ValidationException("The EndDate must be after the StartDate.")
    check_target(request["Target"])
    check_role(request["Target"]["RoleArn"], account_id)


def time_zone(name: str | None) -> tzinfo | None:
    """Return the time zone of an IANA name, UTC for none; None if there is no such zone."""
    return get_zonefile_instance().zones.get(name or "UTC")


def check_target(target: Mapping[str, Any]) -> None:
    """Refuse a target that cannot be invoked.

    :param target: as in the request
    :raises ValidationException: it is refused
    """
    arn, given = target["Arn"], target.get("Input")
    if universal := UNIVERSAL.fullmatch(arn):
        if universal[2].startswith(READS):
            raise ValidationException(f"{universal[1]}:{universal[2]} is not a supported API action: it only reads.")
        service = "json"
    else:
        try:
            service = parse_arn(arn)["service"]
        except ValueError as error:
            raise ValidationException(f"Provided Arn {arn} is not in correct format.") from error
        if service not in TEMPLATED:
            raise ValidationException(f"Provided Arn {arn} is not a supported target.")
    if given is not None and service in (*JSON_INPUT, "json") and not is_json(given):
        raise ValidationException("Provided Input is not valid JSON.")
    needed = {"kinesis": "KinesisParameters", "events": "EventBridgeParameters"}.get(service)
    if arn.endswith(".fifo") and service == "sqs":
        needed = "SqsParameters"
    if needed and not target.get(needed):
        raise ValidationException(f"{needed} must be specified for the target {arn}.")
    dead_letters = (target.get("DeadLetterConfig") or {}).get("Arn")
    if dead_letters and not DEAD_LETTER_QUEUE.fullmatch(dead_letters):
        raise ValidationException(f"{dead_letters} is not the ARN of a standard queue.")


def is_json(text: str) -> bool:
    """Return whether a text is JSON."""
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


def check_role(arn: str, account_id: str) -> None:
    """Refuse a role that the Scheduler cannot assume.

    :param arn: the execution role
    :param account_id: the schedule's account
    :raises ValidationException: there is none, or its trust policy does not name the Scheduler
    """
    refused = ValidationException(
        "The execution role you provide must allow AWS EventBridge Scheduler to assume the role."
    )
    if not ROLE.fullmatch(arn) or arn.split(":")[4] != account_id:
        raise refused
    try:
        role = connect_to(aws_access_key_id=account_id).iam.get_role(RoleName=arn.rsplit("/", 1)[-1])["Role"]
    except ClientError as error:
        raise refused from error
    trust = role["AssumeRolePolicyDocument"]
    statements = trust["Statement"] if isinstance(trust["Statement"], list) else [trust["Statement"]]
    for statement in statements:
        principal = statement.get("Principal") or {}
        services = principal.get("Service", []) if isinstance(principal, dict) else []
        named = [services] if isinstance(services, str) else services
        if statement["Effect"] == "Allow" and f"{PRINCIPAL}.amazonaws.com" in named:
            return
    raise refused
