"""LocalStack's Step Functions provider with our repairs."""

import re
from typing import Any

from localstack.aws.api.stepfunctions import InvalidArn, InvalidDefinition, ValidationException
from localstack.services.plugins import Service
from localstack.services.stepfunctions.provider import StepFunctionsProvider

from dva_localstack.definitions import faults

from . import expressions, failures, redrive
from .redrive import Redriven

DATA_BYTES, DEFINITION_BYTES = 262_144, 1_048_576
"""https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html"""

ROLE = re.compile(r"arn:aws[\w-]*:iam::\d{12}:role/.+")


class CheckedMachines(StepFunctionsProvider):
    """Faults: names, roles and sizes are not checked, and states may lead nowhere."""

    def create_state_machine(self, context: Any, request: Any, **more: Any) -> Any:
        """Create a state machine."""
        self._validate_activity_name(request["name"])
        check_role(request["roleArn"])
        check_size(request["definition"], "definition", DEFINITION_BYTES)
        return super().create_state_machine(context, request, **more)

    def update_state_machine(self, context: Any, *args: Any, **request: Any) -> Any:
        """Change a state machine."""
        check_role(request.get("role_arn"))
        check_size(request.get("definition"), "definition", DEFINITION_BYTES)
        return super().update_state_machine(context, *args, **request)

    def start_execution(self, context: Any, *args: Any, **request: Any) -> Any:
        """Start an execution."""
        self._check_start(request)
        return super().start_execution(context, *args, **request)

    def start_sync_execution(self, context: Any, *args: Any, **request: Any) -> Any:
        """Start an express execution and wait for it."""
        self._check_start(request)
        return super().start_sync_execution(context, *args, **request)

    def _check_start(self, request: Any) -> None:
        if request.get("name") is not None:
            self._validate_activity_name(request["name"])
        check_size(request.get("input"), "input", DATA_BYTES)


class CourseStepFunctionsProvider(CheckedMachines, Redriven):
    """LocalStack's provider, mended; each base says which fault it mends."""


def check_role(arn: str | None) -> None:
    """Refuse what is no role's ARN."""
    if arn is not None and not ROLE.fullmatch(arn):
        raise InvalidArn(f"Invalid Role Arn: '{arn}'")


def check_size(text: str | None, name: str, limit: int) -> None:
    """Refuse a text that is too long.

    :param limit: in bytes
    """
    if text is not None and len(text.encode()) > limit:
        raise ValidationException(
            f"1 validation error detected: Value at '{name}' failed to satisfy constraint: "
            f"Member must have length less than or equal to {limit}"
        )


def check_transitions() -> None:
    """Have definitions refused whose states lead nowhere."""
    original = StepFunctionsProvider._validate_definition

    def validate(definition: str, static_analysers: list[Any]) -> None:
        original(definition, static_analysers)
        if found := list(faults(definition)):
            raise InvalidDefinition(f"Invalid State Machine Definition: '{', '.join(found)}'")

    StepFunctionsProvider._validate_definition = staticmethod(validate)


def create_service() -> Service:
    """Return the Step Functions service."""
    check_transitions()
    expressions.repair()
    failures.repair()
    redrive.repair()
    return Service.for_provider(CourseStepFunctionsProvider())
