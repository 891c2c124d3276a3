"""Kinesis: a shard iterator that never was one is invalid, not expired.

https://docs.aws.amazon.com/kinesis/latest/APIReference/API_GetRecords.html
"""

import re
from typing import Any


def apply(kinesis: Any) -> None:
    """Refuse iterators that MiniStack cannot have given out, which it calls expired."""
    get_records = kinesis._get_records

    def checked(data: Any) -> Any:
        iterator = data.get("ShardIterator")
        if iterator not in kinesis._shard_iterators and not LIKE_AN_ITERATOR.fullmatch(str(iterator)):
            return kinesis.error_response_json("InvalidArgumentException", "Invalid ShardIterator.", 400)
        return get_records(data)

    kinesis._get_records = checked


LIKE_AN_ITERATOR = re.compile(r"[A-Za-z0-9+/=_-]{24,}")
"""What MiniStack's iterators look like."""
