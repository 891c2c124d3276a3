"""Kinesis: closed shards stay readable, shards have a throughput, and requests are held against AWS's limits."""

from typing import Any

from . import consumers, records, requests, resharding, streams


def apply(kinesis: Any) -> None:
    """Mend MiniStack's module."""
    kinesis._next_sequence_number = streams.numbering()
    streams.apply(kinesis)
    resharding.apply(kinesis)
    records.apply(kinesis)
    consumers.apply(kinesis)
    requests.apply(kinesis)
