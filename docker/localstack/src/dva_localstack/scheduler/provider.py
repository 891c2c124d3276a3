"""LocalStack's Scheduler provider, whose schedules fire."""

from typing import Any

from localstack.aws.api import RequestContext
from localstack.aws.api.scheduler import (
    ConflictException,
    CreateScheduleGroupOutput,
    CreateScheduleOutput,
    DeleteScheduleGroupOutput,
    ResourceNotFoundException,
    UpdateScheduleOutput,
    ValidationException,
)
from localstack.services.moto import MotoFallbackDispatcher, call_moto
from localstack.services.plugins import Service
from localstack.services.scheduler import provider as localstack_scheduler
from localstack.services.scheduler.provider import SchedulerProvider
from moto.scheduler.models import EventBridgeSchedulerBackend, scheduler_backends

from .checks import check
from .firing import Firing


class CourseSchedulerProvider(SchedulerProvider):
    """Faults: nothing ever fires; times, targets, roles and groups are not checked."""

    def __init__(self) -> None:
        super().__init__()
        self.firing = Firing()

    def on_before_stop(self) -> None:
        """Fire nothing any more."""
        self.firing.clock.stop()

    def create_schedule(self, context: RequestContext, **request: Any) -> CreateScheduleOutput:
        """Create a schedule and have it fired."""
        backend = self._checked(context)
        given = context.service_request
        group = backend.schedule_groups[given.get("GroupName") or "default"]
        same = group.schedules.get(given["Name"])
        # A client that is not sure sends the same request, its token included, again.
        if same and given.get("ClientToken") and getattr(same, "created_by", None) == given:
            return CreateScheduleOutput(ScheduleArn=same.arn)
        answer = call_moto(context)
        group.schedules[given["Name"]].created_by = given
        self._plan(context, backend)
        return CreateScheduleOutput(ScheduleArn=answer["ScheduleArn"])

    def update_schedule(self, context: RequestContext, **request: Any) -> UpdateScheduleOutput:
        """Replace a schedule, all of it: what the request leaves out gets its default."""
        backend = self._checked(context)
        answer = call_moto(context)
        given = context.service_request
        schedule = backend.get_schedule(given.get("GroupName"), given["Name"])
        schedule.state = given.get("State") or "ENABLED"
        schedule.action_after_completion = given.get("ActionAfterCompletion") or "NONE"
        self._plan(context, backend)
        return UpdateScheduleOutput(ScheduleArn=answer["ScheduleArn"])

    def create_schedule_group(self, context: RequestContext, name: str, **request: Any) -> CreateScheduleGroupOutput:
        """Create a group; moto silently replaces one that is there."""
        if name in self._backend(context).schedule_groups:
            raise ConflictException(f"Schedule group {name} already exists.")
        return CreateScheduleGroupOutput(ScheduleGroupArn=call_moto(context)["ScheduleGroupArn"])

    def delete_schedule_group(self, context: RequestContext, name: str, **request: Any) -> DeleteScheduleGroupOutput:
        """Delete a group and its schedules."""
        self._require_group(self._backend(context), name)
        if name == "default":
            raise ValidationException("The default schedule group cannot be deleted.")
        call_moto(context)
        return DeleteScheduleGroupOutput()

    def _backend(self, context: RequestContext) -> EventBridgeSchedulerBackend:
        return scheduler_backends[context.account_id][context.region]

    def _checked(self, context: RequestContext) -> EventBridgeSchedulerBackend:
        backend, given = self._backend(context), context.service_request
        check(given, context.account_id)
        self._require_group(backend, given.get("GroupName") or "default")
        return backend

    def _require_group(self, backend: EventBridgeSchedulerBackend, name: str) -> None:
        if name not in backend.schedule_groups:
            raise ResourceNotFoundException(f"Schedule group {name} does not exist.")

    def _plan(self, context: RequestContext, backend: EventBridgeSchedulerBackend) -> None:
        given = context.service_request
        schedule = backend.get_schedule(given.get("GroupName"), given["Name"])
        schedule.action_after_completion = schedule.action_after_completion or "NONE"
        self.firing.plan(backend, schedule)


def create_service() -> Service:
    """Return the Scheduler."""
    # LocalStack checks expressions by three patterns that know less than ours.
    localstack_scheduler._validate_schedule_expression = lambda expression: None
    return Service.for_provider(CourseSchedulerProvider(), dispatch_table_factory=MotoFallbackDispatcher)
