"""JSONata in Step Functions by :mod:`dva_localstack.jsonata`, where LocalStack would start a Java machine."""

from collections.abc import Callable
from functools import partialmethod
from typing import Any


def evaluate(expression: str) -> Any:
    """Evaluate an expression for LocalStack.

    :raises JSONataException: which fails the state with ``States.QueryEvaluationError``
    """
    from localstack.services.stepfunctions.asl.jsonata.jsonata import JSONataException

    from dva_localstack import jsonata

    try:
        return jsonata.evaluate(expression)
    except Exception as error:
        raise JSONataException("UNKNOWN", str(error)) from error


def declarations(bindings: dict[str, Any]) -> str:
    """Return assignments of JSON values to variables; LocalStack's own break at a quote in a string."""
    from localstack.services.stepfunctions.asl.utils.encoding import to_json_str

    return "".join(f"{name}:={to_json_str(value, separators=(',', ':'))};" for name, value in bindings.items())


def evaluate_in_state(expression: Any, original: Callable[[Any, Any], None], env: Any) -> None:
    """Evaluate a state's expression; a failure is one that a state can catch, which LocalStack's is not.

    :param expression: the expression's node in LocalStack's tree
    :param original: the node's method that this one stands in for
    :param env: the execution's environment
    """
    from localstack.aws.api.stepfunctions import EvaluationFailedEventDetails, HistoryEventType
    from localstack.services.stepfunctions.asl.component.common.error_name.failure_event import (
        FailureEvent,
        FailureEventException,
    )
    from localstack.services.stepfunctions.asl.component.common.error_name.states_error_name import StatesErrorName
    from localstack.services.stepfunctions.asl.component.common.error_name.states_error_name_type import (
        StatesErrorNameType,
    )
    from localstack.services.stepfunctions.asl.eval.event.event_detail import EventDetails
    from localstack.services.stepfunctions.asl.jsonata.jsonata import JSONataException

    try:
        original(expression, env)
    except JSONataException as error:
        name = StatesErrorName(typ=StatesErrorNameType.StatesQueryEvaluationError)
        details = EventDetails(
            evaluationFailedEventDetails=EvaluationFailedEventDetails(
                cause=f"An error occurred while evaluating the JSONata expression '{expression.expression}': "
                f"{error.details}",
                error=name.error_name,
            )
        )
        kind = HistoryEventType.EvaluationFailed
        env.event_manager.add_event(context=env.event_history_context, event_type=kind, event_details=details)
        raise FailureEventException(
            FailureEvent(env=env, error_name=name, event_type=kind, event_details=details)
        ) from error


def repair() -> None:
    """Have expressions evaluated in Python."""
    from localstack.services.stepfunctions.asl.component.common.string import string_expression
    from localstack.services.stepfunctions.asl.component.intrinsic import jsonata as intrinsic
    from localstack.services.stepfunctions.asl.eval import states, variable_store
    from localstack.services.stepfunctions.asl.jsonata import validations

    for module in (string_expression, validations):
        module.eval_jsonata_expression = evaluate
    for module in (states, variable_store):
        module.encode_jsonata_variable_declarations = declarations
    for node in (string_expression.StringJSONata, string_expression.StringVariableSample):
        node._eval_body = partialmethod(evaluate_in_state, node._eval_body)
    # These stand in for what is a function here, two of them by a sentence.
    intrinsic._DECLARATION_BY_VARIABLE_REFERENCE.clear()
