"""Requests that AWS refuses, and MiniStack serves. Each check names its fault."""

import json
import re
import time
from collections.abc import Callable
from typing import Any

from dva_localstack.policy import validation

Answer = tuple[int, dict[str, str], Any]
Check = Callable[[Any, dict[str, Any]], str | None]
"""Gets MiniStack's module and a request; returns AWS's message, or None for a request that is right."""

TYPES = ("S", "N", "B", "SS", "NS", "BS", "BOOL", "NULL", "L", "M")
IN_OPERANDS = 100
"""https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.OperatorsAndFunctions.html"""

TAGS, SWITCHES, DAY_SECONDS = 50, 4, 86400
"""https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-switching-capacity-modes.html"""

EXPRESSIONS = ("ProjectionExpression", "FilterExpression", "KeyConditionExpression")
OLD_PARAMETERS = ("AttributesToGet", "QueryFilter", "ScanFilter", "ConditionalOperator", "KeyConditions")

ON_DEMAND_UNITS = {"ReadUnitsPerSecond": 12000, "WriteUnitsPerSecond": 4000}
"""https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/warm-throughput.html"""


def apply(ddb: Any) -> None:
    """Put the checks in front of MiniStack's operations."""
    for name, check in (
        ("_get_item", reading),
        ("_query", reading),
        ("_scan", reading),
        ("_create_table", creating),
        ("_list_tables", listing),
        ("_update_ttl", expiring),
        ("_batch_write_item", batching),
        ("_put_resource_policy", permitting),
    ):
        setattr(ddb, name, checked(ddb, getattr(ddb, name), check))
    ddb._evaluate_condition = with_operands(ddb._evaluate_condition)
    ddb._update_table = one_index_at_a_time(ddb, with_switches(ddb, ddb._update_table))
    ddb._describe_ttl = without_old_attribute(ddb, ddb._describe_ttl)
    ddb._table_description = as_it_is(ddb, ddb._table_description)


def checked(ddb: Any, original: Callable[[Any], Answer], check: Check) -> Callable[[Any], Answer]:
    """Return an operation that answers with a ValidationException where ``check`` finds a fault."""

    def serve(data: Any) -> Answer:
        message = check(ddb, data)
        return ddb.error_response_json("ValidationException", message, 400) if message else original(data)

    return serve


def reading(ddb: Any, data: dict[str, Any]) -> str | None:
    """Faults: an empty expression is none, and old and new parameters are mixed in a query."""
    for name in EXPRESSIONS:
        if name in data and not str(data[name]).strip():
            return f"Invalid {name}: The expression can not be empty;"
    new = [name for name in EXPRESSIONS if name in data]
    old = [name for name in OLD_PARAMETERS if name in data]
    if new and old:
        return (
            "Can not use both expression and non-expression parameters in the same request: "
            f"Non-expression parameters: {{{', '.join(old)}}} Expression parameters: {{{', '.join(new)}}}"
        )
    return None


def creating(ddb: Any, data: dict[str, Any]) -> str | None:
    """Faults: a stream without a view, indexes without a projection or with attributes that it does not take, tags."""
    invalid = "One or more parameter values were invalid: "
    stream = data.get("StreamSpecification") or {}
    if stream.get("StreamEnabled") and not stream.get("StreamViewType"):
        return f"{invalid}Table is being created with a stream enabled, but StreamViewType is not specified"
    for kind in ("GlobalSecondaryIndexes", "LocalSecondaryIndexes"):
        if data.get(kind) == []:
            return f"{invalid}List of {kind} is empty"
        for index in data.get(kind) or []:
            projection = index.get("Projection") or {}
            chosen = projection.get("ProjectionType")
            if not chosen:
                return f"{invalid}Unknown ProjectionType: null"
            if chosen != "INCLUDE" and projection.get("NonKeyAttributes"):
                return f"{invalid}ProjectionType is {chosen}, but NonKeyAttributes is specified"
    if len(data.get("Tags") or []) > TAGS:
        return f"{invalid}Too many tags: a table has at most {TAGS}"
    return None


def listing(ddb: Any, data: dict[str, Any]) -> str | None:
    """Fault: a page of any size."""
    limit = data.get("Limit")
    if limit is None or 1 <= limit <= 100:
        return None
    rule = "less than or equal to 100" if limit > 100 else "greater than or equal to 1"
    return (
        f"1 validation error detected: Value '{limit}' at 'limit' failed to satisfy constraint: "
        f"Member must have value {rule}"
    )


def expiring(ddb: Any, data: dict[str, Any]) -> str | None:
    """Fault: time to live is switched on, or off, where it is already; or onto another attribute."""
    name = ddb._normalize_table_name(data.get("TableName"))
    held = ddb._ttl_settings.get(name) or {}
    is_on = held.get("TimeToLiveStatus") == "ENABLED"
    wanted = data.get("TimeToLiveSpecification") or {}
    if name not in ddb._tables or not wanted.get("AttributeName"):
        return None
    if wanted.get("Enabled") and is_on:
        if held["AttributeName"] == wanted["AttributeName"]:
            return "TimeToLive is already enabled"
        return f"TimeToLive is active on a different AttributeName: current AttributeName is {held['AttributeName']}"
    if not wanted.get("Enabled") and not is_on:
        return "TimeToLive is already disabled"
    return None


def batching(ddb: Any, data: dict[str, Any]) -> str | None:
    """Fault: of a put and a delete in one member, one is dropped."""
    tables = data.get("RequestItems")
    for members in tables.values() if isinstance(tables, dict) else ():
        if any(isinstance(each, dict) and len(each) != 1 for each in members or []):
            return "Supplied AttributeValue has more than one datatypes set, must contain exactly one of the supported"
    return None


