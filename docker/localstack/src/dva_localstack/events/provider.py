"""LocalStack's EventBridge provider with our repairs."""

import re
from datetime import UTC, datetime
from typing import Any

from localstack.aws.api import RequestContext
from localstack.aws.api.events import (
    CreateEventBusResponse,
    PutEventsResponse,
    PutRuleResponse,
    PutTargetsResponse,
    PutTargetsResultEntry,
)
from localstack.services.events import provider as localstack_events
from localstack.services.events import replay, rule, target, utils
from localstack.services.events.archive import ArchiveService
from localstack.services.events.event_rule_engine import EventRuleEngine
from localstack.services.events.models import Rule, RuleState, ValidationException
from localstack.services.events.provider import EventsProvider
from localstack.services.events.replay import ReplayService
from localstack.services.events.rule import RuleService
from localstack.services.events.target import TargetSender, TargetSenderFactory
from localstack.services.plugins import Service

from . import delivery, transformer
from .checks import (
    ENTRIES_BYTES,
    check_pattern,
    check_schedule,
    check_targets,
    entry_bytes,
    fault_of,
    validate_entry,
)
from .destinations import ApiDestination
from .jobs import RuleJobs

OF_AN_ARCHIVE = "Events-Archive-"
"""Names of rules that EventBridge makes for archives begin so."""

AWS_SOURCE = "aws."
"""Only AWS's own services put events whose source begins so."""


class CheckedRules(EventsProvider):
    """Faults: a pattern that means nothing is kept; a rule that is disabled acts all the same."""

    def put_rule(
        self,
        context: RequestContext,
        name: str,
        schedule_expression: str | None = None,
        event_pattern: str | None = None,
        **request: Any,
    ) -> PutRuleResponse:
        """Create or change a rule."""
        if event_pattern:
            check_pattern(event_pattern)
        if schedule_expression:
            check_schedule(schedule_expression)
        return super().put_rule(context, name, schedule_expression, event_pattern, **request)

    def create_archive(self, context: RequestContext, **request: Any) -> Any:
        """Create an archive."""
        if request.get("event_pattern"):
            check_pattern(request["event_pattern"])
        return super().create_archive(context, **request)

    def _process_rules(self, rule: Rule, region: str, account_id: str, event: Any, *more: Any) -> None:
        if rule.state != RuleState.DISABLED and self._gets(rule, region, account_id, event):
            super()._process_rules(rule, region, account_id, event, *more)

    def _gets(self, rule: Rule, region: str, account_id: str, event: dict[str, Any]) -> bool:
        """Return whether a rule gets an event; a replay may name the rules that get its events."""
        replayed = self.get_store(region, account_id).replays.get(event.get("replay-name") or "")
        named = (replayed.destination.get("FilterArns") or []) if replayed else []
        return not named or rule.arn in named

    def _get_scheduled_rule_job_function(self, account_id: str, region: str, rule: Rule) -> Any:
        call = super()._get_scheduled_rule_job_function(account_id, region, rule)

        def run() -> None:
            bus = self.get_store(region, account_id).event_buses[rule.event_bus_name]
            present = bus.rules.get(rule.name)
            if present is rule and rule.state != RuleState.DISABLED:
                call()

        return run


class CheckedTargets(EventsProvider):
    """Faults: targets that are refused are kept; a bus may have any name, and goes with its rules."""

    def put_targets(
        self,
        context: RequestContext,
        rule: str,
        targets: list[dict[str, Any]],
        event_bus_name: str | None = None,
        **request: Any,
    ) -> PutTargetsResponse:
        """Add targets to a rule, or change them."""
        service = self.get_rule_service(context.region, context.account_id, rule, event_bus_name)
        check_targets(service.rule, targets)
        faults = {target["Id"]: fault for target in targets if (fault := fault_of(target))}
        good: list[Any] = [target for target in targets if target["Id"] not in faults]
        if good:
            super().put_targets(context, rule, good, event_bus_name, **request)
        failed = [
            PutTargetsResultEntry(TargetId=identity, ErrorCode="ValidationException", ErrorMessage=fault)
            for identity, fault in faults.items()
        ]
        return PutTargetsResponse(FailedEntryCount=len(failed), FailedEntries=failed)

    def create_event_bus(self, context: RequestContext, name: str, **request: Any) -> CreateEventBusResponse:
        """Create a bus."""
        if "/" in name and not request.get("event_source_name"):
            raise ValidationException("Event bus name must not contain '/'.")
        return super().create_event_bus(context, name, **request)

    def delete_event_bus(self, context: RequestContext, name: str, **request: Any) -> None:
        """Delete a bus that has no rules but those of its archives."""
        bus = self.get_store(context.region, context.account_id).event_buses.get(name)
        if bus and any(not name.startswith(OF_AN_ARCHIVE) for name in bus.rules):
            raise ValidationException("EventBus can't be deleted since it has rules.")
        super().delete_event_bus(context, name, **request)

    def put_permission(self, context: RequestContext, event_bus_name: str | None = None, **request: Any) -> None:
        """Let others put events on a bus."""
        super().put_permission(context, event_bus_name or "default", **request)

    def remove_permission(
        self,
        context: RequestContext,
        statement_id: str | None = None,
        remove_all_permissions: bool | None = None,
        event_bus_name: str | None = None,
        **request: Any,
    ) -> None:
        """Take a permission back."""
        bus = event_bus_name or "default"
        super().remove_permission(context, statement_id, remove_all_permissions, bus, **request)


