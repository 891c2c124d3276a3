"""Step Functions: definitions that are refused, errors that are caught, integrations and sync executions.

https://docs.aws.amazon.com/step-functions/latest/dg/concepts-amazon-states-language.html
"""

import json
from collections.abc import Callable
from typing import Any

import pytest
from emulator.machines import Machines, refused

END = {"Type": "Pass", "End": True}

BAD = {
    "no json": "no json",
    "no states": {"StartAt": "A"},
    "no start": {"States": {"A": END}},
    "unknown start": {"StartAt": "B", "States": {"A": END}},
    "unknown next": {"StartAt": "A", "States": {"A": {"Type": "Pass", "Next": "B"}}},
    "neither next nor end": {"StartAt": "A", "States": {"A": {"Type": "Pass"}}},
    "both next and end": {"StartAt": "A", "States": {"A": {"Type": "Pass", "Next": "A", "End": True}}},
    "unknown type": {"StartAt": "A", "States": {"A": {"Type": "Dance", "End": True}}},
    "path": {"StartAt": "A", "States": {"A": {"Type": "Pass", "InputPath": "detail", "End": True}}},
    "no resource": {"StartAt": "A", "States": {"A": {"Type": "Task", "End": True}}},
    "unreachable": {"StartAt": "A", "States": {"A": END, "B": END}},
    "choice": {"StartAt": "A", "States": {"A": {"Type": "Choice", "Choices": []}}},
    "unknown default": {
        "StartAt": "A",
        "States": {
            "A": {
                "Type": "Choice",
                "Choices": [{"Variable": "$.n", "NumericEquals": 1, "Next": "B"}],
                "Default": "C",
            },
            "B": END,
        },
    },
    "unknown catch": {
        "StartAt": "A",
        "States": {
            "A": {
                "Type": "Task",
                "Resource": "arn:aws:states:::sqs:sendMessage",
                "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "B"}],
                "End": True,
            }
        },
    },
    "all is not last": {
        "StartAt": "A",
        "States": {
            "A": {
                "Type": "Task",
                "Resource": "arn:aws:states:::sqs:sendMessage",
                "Retry": [{"ErrorEquals": ["States.ALL"]}, {"ErrorEquals": ["States.Timeout"]}],
                "End": True,
            }
        },
    },
    "in a branch": {
        "StartAt": "A",
        "States": {
            "A": {
                "Type": "Parallel",
                "Branches": [{"StartAt": "B", "States": {"B": {"Type": "Pass", "Next": "C"}}}],
                "End": True,
            }
        },
    },
}


@pytest.mark.parametrize("definition", BAD.values(), ids=BAD)
def test_a_definition_that_cannot_run_is_refused(machines: Machines, definition: Any) -> None:
    """https://docs.aws.amazon.com/step-functions/latest/apireference/API_CreateStateMachine.html"""
    assert refused(lambda: machines.create(definition)) == "InvalidDefinition"
    assert machines.client.list_state_machines()["stateMachines"] == []


def test_a_definition_can_be_checked_without_creating(machines: Machines) -> None:
    """https://docs.aws.amazon.com/step-functions/latest/apireference/API_ValidateStateMachineDefinition.html"""
    good = machines.client.validate_state_machine_definition(
        definition=json.dumps({"StartAt": "A", "States": {"A": END}})
    )
    assert (good["result"], good["diagnostics"]) == ("OK", [])
    bad = machines.client.validate_state_machine_definition(definition=json.dumps(BAD["unknown next"]))
    assert bad["result"] == "FAIL"
    assert bad["diagnostics"][0]["severity"] == "ERROR"


def test_a_task_is_retried_and_then_caught(machines: Machines, functions: Any) -> None:
    """https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html"""
    name = functions.deploy("class Poison(Exception): pass\n\ndef handler(event, context): raise Poison('no')")
    retry = {"ErrorEquals": ["Poison"], "IntervalSeconds": 1, "MaxAttempts": 1, "BackoffRate": 1}
    task = {
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke",
        "Parameters": {"FunctionName": name, "Payload.$": "$"},
        "Retry": [retry],
        "Catch": [{"ErrorEquals": ["Poison"], "ResultPath": "$.error", "Next": "Caught"}],
        "End": True,
    }
    ended = machines.run({"Work": task, "Caught": END}, {"n": 1})
    output = json.loads(ended["output"])
    assert (output["n"], output["error"]["Error"]) == (1, "Poison")
    history = machines.client.get_execution_history(executionArn=ended["executionArn"], maxResults=1000)["events"]
    assert sum(event["type"] == "TaskFailed" for event in history) == 2


def test_choice_map_and_parallel(machines: Machines) -> None:
    """https://docs.aws.amazon.com/step-functions/latest/dg/workflow-states.html"""
    states = {
        "Each": {
            "Type": "Map",
            "ItemsPath": "$.items",
            "ItemProcessor": {
                "StartAt": "Large?",
                "States": {
                    "Large?": {
                        "Type": "Choice",
                        "Choices": [{"Variable": "$", "NumericGreaterThan": 10, "Next": "Large"}],
                        "Default": "Small",
                    },
                    "Large": {"Type": "Pass", "Result": "large", "End": True},
                    "Small": {"Type": "Pass", "Result": "small", "End": True},
                },
            },
            "Next": "Both",
        },
        "Both": {
            "Type": "Parallel",
            "Branches": [
                {"StartAt": "First", "States": {"First": {"Type": "Pass", "OutputPath": "$[0]", "End": True}}},
                {"StartAt": "Last", "States": {"Last": {"Type": "Pass", "OutputPath": "$[1]", "End": True}}},
            ],
            "End": True,
        },
    }
    assert json.loads(machines.run(states, {"items": [5, 50]})["output"]) == ["small", "large"]


