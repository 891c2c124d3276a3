"""DynamoDB: tables and indexes, batches and transactions by table, PartiQL, and the keys of fine-grained access.

Actions: https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazondynamodb.html
Keys: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/specifying-conditions.html
Transactions: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis-iam.html
PartiQL: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ql-iam.html
"""

import base64
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from . import dynamodb_keys
from .call import Call, Need

STATEMENT = re.compile(
    r"""\s*(?:EXISTS\s*\(\s*)?(?P<verb>SELECT|INSERT|UPDATE|DELETE)\b.*?"""
    r"""(?:\bFROM\b|\bINTO\b|\bUPDATE\b|(?<=UPDATE))\s*(?P<quote>["']?)(?P<table>[\w.-]+)(?P=quote)"""
    r"""(?:\.(?P<index>"[^"]+"|[\w-]+))?""",
    re.IGNORECASE | re.DOTALL,
)
"""The verb, table and index of a PartiQL statement."""

TRANSACTION_PARTS = {
    "Put": "PutItem",
    "Update": "UpdateItem",
    "Delete": "DeleteItem",
    "ConditionCheck": "ConditionCheckItem",
}


def needs(call: Call) -> Iterator[Need]:
    """Yield what a DynamoDB operation needs."""
    params, operation = call.params, call.operation
    if operation in ("BatchGetItem", "BatchWriteItem"):
        for table, requests in (params.get("RequestItems") or {}).items():
            keys = dynamodb_keys.of_batch(call, table_arn(call, table), requests)
            yield Need(f"dynamodb:{operation}", table_arn(call, table), keys)
    elif operation in ("TransactGetItems", "TransactWriteItems"):
        for part in params.get("TransactItems") or ():
            for kind, request in part.items():
                action = "GetItem" if kind == "Get" else TRANSACTION_PARTS[kind]
                arn = table_arn(call, request["TableName"])
                keys = dynamodb_keys.of_request(call, arn, action, request)
                yield Need(f"dynamodb:{action}", arn, keys | {"dynamodb:EnclosingOperation": operation})
    elif operation in ("ExecuteStatement", "BatchExecuteStatement", "ExecuteTransaction"):
        yield from statements(call)
    elif "TableName" in params:
        arn = table_arn(call, params["TableName"])
        keys = dynamodb_keys.of_request(call, arn, operation, params)
        index = params.get("IndexName")
        yield Need(f"dynamodb:{operation}", f"{arn}/index/{index}" if index else arn, keys)
    else:
        yield Need(f"dynamodb:{operation}", named(call))


def table_arn(call: Call, table: str) -> str:
    """Return the ARN of a table that is given by name or by ARN."""
    return table if table.startswith("arn:") else call.arn("dynamodb", f"table/{table}")


def named(call: Call) -> str:
    """Return the ARN that an operation without table name is about."""
    params = call.params
    for name in ("ResourceArn", "BackupArn", "TableArn", "ExportArn", "ImportArn", "SourceTableArn"):
        if params.get(name):
            return str(params[name])
    if params.get("GlobalTableName"):
        return call.arn("dynamodb", f"global-table/{params['GlobalTableName']}", region="")
    if params.get("TargetTableName"):
        return table_arn(call, params["TargetTableName"])
    return "*"


def statements(call: Call) -> Iterator[Need]:
    """Yield the permission of each PartiQL statement of a call."""
    params = call.params
    texts = [each.get("Statement", "") for each in params.get("Statements") or params.get("TransactStatements") or ()]
    if call.operation == "ExecuteStatement":
        texts = [params.get("Statement", "")]
    for text in texts:
        if found := STATEMENT.match(text):
            arn = table_arn(call, found["table"])
            index = (found["index"] or "").strip('"')
            keys = dynamodb_keys.of_statement(call, arn, text)
            action = f"dynamodb:PartiQL{found['verb'].capitalize()}"
            yield Need(action, f"{arn}/index/{index}" if index else arn, keys)


def stream_needs(call: Call) -> Iterator[Need]:
    """Yield what an operation of DynamoDB Streams needs."""
    params: Mapping[str, Any] = call.params
    arn = params.get("StreamArn")
    if call.operation == "ListStreams":
        arn = f"{table_arn(call, params['TableName'])}/stream/*" if params.get("TableName") else "*"
    if call.operation == "GetRecords":
        arn = stream_of(params.get("ShardIterator", ""))
    yield Need(f"dynamodb:{call.operation}", arn or "*")


def stream_of(iterator: str) -> str:
    """Return the ARN of the stream that a shard iterator reads: MiniStack's is JSON in base64; ``*`` without an ARN."""
    try:
        return str(json.loads(base64.urlsafe_b64decode(iterator))["arn"])
    except (KeyError, TypeError, ValueError):
        return "*"
