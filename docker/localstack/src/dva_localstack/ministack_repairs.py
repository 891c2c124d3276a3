"""Faults of MiniStack 1.5.33's DynamoDB that labs meet, repaired in its process. Each repair names its fault.

MiniStack serves one DynamoDB request at a time, in its event loop, so that what one request reads can be kept
in :data:`READ` until it is charged.
"""

import contextvars
import json
import math
import re
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from dva_localstack.repairs import (
    dynamodb_backups,
    dynamodb_batches,
    dynamodb_records,
    dynamodb_refusals,
    dynamodb_streams,
    dynamodb_throttle,
    dynamodb_updates,
)

Answer = tuple[int, dict[str, str], Any]
"""What MiniStack's operations return: HTTP status, headers, body."""

READ_UNIT_BYTES = 4096
"""https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/read-write-operations.html"""

LOCAL_INDEXES, GLOBAL_INDEXES = 5, 20
"""Indexes that a table may have: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html"""

FUNCTIONS = ("attribute_exists", "attribute_not_exists", "attribute_type", "begins_with", "contains", "size")
"""https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.OperatorsAndFunctions.html"""

EXPIRY_SECONDS = 1
"""How often expired items are looked for. AWS takes up to a few days."""

FIVE_YEARS_SECONDS = 5 * 365 * 86400
"""An item that expired longer ago is not deleted: a guard against wrong units, as on AWS."""


REPAIRS = (
    dynamodb_updates,
    dynamodb_records,
    dynamodb_backups,
    dynamodb_batches,
    dynamodb_throttle,
    dynamodb_streams,
    dynamodb_refusals,
)
"""Modules with further repairs, the innermost first."""


@dataclass
class Read:
    """What the Query or Scan being served has read."""

    fetches: bool = False
    """Whether an LSI's entries are completed from the table."""
    measured: bool = False
    """Whether ``page`` was filled."""
    page: list[dict[str, Any]] = field(default_factory=list)


READ = Read()


def import_dynamodb() -> Any:
    """Import MiniStack's DynamoDB without its thread that deletes expired items.

    Fault: it runs once a minute, takes strings for times, and leaves no record in the stream.
    """
    start = threading.Thread.start

    def start_others(thread: threading.Thread) -> None:
        if thread.name != "dynamodb-ttl-reaper":
            start(thread)

    threading.Thread.start = start_others  # type: ignore[assignment, method-assign]
    try:
        from ministack.services import dynamodb
    finally:
        threading.Thread.start = start  # type: ignore[method-assign]
    return dynamodb


def apply() -> None:
    """Repair DynamoDB before the first request."""
    ddb = import_dynamodb()
    repair_read_capacity(ddb)
    repair_batch_capacity(ddb)
    repair_index_reads(ddb)
    repair_conditions(ddb)
    repair_create_table(ddb)
    for repair in REPAIRS:
        repair.apply(ddb)
    threading.Thread(target=expire, args=(ddb,), daemon=True, name="expire-items").start()


def refuse(ddb: Any, message: str) -> Answer:
    """Return a ValidationException."""
    return ddb.error_response_json("ValidationException", message, 400)


def read_units(size: int, consistent: bool) -> float:
    """Return what reading ``size`` bytes costs."""
    return max(1, math.ceil(size / READ_UNIT_BYTES)) * (1 if consistent else 0.5)


def index_of(table: dict[str, Any], name: str | None) -> tuple[dict[str, Any] | None, bool]:
    """Return an index's definition, and whether it is a global one."""
    for kind in ("GlobalSecondaryIndexes", "LocalSecondaryIndexes"):
        for index in table.get(kind) or []:
            if index["IndexName"] == name:
                return index, kind.startswith("Global")
    return None, False


def projected(table: dict[str, Any], index: dict[str, Any]) -> set[str] | None:
    """Return the attributes that an index holds; None for all."""
    projection = index.get("Projection") or {}
    if projection.get("ProjectionType", "ALL") == "ALL":
        return None
    keys = {part["AttributeName"] for part in index["KeySchema"]} | {table["pk_name"], table.get("sk_name")}
    return {*keys, *(projection.get("NonKeyAttributes") or [])} - {None}


def requested(data: dict[str, Any]) -> list[str]:
    """Return the top-level attributes that a request's projection names."""
    names = data.get("ExpressionAttributeNames") or {}
    paths = [re.split(r"[.\[]", path.strip())[0] for path in (data.get("ProjectionExpression") or "").split(",")]
    return [names.get(path, path) for path in paths if path] + list(data.get("AttributesToGet") or [])


