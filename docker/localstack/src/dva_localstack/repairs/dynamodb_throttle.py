"""Provisioned tables that are read or written faster than they are provisioned refuse.

Fault of MiniStack: provisioned capacity is a number that is never used. Here each provisioned table and global index
has a bucket for reads and one for writes. A bucket fills with the provisioned units each second up to
:data:`BURST_SECONDS` of them, and starts full. A request is served while every bucket that it needs has something
left, and its cost is taken afterwards. Partitions, on-demand limits, adaptive capacity and auto scaling are not
simulated, and PartiQL neither costs nor is refused.
"""

import json
import math
import time
from collections.abc import Callable, Iterator
from typing import Any

Answer = tuple[int, dict[str, str], Any]

BURST_SECONDS = 300
"""https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/burst-adaptive-capacity.html"""

READS, WRITES = ("_get_item", "_query", "_scan"), ("_put_item", "_update_item", "_delete_item")

ADVICE = "Consider increasing your provisioning level with the UpdateTable API."


class Bucket:
    """The capacity that a table or an index has left."""

    def __init__(self, rate: float) -> None:
        self.rate = rate
        self.left = rate * BURST_SECONDS
        self.at = time.monotonic()

    def look(self, rate: float) -> float:
        """Return the units that are left now, at ``rate`` units a second since the last look."""
        now = time.monotonic()
        self.left = min(self.left + (now - self.at) * rate, rate * BURST_SECONDS)
        self.rate, self.at = rate, now
        return self.left


BUCKETS: dict[tuple[str, str, str], Bucket] = {}
"""By the table's id, the index's name (empty for the table), and ``Read`` or ``Write``."""


def apply(ddb: Any) -> None:
    """Put the buckets in front of the operations on items."""
    for names, kind in ((READS, "Read"), (WRITES, "Write")):
        for name in names:
            setattr(ddb, name, throttled(ddb, getattr(ddb, name), kind))
    ddb._transact_write_items = throttled_transaction(ddb, ddb._transact_write_items, "Write")
    ddb._transact_get_items = throttled_transaction(ddb, ddb._transact_get_items, "Read")
    ddb._batch_write_item = throttled_batch(ddb, ddb._batch_write_item, "Write")
    ddb._batch_get_item = throttled_batch(ddb, ddb._batch_get_item, "Read")


def provisioned(ddb: Any, name: Any) -> dict[str, Any] | None:
    """Return a table if it exists and has provisioned capacity."""
    table = ddb._tables.get(ddb._normalize_table_name(name)) if isinstance(name, str) else None
    mode = ((table or {}).get("BillingModeSummary") or {}).get("BillingMode", "PROVISIONED")
    return table if table and mode == "PROVISIONED" else None


def bucket(table: dict[str, Any], index: str, kind: str) -> Bucket | None:
    """Return the bucket of a table or of one of its global indexes, filled up to now."""
    holder: dict[str, Any] | None = table
    if index:
        indexes = table.get("GlobalSecondaryIndexes") or []
        holder = next((each for each in indexes if each["IndexName"] == index), None)
    rate = float(((holder or {}).get("ProvisionedThroughput") or {}).get(f"{kind}CapacityUnits") or 0)
    if not rate:
        return None
    key = (str(table.get("TableId") or table.get("TableArn")), index, kind)
    found = BUCKETS.setdefault(key, Bucket(rate))
    found.look(rate)
    return found


def empty(table: dict[str, Any], indexes: list[str], kind: str) -> str | None:
    """Return the first of a table ("") and its indexes that has nothing left; None when all have."""
    for index in indexes:
        found = bucket(table, index, kind)
        if found and found.left <= 0:
            return index
    return None


def indexes_of(table: dict[str, Any], data: dict[str, Any], kind: str) -> list[str]:
    """Return whose capacity a request needs: a read its index's or its table's, a write all."""
    indexes = table.get("GlobalSecondaryIndexes") or []
    if kind == "Write":
        item = data.get("Item")
        return ["", *(each["IndexName"] for each in indexes if item is None or holds(each, item))]
    every = [each["IndexName"] for each in indexes]
    wanted = data.get("IndexName") or ""
    return [wanted if wanted in every else ""]


