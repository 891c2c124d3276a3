"""Event source mappings of streams: what LocalStack's pollers leave out.

Faults: ``BisectBatchOnFunctionError`` is stored and never heeded. A mapping that is changed begins at its starting
position again, instead of where it was. Events of DynamoDB streams do not say who made the change, so that a filter
cannot tell deletions by time to live, and every record arrives now, so that none is ever too old. A mapping that is
deleted or changed while a batch fails goes on with its retries, for ever.
"""

import copy
import threading
from typing import Any

from localstack.services.lambda_.event_source_mapping.esm_worker import EsmWorker
from localstack.services.lambda_.event_source_mapping.esm_worker_factory import EsmWorkerFactory
from localstack.services.lambda_.event_source_mapping.event_processor import BatchFailureError
from localstack.services.lambda_.event_source_mapping.pollers.dynamodb_poller import DynamoDBPoller
from localstack.services.lambda_.event_source_mapping.pollers.kinesis_poller import KinesisPoller
from localstack.services.lambda_.event_source_mapping.pollers.stream_poller import StreamPoller

from dva_localstack.kinesis.pollers import follow_shards

DONE: dict[tuple[str, str], str] = {}
"""Sequence number of the last record that a mapping is done with, by the mapping's UUID and the shard's id."""


class Split(BaseException):
    """A batch failed and is to be halved. Not an ``Exception``: the poller retries after all of these."""


class Batches:
    """A processor of events that stops with its mapping, and asks for a batch to be split when the function fails.

    https://docs.aws.amazon.com/lambda/latest/dg/services-dynamodb-errors.html
    """

    def __init__(self, processor: Any, stopped: threading.Event, halving: bool) -> None:
        self.processor = processor
        self.stopped = stopped
        self.halving = halving
        self.unfinished = False

    def process_events_batch(self, events: Any) -> None:
        """Pass a batch on, unless the mapping was stopped while it waited for the next attempt.

        :raises Split: if it failed and has more than one record; splitting does not count as a retry
        """
        self.unfinished = True
        if self.stopped.is_set():
            return
        try:
            self.processor.process_events_batch(events)
            self.unfinished = False
        except BatchFailureError as error:
            if self.halving and len(events) > 1:
                raise Split from error
            raise

    def __getattr__(self, name: str) -> Any:
        """Return whatever else the processor has."""
        return getattr(self.processor, name)


def sequence_number(record: dict[str, Any]) -> str:
    """Return the sequence number of a record of either kind of stream, as ``GetRecords`` gives it."""
    return str(record.get("SequenceNumber") or record["dynamodb"]["SequenceNumber"])


def repair() -> None:
    """Mend the pollers of streams, before any mapping exists."""
    make, forward = EsmWorkerFactory.get_esm_worker, StreamPoller.forward_events_to_target
    transform = DynamoDBPoller.transform_into_events

    def get_esm_worker(self: Any) -> Any:
        worker = make(self)
        if isinstance(worker.poller, StreamPoller):
            halving = bool(self.esm_config.get("BisectBatchOnFunctionError"))
            worker.poller.processor = Batches(worker.poller.processor, worker.poller._is_shutdown, halving)
        return worker

    def forward_events_to_target(self: Any, shard_id: str, records: list[dict[str, Any]]) -> None:
        try:
            forward(self, shard_id, copy.deepcopy(records))  # it changes what it gets
        except Split:
            half = len(records) // 2
            forward_events_to_target(self, shard_id, records[:half])
            forward_events_to_target(self, shard_id, records[half:])
        if self.esm_uuid and not (self._is_shutdown.is_set() and self.processor.unfinished):
            DONE[self.esm_uuid, shard_id] = sequence_number(records[-1])

    def transform_into_events(self: Any, records: list[dict[str, Any]], shard_id: str) -> list[dict[str, Any]]:
        events: list[dict[str, Any]] = transform(self, records, shard_id)
        for event, record in zip(events, records, strict=True):
            if identity := record.get("userIdentity"):
                event["userIdentity"] = {"type": identity["Type"], "principalId": identity["PrincipalId"]}
        return events

    def arrival(_: Any, record: dict[str, Any]) -> float:
        return float(record["dynamodb"]["ApproximateCreationDateTime"])

    EsmWorkerFactory.get_esm_worker = get_esm_worker
    StreamPoller.forward_events_to_target = forward_events_to_target
    DynamoDBPoller.transform_into_events = transform_into_events
    DynamoDBPoller.get_approximate_arrival_time = arrival
    end_retries_on("stop")
    end_retries_on("delete")
    go_on_where_it_was(DynamoDBPoller, "StreamArn", "SequenceNumber")
    go_on_where_it_was(KinesisPoller, "StreamARN", "StartingSequenceNumber")
    follow_shards()


def end_retries_on(call: str) -> None:
    """Have a call of a mapping's worker also end the retries of a stream's batch.

    :param call: name of the method
    """
    original = getattr(EsmWorker, call)

    def ended(self: Any) -> None:
        original(self)
        if isinstance(self.poller, StreamPoller):
            self.poller.close()

    setattr(EsmWorker, call, ended)


def go_on_where_it_was(poller: Any, arn: str, number: str) -> None:
    """Have a kind of poller begin after the last record that its mapping is done with.

    :param poller: the class
    :param arn: what ``GetShardIterator`` of its service calls the stream's ARN
    :param number: what it calls the sequence number
    """
    original = poller.initialize_shards

    def initialize_shards(self: Any) -> dict[str, str]:
        shards: dict[str, str] = original(self)
        for shard_id in shards:
            if done := DONE.get((self.esm_uuid, shard_id)):
                place = {arn: self.source_arn, "ShardId": shard_id, number: done}
                answer = self.source_client.get_shard_iterator(**place, ShardIteratorType="AFTER_SEQUENCE_NUMBER")
                shards[shard_id] = answer["ShardIterator"]
        return shards

    poller.initialize_shards = initialize_shards
