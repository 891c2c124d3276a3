"""Records: what is written and read, and how much of it in a second.

Faults: MiniStack takes any number of records; iterators of closed shards fail; what never was one is called expired.
https://docs.aws.amazon.com/kinesis/latest/APIReference/API_GetRecords.html
"""

import base64
import re
import time
from typing import Any

from .requests import from_client
from .resharding import all_shards, children_of
from .streams import missing

LIKE_AN_ITERATOR = re.compile(r"[A-Za-z0-9+/=_-]{24,}")
"""What MiniStack's iterators look like."""

WRITES, WRITTEN_BYTES, READS = 1_000, 1_048_576, 5
"""What a shard takes in a second, and how often it is read:
https://docs.aws.amazon.com/streams/latest/dev/service-sizes-and-limits.html"""

REQUEST_BYTES = 10_485_760
"""Size of a PutRecords: https://docs.aws.amazon.com/kinesis/latest/APIReference/API_PutRecords.html"""

MOST_READ = 10_000
"""Records of a GetRecords."""

BY_NUMBER = ("AT_SEQUENCE_NUMBER", "AFTER_SEQUENCE_NUMBER")


class Allowance:
    """Something of which there is so much in a second; what is not used is kept for one second."""

    def __init__(self, per_second: float) -> None:
        self.per_second = self.left = per_second
        self.at = time.monotonic()

    def has(self, amount: float) -> bool:
        """Return whether so much is left; more than a second's worth needs all of it."""
        now = time.monotonic()
        self.left = min(self.per_second, self.left + (now - self.at) * self.per_second)
        self.at = now
        return self.left >= min(amount, self.per_second)

    def take(self, amount: float) -> None:
        """Use so much."""
        self.left -= amount


def allowance(shard: dict[str, Any], name: str, per_second: float) -> Allowance:
    """Return a shard's allowance."""
    kept: Allowance = shard.setdefault(name, Allowance(per_second))
    return kept


def apply(kinesis: Any) -> None:
    """Mend writing and reading."""
    kinesis._put_record = lambda data: put_record(kinesis, data)
    kinesis._put_records = lambda data: put_records(kinesis, data)
    kinesis._get_shard_iterator = lambda data: get_shard_iterator(kinesis, data)
    kinesis._get_records = lambda data: get_records(kinesis, data)
    for name in ("_list_shards", "_describe_stream"):
        setattr(kinesis, name, with_closed_shards(kinesis, getattr(kinesis, name)))


def record_bytes(record: dict[str, Any]) -> int:
    """Return what a record counts: data and partition key."""
    return len(base64.b64decode(record.get("Data") or "")) + len(record["PartitionKey"].encode())


def put(kinesis: Any, stream: dict[str, Any], record: dict[str, Any]) -> dict[str, Any]:
    """Write a record; return what PutRecords says about it."""
    key = record.get("ExplicitHashKey")
    shard_id = kinesis._route_to_shard(
        int(key) if key else kinesis._partition_key_to_hash(record["PartitionKey"]), stream
    )
    shard, size = stream["shards"][shard_id], record_bytes(record)
    count, written = allowance(shard, "writes", WRITES), allowance(shard, "bytes", WRITTEN_BYTES)
    if not (count.has(1) and written.has(size)):
        where = f"shard {shard_id} in stream {stream['StreamName']} under account {kinesis.get_account_id()}"
        return {"ErrorCode": "ProvisionedThroughputExceededException", "ErrorMessage": f"Rate exceeded for {where}."}
    count.take(1)
    written.take(size)
    number = kinesis._next_sequence_number()
    shard["records"].append(
        {
            "SequenceNumber": number,
            "ApproximateArrivalTimestamp": round(time.time(), 3),
            "Data": record.get("Data") or "",
            "PartitionKey": record["PartitionKey"],
        }
    )
    return {"ShardId": shard_id, "SequenceNumber": number}


def refusal_of(kinesis: Any, stream: dict[str, Any], records: list[dict[str, Any]]) -> Any:
    """Return the answer to records that are too large; None if they are not."""
    most = stream["MaxRecordSizeInKiB"] * 1_024
    sizes = [record_bytes(record) for record in records]
    if max(sizes) > most:
        message = f"1 validation error detected: a record has more than the {most} bytes that the stream takes."
    elif sum(sizes) > REQUEST_BYTES:
        message = f"1 validation error detected: the records have more than {REQUEST_BYTES} bytes together."
    else:
        return None
    return kinesis.error_response_json("ValidationException", message, 400)


def put_record(kinesis: Any, data: Any) -> Any:
    """Answer PutRecord."""
    name, stream = kinesis._resolve_stream(data)
    if not stream:
        return missing(kinesis, name)
    if refusal := refusal_of(kinesis, stream, [data]):
        return refusal
    kinesis._expire_records(stream)
    answer = put(kinesis, stream, data)
    if "ErrorCode" in answer:
        return kinesis.error_response_json(answer["ErrorCode"], answer["ErrorMessage"], 400)
    kinesis.esm_wake.set()
    return kinesis.json_response({**answer, "EncryptionType": stream["EncryptionType"]})


