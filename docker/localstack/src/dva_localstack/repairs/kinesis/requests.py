"""Operations that MiniStack lacks, and whether a request came from a client or from another service."""

import json
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

INTERNAL = "x-dva-internal"
"""Header of requests that one of our services makes, such as a poller of Lambda's; the forwarder sets it."""

from_client: ContextVar[bool] = ContextVar("whether a client made the request", default=True)


def apply(kinesis: Any) -> None:
    """Have the operations of :func:`added` served too."""
    handle = kinesis.handle_request
    more = added(kinesis)

    async def handle_request(method: str, path: str, headers: Any, body: bytes, query: Any) -> Any:
        from_client.set(not headers.get(INTERNAL))
        operation = more.get(headers.get("x-amz-target", "").rpartition(".")[2])
        if operation:
            return operation(json.loads(body or b"{}"))
        return await handle(method, path, headers, body, query)

    kinesis.handle_request = handle_request


def added(kinesis: Any) -> dict[str, Callable[[dict[str, Any]], Any]]:
    """Return operations by name."""
    from . import streams

    return {
        "ListTagsForResource": lambda data: kinesis._list_tags(of_stream(data)),
        "TagResource": lambda data: kinesis._add_tags(of_stream(data)),
        "UntagResource": lambda data: kinesis._remove_tags(of_stream(data)),
        "DescribeLimits": lambda data: streams.describe_limits(kinesis),
        "UpdateMaxRecordSize": lambda data: streams.update_record_size(kinesis, data),
        "UpdateStreamMode": lambda data: streams.update_mode(kinesis, data),
    }


def of_stream(data: dict[str, Any]) -> dict[str, Any]:
    """Return a request about a resource's tags as one about a stream's; consumers have none here."""
    return {**data, "StreamARN": data.get("ResourceARN")}
