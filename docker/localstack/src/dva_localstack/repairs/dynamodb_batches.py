"""A batch returns at most 16 MB.

Fault of MiniStack: it returns whatever was asked for.
"""

import json
from collections.abc import Callable
from typing import Any

Answer = tuple[int, dict[str, str], Any]

BATCH_BYTES = 16 * 1024 * 1024
"""https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html"""


def apply(ddb: Any) -> None:
    """Limit what BatchGetItem returns."""
    ddb._batch_get_item = limited(ddb, ddb._batch_get_item)


def limited(ddb: Any, original: Callable[[Any], Answer]) -> Callable[[Any], Answer]:
    """Return an operation that leaves what is too much unprocessed."""

    def serve(data: Any) -> Answer:
        try:
            served, left = divided(ddb, data["RequestItems"])
        except (AttributeError, KeyError, TypeError):
            return original(data)
        if not left:
            return original(data)
        status, headers, body = original({**data, "RequestItems": served})
        if status != 200:
            return status, headers, body
        answer = json.loads(body)
        return ddb.json_response({**answer, "UnprocessedKeys": {**(answer.get("UnprocessedKeys") or {}), **left}})

    return serve


def divided(ddb: Any, request: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Divide a batch into what fits into one answer, and the rest."""
    served: dict[str, Any] = {}
    left: dict[str, Any] = {}
    size = 0
    for name, wanted in request.items():
        table, fits = ddb._tables[ddb._normalize_table_name(name)], []
        for key in wanted["Keys"]:
            size += ddb._item_size_bytes(ddb._get_item_by_key(table, key) or {})
            if size > BATCH_BYTES:
                break
            fits.append(key)
        rest = wanted["Keys"][len(fits) :]
        served |= {name: {**wanted, "Keys": fits}} if fits else {}
        left |= {name: {**wanted, "Keys": rest}} if rest else {}
    return served, left