def holds(index: dict[str, Any], item: dict[str, Any]) -> bool:
    """Return whether an index has an entry for an item."""
    return all(part["AttributeName"] in item for part in index["KeySchema"])


def refusal(ddb: Any, table: dict[str, Any], index: str, kind: str) -> Answer:
    """Return the error, with the reason that the SDKs show.

    https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_ThrottlingReason.html
    """
    of_what = "one or more global secondary indexes of the table" if index else "the table"
    message = f"The level of configured provisioned throughput for {of_what} was exceeded. {ADVICE}"
    status, headers, body = ddb.error_response_json("ProvisionedThroughputExceededException", message, 400)
    resource = f"{table['TableArn']}/index/{index}" if index else table["TableArn"]
    reason = f"{'Index' if index else 'Table'}{kind}ProvisionedThroughputExceeded"
    answer = {**json.loads(body), "ThrottlingReasons": [{"reason": reason, "resource": resource}]}
    return status, headers, json.dumps(answer)


def charge(table: dict[str, Any], capacity: dict[str, Any], kind: str) -> None:
    """Take what a request consumed, as its answer says, from the buckets."""
    shares = {"": (capacity.get("Table") or {}).get("CapacityUnits", 0.0)}
    shares[""] += sum(each["CapacityUnits"] for each in (capacity.get("LocalSecondaryIndexes") or {}).values())
    for name, each in (capacity.get("GlobalSecondaryIndexes") or {}).items():
        shares[name] = each["CapacityUnits"]
    for index, units in shares.items():
        if found := bucket(table, index, kind):
            found.left -= units


def throttled(ddb: Any, original: Callable[[Any], Answer], kind: str) -> Callable[[Any], Answer]:
    """Return an operation on one item or one page that needs capacity."""

    def serve(data: Any) -> Answer:
        table = provisioned(ddb, data.get("TableName"))
        if table is None:
            return original(data)
        index = empty(table, indexes_of(table, data, kind), kind)
        if index is not None:
            return refusal(ddb, table, index, kind)
        status, headers, body = original({**data, "ReturnConsumedCapacity": "INDEXES"})
        if status != 200:
            return status, headers, body
        answer = json.loads(body)
        charge(table, answer.get("ConsumedCapacity") or {}, kind)
        wanted = data.get("ReturnConsumedCapacity", "NONE")
        if wanted == "NONE":
            answer.pop("ConsumedCapacity", None)
        elif wanted == "TOTAL" and "ConsumedCapacity" in answer:
            total = answer["ConsumedCapacity"]
            answer["ConsumedCapacity"] = {name: total[name] for name in ("TableName", "CapacityUnits")}
        return ddb.json_response(answer)

    return serve


def throttled_transaction(ddb: Any, original: Callable[[Any], Answer], kind: str) -> Callable[[Any], Answer]:
    """Return a transaction that is cancelled where a table has no capacity left.

    https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html
    """

    def serve(data: Any) -> Answer:
        members = data.get("TransactItems")
        if not isinstance(members, list) or not all(isinstance(each, dict) and len(each) == 1 for each in members):
            return original(data)
        asked = [next(iter(each.values())) for each in members]
        tables = [provisioned(ddb, each.get("TableName")) for each in asked]
        if not any(tables):
            return original(data)
        full = [
            table is not None and empty(table, indexes_of(table, touched(each), kind), kind) is not None
            for table, each in zip(tables, members, strict=True)
        ]
        if any(full):
            reason = f"The level of configured provisioned throughput for the table was exceeded. {ADVICE}"
            return cancelled(ddb, [reason if each else None for each in full])
        status, headers, body = original({**data, "ReturnConsumedCapacity": "INDEXES"})
        if status != 200:
            return status, headers, body
        answer = json.loads(body)
        consumed = answer.pop("ConsumedCapacity", [])
        for each in consumed:
            if table := provisioned(ddb, each["TableName"]):
                charge(table, {"Table": {"CapacityUnits": each.get(f"{kind}CapacityUnits", 0.0)}, **each}, kind)
        wanted = data.get("ReturnConsumedCapacity", "NONE")
        if wanted == "TOTAL":
            consumed = [{name: each[name] for name in each if name in TOTALS} for each in consumed]
        return ddb.json_response(answer if wanted == "NONE" else {**answer, "ConsumedCapacity": consumed})

    return serve