class CheckedEntries(EventsProvider):
    """Faults: the size of a call's entries is not counted together; anybody may put events of AWS's services."""

    def put_events(self, context: RequestContext, entries: list[dict[str, Any]], **request: Any) -> PutEventsResponse:
        """Put up to ten events on buses."""
        if sum(entry_bytes(entry) for entry in entries) > ENTRIES_BYTES:
            raise ValidationException("Total size of the entries in the request is over the limit.")
        return super().put_events(context, entries, **request)

    def _process_entry(self, entry: Any, processed: list[Any], failed: dict[str, int], context: RequestContext) -> None:
        is_foreign = (entry.get("Source") or "").startswith(AWS_SOURCE) and not entry.get("ReplayName")
        if is_foreign and not context.is_internal_call:
            processed.append(
                {
                    "ErrorCode": "NotAuthorizedForSourceException",
                    "ErrorMessage": "Not authorized for the source.",
                }
            )
            failed["count"] += 1
            return
        super()._process_entry(entry, processed, failed, context)


class CourseEventsProvider(CheckedRules, CheckedTargets, CheckedEntries):
    """LocalStack's provider, mended; each base says which fault it mends."""

    def on_before_stop(self) -> None:
        """Run no schedule and no retry any more."""
        super().on_before_stop()
        delivery.CLOCK.stop()


def as_time(moment: Any) -> datetime:
    """Return an event's time, which is a text in LocalStack's archives."""
    if isinstance(moment, str):
        return datetime.strptime(moment, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    return moment


def mend_replays() -> None:
    """Fault: an archive keeps times as texts and compares them as times, which fails every replay."""
    normalize, re_format = ArchiveService._normalize_datetime, utils.re_format_event

    def with_time(event: dict[str, Any], bus: str) -> Any:
        return {**re_format(event, bus), "Time": as_time(event["time"])}

    def last_replayed(service: ReplayService, events: list[dict[str, Any]]) -> None:
        service.replay.event_last_replayed_time = max(as_time(event["time"]) for event in events)

    ArchiveService._normalize_datetime = lambda service, moment: normalize(service, as_time(moment))
    ReplayService._set_event_last_replayed_time = last_replayed
    replay.re_format_event = with_time


def mend_patterns() -> None:
    """Fault: a wildcard stands for one character at least; on AWS it may stand for none."""

    def matches(condition: str, value: Any) -> bool:
        pieces = [re.escape(piece) for piece in re.split(r"(?<!\\)\*", condition)]
        return isinstance(value, str) and re.fullmatch(".*".join(pieces), value, re.DOTALL) is not None

    EventRuleEngine._evaluate_wildcard = staticmethod(matches)


def mend_targets() -> None:
    """Put our transformer and our deliveries in the place of LocalStack's; they name the faults."""
    target.get_template_replacements = transformer.values_of
    target.replace_template_placeholders = transformer.fill
    send = TargetSender.process_event

    def process_event(sender: TargetSender, event: dict[str, Any], trace_header: Any) -> None:
        delivery.deliver(send, sender, event, trace_header)

    TargetSender.process_event = process_event
    TargetSenderFactory.register_target_sender("events_api_destination", ApiDestination)


def mend_schedules() -> None:
    """Put :class:`RuleJobs` in the place of LocalStack's scheduler.

    Further fault: each PutTargets adds a job, so that a rule runs several times.
    """
    rule.JobScheduler = localstack_events.JobScheduler = RuleJobs
    rule.convert_schedule_to_cron = lambda expression: expression
    rule.RULE_SCHEDULE_CRON_REGEX = re.compile(r"cron\(.*\)")
    create = RuleService.create_schedule_job

    def create_schedule_job(service: RuleService, call: Any) -> None:
        if job_id := getattr(service, "job_id", None):
            RuleJobs.instance().cancel_job(job_id)
        create(service, call)

    RuleService.create_schedule_job = create_schedule_job


def create_service() -> Service:
    """Return EventBridge."""
    localstack_events.validate_event = validate_entry
    mend_replays()
    mend_patterns()
    mend_targets()
    mend_schedules()
    return Service.for_provider(CourseEventsProvider())
