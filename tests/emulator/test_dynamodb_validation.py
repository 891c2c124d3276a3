"""What DynamoDB refuses, and with which error."""

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

PK = {"AttributeName": "pk", "KeyType": "HASH"}
SK = {"AttributeName": "sk", "KeyType": "RANGE"}


def attributes(**kinds: str) -> list[dict[str, str]]:
    return [{"AttributeName": name, "AttributeType": kind} for name, kind in kinds.items()]


def index(name: str, *keys: str, kind: str = "ALL", **projection: Any) -> dict[str, Any]:
    schema = [{"AttributeName": key, "KeyType": role} for key, role in zip(keys, ("HASH", "RANGE"), strict=False)]
    return {"IndexName": name, "KeySchema": schema, "Projection": {"ProjectionType": kind, **projection}}


def create(client: Any, **changes: Any) -> Any:
    definition: dict[str, Any] = {
        "TableName": "things",
        "KeySchema": [PK, SK],
        "AttributeDefinitions": attributes(pk="S", sk="N"),
        "BillingMode": "PAY_PER_REQUEST",
        **changes,
    }
    return client.create_table(**definition)


@pytest.fixture
def table(aws: Any) -> Any:
    """A client with the table ``things``: pk (string), sk (number), a GSI ``by-kind`` with keys only."""
    client = aws("dynamodb")
    create(
        client,
        AttributeDefinitions=attributes(pk="S", sk="N", kind="S"),
        GlobalSecondaryIndexes=[index("by-kind", "kind", kind="KEYS_ONLY")],
    )
    return client


def thing(sk: int = 1, pk: str = "a", **more: Any) -> dict[str, Any]:
    return {"pk": {"S": pk}, "sk": {"N": str(sk)}, **more}


def refused(call: Callable[[], Any], code: str = "ValidationException") -> str:
    """Assert that a call fails with ``code``; return the message."""
    with pytest.raises(ClientError) as error:
        call()
    assert error.value.response["Error"]["Code"] == code, error.value
    return error.value.response["Error"]["Message"]


# Items: https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_PutItem.html


@pytest.mark.parametrize(
    "item",
    [
        {"pk": {"S": ""}, "sk": {"N": "1"}},
        {"pk": {"N": "1"}, "sk": {"N": "1"}},
        {"pk": {"S": "a"}, "sk": {"S": "1"}},
        {"pk": {"S": "a"}},
        {"sk": {"N": "1"}},
        {"pk": {"NULL": True}, "sk": {"N": "1"}},
        {"pk": {"S": "a"}, "sk": {"N": "not a number"}},
        {"pk": {"S": "x" * 2049}, "sk": {"N": "1"}},
        {"pk": {"S": "a"}, "sk": {"N": "1"}, "kind": {"S": ""}},
        {"pk": {"S": "a"}, "sk": {"N": "1"}, "kind": {"N": "1"}},
        {"pk": {"S": "a"}, "sk": {"N": "1"}, "set": {"SS": []}},
        {"pk": {"S": "a"}, "sk": {"N": "1"}, "set": {"SS": ["a", "a"]}},
        {"pk": {"S": "a"}, "sk": {"N": "1"}, "both": {"S": "a", "N": "1"}},
        {"pk": {"S": "a"}, "sk": {"N": "1"}, "n": {"N": "1e126"}},
    ],
    ids=lambda item: str(item)[:60],
)
def test_an_item_that_is_no_item_is_refused(table: Any, item: dict[str, Any]) -> None:
    refused(lambda: table.put_item(TableName="things", Item=item))
    assert table.scan(TableName="things")["Count"] == 0


def test_an_item_may_have_400_kb(table: Any) -> None:
    """https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html"""
    table.put_item(TableName="things", Item=thing(f={"S": "x" * (400 * 1024 - 20)}))
    message = refused(lambda: table.put_item(TableName="things", Item=thing(f={"S": "x" * 400 * 1024})))
    assert "Item size has exceeded the maximum allowed size" in message


