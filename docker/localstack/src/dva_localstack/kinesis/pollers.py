"""Pollers of mappings and pipes follow a stream's shards.

https://docs.aws.amazon.com/streams/latest/dev/kinesis-using-sdk-java-after-resharding.html
"""

from typing import Any

from localstack.services.lambda_.event_source_mapping.pollers.kinesis_poller import KinesisPoller


def follow_shards() -> None:
    """Have a poller that has read a closed shard to its end go on with the shard's children.

    Fault: LocalStack's begins with all shards anew, at the starting position of the mapping or pipe.
    """
    if getattr(KinesisPoller, "follows_shards", False):
        return
    read, poll = KinesisPoller.get_records, KinesisPoller.poll_events_from_shard

    def get_records(self: Any, iterator: str) -> Any:
        answer = read(self, iterator)
        children = answer.get("ChildShards")
        if children and not answer.get("NextShardIterator"):
            shards = without_ended(self, iterator, children)
            # What poll_events_from_shard calls next; for this once only.
            self.initialize_shards = lambda: shards
        return answer

    def poll_events_from_shard(self: Any, shard_id: str, iterator: str) -> None:
        try:
            poll(self, shard_id, iterator)
        finally:
            self.__dict__.pop("initialize_shards", None)

    KinesisPoller.get_records = get_records
    KinesisPoller.poll_events_from_shard = poll_events_from_shard
    KinesisPoller.follows_shards = True


def without_ended(poller: Any, ended: str, children: list[dict[str, Any]]) -> dict[str, str]:
    """Return a poller's shards with their iterators: without one that ended, with children whose parents all did.

    :param ended: iterator of the shard that was read to its end
    :param children: as in the answer to GetRecords
    """
    shards = {shard: iterator for shard, iterator in poller.shards.items() if iterator != ended}
    for child in children:
        if child["ShardId"] not in shards and not any(parent in shards for parent in child["ParentShards"]):
            answer = poller.source_client.get_shard_iterator(
                StreamARN=poller.source_arn, ShardId=child["ShardId"], ShardIteratorType="TRIM_HORIZON"
            )
            shards[child["ShardId"]] = answer["ShardIterator"]
    return shards
