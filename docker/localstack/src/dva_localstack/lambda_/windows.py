"""Tumbling windows of stream mappings, which LocalStack stores and never heeds.

Fault: with ``TumblingWindowInSeconds`` the function is invoked as without it: no ``window``, no ``state``, no last
invocation of a window. https://docs.aws.amazon.com/lambda/latest/dg/services-kinesis-windows.html
"""

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import groupby
from typing import Any

from localstack.services.lambda_.event_source_mapping.esm_worker_factory import EsmWorkerFactory
from localstack.services.lambda_.event_source_mapping.event_processor import EventProcessor
from localstack.services.lambda_.event_source_mapping.pollers.stream_poller import StreamPoller
from localstack.services.lambda_.event_source_mapping.senders.sender import PartialFailureSenderError, SenderError

STATE_BYTES = 1024 * 1024
"""A window whose state is larger ends early:
https://docs.aws.amazon.com/lambda/latest/dg/services-kinesis-windows.html"""


@dataclass
class Window:
    """An open window of one shard: its bounds in seconds since 1970, and what the function made of it so far."""

    start: int
    end: int
    state: dict[str, Any] = field(default_factory=dict)

    def describe(self) -> dict[str, str]:
        """Return the bounds as the event shows them."""
        stamps = {"start": self.start, "end": self.end}
        return {name: f"{datetime.fromtimestamp(at, UTC):%Y-%m-%dT%H:%M:%SZ}" for name, at in stamps.items()}


def arrival(record: dict[str, Any]) -> float:
    """Return when a record of either kind of stream arrived, in seconds since 1970."""
    at = record.get("ApproximateArrivalTimestamp") or record["dynamodb"]["ApproximateCreationDateTime"]
    return float(at.timestamp() if isinstance(at, datetime) else at)


class Windows:
    """The windows of one mapping, an open one for each shard at most.

    :param poller: what reads the stream; its records come through here from now on
    :param seconds: length of a window
    """

    def __init__(self, poller: Any, seconds: int) -> None:
        self.poller, self.seconds = poller, seconds
        self.open: dict[str, Window] = {}
        self.shard, self.final, self.early = "", False, False
        self.forward, self.poll, self.get_records = (
            poller.forward_events_to_target,
            poller.poll_events_from_shard,
            poller.get_records,
        )
        self.at_the_tip = False
        poller.forward_events_to_target = self.forward_by_window
        poller.poll_events_from_shard = self.poll_and_close
        poller.get_records = self.note_the_tip
        self.processor: EventProcessor = poller.processor
        sender = self.processor.sender  # type: ignore[attr-defined]
        self.invoke = sender.send_events
        sender.payload_dict = False
        sender.send_events = self.send_events

    def note_the_tip(self, iterator: str) -> dict[str, Any]:
        """Read records, and remember whether there were none."""
        answer: dict[str, Any] = self.get_records(iterator)
        self.at_the_tip = not answer.get("Records")
        return answer

    def poll_and_close(self, shard: str, iterator: str) -> None:
        """Read a shard; end its window if its time is over and no record is left to read."""
        self.poll(shard, iterator)
        window = self.open.get(shard)
        waiting = self.poller.shard_batcher[shard].get_current_size()
        if window and self.at_the_tip and not waiting and time.time() >= window.end:
            self.close(shard)

    def forward_by_window(self, shard: str, records: list[dict[str, Any]]) -> None:
        """Pass records on, those of different windows in different invocations."""
        for start, group in self.by_window(records):
            window = self.open.get(shard)
            if window and window.start != start and not self.close(shard):
                return
            if shard not in self.open:
                self.open[shard] = Window(start, start + self.seconds)
            self.shard = shard
            self.forward(shard, group)
            if len(json.dumps(self.open[shard].state)) > STATE_BYTES:
                self.close(shard, early=True)

    def by_window(self, records: list[dict[str, Any]]) -> Iterator[tuple[int, list[dict[str, Any]]]]:
        """Yield the start of each window with its records."""
        for number, group in groupby(records, lambda record: int(arrival(record)) // self.seconds):
            yield number * self.seconds, list(group)

    def close(self, shard: str, early: bool = False) -> bool:
        """Invoke the function a last time for a window, again and again until it succeeds.

        :return: whether it succeeded, before the mapping was stopped
        """
        self.shard, self.final, self.early = shard, True, early
        try:
            while not self.poller._is_shutdown.is_set():
                try:
                    self.processor.process_events_batch([])
                except Exception:
                    self.poller._is_shutdown.wait(1)
                else:
                    self.open.pop(shard)
                    return True
            return False
        finally:
            self.final = self.early = False

    def send_events(self, events: Any) -> Any:
        """Invoke the function with a part of the open window; keep the state that it returns.

        :raises SenderError: if the function failed, or returned no state
        """
        window = self.open[self.shard]
        event = {
            "Records": events,
            "window": window.describe(),
            "state": window.state,
            "shardId": self.shard,
            "eventSourceARN": self.poller.source_arn,
            "isFinalInvokeForWindow": self.final,
            "isWindowTerminatedEarly": self.early,
        }
        try:
            answer = self.invoke(event)
        except PartialFailureSenderError as error:
            window.state = (error.partial_failure_payload or {}).get("state", window.state)
            raise
        if not isinstance(answer, dict) or not isinstance(answer.get("state"), dict):
            raise SenderError("the function returned no state", error={"message": "no state", "httpStatusCode": 200})
        window.state = answer["state"]
        return answer


def repair() -> None:
    """Give the mappings of streams that ask for it windows, before any mapping exists."""
    make = EsmWorkerFactory.get_esm_worker

    def get_esm_worker(self: Any) -> Any:
        worker = make(self)
        if isinstance(worker.poller, StreamPoller) and self.esm_config.get("TumblingWindowInSeconds"):
            Windows(worker.poller, self.esm_config["TumblingWindowInSeconds"])
        return worker

    EsmWorkerFactory.get_esm_worker = get_esm_worker
