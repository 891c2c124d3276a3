"""Splits and merges.

Faults: MiniStack forgets a shard that is split or merged, with its records; UpdateShardCount forgets all records.
On AWS such a shard is closed: it takes no records any more, and is read to its end.
https://docs.aws.amazon.com/streams/latest/dev/kinesis-using-sdk-java-after-resharding.html
"""

from typing import Any

from .streams import is_on_demand, missing

TIMES = 2
"""UpdateShardCount at most doubles the open shards, or halves them:
https://docs.aws.amazon.com/kinesis/latest/APIReference/API_UpdateShardCount.html"""


def apply(kinesis: Any) -> None:
    """Mend the operations that change shards."""
    kinesis._split_shard = lambda data: split(kinesis, data)
    kinesis._merge_shards = lambda data: merge(kinesis, data)
    kinesis._update_shard_count = lambda data: update_count(kinesis, data)
    show = kinesis._shard_out

    def shard_out(shard_id: str, shard: dict[str, Any]) -> Any:
        shown = show(shard_id, shard)
        if end := shard.get("ending_sequence_number"):
            shown["SequenceNumberRange"]["EndingSequenceNumber"] = end
        return shown

    kinesis._shard_out = shard_out


def all_shards(stream: dict[str, Any]) -> dict[str, Any]:
    """Return a stream's shards, the closed ones too, in the order of their ids."""
    return dict(sorted({**stream.get("closed", {}), **stream["shards"]}.items()))


def children_of(stream: dict[str, Any], shard_id: str) -> list[dict[str, Any]]:
    """Return the shards that a closed one was split or merged into, as GetRecords shows them."""
    children = []
    for child, shard in all_shards(stream).items():
        parents = [one for one in (shard["parent_shard_id"], shard["adjacent_parent_shard_id"]) if one]
        if shard_id in parents:
            span = {"StartingHashKey": shard["starting_hash_key"], "EndingHashKey": shard["ending_hash_key"]}
            children.append({"ShardId": child, "ParentShards": parents, "HashKeyRange": span})
    return children


def found(kinesis: Any, data: Any, *names: str) -> tuple[Any, Any]:
    """Return the stream of a request, or the answer that refuses it.

    :param names: parameters that name open shards of it
    """
    name, stream = kinesis._resolve_stream(data)
    if not stream:
        return None, missing(kinesis, name)
    if is_on_demand(stream):
        message = "This operation is for data streams in provisioned mode only."
        return None, kinesis.error_response_json("ValidationException", message, 400)
    for shard_id in (data.get(each) for each in names):
        if shard_id not in stream["shards"]:
            why = "has already been merged or split" if shard_id in all_shards(stream) else "does not exist"
            message = f"Shard {shard_id} in stream {stream['StreamName']} {why}."
            return None, kinesis.error_response_json("ResourceNotFoundException", message, 400)
    return stream, None


def split(kinesis: Any, data: Any) -> Any:
    """Answer SplitShard."""
    stream, refusal = found(kinesis, data, "ShardToSplit")
    if refusal:
        return refusal
    shard = stream["shards"][data["ShardToSplit"]]
    low, high = int(shard["starting_hash_key"]), int(shard["ending_hash_key"])
    middle = int(data["NewStartingHashKey"])
    if not low < middle < high:
        message = f"NewStartingHashKey {middle} must be inside the range of the shard, and not at its ends."
        return kinesis.error_response_json("InvalidArgumentException", message, 400)
    replace(kinesis, stream, [data["ShardToSplit"]], [(low, middle - 1), (middle, high)])
    return kinesis.json_response({})


def merge(kinesis: Any, data: Any) -> Any:
    """Answer MergeShards."""
    stream, refusal = found(kinesis, data, "ShardToMerge", "AdjacentShardToMerge")
    if refusal:
        return refusal
    ids = [data["ShardToMerge"], data["AdjacentShardToMerge"]]
    spans = sorted(
        (int(stream["shards"][one]["starting_hash_key"]), int(stream["shards"][one]["ending_hash_key"])) for one in ids
    )
    if spans[0][1] + 1 != spans[1][0]:
        message = f"Shards {ids[0]} and {ids[1]} are not an adjacent pair of shards eligible for merging."
        return kinesis.error_response_json("InvalidArgumentException", message, 400)
    replace(kinesis, stream, ids, [(spans[0][0], spans[1][1])])
    return kinesis.json_response({})


def update_count(kinesis: Any, data: Any) -> Any:
    """Answer UpdateShardCount: equal ranges; AWS reaches them by splits and merges, here it is one step."""
    stream, refusal = found(kinesis, data)
    if refusal:
        return refusal
    current, target = len(stream["shards"]), int(data["TargetShardCount"])
    if target > current * TIMES or target * TIMES < current:
        way = "up over double" if target > current else "down below half"
        message = f"UpdateShardCount cannot scale {way} your current open shard count of {current}: {target}."
        return kinesis.error_response_json("InvalidArgumentException", message, 400)
    if target != current:
        spans = [(int(low), int(high)) for low, high in kinesis._compute_hash_ranges(target)]
        replace(kinesis, stream, list(stream["shards"]), spans)
    counts = {"CurrentShardCount": current, "TargetShardCount": target}
    return kinesis.json_response({"StreamName": stream["StreamName"], "StreamARN": stream["StreamARN"], **counts})


def replace(kinesis: Any, stream: dict[str, Any], closed: list[str], spans: list[tuple[int, int]]) -> None:
    """Close shards and open new ones for their hash keys."""
    number = max(int(one.split("-")[1]) for one in all_shards(stream)) + 1
    new = {}
    for index, (low, high) in enumerate(spans):
        parents = [one for one in closed if overlaps(stream["shards"][one], low, high)]
        new[f"shardId-{number + index:012d}"] = {
            "records": [],
            "starting_hash_key": str(low),
            "ending_hash_key": str(high),
            "starting_sequence_number": kinesis._next_sequence_number(),
            "parent_shard_id": parents[0],
            "adjacent_parent_shard_id": parents[1] if len(parents) > 1 else None,
        }
    for shard_id in closed:
        shard = stream["shards"].pop(shard_id)
        shard["ending_sequence_number"] = kinesis._next_sequence_number()
        stream.setdefault("closed", {})[shard_id] = shard
    stream["shards"] |= new


def overlaps(shard: dict[str, Any], low: int, high: int) -> bool:
    """Return whether a shard has hash keys of a range."""
    return int(shard["starting_hash_key"]) <= high and low <= int(shard["ending_hash_key"])
