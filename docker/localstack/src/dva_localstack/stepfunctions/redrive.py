"""An execution that failed goes on where it failed.

Fault: LocalStack 4.14 has no RedriveExecution.

https://docs.aws.amazon.com/step-functions/latest/dg/redrive-executions.html
"""

import copy
from datetime import UTC, datetime
from threading import Thread
from typing import Any

from localstack.aws.api.stepfunctions import (
    ExecutionNotRedrivable,
    ExecutionRedrivenEventDetails,
    ExecutionStatus,
    HistoryEventType,
    RedriveExecutionOutput,
    StateMachineType,
)
from localstack.services.stepfunctions.asl.component.program.program import Program
from localstack.services.stepfunctions.asl.eval.event.event_detail import EventDetails
from localstack.services.stepfunctions.backend.execution import Execution
from localstack.services.stepfunctions.provider import StepFunctionsProvider
from localstack.utils.patch import patch

REDRIVABLE = (ExecutionStatus.FAILED, ExecutionStatus.ABORTED, ExecutionStatus.TIMED_OUT)


class Place:
    """Where an execution is: a state, with the input and the variables that it was entered with."""

    def __init__(self, state: str, env: Any) -> None:
        self.state = state
        self.input = copy.deepcopy(env.states.get_input())
        self.variables = copy.deepcopy(env.variable_store)


class Redriven(StepFunctionsProvider):
    """A Step Functions provider that redrives executions."""

    def redrive_execution(
        self, context: Any, execution_arn: str, client_token: str | None = None, **kwargs: Any
    ) -> RedriveExecutionOutput:
        """Answer ``RedriveExecution``.

        :raises ExecutionNotRedrivable: it runs, has succeeded or never entered a state
        """
        self._validate_state_machine_execution_arn(execution_arn)
        execution = self._get_execution(context=context, execution_arn=execution_arn)
        if execution.sm_type != StateMachineType.STANDARD:
            self._raise_resource_type_not_in_context(resource_type=execution.sm_type)
        if reason := reason_against(execution):
            raise ExecutionNotRedrivable(reason)
        now = datetime.now(UTC)
        worker, env = resumed(execution)
        execution.redrive_count = count_of(execution) + 1
        execution.redrive_date = now
        execution.exec_status = ExecutionStatus.RUNNING
        execution.stop_date = execution.error = execution.cause = None
        env.event_manager.add_event(
            context=env.event_history_context,
            event_type=HistoryEventType.ExecutionRedriven,
            event_details=EventDetails(
                executionRedrivenEventDetails=ExecutionRedrivenEventDetails(redriveCount=execution.redrive_count)
            ),
        )
        execution.publish_execution_status_change_event()
        Thread(target=worker, name="stepfunctions-redrive", daemon=True).start()
        return RedriveExecutionOutput(redriveDate=now)

    def stop_execution(self, context: Any, execution_arn: str, *args: Any, **kwargs: Any) -> Any:
        """Answer ``StopExecution``; the execution keeps the error and the cause that are given.

        Fault: LocalStack keeps them in the history only.
        """
        execution = self.get_store(context=context).executions.get(execution_arn)
        running = execution is not None and execution.exec_status == ExecutionStatus.RUNNING
        response = super().stop_execution(context, execution_arn, *args, **kwargs)
        if execution and running:
            execution.error, execution.cause = kwargs.get("error"), kwargs.get("cause")
        return response


def count_of(execution: Any) -> int:
    """Return how often an execution was redriven."""
    return int(getattr(execution, "redrive_count", 0))


def reason_against(execution: Any) -> str:
    """Return why an execution cannot be redriven; empty if it can."""
    if execution.exec_status not in REDRIVABLE:
        return f"Execution is {execution.exec_status} and cannot be redriven"
    env = execution.exec_worker.env
    return "" if env and getattr(env, "place", None) else "Execution history contains no state to redrive from"


def resumed(execution: Any) -> tuple[Any, Any]:
    """Return what runs an execution from the place where it ended, and its environment."""
    worker = execution.exec_worker
    old: Any = worker.env
    place: Place = old.place
    env = worker._get_evaluation_environment()
    env.event_manager, env.event_history_context = old.event_manager, old.event_history_context
    env.variable_store = copy.deepcopy(place.variables)
    env.states.reset(place.input)
    worker.env = env
    program = worker._get_evaluation_entrypoint()
    program.start_at.start_at_name = place.state

    def run() -> None:
        program.eval(env)
        worker._execution_communication.terminated()

    return run, env


def repair() -> None:
    """Have executions remember their place and say whether they can be redriven."""
    patch(Program._eval_body)(_eval_body)
    patch(Execution.to_describe_output)(_describe)
    patch(Execution.to_execution_list_item)(_list_item)


def _eval_body(original: Any, self: Any, env: Any) -> None:
    if not env.is_frame():
        get_state = self._get_state

        def get_and_note(name: str) -> Any:
            env.place = Place(name, env)
            return get_state(name)

        self._get_state = get_and_note
    original(self, env)


def _describe(original: Any, self: Any) -> Any:
    described = original(self)
    if self.sm_type != StateMachineType.STANDARD:
        return described
    reason = reason_against(self)
    described["redriveCount"] = count_of(self)
    described["redriveStatus"] = "NOT_REDRIVABLE" if reason else "REDRIVABLE"
    if reason:
        described["redriveStatusReason"] = reason
    if date := getattr(self, "redrive_date", None):
        described["redriveDate"] = date
    return described


def _list_item(original: Any, self: Any) -> Any:
    item = original(self)
    if self.sm_type == StateMachineType.STANDARD:
        item["redriveCount"] = count_of(self)
        if date := getattr(self, "redrive_date", None):
            item["redriveDate"] = date
    return item