def touched(member: dict[str, Any]) -> dict[str, Any]:
    """Return the request in a member of a transaction; a check touches no index."""
    return {"Item": {}} if "ConditionCheck" in member else dict(next(iter(member.values())))


TOTALS = ("TableName", "CapacityUnits", "ReadCapacityUnits", "WriteCapacityUnits")


def cancelled(ddb: Any, messages: list[str | None]) -> Answer:
    """Return the error of a transaction, some of whose members found no capacity."""
    code = "ProvisionedThroughputExceeded"
    reasons = [{"Code": code, "Message": text} if text else {"Code": "None"} for text in messages]
    codes = ", ".join(each["Code"] for each in reasons)
    message = f"Transaction cancelled, please refer cancellation reasons for specific reasons [{codes}]"
    status, headers, body = ddb.error_response_json("TransactionCanceledException", message, 400)
    return status, headers, json.dumps({**json.loads(body), "CancellationReasons": reasons})


def throttled_batch(ddb: Any, original: Callable[[Any], Answer], kind: str) -> Callable[[Any], Answer]:
    """Return a batch operation that leaves what it has no capacity for unprocessed.

    https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchWriteItem.html
    """

    def serve(data: Any) -> Answer:
        request = data.get("RequestItems")
        if not isinstance(request, dict) or not any(provisioned(ddb, name) for name in request):
            return original(data)
        served: dict[str, Any] = {}
        left: dict[str, Any] = {}
        refused: Answer | None = None
        for name, wanted in request.items():
            table = provisioned(ddb, name)
            if table is None:
                served[name] = wanted
                continue
            taken, kept = split(ddb, table, wanted, kind)
            served |= taken and {name: taken}
            left |= kept and {name: kept}
            if kept:
                refused = refusal(ddb, table, empty(table, indexes_of(table, {}, kind), kind) or "", kind)
        if not served and refused:
            return refused
        status, headers, body = original({**data, "RequestItems": served})
        if status != 200 or not left:
            return status, headers, body
        answer = json.loads(body)
        member = "UnprocessedItems" if kind == "Write" else "UnprocessedKeys"
        answer[member] = {**(answer.get(member) or {}), **left}
        return ddb.json_response(answer)

    return serve


def split(ddb: Any, table: dict[str, Any], wanted: Any, kind: str) -> tuple[Any, Any]:
    """Divide a table's part of a batch into what there is capacity for, which is taken, and the rest."""
    members = wanted if kind == "Write" else wanted.get("Keys") or []
    if not isinstance(members, list):
        return wanted, {}
    number = 0
    for units in costs(ddb, table, members, wanted, kind):
        found = [each for name in indexes_of(table, {}, kind) if (each := bucket(table, name, kind))]
        if any(each.left <= 0 for each in found):
            break
        for each in found[:1]:
            each.left -= units
        number += 1
    else:
        return wanted, {}
    if kind == "Write":
        return members[:number], members[number:]
    return (
        {**wanted, "Keys": members[:number]} if number else {},
        {**wanted, "Keys": members[number:]},
    )


def costs(ddb: Any, table: dict[str, Any], members: list[Any], wanted: Any, kind: str) -> Iterator[float]:
    """Yield what each member of a batch costs its table, in units."""
    for member in members:
        if kind == "Write":
            item = ((member or {}).get("PutRequest") or {}).get("Item") or {}
            yield max(1, math.ceil(ddb._item_size_bytes(item) / 1024))
        else:
            size = ddb._item_size_bytes(ddb._get_item_by_key(table, member) or {})
            yield max(1, math.ceil(size / 4096)) * (1 if wanted.get("ConsistentRead") else 0.5)
