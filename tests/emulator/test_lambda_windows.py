"""Tumbling windows: a function that keeps a state from batch to batch of a stream."""

import json
from datetime import datetime

COUNT = """
    import boto3, json, os

    sqs = boto3.client("sqs")

    def handler(event, context):
        state = event["state"]
        state["count"] = state.get("count", 0) + len(event["Records"])
        if event["isFinalInvokeForWindow"]:
            sqs.send_message(QueueUrl=os.environ["OUT"], MessageBody=json.dumps(event))
        return {"state": state}
"""
STATELESS = """
    import boto3, json, os

    sqs = boto3.client("sqs")

    def handler(event, context):
        sqs.send_message(QueueUrl=os.environ["OUT"], MessageBody=json.dumps(event))
        return {}
"""


def stream(functions):
    """Create a Kinesis stream of one shard with five records; return its ARN."""
    kinesis = functions.account("kinesis")
    kinesis.create_stream(StreamName="clicks", ShardCount=1)
    kinesis.get_waiter("stream_exists").wait(StreamName="clicks", WaiterConfig={"Delay": 1, "MaxAttempts": 30})
    for number in range(5):
        kinesis.put_record(StreamName="clicks", PartitionKey="one", Data=f"click {number}".encode())
    return kinesis.describe_stream(StreamName="clicks")["StreamDescription"]["StreamARN"]


def mapped(functions, code, **settings):
    """Map the stream to a function; return what reads the events that the function has sent to a queue."""
    sqs = functions.account("sqs")
    out = sqs.create_queue(QueueName="out")["QueueUrl"]
    name = functions.deploy(code, Environment={"Variables": {"OUT": out}}, Timeout=30)
    functions.client.create_event_source_mapping(
        FunctionName=name, EventSourceArn=stream(functions), StartingPosition="TRIM_HORIZON", **settings
    )
    seen = []

    def events():
        answer = sqs.receive_message(QueueUrl=out, MaxNumberOfMessages=10, VisibilityTimeout=300)
        seen.extend(json.loads(message["Body"]) for message in answer.get("Messages", []))
        return seen

    return events


def test_a_window_ends_with_the_state_of_all_its_batches(functions, eventually):
    """The state that one invocation returns is handed to the next, and the window ends with a final one.

    https://docs.aws.amazon.com/lambda/latest/dg/services-kinesis-windows.html
    """
    final = mapped(functions, COUNT, BatchSize=2, TumblingWindowInSeconds=2)
    eventually(lambda: sum(event["state"]["count"] for event in final()) >= 5, 20)
    assert sum(event["state"]["count"] for event in final()) == 5  # the records may lie on both sides of a bound
    for event in final():
        start, end = (datetime.fromisoformat(event["window"][bound]) for bound in ("start", "end"))
        assert (end - start).total_seconds() == 2
        assert event["Records"] == []
        assert event["shardId"] == "shardId-000000000000"
        assert event["isWindowTerminatedEarly"] is False


def test_an_answer_without_a_state_is_a_failure(functions, eventually):
    """With a window the answer must have a state; without one, Lambda takes the invocation for failed and retries.

    https://docs.aws.amazon.com/lambda/latest/dg/services-kinesis-windows.html
    """
    events = mapped(functions, STATELESS, TumblingWindowInSeconds=900, MaximumRetryAttempts=1)
    eventually(lambda: len(events()) >= 2, 20)
    first, second = events()[:2]
    assert len(first["Records"]) > 0
    assert second == first