def test_an_update_cannot_grow_an_item_over_400_kb(table: Any) -> None:
    table.put_item(TableName="things", Item=thing(f={"S": "x" * 300 * 1024}))
    refused(
        lambda: table.update_item(
            TableName="things",
            Key=thing(),
            UpdateExpression="SET g = :g",
            ExpressionAttributeValues={":g": {"S": "x" * 200 * 1024}},
        )
    )


def test_empty_values_are_allowed_outside_keys(table: Any) -> None:
    """https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.NamingRulesDataTypes.html"""
    table.put_item(TableName="things", Item=thing(text={"S": ""}, data={"B": b""}))
    assert table.get_item(TableName="things", Key=thing())["Item"]["text"] == {"S": ""}


@pytest.mark.parametrize(
    "key", [{"pk": {"S": "a"}}, {**thing(), "extra": {"S": "a"}}, {"pk": {"S": "a"}, "sk": {"S": "1"}}]
)
def test_a_key_that_is_not_the_schema_is_refused(table: Any, key: dict[str, Any]) -> None:
    for call in (table.get_item, table.delete_item):
        refused(lambda call=call: call(TableName="things", Key=key))


def test_a_key_attribute_cannot_be_updated(table: Any) -> None:
    """https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_UpdateItem.html"""
    refused(
        lambda: table.update_item(
            TableName="things",
            Key=thing(),
            UpdateExpression="SET sk = :n",
            ExpressionAttributeValues={":n": {"N": "2"}},
        )
    )


def test_a_table_that_does_not_exist(aws: Any) -> None:
    client = aws("dynamodb")
    for call in (
        lambda: client.get_item(TableName="none", Key={"pk": {"S": "a"}}),
        lambda: client.scan(TableName="none"),
        lambda: client.describe_table(TableName="none"),
        lambda: client.delete_table(TableName="none"),
    ):
        refused(call, "ResourceNotFoundException")


# Expressions: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.html


@pytest.mark.parametrize(
    "arguments",
    [
        {"ConditionExpression": "attribute_exists(pk)", "ExpressionAttributeNames": {"#unused": "a"}},
        {"ConditionExpression": "attribute_exists(pk)", "ExpressionAttributeValues": {":unused": {"S": "a"}}},
        {"ConditionExpression": "a = :missing"},
        {"ConditionExpression": "#missing = :a", "ExpressionAttributeValues": {":a": {"S": "a"}}},
        {"ConditionExpression": "status = :a", "ExpressionAttributeValues": {":a": {"S": "a"}}},
        {"ConditionExpression": "a == :a", "ExpressionAttributeValues": {":a": {"S": "a"}}},
        {"ConditionExpression": "nofunction(a)"},
        {"ConditionExpression": ""},
    ],
    ids=lambda arguments: str(arguments["ConditionExpression"]),
)
def test_a_faulty_condition_is_refused(table: Any, arguments: dict[str, Any]) -> None:
    refused(lambda: table.put_item(TableName="things", Item=thing(), **arguments))


def test_a_reserved_word_needs_a_placeholder(table: Any) -> None:
    """https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ReservedWords.html"""
    for expression in ("#s, name", "size", "data.comment"):
        names = {"ExpressionAttributeNames": {"#s": "status"}} if "#" in expression else {}
        message = refused(
            lambda expression=expression, names=names: table.get_item(
                TableName="things", Key=thing(), ProjectionExpression=expression, **names
            )
        )
        assert "reserved keyword" in message


def test_overlapping_paths_are_refused(table: Any) -> None:
    refused(
        lambda: table.update_item(
            TableName="things",
            Key=thing(),
            UpdateExpression="SET m.a = :n, m = :n",
            ExpressionAttributeValues={":n": {"N": "1"}},
        )
    )