def put_records(kinesis: Any, data: Any) -> Any:
    """Answer PutRecords: a shard that has enough fails the records that are for it."""
    name, stream = kinesis._resolve_stream(data)
    if not stream:
        return missing(kinesis, name)
    if refusal := refusal_of(kinesis, stream, data["Records"]):
        return refusal
    kinesis._expire_records(stream)
    answers = [put(kinesis, stream, record) for record in data["Records"]]
    kinesis.esm_wake.set()
    failed = sum("ErrorCode" in answer for answer in answers)
    answer = {"FailedRecordCount": failed, "Records": answers, "EncryptionType": stream["EncryptionType"]}
    return kinesis.json_response(answer)


def get_shard_iterator(kinesis: Any, data: Any) -> Any:
    """Answer GetShardIterator."""
    name, stream = kinesis._resolve_stream(data)
    if not stream:
        return missing(kinesis, name)
    shard = all_shards(stream).get(data["ShardId"])
    if not shard:
        message = f"Shard {data['ShardId']} in stream {stream['StreamName']} does not exist."
        return kinesis.error_response_json("ResourceNotFoundException", message, 400)
    kind, number, moment = data["ShardIteratorType"], data.get("StartingSequenceNumber"), data.get("Timestamp")
    if (kind in BY_NUMBER) != bool(number) or (kind == "AT_TIMESTAMP") != (moment is not None):
        message = f"ShardIteratorType {kind} does not go with the StartingSequenceNumber or Timestamp that is given."
        return kinesis.error_response_json("InvalidArgumentException", message, 400)
    kinesis._expire_records(stream)
    if number and len(number) < len(shard["starting_sequence_number"]):
        kind = "TRIM_HORIZON"
    position = kinesis._start_position(shard["records"], kind, number or "", moment)
    return kinesis.json_response({"ShardIterator": new_iterator(kinesis, stream, data["ShardId"], position)})


def new_iterator(kinesis: Any, stream: dict[str, Any], shard_id: str, position: int) -> str:
    """Keep a place in a shard and return its iterator."""
    token: str = kinesis.new_uuid()
    kinesis._shard_iterators[token] = {
        "stream": stream["StreamName"],
        "stream_arn": stream["StreamARN"],
        "shard_id": shard_id,
        "position": position,
        "created_at": time.time(),
    }
    return token


def get_records(kinesis: Any, data: Any) -> Any:
    """Answer GetRecords; a closed shard that is read to its end names its children, and no next iterator."""
    token, limit = str(data.get("ShardIterator")), data.get("Limit", MOST_READ)
    place = kinesis._shard_iterators.get(token)
    if not LIKE_AN_ITERATOR.fullmatch(token) or not 0 < limit <= MOST_READ:
        what = "Limit" if LIKE_AN_ITERATOR.fullmatch(token) else "ShardIterator"
        return kinesis.error_response_json("InvalidArgumentException", f"Invalid {what}.", 400)
    if not place:
        return kinesis.error_response_json("ExpiredIteratorException", "The iterator has expired.", 400)
    stream = kinesis._streams.get(place["stream"])
    if not stream:
        return missing(kinesis, place["stream"])
    kinesis._expire_records(stream)
    shard = all_shards(stream)[place["shard_id"]]
    if from_client.get():
        reads = allowance(shard, "reads", READS)
        if not reads.has(1):
            message = f"Rate exceeded for shard {place['shard_id']} in stream {stream['StreamName']}."
            return kinesis.error_response_json("ProvisionedThroughputExceededException", message, 400)
        reads.take(1)
    start = min(place["position"], len(shard["records"]))
    records = shard["records"][start : start + limit]
    end = start + len(records)
    behind = 0.0
    if end < len(shard["records"]):
        behind = time.time() - shard["records"][end]["ApproximateArrivalTimestamp"]
    shown = [{**record, "EncryptionType": stream["EncryptionType"]} for record in records]
    answer: dict[str, Any] = {"Records": shown, "MillisBehindLatest": max(0, int(behind * 1_000))}
    if end == len(shard["records"]) and "ending_sequence_number" in shard:
        answer["ChildShards"] = children_of(stream, place["shard_id"])
    else:
        answer["NextShardIterator"] = new_iterator(kinesis, stream, place["shard_id"], end)
    return kinesis.json_response(answer)


def with_closed_shards(kinesis: Any, operation: Any) -> Any:
    """Return an operation that lists a stream's closed shards too, unless a filter wants the open ones."""

    def listing(data: Any) -> Any:
        _, stream = kinesis._resolve_stream(data)
        latest = (data.get("ShardFilter") or {}).get("Type") == "AT_LATEST"
        if not stream or not stream.get("closed") or latest:
            return operation(data)
        opened, stream["shards"] = stream["shards"], all_shards(stream)
        try:
            return operation(data)
        finally:
            stream["shards"] = opened

    return listing
