"""Resolvers' operations on several items: batches and transactions.

https://docs.aws.amazon.com/appsync/latest/devguide/aws-appsync-resolver-mapping-template-reference-dynamodb-batch-get-item.html
https://docs.aws.amazon.com/appsync/latest/devguide/js-aws-appsync-resolver-reference-dynamodb-transact-write-items.html
"""

from typing import Any

from botocore.exceptions import ClientError

from .values import Data, plain, typed


class Canceled(Exception):
    """A transaction that was canceled: the reasons go to the resolver together with the error."""

    def __init__(self, error: ClientError, result: Data) -> None:
        super().__init__(error.response["Error"]["Message"])
        self.kind = f"DynamoDB:{error.response['Error']['Code']}"
        self.result = result


def ask(client: Any, request: Data) -> Data:
    """Do an operation on items of one or more tables.

    :raises ClientError: DynamoDB refused
    :raises Canceled: a transaction was canceled
    """
    return OPERATIONS[request["operation"]](client, request)


def _get(client: Any, request: Data) -> Data:
    wanted: dict[str, Data] = {
        name: {"Keys": [typed(key) for key in table["keys"]], "ConsistentRead": bool(table.get("consistentRead"))}
        for name, table in request["tables"].items()
    }
    answer = client.batch_get_item(RequestItems=wanted)
    data: Data = {}
    for name, asked in wanted.items():
        found = [plain(item) for item in answer["Responses"].get(name, [])]
        keys = [plain(key) or {} for key in asked["Keys"]]
        # In the order of the keys, with null for what is not there.
        data[name] = [next((item for item in found if key.items() <= item.items()), None) for key in keys]
    missed = {name: table["Keys"] for name, table in (answer.get("UnprocessedKeys") or {}).items()}
    return {"data": data, "unprocessedKeys": {name: [plain(key) for key in missed.get(name, [])] for name in wanted}}


def _write(client: Any, request: Data, verb: str, part: str) -> Data:
    tables = {name: [typed(item) for item in items] for name, items in request["tables"].items()}
    answer = client.batch_write_item(
        RequestItems={name: [{verb: {part: item}} for item in items] for name, items in tables.items()}
    )
    left = answer.get("UnprocessedItems") or {}
    unprocessed = {name: [plain(item[verb][part]) for item in left.get(name, [])] for name in tables}
    data = {name: [plain(item) for item in items] for name, items in tables.items()}
    return {"data": data, "unprocessedItems" if verb == "PutRequest" else "unprocessedKeys": unprocessed}


def _read_together(client: Any, request: Data) -> Data:
    gets = [{"Get": {"TableName": item["table"], "Key": typed(item["key"])}} for item in request["transactItems"]]
    try:
        answer = client.transact_get_items(TransactItems=gets)
    except client.exceptions.TransactionCanceledException as error:
        raise Canceled(error, {"items": None, "cancellationReasons": _reasons(error)}) from error
    return {"items": [plain(item.get("Item")) for item in answer["Responses"]], "cancellationReasons": None}


def _write_together(client: Any, request: Data) -> Data:
    items = [_part(item) for item in request["transactItems"]]
    try:
        client.transact_write_items(TransactItems=items)
    except client.exceptions.TransactionCanceledException as error:
        raise Canceled(error, {"keys": None, "cancellationReasons": _reasons(error)}) from error
    return {"keys": [plain(typed(item["key"])) for item in request["transactItems"]], "cancellationReasons": None}


def _part(item: Data) -> Data:
    from .tables import condition, expression, merge

    place: Data = {"TableName": item["table"]}
    checked = condition(item)
    if (item.get("condition") or {}).get("returnValuesOnConditionCheckFailure"):
        checked["ReturnValuesOnConditionCheckFailure"] = "ALL_OLD"
    match item["operation"]:
        case "PutItem":
            whole = typed({**item["key"], **(item.get("attributeValues") or {})})
            return {"Put": {**place, "Item": whole, **checked}}
        case "UpdateItem":
            update = expression(item["update"], "UpdateExpression")
            return {"Update": {**place, "Key": typed(item["key"]), **merge(update, checked)}}
        case "DeleteItem":
            return {"Delete": {**place, "Key": typed(item["key"]), **checked}}
        case "ConditionCheck":
            return {"ConditionCheck": {**place, "Key": typed(item["key"]), **checked}}
    raise ValueError(f"A transaction has no operation {item['operation']}.")


def _reasons(error: ClientError) -> list[Data]:
    return [
        {"type": reason.get("Code"), "message": reason.get("Message"), "item": plain(reason.get("Item"))}
        for reason in error.response.get("CancellationReasons") or []  # type: ignore[typeddict-item]
    ]


OPERATIONS = {
    "BatchGetItem": _get,
    "BatchPutItem": lambda client, request: _write(client, request, "PutRequest", "Item"),
    "BatchDeleteItem": lambda client, request: _write(client, request, "DeleteRequest", "Key"),
    "TransactGetItems": _read_together,
    "TransactWriteItems": _write_together,
}