def repair_read_capacity(ddb: Any) -> None:
    """Fault: a read costs one unit (or half of one) whatever its size."""
    original = ddb._add_consumed_capacity

    def add(result: Any, data: Any, table_name: str, write: bool = False, **more: Any) -> None:
        if write or data.get("ReturnConsumedCapacity", "NONE") == "NONE":
            original(result, data, table_name, write=write, **more)
            return
        table = ddb._tables.get(table_name) or {}
        consistent = bool(data.get("ConsistentRead"))
        if not READ.measured:
            item = ddb._get_item_by_key(table, data.get("Key") or {}) or {}
            READ.page = [item]
        index, is_global = index_of(table, more.get("index_name"))
        names = projected(table, index) if index else None
        size = sum(
            ddb._item_size_bytes({k: v for k, v in item.items() if names is None or k in names}) for item in READ.page
        )
        units = read_units(size, consistent)
        fetched = 0.0
        if READ.fetches:
            fetched = sum(read_units(ddb._item_size_bytes(item), consistent) for item in READ.page)
        capacity: dict[str, Any] = {"TableName": table_name, "CapacityUnits": units + fetched}
        if data["ReturnConsumedCapacity"] == "INDEXES":
            capacity["Table"] = {"CapacityUnits": fetched if index else units}
            if index:
                kind = "GlobalSecondaryIndexes" if is_global else "LocalSecondaryIndexes"
                capacity[kind] = {index["IndexName"]: {"CapacityUnits": units}}
        result["ConsumedCapacity"] = capacity

    ddb._add_consumed_capacity = add


def repair_batch_capacity(ddb: Any) -> None:
    """Fault: BatchGetItem reports no capacity, and TransactGetItems two units for each item whatever its size."""

    def charged(
        original: Callable[[Any], Answer], charge: Callable[[Any], dict[str, float]]
    ) -> Callable[[Any], Answer]:
        def serve(data: Any) -> Answer:
            status, headers, body = original(data)
            wanted = data.get("ReturnConsumedCapacity", "NONE")
            if status != 200 or wanted == "NONE":
                return status, headers, body
            answer = json.loads(body)
            answer["ConsumedCapacity"] = [
                {"TableName": name, "CapacityUnits": units}
                | ({"Table": {"CapacityUnits": units}} if wanted == "INDEXES" else {})
                for name, units in charge(data).items()
            ]
            return ddb.json_response(answer)

        return serve

    def size_at(name: str, key: Any) -> int:
        table = ddb._tables[ddb._normalize_table_name(name)]
        return ddb._item_size_bytes(ddb._get_item_by_key(table, key) or {})

    def of_batch(data: Any) -> dict[str, float]:
        return {
            name: sum(read_units(size_at(name, key), bool(wanted.get("ConsistentRead"))) for key in wanted["Keys"])
            for name, wanted in data["RequestItems"].items()
        }

    def of_transaction(data: Any) -> dict[str, float]:
        units: dict[str, float] = {}
        for member in data["TransactItems"]:
            name = member["Get"]["TableName"]
            units[name] = units.get(name, 0) + 2 * read_units(size_at(name, member["Get"]["Key"]), True)
        return units

    ddb._batch_get_item = charged(ddb._batch_get_item, of_batch)
    ddb._transact_get_items = charged(ddb._transact_get_items, of_transaction)


def repair_index_reads(ddb: Any) -> None:
    """Faults: an LSI never fetches from the table; a GSI silently leaves out what it does not hold.

    A GSI's filter sees attributes that the index does not hold. Also refused here, where MiniStack lets them pass:
    a start key of another type, operators that a key condition must not have, and a filter that names a key.
    """
    project, paginate = ddb._apply_index_projection, ddb._paginate_evaluated_items

    def apply_projection(item: Any, table: Any, index_name: str | None) -> Any:
        return item if READ.fetches else project(item, table, index_name)

    def page_of(items: Any, limit: Any, table: Any, index_name: str | None = None) -> tuple[list[Any], bool]:
        fetches, READ.fetches = READ.fetches, False
        page, more = paginate(items, limit, table, index_name)
        if index_of(table, index_name)[1]:
            page = [project(item, table, index_name) for item in page]
        READ.fetches, READ.measured, READ.page = fetches, True, page
        return page, more

    def checked(original: Callable[[Any], Answer], is_query: bool) -> Callable[[Any], Answer]:
        def serve(data: Any) -> Answer:
            READ.__init__()  # type: ignore[misc]
            table = ddb._tables.get(ddb._normalize_table_name(data.get("TableName")))
            if table and (fault := read_fault(ddb, table, data, is_query)):
                return refuse(ddb, fault)
            try:
                return original(data)
            finally:
                READ.__init__()  # type: ignore[misc]

        return serve

    ddb._apply_index_projection = apply_projection
    ddb._paginate_evaluated_items = page_of
    ddb._query = checked(ddb._query, is_query=True)
    ddb._scan = checked(ddb._scan, is_query=False)