def test_a_wait_ends_at_its_timestamp(machines: Machines) -> None:
    """https://docs.aws.amazon.com/step-functions/latest/dg/state-wait.html"""
    states = {"Wait": {"Type": "Wait", "TimestampPath": "$.until", "End": True}}
    ended = machines.run(states, {"until": "2020-01-01T00:00:00Z"})
    assert ended["status"] == "SUCCEEDED"


def test_a_failure_has_an_error_and_a_cause(machines: Machines) -> None:
    """https://docs.aws.amazon.com/step-functions/latest/dg/state-fail.html"""
    ended = machines.run({"Fail": {"Type": "Fail", "Error": "Broken", "Cause": "on purpose"}})
    assert (ended["status"], ended["error"], ended["cause"]) == ("FAILED", "Broken", "on purpose")


def test_a_task_waits_for_its_token(machines: Machines, eventually: Callable[..., Any]) -> None:
    """https://docs.aws.amazon.com/step-functions/latest/dg/connect-to-resource.html"""
    sqs = machines.account("sqs")
    url = sqs.create_queue(QueueName="approvals")["QueueUrl"]
    task = {
        "Type": "Task",
        "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
        "Parameters": {"QueueUrl": url, "MessageBody": {"token.$": "$$.Task.Token"}},
        "End": True,
    }
    arn = machines.create({"StartAt": "Ask", "States": {"Ask": task}})
    execution = machines.client.start_execution(stateMachineArn=arn)["executionArn"]
    message = eventually(lambda: sqs.receive_message(QueueUrl=url, WaitTimeSeconds=1).get("Messages"))[0]
    token = json.loads(message["Body"])["token"]
    machines.client.send_task_success(taskToken=token, output='{"approved": true}')
    output = eventually(lambda: machines.client.describe_execution(executionArn=execution).get("output"))
    assert json.loads(output) == {"approved": True}
    assert refused(lambda: machines.client.send_task_success(taskToken="x", output="{}")) == "InvalidToken"


def test_a_nested_machine_is_waited_for(machines: Machines) -> None:
    """https://docs.aws.amazon.com/step-functions/latest/dg/connect-stepfunctions.html"""
    child = machines.create({"StartAt": "P", "States": {"P": {"Type": "Pass", "Result": 7, "End": True}}}, name="child")
    task = {
        "Type": "Task",
        "Resource": "arn:aws:states:::states:startExecution.sync:2",
        "Parameters": {"StateMachineArn": child, "Input": {}},
        "OutputPath": "$.Output",
        "End": True,
    }
    assert json.loads(machines.run({"Call": task})["output"]) == 7


def test_an_sdk_integration_calls_an_api(machines: Machines) -> None:
    """https://docs.aws.amazon.com/step-functions/latest/dg/supported-services-awssdk.html"""
    machines.account("sqs").create_queue(QueueName="known")
    task = {
        "Type": "Task",
        "Resource": "arn:aws:states:::aws-sdk:sqs:getQueueUrl",
        "Parameters": {"QueueName": "known"},
        "End": True,
    }
    assert json.loads(machines.run({"Look": task})["output"])["QueueUrl"].endswith("/known")


def test_an_express_execution_answers_at_once(machines: Machines) -> None:
    """https://docs.aws.amazon.com/step-functions/latest/apireference/API_StartSyncExecution.html"""
    definition = {"StartAt": "P", "States": {"P": {"Type": "Pass", "Parameters": {"twice.$": "$.n"}, "End": True}}}
    express = machines.create(definition, name="express", type="EXPRESS")
    ended = machines.client.start_sync_execution(stateMachineArn=express, input='{"n": 2}')
    assert (ended["status"], json.loads(ended["output"])) == ("SUCCEEDED", {"twice": 2})
    standard = machines.create(definition)
    assert refused(lambda: machines.client.start_sync_execution(stateMachineArn=standard)) == (
        "StateMachineTypeNotSupported"
    )


def test_versions_and_an_alias(machines: Machines) -> None:
    """https://docs.aws.amazon.com/step-functions/latest/dg/concepts-cd-aliasing-versioning.html"""
    arn = machines.create({"StartAt": "P", "States": {"P": END}}, publish=True)
    version = machines.client.list_state_machine_versions(stateMachineArn=arn)["stateMachineVersions"][0][
        "stateMachineVersionArn"
    ]
    assert version == f"{arn}:1"
    routing = [{"stateMachineVersionArn": version, "weight": 100}]
    alias = machines.client.create_state_machine_alias(name="live", routingConfiguration=routing)
    started = machines.client.start_execution(stateMachineArn=alias["stateMachineAliasArn"])
    assert machines.client.describe_execution(executionArn=started["executionArn"])["stateMachineVersionArn"] == version


def test_names_and_inputs(machines: Machines) -> None:
    """https://docs.aws.amazon.com/step-functions/latest/apireference/API_StartExecution.html"""
    arn = machines.create({"StartAt": "P", "States": {"P": END}})
    start = machines.client.start_execution
    assert refused(lambda: start(stateMachineArn=arn, input="no json")) == "InvalidExecutionInput"
    assert refused(lambda: start(stateMachineArn=arn + "-missing")) == "StateMachineDoesNotExist"
    start(stateMachineArn=arn, name="once", input='{"n": 1}')
    assert refused(lambda: start(stateMachineArn=arn, name="once", input='{"n": 2}')) == "ExecutionAlreadyExists"
    assert refused(lambda: machines.create({"StartAt": "P", "States": {"P": END}}, name="a b")) == "InvalidName"
