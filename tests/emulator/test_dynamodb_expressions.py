"""DynamoDB's update expressions and conditions: what is refused, and what must not happen instead.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.UpdateExpressions.html
"""

from typing import Any

import pytest
from botocore.exceptions import ClientError

KEY = {"id": {"S": "1"}}
ITEM = {
    **KEY,
    "name": {"S": "pen"},
    "stock": {"N": "3"},
    "tags": {"L": [{"S": "blue"}]},
    "size": {"M": {"cm": {"N": "9"}}},
}
ONE, TEXT = {":v": {"N": "1"}}, {":v": {"S": "1"}}


@pytest.fixture
def table(aws: Any) -> Any:
    """A client with the table ``things`` that holds :data:`ITEM`."""
    client = aws("dynamodb", parameter_validation=False)
    client.create_table(
        TableName="things",
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
    )
    client.put_item(TableName="things", Item=ITEM)
    return client


def message_of(call: Any, **arguments: Any) -> str:
    """Assert that a call fails with a ValidationException; return its message."""
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    assert caught.value.response["Error"]["Code"] == "ValidationException", caught.value.response
    return caught.value.response["Error"]["Message"]


@pytest.mark.parametrize(
    ("expression", "values", "message"),
    [
        ("SET stock = :v SET #n = :v", ONE, 'The "SET" section can only be used once in an update expression'),
        ("SET stock = :v, stock = :v", ONE, "Two document paths overlap with each other"),
        ("SET #s.cm = :v REMOVE #s", ONE, "Two document paths overlap with each other"),
        ("SET stock = stock + :v", TEXT, "Incorrect operand type for operator or function; operator or function: +"),
        ("SET stock = #n - :v", ONE, "An operand in the update expression has an incorrect data type"),
        (
            "SET tags = list_append(stock, :v)",
            {":v": {"L": []}},
            "An operand in the update expression has an incorrect",
        ),
        ("SET tags = list_append(tags, :v)", TEXT, "operator or function: list_append, operand type: S"),
        ("SET stock = twice(:v)", ONE, "Invalid function name; function: twice"),
    ],
)
def test_an_update_that_cannot_be(table: Any, expression: str, values: Any, message: str) -> None:
    names = {alias: name for alias, name in {"#n": "name", "#s": "size"}.items() if alias in expression}
    given = {"ExpressionAttributeNames": names} if names else {}
    asked = {"TableName": "things", "Key": KEY, "UpdateExpression": expression, "ExpressionAttributeValues": values}
    assert message in message_of(table.update_item, **asked, **given)
    assert table.get_item(TableName="things", Key=KEY)["Item"] == ITEM


@pytest.mark.parametrize(
    ("condition", "values", "message"),
    [
        ("attribute_type(stock, :v)", {":v": {"S": "Number"}}, "Invalid attribute type name found; type: Number"),
        ("stock BETWEEN :v AND :w", {**ONE, ":w": {"S": "9"}}, "The BETWEEN operator requires same data type"),
        (
            f"stock IN ({','.join(f':v{number}' for number in range(101))})",
            {f":v{number}": {"N": str(number)} for number in range(101)},
            "The IN operator is provided with too many operands; number of operands: 101",
        ),
    ],
    ids=["type", "between", "in"],
)
def test_operands_that_cannot_be(table: Any, condition: str, values: Any, message: str) -> None:
    """https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.OperatorsAndFunctions.html"""
    asked = {"TableName": "things", "Item": KEY, "ConditionExpression": condition, "ExpressionAttributeValues": values}
    assert message in message_of(table.put_item, **asked)


def test_an_expression_is_not_empty_and_not_mixed_with_old_parameters(table: Any) -> None:
    """https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/LegacyConditionalParameters.html"""
    for call, name in ((table.scan, "FilterExpression"), (table.scan, "ProjectionExpression")):
        assert f"Invalid {name}: The expression can not be empty" in message_of(call, TableName="things", **{name: ""})
    old = {"id": {"AttributeValueList": [KEY["id"]], "ComparisonOperator": "EQ"}}
    assert table.query(TableName="things", KeyConditions=old)["Count"] == 1
    mixed = {"FilterExpression": "stock = :v", "ExpressionAttributeValues": ONE}
    assert "Can not use both expression and non-expression parameters" in message_of(
        table.query, TableName="things", KeyConditions=old, **mixed
    )


def test_a_batch_returns_16_megabytes(table: Any) -> None:
    """https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html"""
    keys = [{"id": {"S": f"large-{number}"}} for number in range(43)]
    for start in (0, 22):
        puts = [{"PutRequest": {"Item": {**key, "data": {"S": "x" * 399_000}}}} for key in keys[start : start + 22]]
        table.batch_write_item(RequestItems={"things": puts})
    first = table.batch_get_item(RequestItems={"things": {"Keys": keys}})
    assert len(first["Responses"]["things"]) == 42
    rest = table.batch_get_item(RequestItems=first["UnprocessedKeys"])
    assert [item["id"] for item in rest["Responses"]["things"]] == [keys[42]["id"]]


def test_a_batch_member_is_a_put_or_a_delete(table: Any) -> None:
    """https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_WriteRequest.html"""
    both = {"PutRequest": {"Item": {"id": {"S": "2"}}}, "DeleteRequest": {"Key": KEY}}
    assert message_of(table.batch_write_item, RequestItems={"things": [both]})
    assert table.scan(TableName="things")["Count"] == 1
