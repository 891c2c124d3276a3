"""What resolvers ask of DynamoDB is asked of DynamoDB, by its own API.

https://docs.aws.amazon.com/appsync/latest/devguide/aws-appsync-resolver-mapping-template-reference-dynamodb.html
"""

import base64
import json
from typing import Any

from botocore.exceptions import ClientError

from . import batches
from .values import Data, plain, typed


def ask(client: Any, table: str, request: Data) -> Any:
    """Do a resolver's operation; return what AppSync gives as the result.

    :raises ClientError: DynamoDB refused
    :raises ValueError: an operation that is not known
    """
    operation, given = request.get("operation"), {"TableName": table}
    if request.get("consistentRead") is not None:
        given["ConsistentRead"] = request["consistentRead"]
    if operation == "GetItem":
        return plain(client.get_item(Key=typed(request["key"]), **given).get("Item"))
    if operation == "PutItem":
        item = typed({**request["key"], **(request.get("attributeValues") or {})})
        client.put_item(Item=item, **given, **condition(request))
        return plain(item)
    if operation == "UpdateItem":
        update = expression(request["update"], "UpdateExpression")
        merged = merge(update, condition(request))
        answer = client.update_item(Key=typed(request["key"]), ReturnValues="ALL_NEW", **given, **merged)
        return plain(answer["Attributes"])
    if operation == "DeleteItem":
        answer = client.delete_item(Key=typed(request["key"]), ReturnValues="ALL_OLD", **given, **condition(request))
        return plain(answer.get("Attributes"))
    if operation in ("Query", "Scan"):
        return pages(client, operation, request, given)
    if operation in batches.OPERATIONS:
        return batches.ask(client, request)
    raise ValueError(f"DynamoDB operation {operation} is not supported by the emulator.")


def pages(client: Any, operation: str, request: Data, given: Data) -> Data:
    """Query or scan; return a page of items and the token of the next."""
    parts = merge(
        expression(request.get("query"), "KeyConditionExpression"),
        expression(request.get("filter"), "FilterExpression"),
    )
    names = {"index": "IndexName", "limit": "Limit", "select": "Select", "scanIndexForward": "ScanIndexForward"}
    parts |= {name: request[key] for key, name in names.items() if request.get(key) is not None}
    if request.get("nextToken"):
        parts["ExclusiveStartKey"] = json.loads(base64.b64decode(request["nextToken"]))
    answer = (client.query if operation == "Query" else client.scan)(**given, **parts)
    last = answer.get("LastEvaluatedKey")
    return {
        "items": [plain(item) for item in answer["Items"]],
        "nextToken": base64.b64encode(json.dumps(last).encode()).decode() if last else None,
        "scannedCount": answer["ScannedCount"],
    }


def expression(given: Data | None, name: str) -> Data:
    """Return an expression of a resolver as parameters of DynamoDB."""
    if not given or not given.get("expression"):
        return {}
    parts: Data = {name: given["expression"]}
    if given.get("expressionNames"):
        parts["ExpressionAttributeNames"] = given["expressionNames"]
    if given.get("expressionValues"):
        parts["ExpressionAttributeValues"] = typed(given["expressionValues"])
    return parts


def condition(request: Data) -> Data:
    """Return a request's condition as parameters of DynamoDB."""
    return expression(request.get("condition"), "ConditionExpression")


def merge(first: Data, second: Data) -> Data:
    """Return two expressions' parameters together."""
    merged = {**first, **second}
    for name in ("ExpressionAttributeNames", "ExpressionAttributeValues"):
        if name in first and name in second:
            merged[name] = {**first[name], **second[name]}
    return merged


def error_of(error: ClientError) -> tuple[str, str]:
    """Return type and message of a field's error."""
    return f"DynamoDB:{error.response['Error']['Code']}", error.response["Error"]["Message"]