def test_a_failed_condition_can_return_the_item(table: Any) -> None:
    """https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_PutItem.html"""
    table.put_item(TableName="things", Item=thing(kind={"S": "old"}))
    with pytest.raises(ClientError) as error:
        table.put_item(
            TableName="things",
            Item=thing(),
            ConditionExpression="attribute_not_exists(pk)",
            ReturnValuesOnConditionCheckFailure="ALL_OLD",
        )
    assert error.value.response["Error"]["Code"] == "ConditionalCheckFailedException"
    assert error.value.response["Item"] == thing(kind={"S": "old"})  # type: ignore[typeddict-item]


# Query and Scan: https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_Query.html


@pytest.mark.parametrize(
    ("condition", "values"),
    [
        ("sk = :n", {":n": {"N": "1"}}),
        ("pk > :s", {":s": {"S": "a"}}),
        ("begins_with(pk, :s)", {":s": {"S": "a"}}),
        ("pk = :s AND kind = :s", {":s": {"S": "a"}}),
        ("pk = :s OR sk = :n", {":s": {"S": "a"}, ":n": {"N": "1"}}),
        ("pk = :s AND sk <> :n", {":s": {"S": "a"}, ":n": {"N": "1"}}),
        ("pk = :n", {":n": {"N": "1"}}),
        ("pk = :s AND contains(sk, :n)", {":s": {"S": "a"}, ":n": {"N": "1"}}),
        ("pk = :s", {":s": {"S": ""}}),
        ("pk = :s AND begins_with(sk, :n)", {":s": {"S": "a"}, ":n": {"N": "1"}}),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_faulty_key_condition_is_refused(table: Any, condition: str, values: dict[str, Any]) -> None:
    refused(lambda: table.query(TableName="things", KeyConditionExpression=condition, ExpressionAttributeValues=values))


def by_kind(table: Any, **more: Any) -> Any:
    return table.query(
        TableName="things",
        IndexName="by-kind",
        KeyConditionExpression="kind = :k",
        ExpressionAttributeValues={":k": {"S": "x"}},
        **more,
    )


def test_a_gsi_has_no_consistent_reads(table: Any) -> None:
    """https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.ReadConsistency.html"""
    refused(lambda: by_kind(table, ConsistentRead=True))
    refused(lambda: table.scan(TableName="things", IndexName="by-kind", ConsistentRead=True))


def test_a_gsi_never_fetches_from_the_table(table: Any) -> None:
    """https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/GSI.html"""
    table.put_item(TableName="things", Item=thing(kind={"S": "x"}, more={"S": "y"}))
    assert by_kind(table)["Items"] == [thing(kind={"S": "x"})]
    refused(lambda: by_kind(table, Select="ALL_ATTRIBUTES"))
    refused(lambda: by_kind(table, ProjectionExpression="more"))


def test_an_index_that_does_not_exist(table: Any) -> None:
    refused(lambda: table.scan(TableName="things", IndexName="by-colour"))


def test_a_filter_must_not_name_a_key(table: Any) -> None:
    """https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Query.FilterExpression.html"""
    refused(
        lambda: table.query(
            TableName="things",
            KeyConditionExpression="pk = :a",
            FilterExpression="sk > :n",
            ExpressionAttributeValues={":a": {"S": "a"}, ":n": {"N": "1"}},
        )
    )


def fill(table: Any, count: int, size: int) -> None:
    for start in range(0, count, 20):
        table.batch_write_item(
            RequestItems={
                "things": [
                    {"PutRequest": {"Item": thing(n, f={"S": "x" * size})}}
                    for n in range(start, min(start + 20, count))
                ]
            }
        )


def test_limit_counts_before_the_filter(table: Any) -> None:
    fill(table, 10, 10)
    page = table.query(
        TableName="things",
        KeyConditionExpression="pk = :a",
        FilterExpression="attribute_not_exists(f)",
        ExpressionAttributeValues={":a": {"S": "a"}},
        Limit=4,
    )
    assert (page["Count"], page["ScannedCount"]) == (0, 4)
    assert page["LastEvaluatedKey"] == thing(3)


@pytest.mark.parametrize("operation", ["query", "scan"])
def test_a_page_ends_at_one_megabyte(table: Any, operation: str) -> None:
    """https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Query.Pagination.html"""
    fill(table, 40, 40_000)
    keys = {"KeyConditionExpression": "pk = :a", "ExpressionAttributeValues": {":a": {"S": "a"}}}
    arguments = {"TableName": "things", **(keys if operation == "query" else {})}
    first = getattr(table, operation)(**arguments)
    assert 25 <= first["Count"] <= 27
    second = getattr(table, operation)(**arguments, ExclusiveStartKey=first["LastEvaluatedKey"])
    assert first["Count"] + second["Count"] == 40
    assert "LastEvaluatedKey" not in second


@pytest.mark.parametrize("key", [{"pk": {"S": "a"}}, {"pk": {"N": "1"}, "sk": {"N": "1"}}])
def test_a_start_key_that_is_none_is_refused(table: Any, key: dict[str, Any]) -> None:
    refused(lambda: table.scan(TableName="things", ExclusiveStartKey=key))


def test_segments_of_a_parallel_scan_share_the_items(table: Any) -> None:
    """https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Scan.html"""
    for number in range(30):
        table.put_item(TableName="things", Item=thing(number, pk=f"p{number}"))
    found = [table.scan(TableName="things", Segment=segment, TotalSegments=3)["Items"] for segment in range(3)]
    assert sorted(row["pk"]["S"] for rows in found for row in rows) == sorted(f"p{n}" for n in range(30))
    refused(lambda: table.scan(TableName="things", Segment=3, TotalSegments=3))


# Batches: https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchWriteItem.html


def test_a_batch_writes_at_most_25_items(table: Any) -> None:
    puts = [{"PutRequest": {"Item": thing(n)}} for n in range(26)]
    refused(lambda: table.batch_write_item(RequestItems={"things": puts}))
    table.batch_write_item(RequestItems={"things": puts[:25]})


def test_a_batch_reads_at_most_100_items(table: Any) -> None:
    """https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html"""
    keys = [thing(n) for n in range(101)]
    refused(lambda: table.batch_get_item(RequestItems={"things": {"Keys": keys}}))
    table.batch_get_item(RequestItems={"things": {"Keys": keys[:100]}})


def test_a_batch_names_an_item_once(table: Any) -> None:
    put = {"PutRequest": {"Item": thing()}}
    refused(lambda: table.batch_write_item(RequestItems={"things": [put, put]}))
    refused(lambda: table.batch_get_item(RequestItems={"things": {"Keys": [thing(), thing()]}}))


# Transactions: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis.html


def put(n: int, **more: Any) -> dict[str, Any]:
    return {"Put": {"TableName": "things", "Item": thing(n), **more}}


def test_a_transaction_writes_at_most_100_items(table: Any) -> None:
    refused(lambda: table.transact_write_items(TransactItems=[put(n) for n in range(101)]))
    table.transact_write_items(TransactItems=[put(n) for n in range(100)])
    assert table.scan(TableName="things", Select="COUNT")["Count"] == 100


def test_a_transaction_names_an_item_once(table: Any) -> None:
    refused(lambda: table.transact_write_items(TransactItems=[put(1), put(1)]))


def test_a_cancelled_transaction_changes_nothing_and_says_why(table: Any) -> None:
    table.put_item(TableName="things", Item=thing(2))
    with pytest.raises(table.exceptions.TransactionCanceledException) as error:
        table.transact_write_items(TransactItems=[put(1), put(2, ConditionExpression="attribute_not_exists(pk)")])
    assert [reason["Code"] for reason in error.value.response["CancellationReasons"]] == [
        "None",
        "ConditionalCheckFailed",
    ]
    assert table.scan(TableName="things")["Count"] == 1


def test_a_client_token_makes_a_transaction_idempotent(table: Any) -> None:
    """https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html"""
    add = {
        "Update": {
            "TableName": "things",
            "Key": thing(),
            "UpdateExpression": "ADD n :one",
            "ExpressionAttributeValues": {":one": {"N": "1"}},
        }
    }
    for _ in range(2):
        table.transact_write_items(TransactItems=[add], ClientRequestToken="once")
    assert table.get_item(TableName="things", Key=thing())["Item"]["n"] == {"N": "1"}
    refused(
        lambda: table.transact_write_items(TransactItems=[put(9)], ClientRequestToken="once"),
        "IdempotentParameterMismatchException",
    )


# Tables: https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_CreateTable.html


@pytest.mark.parametrize(
    "changes",
    [
        {"AttributeDefinitions": attributes(pk="S")},
        {"AttributeDefinitions": attributes(pk="S", sk="N", unused="S")},
        {"KeySchema": [SK]},
        {"KeySchema": [PK, {"AttributeName": "pk", "KeyType": "RANGE"}]},
        {"BillingMode": "PROVISIONED"},
        {"ProvisionedThroughput": {"ReadCapacityUnits": 1, "WriteCapacityUnits": 1}},
        {"LocalSecondaryIndexes": [index("other", "sk", "pk")]},
        {
            "KeySchema": [PK],
            "AttributeDefinitions": attributes(pk="S", a="S"),
            "LocalSecondaryIndexes": [index("i12", "pk", "a")],
        },
        {
            "AttributeDefinitions": attributes(pk="S", sk="N", a="S"),
            "LocalSecondaryIndexes": [index(f"index-{n}", "pk", "a") for n in range(6)],
        },
        {
            "AttributeDefinitions": attributes(pk="S", sk="N", a="S"),
            "GlobalSecondaryIndexes": [index("twin", "a"), index("twin", "a")],
        },
        {
            "AttributeDefinitions": attributes(pk="S", sk="N", a="S"),
            "GlobalSecondaryIndexes": [index("some", "a", kind="INCLUDE")],
        },
        {"TableName": "no spaces"},
    ],
    ids=lambda changes: " ".join(changes),
)
def test_a_faulty_table_is_refused(aws: Any, changes: dict[str, Any]) -> None:
    client = aws("dynamodb")
    refused(lambda: create(client, **changes))
    assert client.list_tables()["TableNames"] == []


def test_a_table_has_at_most_20_global_indexes(aws: Any) -> None:
    """https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html"""
    client, keys = aws("dynamodb"), attributes(pk="S", sk="N", a="S")

    def with_indexes(count: int) -> Any:
        indexes = [index(f"index-{n}", "a") for n in range(count)]
        return create(client, AttributeDefinitions=keys, GlobalSecondaryIndexes=indexes)

    message = refused(lambda: with_indexes(21))
    assert "GlobalSecondaryIndexes count exceeds the limit of 20" in message
    assert len(with_indexes(20)["TableDescription"]["GlobalSecondaryIndexes"]) == 20


def test_a_table_name_is_taken_once(table: Any) -> None:
    refused(lambda: create(table), "ResourceInUseException")


def test_a_protected_table_is_not_deleted(table: Any) -> None:
    """https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_DeleteTable.html"""
    table.update_table(TableName="things", DeletionProtectionEnabled=True)
    refused(lambda: table.delete_table(TableName="things"))
    table.update_table(TableName="things", DeletionProtectionEnabled=False)
    table.delete_table(TableName="things")


def test_describe_table_counts_items(table: Any) -> None:
    """AWS updates the count about every six hours; here it is current.

    https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TableDescription.html
    """
    fill(table, 3, 10)
    described = table.describe_table(TableName="things")["Table"]
    assert (described["ItemCount"], described["TableStatus"]) == (3, "ACTIVE")
    assert described["TableSizeBytes"] > 30
