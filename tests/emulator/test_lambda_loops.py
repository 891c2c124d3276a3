"""Loops of a function through S3, SNS, SQS and itself: https://docs.aws.amazon.com/lambda/latest/dg/invocation-recursion.html"""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

TELLS_ITS_HEADER = """
    import os

    def handler(event, context):
        print("started")
        return os.environ["_X_AMZN_TRACE_ID"]
"""


@pytest.fixture
def letters(functions: Any) -> tuple[str, Callable[[], list[dict[str, Any]]]]:
    """ARN of a queue, and what receives from it."""
    sqs = functions.account("sqs")
    url = sqs.create_queue(QueueName="letters")["QueueUrl"]
    arn = f"arn:aws:sqs:us-east-1:{functions.account.id}:letters"
    return arn, lambda: sqs.receive_message(QueueUrl=url, MessageAttributeNames=["All"]).get("Messages", [])


def let_in(functions: Any, name: str, service: str, source: str) -> str:
    """Let a service invoke a function; return the function's ARN."""
    functions.client.add_permission(
        FunctionName=name,
        StatementId="source",
        Action="lambda:InvokeFunction",
        Principal=f"{service}.amazonaws.com",
        SourceArn=source,
    )
    return f"arn:aws:lambda:us-east-1:{functions.account.id}:function:{name}"


def after(functions: Any, name: str, invocations: int = 16) -> str:
    """Return the trace header of a request that has invoked a function so many times."""
    header: str = functions.invoke(name).payload
    assert header.endswith(":0")
    return header.removesuffix(":0") + f":{invocations - 1}"


def with_header(client: Any, header: str) -> Any:
    """Have a client send a trace header, as the SDK does in a function."""
    client.meta.events.register(
        "before-call", lambda params, **_: params["headers"].update({"X-Amzn-Trace-Id": header})
    )
    return client


def test_a_loop_through_a_bucket_ends_at_the_failure_destination(
    functions: Any, letters: Any, eventually: Callable[..., Any]
) -> None:
    arn, received = letters
    bucket = f"loop-{functions.account.id}"
    s3 = functions.account("s3")
    s3.create_bucket(Bucket=bucket)
    name = functions.deploy(
        """
        import boto3, os

        s3 = boto3.client("s3")

        def handler(event, context):
            if event:
                print("started")
                s3.put_object(Bucket=os.environ["BUCKET"], Key="again")
            return os.environ["_X_AMZN_TRACE_ID"]
        """,
        Environment={"Variables": {"BUCKET": bucket}},
    )
    functions.client.put_function_event_invoke_config(
        FunctionName=name, DestinationConfig={"OnFailure": {"Destination": arn}}
    )
    target = let_in(functions, name, "s3", f"arn:aws:s3:::{bucket}")
    s3.put_bucket_notification_configuration(
        Bucket=bucket,
        NotificationConfiguration={
            "LambdaFunctionConfigurations": [{"LambdaFunctionArn": target, "Events": ["s3:ObjectCreated:*"]}]
        },
    )
    with_header(functions.account("s3"), after(functions, name, 14)).put_object(Bucket=bucket, Key="first")
    (message,) = eventually(received)
    assert json.loads(message["Body"])["requestPayload"]["Records"][0]["s3"]["object"]["key"] == "again"
    eventually(lambda: len(functions.logged(name, "started")) == 2)

    def dropped() -> float:
        now = datetime.now(UTC)
        points = functions.account("cloudwatch").get_metric_statistics(
            Namespace="AWS/Lambda",
            MetricName="RecursiveInvocationsDropped",
            Dimensions=[{"Name": "FunctionName", "Value": name}],
            StartTime=now - timedelta(hours=1),
            EndTime=now + timedelta(hours=1),
            Period=60,
            Statistics=["Sum"],
        )["Datapoints"]
        return sum(point["Sum"] for point in points)

    assert eventually(dropped) == 1


def test_a_loop_through_a_topic_ends_in_the_dead_letter_queue(
    functions: Any, letters: Any, eventually: Callable[..., Any]
) -> None:
    arn, received = letters
    topic = functions.account("sns").create_topic(Name="loop")["TopicArn"]
    name = functions.deploy(TELLS_ITS_HEADER, DeadLetterConfig={"TargetArn": arn})
    target = let_in(functions, name, "sns", topic)
    functions.account("sns").subscribe(TopicArn=topic, Protocol="lambda", Endpoint=target)
    sns = with_header(functions.account("sns"), after(functions, name))
    sns.publish(TopicArn=topic, Message="once more")
    (message,) = eventually(received)
    assert json.loads(message["Body"])["Records"][0]["Sns"]["Message"] == "once more"
    assert "recursive loop" in message["MessageAttributes"]["ErrorMessage"]["StringValue"]
    assert len(functions.logged(name, "started")) == 1


def test_a_message_of_a_loop_goes_where_the_queue_s_failures_go(
    functions: Any, letters: Any, eventually: Callable[..., Any]
) -> None:
    arn, received = letters
    sqs = functions.account("sqs")
    redrive = json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": "1"})
    attributes = {"VisibilityTimeout": "1", "RedrivePolicy": redrive}
    url = sqs.create_queue(QueueName="work", Attributes=attributes)["QueueUrl"]
    name = functions.deploy(TELLS_ITS_HEADER, Timeout=1)
    header = after(functions, name)
    functions.client.create_event_source_mapping(FunctionName=name, EventSourceArn=arn.replace("letters", "work"))
    with_header(functions.account("sqs"), header).send_message(QueueUrl=url, MessageBody="looping")
    sqs.send_message(QueueUrl=url, MessageBody="innocent")
    (message,) = eventually(received)
    assert message["Body"] == "looping"
    assert len(eventually(lambda: functions.logged(name, "started")[1:])) == 1


def test_a_function_that_may_loop_does_and_another_is_refused(functions: Any) -> None:
    """https://docs.aws.amazon.com/lambda/latest/api/API_PutFunctionRecursionConfig.html"""
    name = functions.deploy(TELLS_ITS_HEADER)
    caller = with_header(functions.account("lambda"), after(functions, name))
    assert functions.client.get_function_recursion_config(FunctionName=name)["RecursiveLoop"] == "Terminate"
    with pytest.raises(caller.exceptions.RecursiveInvocationException, match="recursive loop"):
        caller.invoke(FunctionName=name)
    functions.client.put_function_recursion_config(FunctionName=name, RecursiveLoop="Allow")
    assert json.load(caller.invoke(FunctionName=name)["Payload"]).endswith(":16")


def test_a_function_s_call_of_another_brings_its_payload(functions: Any) -> None:
    """Also where the call is signed by a role. https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html"""
    echo = functions.deploy("def handler(event, context): return event")
    name = functions.deploy(
        """
        import boto3, json

        def handler(event, context):
            answer = boto3.client("lambda").invoke(FunctionName=event, Payload=json.dumps({"order": 7}))
            return json.load(answer["Payload"])
        """
    )
    assert functions.invoke(name, echo).payload == {"order": 7}
