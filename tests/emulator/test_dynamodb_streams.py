"""DynamoDB Streams and time to live.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Streams.html
"""

import io
import json
import time
import zipfile
from collections.abc import Callable
from typing import Any

import pytest
from emulator.people import allow, refused, role, session

HANDLER = """
import json
def handler(event, context):
    for record in event["Records"]:
        print("SEEN " + json.dumps([record["eventName"], record["eventSourceARN"], record["dynamodb"].get("NewImage")]))
"""


class Stream:
    """A table ``orders`` with a stream, and a reader that starts at its beginning."""

    def __init__(self, aws: Any, view: str = "NEW_AND_OLD_IMAGES") -> None:
        self.table = aws("dynamodb")
        self.client = aws("dynamodbstreams")
        described = self.table.create_table(
            TableName="orders",
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
            StreamSpecification={"StreamEnabled": True, "StreamViewType": view},
        )["TableDescription"]
        self.arn = described["LatestStreamArn"]

    def put(self, key: str, **more: Any) -> None:
        self.table.put_item(TableName="orders", Item={"id": {"S": key}, **more})

    def records(self) -> list[dict[str, Any]]:
        shards = self.client.describe_stream(StreamArn=self.arn)["StreamDescription"]["Shards"]
        found = []
        for shard in shards:
            iterator = self.client.get_shard_iterator(
                StreamArn=self.arn, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
            )["ShardIterator"]
            found += self.client.get_records(ShardIterator=iterator)["Records"]
        return found


def test_every_change_is_recorded_in_order(aws: Any) -> None:
    stream = Stream(aws)
    stream.put("1", n={"N": "1"})
    stream.put("1", n={"N": "2"})
    stream.table.delete_item(TableName="orders", Key={"id": {"S": "1"}})
    records = stream.records()
    assert [record["eventName"] for record in records] == ["INSERT", "MODIFY", "REMOVE"]
    changed = records[1]["dynamodb"]
    assert (changed["OldImage"]["n"], changed["NewImage"]["n"]) == ({"N": "1"}, {"N": "2"})
    numbers = [int(record["dynamodb"]["SequenceNumber"]) for record in records]
    assert numbers == sorted(set(numbers))


def test_a_write_that_changes_nothing_is_not_recorded(aws: Any) -> None:
    stream = Stream(aws)
    stream.put("1")
    stream.put("1")
    assert len(stream.records()) == 1


@pytest.mark.parametrize(
    ("view", "images"),
    [
        ("KEYS_ONLY", set()),
        ("NEW_IMAGE", {"NewImage"}),
        ("OLD_IMAGE", {"OldImage"}),
        ("NEW_AND_OLD_IMAGES", {"NewImage", "OldImage"}),
    ],
)
def test_the_view_decides_which_images_are_recorded(aws: Any, view: str, images: set[str]) -> None:
    """https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_StreamSpecification.html"""
    stream = Stream(aws, view)
    stream.put("1", n={"N": "1"})
    stream.put("1", n={"N": "2"})
    assert {name for name in stream.records()[1]["dynamodb"] if name.endswith("Image")} == images


def test_the_stream_belongs_to_its_account_and_region(aws: Any, another_account: Callable[[], Any]) -> None:
    stream = Stream(aws)
    assert stream.arn.startswith(f"arn:aws:dynamodb:us-east-1:{aws.id}:table/orders/stream/")
    other = another_account()
    assert other("dynamodbstreams").list_streams()["Streams"] == []
    assert other("dynamodb").list_tables()["TableNames"] == []


def test_records_are_read_by_who_may_read_this_stream(aws: Any) -> None:
    """GetRecords names no stream: its iterator does.

    https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazondynamodb.html
    """
    stream = Stream(aws)
    stream.put("1")
    reading = ["dynamodb:DescribeStream", "dynamodb:GetShardIterator", "dynamodb:GetRecords"]
    stream.client = session(aws, allow(reading, stream.arn.replace("orders", "others")))("dynamodbstreams")
    refused(stream.records, "AccessDeniedException", 400)
    stream.client = session(aws, allow(reading[:2], stream.arn))("dynamodbstreams")
    assert "dynamodb:GetRecords" in refused(stream.records, "AccessDeniedException", 400)
    stream.client = session(aws, allow(reading, stream.arn))("dynamodbstreams")
    assert len(stream.records()) == 1


def test_an_expired_item_is_deleted_by_the_service(aws: Any, eventually: Callable[..., Any]) -> None:
    """AWS deletes within a few days, here within seconds; a text is no time, as on AWS.

    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/time-to-live-ttl-streams.html
    """
    stream = Stream(aws)
    stream.table.update_time_to_live(
        TableName="orders", TimeToLiveSpecification={"Enabled": True, "AttributeName": "until"}
    )
    now = int(time.time())
    stream.put("old", until={"N": str(now - 10)})
    stream.put("later", until={"N": str(now + 3600)})
    stream.put("text", until={"S": str(now - 10)})
    stream.put("ancient", until={"N": str(now - 6 * 365 * 86400)})
    removed = eventually(lambda: [record for record in stream.records() if record["eventName"] == "REMOVE"])
    assert [record["dynamodb"]["Keys"]["id"]["S"] for record in removed] == ["old"]
    assert removed[0]["userIdentity"] == {"Type": "Service", "PrincipalId": "dynamodb.amazonaws.com"}
    left = stream.table.scan(TableName="orders")["Items"]
    assert sorted(item["id"]["S"] for item in left) == ["ancient", "later", "text"]


def test_a_function_receives_the_changes(aws: Any, eventually: Callable[..., Any]) -> None:
    """https://docs.aws.amazon.com/lambda/latest/dg/with-ddb.html"""
    stream = Stream(aws)
    package = io.BytesIO()
    with zipfile.ZipFile(package, "w") as archive:
        archive.writestr("app.py", HANDLER)
    client = aws("lambda")
    client.create_function(
        FunctionName="reader",
        Runtime="python3.13",
        Role=role(aws, allow("*"), principal={"Service": "lambda.amazonaws.com"}),
        Handler="app.handler",
        Code={"ZipFile": package.getvalue()},
    )
    client.get_waiter("function_active_v2").wait(FunctionName="reader", WaiterConfig={"Delay": 1, "MaxAttempts": 30})
    client.create_event_source_mapping(
        FunctionName="reader",
        EventSourceArn=stream.arn,
        StartingPosition="TRIM_HORIZON",
        FilterCriteria={"Filters": [{"Pattern": json.dumps({"eventName": ["INSERT"]})}]},
    )
    stream.put("1", n={"N": "1"})
    stream.put("1", n={"N": "2"})
    stream.put("2", n={"N": "3"})

    def seen() -> list[Any]:
        events = aws("logs").filter_log_events(logGroupName="/aws/lambda/reader", filterPattern="SEEN")["events"]
        lines = [json.loads(event["message"].removeprefix("SEEN ")) for event in events]
        assert len(lines) == 2, lines
        return lines

    def look() -> list[Any]:
        try:
            return seen()
        except aws("logs").exceptions.ResourceNotFoundException as error:
            raise AssertionError(error) from error

    assert eventually(look, 30) == [
        ["INSERT", stream.arn, {"id": {"S": "1"}, "n": {"N": "1"}}],
        ["INSERT", stream.arn, {"id": {"S": "2"}, "n": {"N": "3"}}],
    ]
