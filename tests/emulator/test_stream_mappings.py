"""Event source mappings of DynamoDB streams: batches that fail, changes of the mapping, deletions by time to live.

https://docs.aws.amazon.com/lambda/latest/dg/with-ddb.html
"""

import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

REPORT = """
    import boto3, json, os

    sqs = boto3.client("sqs")

    def handler(event, context):
        keys = [record["dynamodb"]["Keys"]["id"]["S"] for record in event["Records"]]
        by = [record.get("userIdentity", {}).get("principalId") for record in event["Records"]]
        sqs.send_message(QueueUrl=os.environ["OUT"], MessageBody=json.dumps([keys, by]))
        if "poison" in keys:
            raise ValueError("poison")
"""


class Mapping:
    """A table ``orders`` with a stream, a function that reports its batches, and queues for reports and failures."""

    def __init__(self, functions: Any) -> None:
        account = functions.account
        self.table, self.client, self.sqs = account("dynamodb"), functions.client, account("sqs")
        self.out = self.sqs.create_queue(QueueName="out")["QueueUrl"]
        self.failed = self.sqs.create_queue(QueueName="failed")["QueueUrl"]
        self.function = functions.deploy(REPORT, Environment={"Variables": {"OUT": self.out}}, Timeout=30)
        described = self.table.create_table(
            TableName="orders",
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
            StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
        )["TableDescription"]
        self.stream = described["LatestStreamArn"]
        self.destination = {"OnFailure": {"Destination": f"arn:aws:sqs:us-east-1:{account.id}:failed"}}

    def put(self, *keys: str, **more: Any) -> None:
        for key in keys:
            self.table.put_item(TableName="orders", Item={"id": {"S": key}, **more})

    def start(self, **settings: Any) -> str:
        source = {"EventSourceArn": self.stream, "StartingPosition": "TRIM_HORIZON"}
        return self.client.create_event_source_mapping(FunctionName=self.function, **source, **settings)["UUID"]

    def received(self, queue: str) -> list[Any]:
        """Return the bodies in a queue, the oldest first, and empty it."""
        bodies = []
        while messages := self.sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages"):
            for message in messages:
                bodies.append(json.loads(message["Body"]))
                self.sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
        return bodies


@pytest.fixture
def mapping(functions: Any) -> Mapping:
    return Mapping(functions)


def test_a_failed_batch_is_halved_down_to_the_bad_record(mapping: Mapping, eventually: Callable[..., Any]) -> None:
    """https://docs.aws.amazon.com/lambda/latest/dg/services-dynamodb-errors.html"""
    mapping.put("a", "b", "poison", "c")
    mapping.start(BisectBatchOnFunctionError=True, MaximumRetryAttempts=0, DestinationConfig=mapping.destination)
    [failure] = eventually(lambda: mapping.received(mapping.failed), 30)
    batch = failure["DDBStreamBatchInfo"]
    assert batch["batchSize"] == 1
    assert batch["startSequenceNumber"] == batch["endSequenceNumber"]
    assert failure["requestContext"]["condition"] == "RetryAttemptsExhausted"
    seen: list[Any] = []

    def done() -> bool:
        seen.extend(keys for keys, _ in mapping.received(mapping.out))
        return ["c"] in seen

    eventually(done, 30)
    assert seen == [["a", "b", "poison", "c"], ["a", "b"], ["poison", "c"], ["poison"], ["c"]]


def test_a_changed_mapping_goes_on_where_it_was(mapping: Mapping, eventually: Callable[..., Any]) -> None:
    """https://docs.aws.amazon.com/lambda/latest/api/API_UpdateEventSourceMapping.html"""
    mapping.put("a")
    uuid = mapping.start()
    assert eventually(lambda: mapping.received(mapping.out), 30) == [[["a"], [None]]]
    mapping.client.update_event_source_mapping(UUID=uuid, BatchSize=7)
    mapping.put("b")
    assert eventually(lambda: mapping.received(mapping.out), 30) == [[["b"], [None]]]


def test_a_filter_takes_what_time_to_live_deleted(mapping: Mapping, eventually: Callable[..., Any]) -> None:
    """https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/time-to-live-ttl-streams.html"""
    mapping.table.update_time_to_live(
        TableName="orders", TimeToLiveSpecification={"Enabled": True, "AttributeName": "until"}
    )
    mapping.put("deleted")
    mapping.table.delete_item(TableName="orders", Key={"id": {"S": "deleted"}})
    mapping.put("expired", until={"N": str(int(time.time()) - 10)})
    identity = {"userIdentity": {"type": ["Service"], "principalId": ["dynamodb.amazonaws.com"]}}
    mapping.start(FilterCriteria={"Filters": [{"Pattern": json.dumps(identity)}]})
    assert eventually(lambda: mapping.received(mapping.out), 30) == [[["expired"], ["dynamodb.amazonaws.com"]]]


def test_a_stream_is_switched_on_once_and_off_once(aws: Any) -> None:
    """https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_UpdateTable.html"""
    dynamodb = aws("dynamodb")
    dynamodb.create_table(
        TableName="orders",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    off, on = {"StreamEnabled": False}, {"StreamEnabled": True, "StreamViewType": "KEYS_ONLY"}
    answers = []
    for specification in (off, on, on, off):
        try:
            dynamodb.update_table(TableName="orders", StreamSpecification=specification)
            answers.append("done")
        except ClientError as error:
            answers.append(error.response["Error"]["Code"])
    assert answers == ["ValidationException", "done", "ValidationException", "done"]
