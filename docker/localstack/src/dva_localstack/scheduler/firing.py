"""Fires schedules when they are due: retries, dead letters, and the deletion of what is completed."""

import json
import logging
import time
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import ClientError
from localstack.aws.connect import connect_to
from localstack.utils.aws.arns import parse_arn
from moto.scheduler.models import EventBridgeSchedulerBackend, Schedule

from dva_localstack.schedules.clock import Clock
from dva_localstack.schedules.expressions import At, parse

from .checks import PRINCIPAL, time_zone
from .targets import Call, call_for, perform, queue_url

LOG = logging.getLogger(__name__)

PRECISION_SECONDS = 60
"""A one-time schedule that was due no longer ago is still fired: the Scheduler's precision is a minute."""

LONGEST_WAIT_SECONDS = 60
"""Retries wait 1, 2, 4, … seconds, and no longer than this."""


@dataclass
class Attempt:
    """One occurrence of a schedule, tried until it succeeds or the retry policy is exhausted."""

    schedule: Schedule
    target: dict[str, Any]
    due: datetime
    is_last: bool
    number: int = 1


class Firing:
    """Fires the schedules of one server."""

    def __init__(self) -> None:
        self.clock = Clock("scheduler")

    def plan(self, backend: EventBridgeSchedulerBackend, schedule: Schedule) -> None:
        """Have a schedule fired from now on; what was planned for it before is void."""
        schedule.version = uuid.uuid4().hex
        start = datetime.fromtimestamp(float(schedule.start_date), UTC) if schedule.start_date else None
        now = datetime.now(UTC)
        schedule.anchor = start or now
        earliest = now.timestamp() - (
            PRECISION_SECONDS if isinstance(parse(schedule.schedule_expression), At) else 0.001
        )
        if start:
            earliest = max(earliest, start.timestamp() - 0.001)
        self._plan_next(backend, schedule, datetime.fromtimestamp(earliest, UTC))

    def _plan_next(self, backend: EventBridgeSchedulerBackend, schedule: Schedule, after: datetime) -> None:
        due = next_due(schedule, after)
        if due is None:
            return
        version = schedule.version
        self.clock.call(due.timestamp(), lambda: self._fire(backend, schedule, version, due))

    def _fire(self, backend: EventBridgeSchedulerBackend, schedule: Schedule, version: str, due: datetime) -> None:
        group = backend.schedule_groups.get(schedule.group_name)
        if group is None or group.schedules.get(schedule.name) is not schedule or schedule.version != version:
            return
        is_last = next_due(schedule, due) is None
        self._plan_next(backend, schedule, due)
        if schedule.state == "ENABLED":
            self._try(backend, Attempt(schedule, dict(schedule.target), due, is_last))

    def _try(self, backend: EventBridgeSchedulerBackend, attempt: Attempt) -> None:
        schedule = attempt.schedule
        execution = uuid.uuid4().hex[:16]
        call: Call | None = None
        try:
            call = call_for(attempt.target, given_input(attempt, execution), execution)
            perform(call, parse_arn(schedule.arn)["region"], attempt.target["RoleArn"], schedule.arn)
        except Exception as error:
            LOG.info("Schedule %s, attempt %s: %s", schedule.arn, attempt.number, error)
            exhausted = exhausted_condition(attempt)
            if not exhausted:
                attempt.number += 1
                wait = min(2 ** (attempt.number - 2), LONGEST_WAIT_SECONDS)
                self.clock.call(time.time() + wait, lambda: self._try(backend, attempt))
                return
            send_dead_letter(attempt, call, execution, error, exhausted)
        if attempt.is_last and schedule.action_after_completion == "DELETE":
            group = backend.schedule_groups.get(schedule.group_name)
            if group and group.schedules.get(schedule.name) is schedule:
                group.delete_schedule(schedule.name)


def next_due(schedule: Schedule, after: datetime) -> datetime | None:
    """Return when a schedule is due next; None if never again."""
    zone = time_zone(schedule.schedule_expression_timezone)
    assert zone is not None
    due = parse(schedule.schedule_expression).next(after, zone, schedule.anchor)
    if due and schedule.end_date and due.timestamp() > float(schedule.end_date):
        return None
    return due


def given_input(attempt: Attempt, execution: str) -> str:
    """Return a target's input, its keywords replaced; the default notification if it has none.

    https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-schedule-context-attributes.html
    """
    schedule, due = attempt.schedule, moment(attempt.due)
    text = attempt.target.get("Input")
    if text is None:
        parts = parse_arn(schedule.arn)
        event = {
            "version": "0",
            "id": str(uuid.uuid4()),
            "detail-type": "Scheduled Event",
            "source": "aws.scheduler",
            "account": parts["account"],
            "time": due,
            "region": parts["region"],
            "resources": [schedule.arn],
            "detail": "{}",
        }
        return json.dumps(event)
    keywords = {
        "schedule-arn": schedule.arn,
        "scheduled-time": due,
        "execution-id": execution,
        "attempt-number": str(attempt.number),
    }
    for name, value in keywords.items():
        text = text.replace(f"<aws.scheduler.{name}>", value)
    return text


def exhausted_condition(attempt: Attempt) -> str | None:
    """Return which limit of the retry policy an attempt that failed has reached; None if it may be repeated."""
    policy = attempt.target["RetryPolicy"]
    if attempt.number > policy.get("MaximumRetryAttempts", 185):
        return "MaximumRetryAttempts"
    age = time.time() - attempt.due.timestamp()
    return "MaximumEventAgeInSeconds" if age >= policy.get("MaximumEventAgeInSeconds", 86_400) else None


def send_dead_letter(attempt: Attempt, call: Call | None, execution: str, error: Exception, exhausted: str) -> None:
    """Send what could not be delivered to the dead-letter queue, if the target has one.

    https://docs.aws.amazon.com/scheduler/latest/UserGuide/configuring-schedule-dlq.html
    """
    arn = (attempt.target.get("DeadLetterConfig") or {}).get("Arn")
    if not arn:
        return
    code = error.response["Error"]["Code"] if isinstance(error, ClientError) else type(error).__name__
    attributes = {
        "ERROR_CODE": code,
        "ERROR_MESSAGE": str(error),
        "EXECUTION_ID": execution,
        "EXHAUSTED_RETRY_CONDITION": exhausted,
        "IS_PAYLOAD_TRUNCATED": "false",
        "RETRY_ATTEMPTS": str(attempt.number - 1),
        "SCHEDULED_TIME": moment(attempt.due),
        "SCHEDULE_ARN": attempt.schedule.arn,
        "TARGET_ARN": attempt.target["Arn"],
    }
    clients = connect_to.with_assumed_role(
        role_arn=attempt.target["RoleArn"],
        service_principal=PRINCIPAL,
        region_name=parse_arn(arn)["region"],
        session_name="scheduler",
    )
    clients.sqs.request_metadata(source_arn=attempt.schedule.arn, service_principal=PRINCIPAL).send_message(
        QueueUrl=queue_url(arn),
        MessageBody=json.dumps(call.parameters if call else attempt.target.get("Input"), default=as_text),
        MessageAttributes={name: {"DataType": "String", "StringValue": value} for name, value in attributes.items()},
    )


def as_text(value: Any) -> str:
    """Return what JSON has no type for as text."""
    return value.decode() if isinstance(value, bytes) else str(value)


def moment(due: datetime) -> str:
    """Return a time as the Scheduler writes it."""
    return due.strftime("%Y-%m-%dT%H:%M:%SZ")
