"""Errors by their names, redriven executions, and what Step Functions refuses."""

import json
from typing import Any

import pytest
from emulator.machines import Machines, refused

END = {"Type": "Pass", "End": True}
WAIT = {"Type": "Wait", "Seconds": 60, "End": True}


def task(name: str) -> dict[str, Any]:
    """Return a task that invokes a function."""
    return {
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke",
        "Parameters": {"FunctionName": name, "Payload.$": "$"},
        "ResultSelector": {"told.$": "$.Payload"},
        "End": True,
    }


def choice(*rules: dict[str, Any]) -> dict[str, Any]:
    """Return a choice without a default; the rules lead to ``End``."""
    return {"Type": "Choice", "Choices": [{**rule, "Next": "End"} for rule in rules]}


def test_an_execution_is_redriven_where_it_failed(machines: Machines, functions: Any) -> None:
    """What succeeded is not done again; the history goes on.

    https://docs.aws.amazon.com/step-functions/latest/dg/redrive-executions.html
    """
    name = functions.deploy("def handler(event, context): raise ValueError('not yet')")
    first = {"Type": "Pass", "Result": {"step": 1}, "Assign": {"kept": 7}, "Next": "Second"}
    failed = machines.run({"First": first, "Second": task(name)})
    assert (failed["status"], failed["redriveStatus"], failed["redriveCount"]) == ("FAILED", "REDRIVABLE", 0)
    mended = functions.archive({"app.py": "def handler(event, context): return event"})
    functions.client.update_function_code(FunctionName=name, ZipFile=mended)
    functions.settle(name)
    place = {"executionArn": failed["executionArn"]}
    assert machines.client.redrive_execution(**place)["redriveDate"]

    def done() -> Any:
        described = machines.client.describe_execution(**place)
        return described["status"] == "SUCCEEDED" and described

    described = machines.eventually(done)
    assert json.loads(described["output"]) == {"told": {"step": 1}}
    assert (described["redriveCount"], described["redriveStatus"]) == (1, "NOT_REDRIVABLE")
    assert "error" not in described
    events = [event["type"] for event in machines.client.get_execution_history(**place)["events"]]
    assert events.count("PassStateEntered") == 1
    assert events.index("ExecutionFailed") < events.index("ExecutionRedriven") < events.index("ExecutionSucceeded")
    assert refused(lambda: machines.client.redrive_execution(**place)) == "ExecutionNotRedrivable"


def test_a_stopped_execution_says_why(machines: Machines) -> None:
    """https://docs.aws.amazon.com/step-functions/latest/apireference/API_StopExecution.html"""
    arn = machines.create({"StartAt": "Wait", "States": {"Wait": WAIT}})
    started = machines.client.start_execution(stateMachineArn=arn)["executionArn"]
    machines.eventually(lambda: machines.client.get_execution_history(executionArn=started)["events"][1:])
    assert refused(lambda: machines.client.redrive_execution(executionArn=started)) == "ExecutionNotRedrivable"
    machines.client.stop_execution(executionArn=started, error="Canceled", cause="the customer called")
    described = machines.eventually(
        lambda: (found := machines.client.describe_execution(executionArn=started))["status"] == "ABORTED" and found
    )
    assert (described["error"], described["cause"]) == ("Canceled", "the customer called")


@pytest.mark.parametrize(
    ("states", "error"),
    [
        ({"Choose": choice({"Variable": "$.x", "NumericEquals": 1}), "End": END}, "States.NoChoiceMatched"),
        ({"Choose": choice({"Variable": "$.y", "NumericEquals": 1}), "End": END}, "States.Runtime"),
        (
            {"Pass": {**END, "Parameters": {"a.$": "States.ArrayGetItem(States.Array(1), 5)"}}},
            "States.IntrinsicFailure",
        ),
        ({"Invoke": task("absent")}, "Lambda.ResourceNotFoundException"),
    ],
    ids=["no choice", "no variable", "intrinsic function", "no function"],
)
def test_failures_have_names(machines: Machines, states: dict[str, Any], error: str) -> None:
    """https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html"""
    failed = machines.run(states, {"x": 2})
    assert (failed["status"], failed["error"]) == ("FAILED", error)


def test_a_choice_asks_first_whether_a_variable_is_present(machines: Machines) -> None:
    """https://docs.aws.amazon.com/step-functions/latest/dg/state-choice.html"""
    guarded = [{"Variable": "$.y", "IsPresent": True}, {"Variable": "$.y", "NumericEquals": 1}]
    absent = {"Or": [{"Variable": "$.y", "IsPresent": False}, {"Variable": "$.y", "NumericEquals": 1}]}
    ended = machines.run({"Choose": choice({"And": guarded}, absent), "End": END}, {"x": 2})
    assert ended["status"] == "SUCCEEDED"


def test_a_role_that_may_not_invoke(machines: Machines, functions: Any) -> None:
    """https://docs.aws.amazon.com/step-functions/latest/dg/connect-lambda.html"""
    name = functions.deploy("def handler(event, context): return event")
    machines.account("iam").delete_role_policy(RoleName="states", PolicyName="all")
    failed = machines.run({"Invoke": task(name)})
    assert failed["error"] == "Lambda.AWSLambdaException"
    assert "is not authorized to perform: lambda:InvokeFunction" in failed["cause"]


@pytest.mark.parametrize(
    ("tolerated", "status"), [({}, "FAILED"), ({"ToleratedFailureCount": 1}, "SUCCEEDED")], ids=["none", "one"]
)
def test_a_distributed_map_tolerates_so_many_failures(machines: Machines, tolerated: Any, status: str) -> None:
    """https://docs.aws.amazon.com/step-functions/latest/dg/state-map-distributed.html"""
    processor = {
        "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
        "StartAt": "Choose",
        "States": {
            "Choose": {
                "Type": "Choice",
                "Choices": [{"Variable": "$.bad", "BooleanEquals": True, "Next": "Fail"}],
                "Default": "Fine",
            },
            "Fail": {"Type": "Fail", "Error": "Bad"},
            "Fine": END,
        },
    }
    items = [{"bad": False}, {"bad": True}, {"bad": False}]
    ended = machines.run(
        {"Map": {"Type": "Map", "ItemsPath": "$.items", "ItemProcessor": processor, **tolerated, "End": True}},
        {"items": items},
    )
    assert ended["status"] == status
    assert ended.get("error") == (None if tolerated else "States.ExceedToleratedFailureThreshold")


def test_what_is_refused(machines: Machines) -> None:
    """https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html"""
    definition = {"StartAt": "P", "States": {"P": END}}
    arn = machines.create(definition)
    start = machines.client.start_execution
    assert refused(lambda: start(stateMachineArn=arn, name="two words")) == "InvalidName"
    assert refused(lambda: start(stateMachineArn=arn, input=json.dumps("x" * 262_143))) == "ValidationException"
    long = {**definition, "Comment": "x" * 1_048_576}
    assert refused(lambda: machines.create(long, name="long")) == "ValidationException"
    machines.role = "nobody"
    assert refused(lambda: machines.create(definition, name="other")) == "InvalidArn"
