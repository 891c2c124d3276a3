"""Kinesis Data Streams without Node.

https://docs.aws.amazon.com/streams/latest/dev/key-concepts.html
"""

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError


@pytest.fixture
def stream(aws: Any) -> Any:
    """A client with an active stream ``clicks`` of two shards."""
    client = aws("kinesis")
    create(client, shards=2)
    return client


def create(client: Any, shards: int) -> None:
    client.create_stream(StreamName="clicks", ShardCount=shards)
    client.get_waiter("stream_exists").wait(StreamName="clicks", WaiterConfig={"Delay": 1, "MaxAttempts": 10})


def shard_ids(client: Any) -> list[str]:
    return [shard["ShardId"] for shard in client.list_shards(StreamName="clicks")["Shards"]]


def read(client: Any, shard: str, kind: str = "TRIM_HORIZON", **position: Any) -> list[bytes]:
    iterator = client.get_shard_iterator(StreamName="clicks", ShardId=shard, ShardIteratorType=kind, **position)[
        "ShardIterator"
    ]
    return [record["Data"] for record in client.get_records(ShardIterator=iterator)["Records"]]


def refused(call: Callable[[], Any]) -> str:
    """Return the error code of a call that must fail."""
    with pytest.raises(ClientError) as error:
        call()
    return error.value.response["Error"]["Code"]


def test_records_of_one_key_keep_their_order_in_one_shard(stream: Any) -> None:
    """https://docs.aws.amazon.com/kinesis/latest/APIReference/API_PutRecord.html"""
    put = [stream.put_record(StreamName="clicks", Data=f"{n}".encode(), PartitionKey="customer-1") for n in range(5)]
    assert len({answer["ShardId"] for answer in put}) == 1
    numbers = [int(answer["SequenceNumber"]) for answer in put]
    assert numbers == sorted(set(numbers))
    assert read(stream, put[0]["ShardId"]) == [b"0", b"1", b"2", b"3", b"4"]


def test_put_records_spreads_keys_over_shards(stream: Any) -> None:
    """https://docs.aws.amazon.com/kinesis/latest/APIReference/API_PutRecords.html"""
    records = [{"Data": b"x", "PartitionKey": f"key-{n}"} for n in range(50)]
    answer = stream.put_records(StreamName="clicks", Records=records)
    assert answer["FailedRecordCount"] == 0
    assert {record["ShardId"] for record in answer["Records"]} == set(shard_ids(stream))
    assert sum(len(read(stream, shard)) for shard in shard_ids(stream)) == 50


def test_iterators_start_where_they_are_told(stream: Any) -> None:
    """https://docs.aws.amazon.com/kinesis/latest/APIReference/API_GetShardIterator.html"""
    put = [stream.put_record(StreamName="clicks", Data=data, PartitionKey="k") for data in (b"a", b"b", b"c")]
    shard, second = put[0]["ShardId"], put[1]["SequenceNumber"]
    assert read(stream, shard, "AT_SEQUENCE_NUMBER", StartingSequenceNumber=second) == [b"b", b"c"]
    assert read(stream, shard, "AFTER_SEQUENCE_NUMBER", StartingSequenceNumber=second) == [b"c"]
    assert read(stream, shard, "LATEST") == []


def test_the_next_iterator_continues(stream: Any) -> None:
    shard = stream.put_record(StreamName="clicks", Data=b"a", PartitionKey="k")["ShardId"]
    iterator = stream.get_shard_iterator(StreamName="clicks", ShardId=shard, ShardIteratorType="TRIM_HORIZON")
    first = stream.get_records(ShardIterator=iterator["ShardIterator"], Limit=1)
    assert [record["Data"] for record in first["Records"]] == [b"a"]
    assert first["MillisBehindLatest"] == 0
    stream.put_record(StreamName="clicks", Data=b"b", PartitionKey="k")
    second = stream.get_records(ShardIterator=first["NextShardIterator"])
    assert [record["Data"] for record in second["Records"]] == [b"b"]


def test_accounts_and_regions_do_not_see_each_others_streams(stream: Any, another_account: Any, aws: Any) -> None:
    other = another_account()("kinesis")
    assert other.list_streams()["StreamNames"] == []
    create(other, shards=1)
    other.put_record(StreamName="clicks", Data=b"theirs", PartitionKey="k")
    assert [read(stream, shard) for shard in shard_ids(stream)] == [[], []]
    elsewhere = aws.session.client("kinesis", endpoint_url=aws.endpoint, region_name="eu-west-1")
    assert elsewhere.list_streams()["StreamNames"] == []
    arn = stream.describe_stream_summary(StreamName="clicks")["StreamDescriptionSummary"]["StreamARN"]
    assert arn == f"arn:aws:kinesis:us-east-1:{aws.id}:stream/clicks"


def test_a_missing_stream_is_reported(aws: Any) -> None:
    client = aws("kinesis")
    assert (
        refused(lambda: client.put_record(StreamName="none", Data=b"", PartitionKey="k")) == "ResourceNotFoundException"
    )


def test_a_name_is_taken_once(stream: Any) -> None:
    assert refused(lambda: stream.create_stream(StreamName="clicks", ShardCount=1)) == "ResourceInUseException"


def test_a_record_may_have_at_most_ten_mebibytes(stream: Any) -> None:
    """Since 2025 the default of a stream is 1 MiB and can be raised to 10 MiB.

    https://docs.aws.amazon.com/kinesis/latest/APIReference/API_PutRecord.html
    """
    large = b"x" * (10 * 2**20 + 1)
    assert (
        refused(lambda: stream.put_record(StreamName="clicks", Data=large, PartitionKey="k")) == "ValidationException"
    )


def test_an_iterator_that_is_none_is_refused(stream: Any) -> None:
    """https://docs.aws.amazon.com/kinesis/latest/APIReference/API_GetRecords.html"""
    assert refused(lambda: stream.get_records(ShardIterator="nonsense")) == "InvalidArgumentException"


def test_more_than_500_records_at_once_are_refused(stream: Any) -> None:
    """https://docs.aws.amazon.com/kinesis/latest/APIReference/API_PutRecords.html"""
    records = [{"Data": b"x", "PartitionKey": "k"}] * 501
    assert refused(lambda: stream.put_records(StreamName="clicks", Records=records)) == "ValidationException"


def test_a_shard_splits_in_two(stream: Any, eventually: Callable[..., Any]) -> None:
    """https://docs.aws.amazon.com/streams/latest/dev/kinesis-using-sdk-java-resharding-split.html"""
    parent = stream.list_shards(StreamName="clicks")["Shards"][0]
    low, high = (int(parent["HashKeyRange"][end]) for end in ("StartingHashKey", "EndingHashKey"))
    stream.split_shard(StreamName="clicks", ShardToSplit=parent["ShardId"], NewStartingHashKey=str((low + high) // 2))
    eventually(
        lambda: stream.describe_stream_summary(StreamName="clicks")["StreamDescriptionSummary"]["OpenShardCount"] == 3
    )
    children = [
        shard
        for shard in stream.list_shards(StreamName="clicks")["Shards"]
        if shard.get("ParentShardId") == parent["ShardId"]
    ]
    assert len(children) == 2
