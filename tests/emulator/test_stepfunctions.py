"""JSONata in Step Functions, without a Java machine.

https://docs.aws.amazon.com/step-functions/latest/dg/transforming-data.html
"""

import json
from collections.abc import Callable
from typing import Any

import pytest


@pytest.fixture
def execute(aws: Any, eventually: Callable[..., Any]) -> Callable[..., dict[str, Any]]:
    """Return a function that runs a definition's states and returns the ended execution."""
    client = aws("stepfunctions")

    def run(states: dict[str, Any], given: Any = None) -> dict[str, Any]:
        definition = {"QueryLanguage": "JSONata", "StartAt": next(iter(states)), "States": states}
        machine = client.create_state_machine(
            name=f"machine-{len(client.list_state_machines()['stateMachines'])}",
            definition=json.dumps(definition),
            roleArn=f"arn:aws:iam::{aws.id}:role/any",
        )["stateMachineArn"]
        execution = client.start_execution(stateMachineArn=machine, input=json.dumps(given or {}))["executionArn"]

        def ended() -> dict[str, Any] | None:
            described = client.describe_execution(executionArn=execution)
            return described if described["status"] != "RUNNING" else None

        return eventually(ended)

    return run


def output(execution: dict[str, Any]) -> Any:
    """Return the output of an execution that must have succeeded."""
    assert execution["status"] == "SUCCEEDED", execution
    return json.loads(execution["output"])


def test_a_pass_state_computes_its_output(execute: Callable[..., Any]) -> None:
    states = {
        "Total": {
            "Type": "Pass",
            "Output": {
                "total": "{% $sum($states.input.items.(price * count)) %}",
                "names": "{% $states.input.items.$uppercase(name) %}",
                "fixed": "no expression",
            },
            "End": True,
        }
    }
    given = {"items": [{"name": "pen", "price": 2.5, "count": 4}, {"name": "ink", "price": 7, "count": 1}]}
    assert output(execute(states, given)) == {"total": 17, "names": ["PEN", "INK"], "fixed": "no expression"}


def test_variables_are_assigned_and_read_by_later_states(execute: Callable[..., Any]) -> None:
    states = {
        "Remember": {
            "Type": "Pass",
            "Assign": {"who": "{% $states.input.name %}", "count": "{% $length($states.input.name) %}"},
            "Next": "Greet",
        },
        "Greet": {"Type": "Pass", "Output": "{% 'Hello ' & $who & ' ' & $string($count) %}", "End": True},
    }
    assert output(execute(states, {"name": "Ada"})) == "Hello Ada 3"


def test_quotes_and_line_breaks_in_a_variable_stay_what_they_are(execute: Callable[..., Any]) -> None:
    text = 'she said "no"\nand left \\ ü'
    states = {
        "Remember": {"Type": "Pass", "Assign": {"said": "{% $states.input.said %}"}, "Next": "Tell"},
        "Tell": {"Type": "Pass", "Output": "{% $said %}", "End": True},
    }
    assert output(execute(states, {"said": text})) == text


def test_the_functions_that_step_functions_adds(execute: Callable[..., Any]) -> None:
    outputs = {
        "partition": "{% $partition([1, 2, 3, 4, 5], 2) %}",
        "range": "{% $range(0, 6, 2) %}",
        "hash": "{% $hash('abc', 'SHA-256') %}",
        "same": "{% $random(7) = $random(7) %}",
        "between": "{% $random() >= 0 and $random() < 1 %}",
        "uuid": "{% $length($uuid()) %}",
        "parse": "{% $parse('{\"a\": [1, null]}').a[0] %}",
    }
    result = output(execute({"All": {"Type": "Pass", "Output": outputs, "End": True}}))
    assert result == {
        "partition": [[1, 2], [3, 4], [5]],
        "range": [0, 2, 4, 6],
        "hash": "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
        "same": True,
        "between": True,
        "uuid": 36,
        "parse": 1,
    }


def test_a_choice_judges_by_jsonata(execute: Callable[..., Any]) -> None:
    states = {
        "Which": {
            "Type": "Choice",
            "Choices": [{"Condition": "{% $states.input.n > 10 %}", "Next": "Large"}],
            "Default": "Small",
        },
        "Large": {"Type": "Pass", "Output": "large", "End": True},
        "Small": {"Type": "Pass", "Output": "small", "End": True},
    }
    assert output(execute(states, {"n": 11})) == "large"
    assert output(execute(states, {"n": 10})) == "small"


@pytest.mark.parametrize(
    "expression",
    [
        "{% $states.input.missing %}",
        "{% 1 + 'a' %}",
        "{% $uppercase(1) %}",
        "{% $parse('{') %}",
        "{% $hash('a', 'CRC') %}",
        "{% function($x) { $x } %}",
    ],
)
def test_an_expression_that_fails_ends_with_a_query_evaluation_error(
    execute: Callable[..., Any], expression: str
) -> None:
    ended = execute({"Fails": {"Type": "Pass", "Output": expression, "End": True}})
    assert (ended["status"], ended["error"]) == ("FAILED", "States.QueryEvaluationError")
