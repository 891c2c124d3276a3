"""DynamoDB's condition keys for fine-grained access control.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/specifying-conditions.html#FGAC_DDB.ConditionKeys
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from dva_localstack.enforcement.resources import tables

from .call import Call, Context

NAME = re.compile(r"#[\w-]+|:[\w-]+|[A-Za-z_][\w-]*")
EXPRESSIONS = (
    "ProjectionExpression",
    "FilterExpression",
    "KeyConditionExpression",
    "ConditionExpression",
    "UpdateExpression",
)
NOT_ATTRIBUTES = frozenset(
    {"SET", "REMOVE", "ADD", "DELETE", "AND", "OR", "NOT", "BETWEEN", "IN", "if_not_exists", "list_append"}
    | {"attribute_exists", "attribute_not_exists", "attribute_type", "begins_with", "contains", "size"}
)
"""Words of expressions: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.html"""

LEADING = "dynamodb:LeadingKeys"
ATTRIBUTES = "dynamodb:Attributes"
READS = frozenset({"GetItem", "Query", "Scan", "BatchGetItem"})


def of_request(call: Call, table: str, action: str, request: Mapping[str, Any]) -> Context:
    """Return the keys of one request on a table: an operation's parameters, or one part of a transaction.

    :param table: the table's ARN
    :param action: the action without its prefix
    """
    if not call.detailed:
        return {}
    found: Context = {}
    for name in ("Select", "ReturnValues", "ReturnConsumedCapacity"):
        if request.get(name):
            found[f"dynamodb:{name}"] = request[name]
    if (
        action in READS
        and "Select" not in request
        and (request.get("ProjectionExpression") or request.get("AttributesToGet"))
    ):
        found["dynamodb:Select"] = "SPECIFIC_ATTRIBUTES"
    if used := attributes(request):
        found[ATTRIBUTES] = sorted(used)
    if leading := leading_keys(table, request):
        found[LEADING] = leading
    return found


def of_batch(call: Call, table: str, requests: Any) -> Context:
    """Return the keys of one table's part of BatchGetItem (a request with Keys) or BatchWriteItem (a list)."""
    if not call.detailed:
        return {}
    if isinstance(requests, Mapping):
        found = of_request(call, table, "BatchGetItem", requests)
        items: list[Mapping[str, Any]] = list(requests.get("Keys") or ())
    else:
        found = {}
        items = [
            item
            for entry in requests
            for item in (entry.get("PutRequest", {}).get("Item"), entry.get("DeleteRequest", {}).get("Key"))
            if item
        ]
    hash_key = tables.hash_key(table)
    if hash_key and items:
        found[LEADING] = unique(text_of(item[hash_key]) for item in items if hash_key in item)
    used = {name for item in items for name in item} | set(found.get(ATTRIBUTES, ()))
    return found | {ATTRIBUTES: sorted(used)} if used else found


def of_statement(call: Call, table: str, text: str) -> Context:
    """Return the keys of a PartiQL statement: the partition key's value where the statement holds it literally."""
    hash_key = tables.hash_key(table) if call.detailed else None
    if not hash_key:
        return {}
    found = re.findall(rf"""["']?\b{re.escape(hash_key)}["']?\s*[=:]\s*'([^']*)'""", text)
    return {LEADING: unique(found)} if found else {}


def attributes(request: Mapping[str, Any]) -> set[str]:
    """Return the names of the top-level attributes that a request reads or writes."""
    names = dict(request.get("ExpressionAttributeNames") or {})
    found = set(request.get("Key") or ()) | set(request.get("Item") or ()) | set(request.get("AttributesToGet") or ())
    for expression in EXPRESSIONS:
        # What follows a dot or stands in brackets is inside an attribute.
        text = re.sub(r"\.[#\w-]+|\[\d+\]", "", request.get(expression) or "")
        for word in NAME.findall(text):
            if word.startswith("#"):
                found.add(names.get(word, word))
            elif not word.startswith(":") and word not in NOT_ATTRIBUTES and word.upper() not in NOT_ATTRIBUTES:
                found.add(word)
    for old in ("KeyConditions", "QueryFilter", "ScanFilter", "AttributeUpdates", "Expected"):
        found |= set(request.get(old) or ())
    return found


def leading_keys(table: str, request: Mapping[str, Any]) -> list[str]:
    """Return the partition key values that a request names; none for a scan."""
    item = request.get("Key") or request.get("Item")
    conditions = request.get("KeyConditions")
    expression = request.get("KeyConditionExpression")
    if not (item or conditions or expression):
        return []
    hash_key = tables.hash_key(table, request.get("IndexName"))
    if not hash_key:
        return []
    if item:
        return [text_of(item[hash_key])] if hash_key in item else []
    if conditions:
        return [text_of(value) for value in conditions.get(hash_key, {}).get("AttributeValueList") or ()]
    names = dict(request.get("ExpressionAttributeNames") or {})
    values = request.get("ExpressionAttributeValues") or {}
    for left, right in re.findall(r"([#\w.-]+)\s*=\s*(:[\w-]+)", expression or ""):
        if names.get(left, left) == hash_key and right in values:
            return [text_of(values[right])]
    return []


def text_of(value: Mapping[str, Any]) -> str:
    """Return an attribute value as the text that a policy compares."""
    inner = next(iter(value.values()), "")
    return inner.decode("utf-8", "replace") if isinstance(inner, bytes) else str(inner)


def unique(values: Iterable[str]) -> list[str]:
    """Return values once each, in their order."""
    return list(dict.fromkeys(values))