def read_fault(ddb: Any, table: dict[str, Any], data: dict[str, Any], is_query: bool) -> str | None:
    """Return why a Query or Scan is refused; note in :data:`READ` whether it fetches from the table."""
    index, is_global = index_of(table, data.get("IndexName"))
    names = projected(table, index) if index else None
    if index and names is not None:
        missing = [name for name in requested(data) if name not in names]
        every = data.get("Select") == "ALL_ATTRIBUTES"
        if is_global and every:
            return (
                "One or more parameter values were invalid: Select type ALL_ATTRIBUTES is not supported for global "
                f"secondary index {index['IndexName']} because its projection type is not ALL"
            )
        if is_global and missing:
            listed = ", ".join(missing)
            return (
                "One or more parameter values were invalid: "
                f"Global secondary index {index['IndexName']} does not project [{listed}]"
            )
        READ.fetches = bool(every or missing)
    types = {part["AttributeName"]: part["AttributeType"] for part in table["AttributeDefinitions"]}
    for name, value in (data.get("ExclusiveStartKey") or {}).items():
        if name in types and next(iter(value), None) != types[name]:
            return "The provided starting key is invalid: The provided key element does not match the schema"
    return key_condition_fault(ddb, table, index, data) if is_query else None


def key_condition_fault(
    ddb: Any, table: dict[str, Any], index: dict[str, Any] | None, data: dict[str, Any]
) -> str | None:
    """Return what a key condition or a query's filter must not have."""
    condition = data.get("KeyConditionExpression") or ""
    for kind, text, *_ in ddb._tokenize(condition):
        word = text.lower() if isinstance(text, str) else ""
        if kind == "NE" or (kind == "IDENT" and word in ("or", "not", "in")):
            return f"Invalid operator used in KeyConditionExpression: {text.upper()}"
        if kind == "IDENT" and word in FUNCTIONS and word != "begins_with" and re.search(rf"\b{word}\s*\(", condition):
            return f"Invalid operator used in KeyConditionExpression: {text}"
    aliases = data.get("ExpressionAttributeNames") or {}
    keys = {part["AttributeName"] for part in (index or table)["KeySchema"]}
    before = ""
    for kind, text, *_ in ddb._tokenize(data.get("FilterExpression") or ""):
        name = aliases.get(text, text) if kind in ("IDENT", "NAME_REF") and before != "DOT" else None
        if name in keys:
            return f"Filter Expression can only contain non-primary key attributes: Primary key attribute: {name}"
        before = kind
    return None


def repair_conditions(ddb: Any) -> None:
    """Fault: a function that does not exist is false, instead of refused."""
    original = ddb._condition_syntax_error

    def syntax_error(expression: str, slot: str) -> str | None:
        for name in re.findall(r"(?<![\w#:.])([A-Za-z_]\w*)\s*\(", expression):
            if name not in FUNCTIONS and name.upper() not in ("AND", "OR", "NOT", "IN", "BETWEEN"):
                return f"Invalid {slot}: Invalid function name; function: {name}"
        return original(expression, slot)

    ddb._condition_syntax_error = syntax_error


def repair_create_table(ddb: Any) -> None:
    """Fault: the number of indexes is not limited."""
    original = ddb._create_table

    def create_table(data: Any) -> Answer:
        for kind, limit in (("LocalSecondaryIndexes", LOCAL_INDEXES), ("GlobalSecondaryIndexes", GLOBAL_INDEXES)):
            if len(data.get(kind) or []) > limit:
                return refuse(
                    ddb, f"One or more parameter values were invalid: {kind} count exceeds the limit of {limit}"
                )
        return original(data)

    ddb._create_table = create_table


def expire(ddb: Any) -> None:
    """Have expired items deleted, every :data:`EXPIRY_SECONDS`, for ever, between two requests."""
    from ministack import app

    def delete() -> None:
        try:
            delete_expired(ddb, time.time())
        except Exception:
            ddb.logger.exception("Expiring items failed")

    while True:
        time.sleep(EXPIRY_SECONDS)
        if app._MAIN_LOOP:
            app._MAIN_LOOP.call_soon_threadsafe(delete)


def delete_expired(ddb: Any, now: float) -> None:
    """Delete the items whose time to live is over.

    :param now: seconds since 1970
    """
    for (account, region, name), setting in list(ddb._ttl_settings.all_items()):
        table = ddb._tables.get_scoped(account, region, name)
        if not table or setting.get("TimeToLiveStatus") != "ENABLED":
            continue
        for partition, items in list(table["items"].items()):
            for sort, item in list(items.items()):
                due = (item.get(setting["AttributeName"]) or {}).get("N")
                if due is not None and now - FIVE_YEARS_SECONDS < float(due) <= now:
                    ddb._remove_item(table, partition, sort)
                    contextvars.copy_context().run(record_expiry, ddb, account, region, name, item)


def record_expiry(ddb: Any, account: str, region: str, name: str, item: dict[str, Any]) -> None:
    """Put a deletion by the service into the stream of a table.

    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/time-to-live-ttl-streams.html
    """
    from ministack.core.responses import set_request_account_id, set_request_region

    set_request_account_id(account)
    set_request_region(region)
    before = len(ddb._stream_records.get(name) or [])
    ddb._emit_stream_event(name, "REMOVE", item, None)
    for record in (ddb._stream_records.get(name) or [])[before:]:
        record["userIdentity"] = {"Type": "Service", "PrincipalId": "dynamodb.amazonaws.com"}
