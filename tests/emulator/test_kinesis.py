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


def test_a_records_size_is_the_streams(stream: Any) -> None:
    """https://docs.aws.amazon.com/kinesis/latest/APIReference/API_UpdateMaxRecordSize.html"""
    summary = stream.describe_stream_summary(StreamName="clicks")["StreamDescriptionSummary"]
    assert summary["MaxRecordSizeInKiB"] == 1024
    large = {"StreamName": "clicks", "Data": b"x" * 2**20, "PartitionKey": "k"}
    assert refused(lambda: stream.put_record(**large)) == "ValidationException"
    stream.update_max_record_size(StreamARN=summary["StreamARN"], MaxRecordSizeInKiB=2048)
    assert stream.put_record(**large)["SequenceNumber"]
    larger = {"StreamARN": summary["StreamARN"], "MaxRecordSizeInKiB": 10241}
    assert refused(lambda: stream.update_max_record_size(**larger)) == "ValidationException"


def test_a_shard_takes_a_thousand_records_and_a_mebibyte_a_second(stream: Any) -> None:
    """https://docs.aws.amazon.com/kinesis/latest/APIReference/API_PutRecords.html"""
    half = {"Data": b"x" * 2**19, "PartitionKey": "k"}
    answer = stream.put_records(StreamName="clicks", Records=[half] * 4)
    codes = [record.get("ErrorCode") for record in answer["Records"]]
    assert (answer["FailedRecordCount"], codes[0]) == (len([code for code in codes if code]), None)
    assert codes[-1] == "ProvisionedThroughputExceededException"
    small = [{"Data": b"x", "PartitionKey": "k", "ExplicitHashKey": str(2**128 - 1)}] * 500
    failed = [stream.put_records(StreamName="clicks", Records=small)["FailedRecordCount"] for _ in range(5)]
    assert failed[0] == 0
    assert failed[-1] > 0


def test_a_shard_is_read_five_times_a_second(aws: Any, stream: Any) -> None:
    """https://docs.aws.amazon.com/kinesis/latest/APIReference/API_GetRecords.html"""
    once = aws("kinesis", retries={"total_max_attempts": 1})
    place = {"ShardId": shard_ids(stream)[0], "ShardIteratorType": "LATEST"}
    iterator = stream.get_shard_iterator(StreamName="clicks", **place)["ShardIterator"]

    def too_often() -> None:
        for _ in range(30):
            once.get_records(ShardIterator=iterator)

    assert refused(too_often) == "ProvisionedThroughputExceededException"
    assert refused(lambda: stream.get_records(ShardIterator=iterator, Limit=10_001)) in (
        "InvalidArgumentException",
        "ValidationException",
    )


def test_an_on_demand_stream_has_four_shards(aws: Any) -> None:
    """https://docs.aws.amazon.com/streams/latest/dev/how-do-i-size-a-stream.html"""
    client = aws("kinesis")
    client.create_stream(StreamName="clicks", StreamModeDetails={"StreamMode": "ON_DEMAND"})
    assert len(shard_ids(client)) == 4
    scaling = {"StreamName": "clicks", "TargetShardCount": 2, "ScalingType": "UNIFORM_SCALING"}
    assert refused(lambda: client.update_shard_count(**scaling)) == "ValidationException"
    arn = client.describe_stream_summary(StreamName="clicks")["StreamDescriptionSummary"]["StreamARN"]
    client.update_stream_mode(StreamARN=arn, StreamModeDetails={"StreamMode": "PROVISIONED"})
    assert client.update_shard_count(**scaling)["CurrentShardCount"] == 4


def test_a_closed_shard_is_read_to_its_end(stream: Any) -> None:
    """https://docs.aws.amazon.com/streams/latest/dev/kinesis-using-sdk-java-after-resharding.html"""
    low, high = shard_ids(stream)
    stream.put_record(StreamName="clicks", Data=b"before", PartitionKey="k", ExplicitHashKey="0")
    stream.merge_shards(StreamName="clicks", ShardToMerge=low, AdjacentShardToMerge=high)
    stream.put_record(StreamName="clicks", Data=b"after", PartitionKey="k", ExplicitHashKey="0")
    closed, _, merged = stream.list_shards(StreamName="clicks")["Shards"]
    assert closed["SequenceNumberRange"]["EndingSequenceNumber"]
    assert (merged["ParentShardId"], merged["AdjacentParentShardId"]) == (low, high)
    place = {"ShardId": low, "ShardIteratorType": "TRIM_HORIZON"}
    iterator = stream.get_shard_iterator(StreamName="clicks", **place)["ShardIterator"]
    answer = stream.get_records(ShardIterator=iterator)
    assert [record["Data"] for record in answer["Records"]] == [b"before"]
    assert "NextShardIterator" not in answer
    assert [child["ShardId"] for child in answer["ChildShards"]] == [merged["ShardId"]]
    assert read(stream, merged["ShardId"]) == [b"after"]
    again = {"StreamName": "clicks", "ShardToSplit": low, "NewStartingHashKey": "7"}
    assert refused(lambda: stream.split_shard(**again)) == "ResourceNotFoundException"


def test_a_shard_count_doubles_at_most(stream: Any) -> None:
    """https://docs.aws.amazon.com/kinesis/latest/APIReference/API_UpdateShardCount.html"""

    def scale(count: int) -> Any:
        return stream.update_shard_count(StreamName="clicks", TargetShardCount=count, ScalingType="UNIFORM_SCALING")

    assert refused(lambda: scale(5)) == "InvalidArgumentException"
    stream.put_record(StreamName="clicks", Data=b"kept", PartitionKey="k", ExplicitHashKey="0")
    assert scale(4)["TargetShardCount"] == 4
    assert len(shard_ids(stream)) == 6
    assert read(stream, "shardId-000000000000") == [b"kept"]
    assert refused(lambda: scale(1)) == "InvalidArgumentException"


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
