"""Errors that a state machine can catch by the names that AWS gives them.

Faults: LocalStack 4.14 fails with ``States.Runtime`` where no choice matches and where an intrinsic function fails,
calls it ``Lambda.AccessDeniedException`` that a role may not invoke a function, and lets a distributed map succeed
whatever becomes of its items. A comparison with what is not there is false, where on AWS it fails.

https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html
"""

from typing import Any

from localstack.aws.api.stepfunctions import HistoryEventType, TaskFailedEventDetails
from localstack.services.stepfunctions.asl.component.common.error_name.failure_event import (
    FailureEvent,
    FailureEventException,
)
from localstack.services.stepfunctions.asl.component.common.error_name.states_error_name import StatesErrorName
from localstack.services.stepfunctions.asl.component.common.error_name.states_error_name_type import (
    StatesErrorNameType,
)
from localstack.services.stepfunctions.asl.component.intrinsic.function.statesfunction.states_function import (
    StatesFunction,
)
from localstack.services.stepfunctions.asl.component.state.state_choice.comparison.comparison_func import (
    ComparisonFuncValue,
)
from localstack.services.stepfunctions.asl.component.state.state_choice.comparison.comparison_operator_type import (
    ComparisonOperatorType,
)
from localstack.services.stepfunctions.asl.component.state.state_choice.comparison.variable import NoSuchVariable
from localstack.services.stepfunctions.asl.component.state.state_choice.state_choice import StateChoice
from localstack.services.stepfunctions.asl.component.state.state_execution.state_map.iteration import (
    distributed_iteration_component as distributed,
)
from localstack.services.stepfunctions.asl.component.state.state_execution.state_task.service import (
    state_task_service_lambda as lambda_task,
)
from localstack.services.stepfunctions.asl.eval.event.event_detail import EventDetails
from localstack.utils.patch import patch

NO_CHOICE = "No branching option reached"


def failure(env: Any, kind: StatesErrorNameType, cause: str) -> FailureEventException:
    """Return a failure of a state, which it can catch.

    :param env: the execution's environment
    """
    name = StatesErrorName(typ=kind)
    details = EventDetails(taskFailedEventDetails=TaskFailedEventDetails(error=name.error_name, cause=cause))
    return FailureEventException(FailureEvent(env, name, HistoryEventType.TaskFailed, details))


def repair() -> None:
    """Name the errors."""
    patch(StateChoice._eval_state)(_eval_choice)
    task, told = lambda_task.StateTaskServiceLambda, lambda_task.StateTaskServiceLambda._error_cause_from_client_error

    def told_of_lambda(client_error: Any) -> tuple[str, str]:
        error, cause = told(client_error)
        return ("Lambda.AWSLambdaException" if error == "Lambda.AccessDeniedException" else error), cause

    task._error_cause_from_client_error = staticmethod(told_of_lambda)
    patch(distributed.DistributedIterationComponent._map_run)(_map_run)
    patch(ComparisonFuncValue._eval_body)(_compare)
    evaluate = StatesFunction.eval

    def eval_function(self: Any, env: Any) -> None:
        try:
            evaluate(self, env)
        except FailureEventException:
            raise
        except Exception as error:
            kind = StatesErrorNameType.StatesIntrinsicFailure
            raise failure(env, kind, f"The function '{self.name.name}' had the following error: {error}") from error

    StatesFunction.eval = eval_function


def _eval_choice(original: Any, self: Any, env: Any) -> None:
    try:
        original(self, env)
    except RuntimeError as error:
        if not str(error.args[0]).startswith(NO_CHOICE):
            raise
        entered = env.event_history_context.source_event_id
        raise failure(
            env,
            StatesErrorNameType.StatesNoChoiceMatched,
            f"An error occurred while executing the state '{self.name}' (entered at the event id #{entered}). "
            "Failed to transition out of the state. The state does not point to a next state.",
        ) from error


def _compare(original: Any, self: Any, env: Any) -> None:
    variable = env.stack[-1]
    if isinstance(variable, NoSuchVariable) and self.operator_type != ComparisonOperatorType.IsPresent:
        path = variable.path.partition(",")[0]
        raise failure(
            env,
            StatesErrorNameType.StatesRuntime,
            f"Invalid path '{path}': The choice state's condition path references an invalid value.",
        )
    original(self, env)


def _map_run(original: Any, self: Any, env: Any, eval_input: Any) -> None:
    original(self, env, eval_input)
    run = eval_input.map_run_record
    items = run.item_counter
    failed, total = items.failed.get() + items.timed_out.get(), items.total.get()
    count, percentage = run.tolerated_failure_count, run.tolerated_failure_percentage
    if failed and failed > count and failed * 100 > percentage * total:
        env.stack.pop()
        raise failure(
            env,
            StatesErrorNameType.StatesExceedToleratedFailureThreshold,
            "The specified tolerated failure threshold was exceeded",
        )
