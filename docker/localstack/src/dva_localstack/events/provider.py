"""LocalStack's EventBridge provider with our repairs."""

import re
from datetime import UTC, datetime
from typing import Any

from localstack.aws.api import RequestContext
from localstack.aws.api.events import InvalidEventPatternException, PutEventsResponse, PutRuleResponse
from localstack.services.events import provider as localstack_events
from localstack.services.events import replay, rule, target, utils
from localstack.services.events.archive import ArchiveService
from localstack.services.events.event_rule_engine import EventPatternCompiler, EventRuleEngine
from localstack.services.events.models import Rule, RuleState, ValidationException
from localstack.services.events.provider import EventsProvider
from localstack.services.events.replay import ReplayService
from localstack.services.events.rule import RuleService
from localstack.services.events.target import TargetSender
from localstack.services.plugins import Service

from dva_localstack.schedules.expressions import At, BadExpression, parse

from . import delivery, transformer
from .jobs import RuleJobs

ENTRIES_BYTES = 262_144
"""Size of all entries of a PutEvents: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-putevents.html"""

TIME_BYTES = 14
"""What an entry's time counts."""


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

    def _process_rules(self, rule: Rule, *event: Any) -> None:
        if rule.state != RuleState.DISABLED:
            super()._process_rules(rule, *event)

    def _get_scheduled_rule_job_function(self, account_id: str, region: str, rule: Rule) -> Any:
        call = super()._get_scheduled_rule_job_function(account_id, region, rule)

        def run() -> None:
            bus = self.get_store(region, account_id).event_buses[rule.event_bus_name]
            present = bus.rules.get(rule.name)
            if present is rule and rule.state != RuleState.DISABLED:
                call()

        return run


class CheckedEntries(EventsProvider):
    """Fault: the size of a call's entries is not counted together."""

    def put_events(self, context: RequestContext, entries: list[dict[str, Any]], **request: Any) -> PutEventsResponse:
        """Put up to ten events on buses."""
        if sum(entry_bytes(entry) for entry in entries) > ENTRIES_BYTES:
            raise ValidationException("Total size of the entries in the request is over the limit.")
        return super().put_events(context, entries, **request)


class CourseEventsProvider(CheckedRules, CheckedEntries):
    """LocalStack's provider, mended; each base says which fault it mends."""

    def on_before_stop(self) -> None:
        """Run no schedule and no retry any more."""
        super().on_before_stop()
        delivery.CLOCK.stop()


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


def entry_bytes(entry: dict[str, Any]) -> int:
    """Return what an entry counts against the limit."""
    texts = [entry.get("Source"), entry.get("DetailType"), entry.get("Detail"), *(entry.get("Resources") or [])]
    size = sum(len((text or "").encode()) for text in texts)
    return size + (TIME_BYTES if entry.get("Time") else 0)


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
    mend_replays()
    mend_patterns()
    mend_targets()
    mend_schedules()
    return Service.for_provider(CourseEventsProvider())
