"""Kinesis: consumers with a throughput of their own, and limits.

https://docs.aws.amazon.com/streams/latest/dev/enhanced-consumers.html
"""

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError


def refused(call: Callable[[], Any]) -> str:
    """Return the error code of a call that must fail."""
    with pytest.raises(ClientError) as error:
        call()
    return error.value.response["Error"]["Code"]


@pytest.fixture
def kinesis(aws: Any) -> Any:
    """A client with a stream ``clicks`` of one shard."""
    client = aws("kinesis", read_timeout=10)
    client.create_stream(StreamName="clicks", ShardCount=1)
    client.get_waiter("stream_exists").wait(StreamName="clicks", WaiterConfig={"Delay": 1, "MaxAttempts": 10})
    return client


@pytest.fixture
def stream(kinesis: Any) -> str:
    """The stream's ARN."""
    return kinesis.describe_stream_summary(StreamName="clicks")["StreamDescriptionSummary"]["StreamARN"]


def consumer(kinesis: Any, stream: str, eventually: Callable[..., Any]) -> str:
    """Register a consumer, wait until it is active, return its ARN."""
    arn = kinesis.register_stream_consumer(StreamARN=stream, ConsumerName="reader")["Consumer"]["ConsumerARN"]

    def active() -> bool:
        described = kinesis.describe_stream_consumer(ConsumerARN=arn)["ConsumerDescription"]
        return described["ConsumerStatus"] == "ACTIVE"

    assert eventually(active)
    return arn


def test_a_consumer_is_pushed_records(kinesis: Any, stream: str, eventually: Callable[..., Any]) -> None:
    """https://docs.aws.amazon.com/kinesis/latest/APIReference/API_SubscribeToShard.html"""
    reader = consumer(kinesis, stream, eventually)
    kinesis.put_record(StreamName="clicks", Data=b"first", PartitionKey="k")
    answer = kinesis.subscribe_to_shard(
        ConsumerARN=reader, ShardId="shardId-000000000000", StartingPosition={"Type": "TRIM_HORIZON"}
    )
    event = next(found["SubscribeToShardEvent"] for found in answer["EventStream"] if "SubscribeToShardEvent" in found)
    assert [record["Data"] for record in event["Records"]] == [b"first"]
    assert event["ContinuationSequenceNumber"]
    assert event["MillisBehindLatest"] >= 0


def test_consumers_are_listed_unique_and_deleted(kinesis: Any, stream: str, eventually: Callable[..., Any]) -> None:
    """https://docs.aws.amazon.com/kinesis/latest/APIReference/API_RegisterStreamConsumer.html"""
    reader = consumer(kinesis, stream, eventually)
    again = {"StreamARN": stream, "ConsumerName": "reader"}
    assert refused(lambda: kinesis.register_stream_consumer(**again)) == "ResourceInUseException"
    listed = kinesis.list_stream_consumers(StreamARN=stream)["Consumers"]
    assert [found["ConsumerARN"] for found in listed] == [reader]
    kinesis.deregister_stream_consumer(ConsumerARN=reader)
    assert eventually(lambda: kinesis.list_stream_consumers(StreamARN=stream)["Consumers"] == [])


def test_a_consumer_that_does_not_exist(kinesis: Any, stream: str) -> None:
    """https://docs.aws.amazon.com/kinesis/latest/APIReference/API_DescribeStreamConsumer.html"""
    missing = {"StreamARN": stream, "ConsumerName": "nobody"}
    assert refused(lambda: kinesis.describe_stream_consumer(**missing)) == "ResourceNotFoundException"


def test_a_call_puts_at_most_500_records(kinesis: Any, stream: str) -> None:
    """https://docs.aws.amazon.com/streams/latest/dev/service-sizes-and-limits.html"""
    records = [{"Data": b"x", "PartitionKey": "k"}] * 501
    with pytest.raises(ClientError) as error:
        kinesis.put_records(StreamName="clicks", Records=records)
    assert error.value.response["Error"]["Code"] in ("InvalidArgumentException", "ValidationException")


def test_a_stream_has_20_consumers_and_is_not_deleted_with_them(kinesis: Any, stream: str) -> None:
    """https://docs.aws.amazon.com/kinesis/latest/APIReference/API_RegisterStreamConsumer.html"""
    for number in range(20):
        kinesis.register_stream_consumer(StreamARN=stream, ConsumerName=f"reader-{number}")
    one_more = {"StreamARN": stream, "ConsumerName": "one-more"}
    assert refused(lambda: kinesis.register_stream_consumer(**one_more)) == "LimitExceededException"
    assert refused(lambda: kinesis.delete_stream(StreamName="clicks")) == "ResourceInUseException"
    kinesis.delete_stream(StreamName="clicks", EnforceConsumerDeletion=True)
    assert refused(lambda: kinesis.describe_stream(StreamName="clicks")) == "ResourceNotFoundException"


def test_a_retention_out_of_range_is_refused(kinesis: Any, stream: str) -> None:
    """https://docs.aws.amazon.com/kinesis/latest/APIReference/API_IncreaseStreamRetentionPeriod.html"""
    kinesis.increase_stream_retention_period(StreamName="clicks", RetentionPeriodHours=48)
    for hours in (47, 8761):
        call = {"StreamName": "clicks", "RetentionPeriodHours": hours}
        assert refused(lambda call=call: kinesis.increase_stream_retention_period(**call)) == "InvalidArgumentException"


def test_streams_have_tags_metrics_and_pages(kinesis: Any, stream: str) -> None:
    """https://docs.aws.amazon.com/kinesis/latest/APIReference/API_ListTagsForResource.html"""
    kinesis.tag_resource(ResourceARN=stream, Tags={"team": "web", "old": "yes"})
    kinesis.untag_resource(ResourceARN=stream, TagKeys=["old"])
    assert kinesis.list_tags_for_resource(ResourceARN=stream)["Tags"] == [{"Key": "team", "Value": "web"}]
    kinesis.enable_enhanced_monitoring(StreamName="clicks", ShardLevelMetrics=["IncomingBytes"])
    summary = kinesis.describe_stream_summary(StreamName="clicks")["StreamDescriptionSummary"]
    assert summary["EnhancedMonitoring"] == [{"ShardLevelMetrics": ["IncomingBytes"]}]
    kinesis.create_stream(StreamName="views", ShardCount=1)
    token = kinesis.list_streams(Limit=1)["NextToken"]
    assert kinesis.list_streams(NextToken=token)["StreamNames"] == ["views"]
