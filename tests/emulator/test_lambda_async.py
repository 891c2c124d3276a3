"""Asynchronous invocation: retries, dead letters and destinations."""

import json

import pytest
from botocore.exceptions import ClientError
from emulator.people import let_send

FAILS = """
    def handler(event, context):
        print("attempt", context.aws_request_id)
        raise ValueError("cannot do it")
"""


def queue(functions, name="results"):
    """Create a queue; return its URL, its ARN and a function that returns the bodies received so far."""
    sqs = functions.account("sqs")
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    received = []

    def bodies():
        messages = sqs.receive_message(
            QueueUrl=url, MaxNumberOfMessages=10, MessageAttributeNames=["All"], VisibilityTimeout=300
        )
        received.extend(messages.get("Messages", []))
        return received

    return url, arn, bodies


def test_an_event_is_handled_after_the_caller_has_gone(functions, eventually):
    _, arn, received = queue(functions)
    name = functions.deploy("def handler(event, context): return {'seen': event}")
    functions.client.put_function_event_invoke_config(
        FunctionName=name, DestinationConfig={"OnSuccess": {"Destination": arn}}
    )
    functions.send(name, {"order": 7})
    (message,) = eventually(received)
    record = json.loads(message["Body"])
    assert record["requestContext"]["condition"] == "Success"
    assert record["requestContext"]["approximateInvokeCount"] == 1
    assert record["requestPayload"] == {"order": 7}
    assert record["responsePayload"] == {"seen": {"order": 7}}


def test_two_retries_then_the_failure_destination(functions, eventually):
    _, arn, received = queue(functions)
    name = functions.deploy(FAILS)
    functions.client.put_function_event_invoke_config(
        FunctionName=name, DestinationConfig={"OnFailure": {"Destination": arn}}
    )
    functions.send(name, {"order": 8})
    (message,) = eventually(received)
    record = json.loads(message["Body"])
    assert record["requestContext"]["condition"] == "RetriesExhausted"
    assert record["requestContext"]["approximateInvokeCount"] == 3
    assert record["requestPayload"] == {"order": 8}
    assert record["responseContext"]["functionError"] == "Unhandled"
    assert record["responsePayload"]["errorType"] == "ValueError"
    attempts = eventually(lambda: len(functions.logged(name, "^attempt")) == 3 and functions.logged(name, "^attempt"))
    assert len(set(attempts)) == 1, "a retry keeps its request id"


def test_no_retries_where_none_are_wanted(functions, eventually):
    _, arn, received = queue(functions)
    name = functions.deploy(FAILS, DeadLetterConfig={"TargetArn": arn})
    functions.client.put_function_event_invoke_config(FunctionName=name, MaximumRetryAttempts=0)
    functions.send(name, {"order": 9})
    (message,) = eventually(received)
    assert json.loads(message["Body"]) == {"order": 9}, "a dead letter is the event itself"
    attributes = {key: value["StringValue"] for key, value in message["MessageAttributes"].items()}
    assert attributes["ErrorMessage"] == "cannot do it"
    assert "RequestID" in attributes
    assert len(eventually(lambda: functions.logged(name, "^attempt"))) == 1


def test_a_dead_letter_topic(functions, eventually):
    _, arn, received = queue(functions)
    sns = functions.account("sns")
    topic = sns.create_topic(Name="failures")["TopicArn"]
    let_send(functions.account, arn.rpartition(":")[2], "sns", topic)
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    name = functions.deploy(FAILS, DeadLetterConfig={"TargetArn": topic})
    functions.client.put_function_event_invoke_config(FunctionName=name, MaximumRetryAttempts=0)
    functions.send(name, {"order": 10})
    (message,) = eventually(received)
    assert json.loads(json.loads(message["Body"])["Message"]) == {"order": 10}


def test_a_timeout_is_retried_too(functions, eventually):
    _, arn, received = queue(functions)
    name = functions.deploy(
        "import time\ndef handler(event, context): time.sleep(30)",
        Timeout=1,
        DeadLetterConfig={"TargetArn": arn},
    )
    functions.client.put_function_event_invoke_config(FunctionName=name, MaximumRetryAttempts=1)
    functions.send(name, {})
    assert eventually(received)
    assert len(eventually(lambda: functions.logged(name, "Task timed out"))) == 2


def test_an_event_right_after_an_update_is_not_lost(functions, eventually):
    """Lambda keeps an event in its queue until it is handled or too old.

    https://docs.aws.amazon.com/lambda/latest/dg/invocation-async.html
    """
    _, arn, received = queue(functions)
    name = functions.deploy("def handler(event, context): return event")
    functions.client.put_function_event_invoke_config(
        FunctionName=name, DestinationConfig={"OnSuccess": {"Destination": arn}}
    )
    for order in range(3):
        functions.client.update_function_configuration(FunctionName=name, Description=f"number {order}")
        functions.client.get_waiter("function_updated_v2").wait(FunctionName=name)
        functions.send(name, {"order": order})
    eventually(lambda: len(received()) == 3, 15)


def test_bad_input(functions):
    name = functions.deploy(FAILS)
    client = functions.client
    with pytest.raises(ClientError, match="less than or equal to 2"):
        client.put_function_event_invoke_config(FunctionName=name, MaximumRetryAttempts=3)
    with pytest.raises(client.exceptions.ResourceNotFoundException):
        client.invoke(FunctionName="absent", InvocationType="Event")


def test_events_of_a_function_without_concurrency_become_dead_letters(functions, eventually):
    """https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html"""
    _, arn, received = queue(functions)
    name = functions.deploy(FAILS, DeadLetterConfig={"TargetArn": arn})
    functions.client.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=0)
    functions.send(name, {"order": 11})
    (message,) = eventually(received)
    assert json.loads(message["Body"]) == {"order": 11}
    assert not functions.logged(name, "attempt")


def test_a_role_must_be_allowed_to_send_where_failures_go(functions):
    """https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html"""
    _, arn, _ = queue(functions)
    role = functions.role_for("writes-logs", {"Effect": "Allow", "Action": "logs:*", "Resource": "*"})
    client = functions.client
    refused = client.exceptions.InvalidParameterValueException
    with pytest.raises(refused, match="execution role does not have permissions to call SendMessage on SQS"):
        functions.deploy(FAILS, Role=role, DeadLetterConfig={"TargetArn": arn})
    name = functions.deploy(FAILS, Role=role)
    with pytest.raises(refused, match="permissions to call SendMessage on SQS"):
        client.update_function_configuration(FunctionName=name, DeadLetterConfig={"TargetArn": arn})
    with pytest.raises(refused, match=f"The function's execution role .* permissions to call SendMessage on {arn}"):
        client.put_function_event_invoke_config(
            FunctionName=name, DestinationConfig={"OnFailure": {"Destination": arn}}
        )
    with pytest.raises(refused, match="SQS queue or SNS topic"):
        client.update_function_configuration(FunctionName=name, DeadLetterConfig={"TargetArn": "arn:aws:s3:::letters"})