def permitting(ddb: Any, data: dict[str, Any]) -> str | None:
    """Fault: any text is a resource policy."""
    try:
        validation.check_document(json.loads(data.get("Policy") or "{}"), "resource")
    except (ValueError, validation.MalformedPolicy) as fault:
        return f"The policy provided is invalid: {fault}" if data.get("Policy") else None
    return None


def with_operands(original: Callable[..., bool]) -> Callable[..., bool]:
    """Fault: a type that does not exist, bounds of two types, and too many operands make a condition false."""

    def evaluate(expr: str, item: Any, values: Any, names: Any, slot: str = "ConditionExpression") -> bool:
        if expr and (fault := operand_fault(expr, values or {})):
            raise ValueError(f"Invalid {slot}: {fault}")
        return original(expr, item, values, names, slot)

    return evaluate


def operand_fault(expression: str, values: dict[str, Any]) -> str | None:
    """Return what is wrong with the operands of a condition."""
    for name in re.findall(r"attribute_type\s*\([^,]*,\s*(:\w+)\s*\)", expression):
        kind = (values.get(name) or {}).get("S")
        if name in values and kind not in TYPES:
            return f"Invalid attribute type name found; type: {kind}, valid types: {{{','.join(TYPES)}}}"
    for operands in re.findall(r"\bIN\s*\(([^()]*)\)", expression, re.IGNORECASE):
        number = operands.count(",") + 1
        if number > IN_OPERANDS:
            return f"The IN operator is provided with too many operands; number of operands: {number}"
    for low, high in re.findall(r"\bBETWEEN\s+(:\w+)\s+AND\s+(:\w+)", expression, re.IGNORECASE):
        bounds = [next(iter((values.get(name) or {}).items()), None) for name in (low, high)]
        if bounds[0] and bounds[1] and bounds[0][0] != bounds[1][0]:
            shown = [f"AttributeValue: {{{bound[0]}:{bound[1]}}}" for bound in bounds if bound]
            return (
                "The BETWEEN operator requires same data type for lower and upper bounds; "
                f"lower bound operand: {shown[0]}, upper bound operand: {shown[1]}"
            )
    return None


def with_switches(ddb: Any, original: Callable[[Any], Answer]) -> Callable[[Any], Answer]:
    """Fault: a table becomes an on-demand table any number of times a day."""
    switched: dict[str, list[float]] = {}

    def update_table(data: Any) -> Answer:
        table = ddb._tables.get(ddb._normalize_table_name(data.get("TableName"))) or {}
        mode = (table.get("BillingModeSummary") or {}).get("BillingMode", "PROVISIONED")
        switches = bool(table) and data.get("BillingMode") == "PAY_PER_REQUEST" and mode == "PROVISIONED"
        if not switches:
            return original(data)
        now, key = time.time(), str(table.get("TableId"))
        recent = [moment for moment in switched.get(key, []) if now - moment < DAY_SECONDS]
        if len(recent) >= SWITCHES:
            message = (
                "Subscriber limit exceeded: Update to PayPerRequest mode are limited to "
                f"{SWITCHES} times in 1 day(s). Last update at {time.strftime('%c', time.gmtime(recent[-1]))}"
            )
            return ddb.error_response_json("LimitExceededException", message, 400)
        answer = original(data)
        if answer[0] == 200:
            switched[key] = [*recent, now]
        return answer

    return update_table


def without_old_attribute(ddb: Any, original: Callable[[Any], Answer]) -> Callable[[Any], Answer]:
    """Fault: a table without time to live still names the attribute."""

    def describe(data: Any) -> Answer:
        status, headers, body = original(data)
        if status != 200 or json.loads(body)["TimeToLiveDescription"]["TimeToLiveStatus"] != "DISABLED":
            return status, headers, body
        return ddb.json_response({"TimeToLiveDescription": {"TimeToLiveStatus": "DISABLED"}})

    return describe


def one_index_at_a_time(ddb: Any, original: Callable[[Any], Answer]) -> Callable[[Any], Answer]:
    """Fault: any number of global indexes is made or deleted by one request.

    https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_UpdateTable.html
    """

    def update_table(data: Any) -> Answer:
        changes = [each for each in data.get("GlobalSecondaryIndexUpdates") or [] if not each.get("Update")]
        if len(changes) > 1:
            message = "Only 1 online index can be created or deleted simultaneously per table"
            return ddb.error_response_json("LimitExceededException", f"Subscriber limit exceeded: {message}", 400)
        return original(data)

    return update_table


def as_it_is(ddb: Any, original: Callable[[str], dict[str, Any]]) -> Callable[[str], dict[str, Any]]:
    """Faults: an on-demand table is ready for no request at all, and every item has 200 bytes."""

    def describe(name: str) -> dict[str, Any]:
        table = original(name)
        rows = ddb._tables[name]["items"].values()
        table["TableSizeBytes"] = sum(ddb._item_size_bytes(item) for row in rows for item in row.values())
        warm = table.get("WarmThroughput") or {}
        if (table.get("BillingModeSummary") or {}).get("BillingMode") == "PAY_PER_REQUEST":
            table["WarmThroughput"] = {"Status": "ACTIVE", **warm}
            for unit, number in ON_DEMAND_UNITS.items():
                table["WarmThroughput"][unit] = warm.get(unit) or number
        return table

    return describe
