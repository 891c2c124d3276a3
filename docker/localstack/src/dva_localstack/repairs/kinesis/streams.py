"""Streams: capacity modes, record sizes, retention and limits.

https://docs.aws.amazon.com/streams/latest/dev/service-sizes-and-limits.html
"""

import itertools
import time
from collections.abc import Callable
from typing import Any

ON_DEMAND_SHARDS = 4
"""Shards that an on-demand stream begins with:
https://docs.aws.amazon.com/streams/latest/dev/how-do-i-size-a-stream.html"""

RECORD_KIB = 1_024
"""Largest record of a stream that does not say otherwise: data and partition key."""

RETENTION_HOURS = (24, 8_760)

START = "ExclusiveStartStreamName"

SHARD_LIMIT, ON_DEMAND_LIMIT = 20_000, 50
"""What an account may have in us-east-1."""


def numbering() -> Callable[[], str]:
    """Return a function that returns the next sequence number.

    Fault: MiniStack's begin with zeros, which AWS's model of the API does not allow.
    """
    counter = itertools.count(1)
    return lambda: f"49{int(time.time() * 1000):020d}{next(counter):034d}"


def apply(kinesis: Any) -> None:
    """Mend creation, description and retention."""
    create, describe, listing = kinesis._create_stream, kinesis._describe_stream_summary, kinesis._list_streams

    def create_stream(data: Any) -> Any:
        given = dict(data)
        if (given.get("StreamModeDetails") or {}).get("StreamMode") == "ON_DEMAND":
            given["ShardCount"] = ON_DEMAND_SHARDS
        answer = create(given)
        if answer[0] == 200:
            stream = kinesis._streams[given["StreamName"]]
            stream["MaxRecordSizeInKiB"] = given.get("MaxRecordSizeInKiB") or RECORD_KIB
            stream["tags"].update(given.get("Tags") or {})
        return answer

    def describe_stream_summary(data: Any) -> Any:
        answer = describe(data)
        if answer[0] != 200:
            return answer
        summary = kinesis.json.loads(answer[2])["StreamDescriptionSummary"]
        stream = kinesis._resolve_stream(data)[1]
        summary["MaxRecordSizeInKiB"] = stream["MaxRecordSizeInKiB"]
        summary["EnhancedMonitoring"] = [{"ShardLevelMetrics": stream.get("ShardLevelMetrics", [])}]
        return kinesis.json_response({"StreamDescriptionSummary": summary})

    def list_streams(data: Any) -> Any:
        """Answer ListStreams; a page's token is the name of its last stream."""
        _, _, body = listing({**data, "ExclusiveStartStreamName": data.get("NextToken") or data.get(START)})
        page = kinesis.json.loads(body)
        if page["HasMoreStreams"]:
            page["NextToken"] = page["StreamNames"][-1]
        return kinesis.json_response(page)

    kinesis._list_streams = list_streams
    kinesis._create_stream = create_stream
    kinesis._describe_stream_summary = describe_stream_summary
    for name in ("_increase_retention", "_decrease_retention"):
        setattr(kinesis, name, with_other_code(kinesis, getattr(kinesis, name)))


def with_other_code(kinesis: Any, operation: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Return an operation that calls a refused value an invalid argument, as Kinesis does."""

    def renamed(data: Any) -> Any:
        status, headers, body = operation(data)
        error = kinesis.json.loads(body) if status == 400 else {}
        if error.get("__type") == "ValidationException":
            return kinesis.error_response_json("InvalidArgumentException", error["message"], 400)
        return status, headers, body

    return renamed


def describe_limits(kinesis: Any) -> Any:
    """Answer DescribeLimits."""
    streams = list(kinesis._streams.values())
    on_demand = [stream for stream in streams if is_on_demand(stream)]
    return kinesis.json_response(
        {
            "ShardLimit": SHARD_LIMIT,
            "OpenShardCount": sum(len(stream["shards"]) for stream in streams if stream not in on_demand),
            "OnDemandStreamCount": len(on_demand),
            "OnDemandStreamCountLimit": ON_DEMAND_LIMIT,
        }
    )


def update_record_size(kinesis: Any, data: dict[str, Any]) -> Any:
    """Answer UpdateMaxRecordSize; the gateway has checked the range."""
    stream = kinesis._resolve_stream_by_arn(data.get("StreamARN"))
    if not stream:
        return missing(kinesis, data.get("StreamARN"))
    stream["MaxRecordSizeInKiB"] = data["MaxRecordSizeInKiB"]
    return kinesis.json_response({})


def update_mode(kinesis: Any, data: dict[str, Any]) -> Any:
    """Answer UpdateStreamMode; the shards stay as they are."""
    stream = kinesis._resolve_stream_by_arn(data.get("StreamARN"))
    if not stream:
        return missing(kinesis, data.get("StreamARN"))
    stream["StreamModeDetails"] = {"StreamMode": data["StreamModeDetails"]["StreamMode"]}
    return kinesis.json_response({})


def is_on_demand(stream: dict[str, Any]) -> bool:
    """Return whether a stream's capacity is on demand."""
    return stream["StreamModeDetails"]["StreamMode"] == "ON_DEMAND"


def missing(kinesis: Any, name: Any) -> Any:
    """Return the answer for a stream that does not exist."""
    message = f"Stream {name} under account {kinesis.get_account_id()} not found."
    return kinesis.error_response_json("ResourceNotFoundException", message, 400)
