"""Event source mappings: queues and streams that invoke functions."""

import base64
import json

import pytest

COLLECT = """
    import boto3, json, os

    sqs = boto3.client("sqs")

    def handler(event, context):
        failed = []
        for record in event["Records"]:
            body = record.get("body") or record["kinesis"]["data"]
            if body == "poison":
                failed.append({"itemIdentifier": record["messageId"]})
        sqs.send_message(QueueUrl=os.environ["OUT"], MessageBody=json.dumps(event["Records"]))
        return {"batchItemFailures": failed}
"""


@pytest.fixture
def out(functions):
    """A queue to which functions report: its URL, and a function that returns all records reported so far."""
    sqs = functions.account("sqs")
    url = sqs.create_queue(QueueName="out")["QueueUrl"]
    seen = []

    def records():
        for message in sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", []):
            seen.extend(json.loads(message["Body"]))
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return seen

    return url, records


def source_queue(functions, **attributes):
    """Create the source queue; return its URL and ARN."""
    sqs = functions.account("sqs")
    url = sqs.create_queue(QueueName="source", Attributes=attributes)["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    return url, arn


def test_messages_of_a_queue_arrive_and_are_deleted(functions, out, eventually):
    out_url, records = out
    url, arn = source_queue(functions, VisibilityTimeout="60")
    name = functions.deploy(COLLECT, Environment={"Variables": {"OUT": out_url}}, Timeout=30)
    functions.client.create_event_source_mapping(FunctionName=name, EventSourceArn=arn, BatchSize=5)
    sqs = functions.account("sqs")
    for number in range(5):
        sqs.send_message(QueueUrl=url, MessageBody=f"message {number}")
    eventually(lambda: len(records()) == 5, 30)
    assert {record["body"] for record in records()} == {f"message {number}" for number in range(5)}
    assert {record["eventSource"] for record in records()} == {"aws:sqs"}
    assert {record["eventSourceARN"] for record in records()} == {arn}

    def left():
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        return sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"].values()

    eventually(lambda: set(left()) == {"0"})


def test_a_poison_message_alone_is_tried_again(functions, out, eventually):
    out_url, records = out
    sqs = functions.account("sqs")
    dead = sqs.create_queue(QueueName="dead")["QueueUrl"]
    dead_arn = sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    redrive = json.dumps({"deadLetterTargetArn": dead_arn, "maxReceiveCount": 2})
    url, arn = source_queue(functions, VisibilityTimeout="1", RedrivePolicy=redrive)
    name = functions.deploy(COLLECT, Environment={"Variables": {"OUT": out_url}}, Timeout=1)
    functions.invoke(name, {"Records": []})  # the second of its timeout is not for importing boto3
    sqs.send_message_batch(
        QueueUrl=url,
        Entries=[
            {"Id": str(number), "MessageBody": body} for number, body in enumerate(["good", "poison", "good too"])
        ],
    )
    functions.client.create_event_source_mapping(
        FunctionName=name, EventSourceArn=arn, FunctionResponseTypes=["ReportBatchItemFailures"]
    )
    (message,) = eventually(lambda: sqs.receive_message(QueueUrl=dead).get("Messages"), 30)
    assert message["Body"] == "poison"
    bodies = [record["body"] for record in records()]
    assert bodies.count("poison") == 2
    assert bodies.count("good") == bodies.count("good too") == 1


def test_a_filter_lets_only_matching_messages_through(functions, out, eventually):
    out_url, records = out
    url, arn = source_queue(functions)
    name = functions.deploy(COLLECT, Environment={"Variables": {"OUT": out_url}}, Timeout=30)
    pattern = json.dumps({"body": {"kind": ["order"], "amount": [{"numeric": [">", 10]}]}})
    functions.client.create_event_source_mapping(
        FunctionName=name, EventSourceArn=arn, FilterCriteria={"Filters": [{"Pattern": pattern}]}
    )
    sqs = functions.account("sqs")
    for body in (
        {"kind": "order", "amount": 5},
        {"kind": "refund", "amount": 50},
        {"kind": "order", "amount": 50},
    ):
        sqs.send_message(QueueUrl=url, MessageBody=json.dumps(body))
    eventually(records, 30)

    def visible():
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        return sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"].values()

    eventually(lambda: set(visible()) == {"0"})
    assert [json.loads(record["body"]) for record in records()] == [{"kind": "order", "amount": 50}]


def test_records_of_a_kinesis_stream_arrive_in_order(functions, out, eventually):
    out_url, records = out
    kinesis = functions.account("kinesis")
    kinesis.create_stream(StreamName="clicks", ShardCount=1)
    kinesis.get_waiter("stream_exists").wait(StreamName="clicks", WaiterConfig={"Delay": 1, "MaxAttempts": 30})
    arn = kinesis.describe_stream(StreamName="clicks")["StreamDescription"]["StreamARN"]
    name = functions.deploy(COLLECT, Environment={"Variables": {"OUT": out_url}}, Timeout=30)
    functions.client.create_event_source_mapping(
        FunctionName=name, EventSourceArn=arn, StartingPosition="TRIM_HORIZON", BatchSize=10
    )
    for number in range(3):
        kinesis.put_record(StreamName="clicks", PartitionKey="one", Data=f"click {number}".encode())
    eventually(lambda: len(records()) == 3, 30)
    data = [base64.b64decode(record["kinesis"]["data"]).decode() for record in records()]
    assert data == ["click 0", "click 1", "click 2"]
    assert {record["eventSource"] for record in records()} == {"aws:kinesis"}
    assert {record["eventSourceARN"] for record in records()} == {arn}


def test_bad_input(functions):
    client = functions.client
    absent = f"arn:aws:sqs:us-east-1:{functions.account.id}:absent"
    name = functions.deploy(COLLECT)
    with pytest.raises(client.exceptions.InvalidParameterValueException):
        client.create_event_source_mapping(FunctionName=name, EventSourceArn=absent)
    _, arn = source_queue(functions)
    with pytest.raises(client.exceptions.ClientError):
        client.create_event_source_mapping(FunctionName="absent", EventSourceArn=arn)
