"""Consumed capacity, as tables in on-demand mode report it.

Rules: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/read-write-operations.html
"""

from typing import Any

import pytest

KEYS = {"customer": "S", "order": "S", "status": "S", "total": "N"}


@pytest.fixture
def table(aws: Any) -> Any:
    """A client with the table ``orders``: a GSI by status with all attributes, an LSI by total with keys only."""
    client = aws("dynamodb")
    client.create_table(
        TableName="orders",
        KeySchema=[{"AttributeName": "customer", "KeyType": "HASH"}, {"AttributeName": "order", "KeyType": "RANGE"}],
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": kind} for name, kind in KEYS.items()],
        BillingMode="PAY_PER_REQUEST",
        GlobalSecondaryIndexes=[
            {
                "IndexName": "by-status",
                "KeySchema": [{"AttributeName": "status", "KeyType": "HASH"}],
                "Projection": {"ProjectionType": "ALL"},
            }
        ],
        LocalSecondaryIndexes=[
            {
                "IndexName": "by-total",
                "KeySchema": [
                    {"AttributeName": "customer", "KeyType": "HASH"},
                    {"AttributeName": "total", "KeyType": "RANGE"},
                ],
                "Projection": {"ProjectionType": "KEYS_ONLY"},
            }
        ],
    )
    return client


def key(order: str, customer: str = "c1") -> dict[str, Any]:
    return {"customer": {"S": customer}, "order": {"S": order}}


def item(order: str, size: int = 0, **more: Any) -> dict[str, Any]:
    """Return an item with a filling of ``size`` bytes."""
    return {**key(order), "filling": {"S": "x" * size}, **more}


def used(answer: dict[str, Any]) -> float:
    return answer["ConsumedCapacity"]["CapacityUnits"]


@pytest.mark.parametrize(("size", "eventual", "strong"), [(100, 0.5, 1), (4000, 0.5, 1), (4200, 1, 2), (9000, 1.5, 3)])
def test_a_strongly_consistent_read_costs_twice(table: Any, size: int, eventual: float, strong: float) -> None:
    table.put_item(TableName="orders", Item=item("1", size))
    read = {"TableName": "orders", "Key": key("1"), "ReturnConsumedCapacity": "TOTAL"}
    assert used(table.get_item(**read)) == eventual
    assert used(table.get_item(**read, ConsistentRead=True)) == strong


def test_reading_what_is_not_there_costs_the_minimum(table: Any) -> None:
    read = {"TableName": "orders", "Key": key("none"), "ReturnConsumedCapacity": "TOTAL"}
    assert used(table.get_item(**read)) == 0.5
    assert used(table.get_item(**read, ConsistentRead=True)) == 1


def test_a_projection_does_not_make_a_read_cheaper(table: Any) -> None:
    """https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.ProjectionExpressions.html"""
    table.put_item(TableName="orders", Item=item("1", 9000))
    read = table.get_item(
        TableName="orders", Key=key("1"), ProjectionExpression="customer", ReturnConsumedCapacity="TOTAL"
    )
    assert used(read) == 1.5


@pytest.mark.parametrize("consistent", [False, True])
def test_a_query_adds_sizes_before_it_rounds(table: Any, consistent: bool) -> None:
    """https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Query.Other.html"""
    for order in range(8):
        table.put_item(TableName="orders", Item=item(str(order), 970))
    answer = table.query(
        TableName="orders",
        KeyConditionExpression="customer = :c",
        ExpressionAttributeValues={":c": {"S": "c1"}},
        ConsistentRead=consistent,
        ReturnConsumedCapacity="TOTAL",
    )
    assert used(answer) == (2 if consistent else 1)


@pytest.mark.parametrize("consistent", [False, True])
def test_a_scan_pays_for_what_its_filter_drops(table: Any, consistent: bool) -> None:
    """https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Scan.html"""
    for order in range(8):
        table.put_item(TableName="orders", Item=item(str(order), 970))
    answer = table.scan(
        TableName="orders",
        FilterExpression="attribute_exists(nothing)",
        ConsistentRead=consistent,
        ReturnConsumedCapacity="TOTAL",
    )
    assert (answer["Count"], answer["ScannedCount"]) == (0, 8)
    assert used(answer) == (2 if consistent else 1)


def test_a_transactional_read_costs_twice_a_strong_one(table: Any) -> None:
    """https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis.html"""
    table.put_item(TableName="orders", Item=item("1", 4200))
    answer = table.transact_get_items(
        TransactItems=[{"Get": {"TableName": "orders", "Key": key("1")}}], ReturnConsumedCapacity="TOTAL"
    )
    assert answer["ConsumedCapacity"][0]["CapacityUnits"] == 4


@pytest.mark.parametrize(("size", "units"), [(10, 1), (980, 1), (1100, 2), (3000, 3)])
def test_a_write_costs_one_unit_for_each_kilobyte(table: Any, size: int, units: float) -> None:
    assert used(table.put_item(TableName="orders", Item=item("1", size), ReturnConsumedCapacity="TOTAL")) == units


def test_a_transactional_write_costs_twice(table: Any) -> None:
    """https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis.html"""
    answer = table.transact_write_items(
        TransactItems=[{"Put": {"TableName": "orders", "Item": item("1", 1100)}}], ReturnConsumedCapacity="TOTAL"
    )
    assert answer["ConsumedCapacity"][0]["CapacityUnits"] == 4


def test_an_update_is_charged_for_the_larger_of_old_and_new(table: Any) -> None:
    table.put_item(TableName="orders", Item=item("1", 3000))
    answer = table.update_item(
        TableName="orders",
        Key=key("1"),
        UpdateExpression="SET filling = :small",
        ExpressionAttributeValues={":small": {"S": "x"}},
        ReturnConsumedCapacity="TOTAL",
    )
    assert used(answer) == 3


def test_a_delete_is_charged_for_the_old_item(table: Any) -> None:
    table.put_item(TableName="orders", Item=item("1", 3000))
    assert used(table.delete_item(TableName="orders", Key=key("1"), ReturnConsumedCapacity="TOTAL")) == 3
    assert used(table.delete_item(TableName="orders", Key=key("1"), ReturnConsumedCapacity="TOTAL")) == 1


def test_a_write_pays_for_each_index_that_it_touches(table: Any) -> None:
    """https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/GSI.html"""
    put = table.put_item(
        TableName="orders",
        Item=item("1", 1100, status={"S": "open"}, total={"N": "5"}),
        ReturnConsumedCapacity="INDEXES",
    )["ConsumedCapacity"]
    assert put["Table"]["CapacityUnits"] == 2
    assert put["GlobalSecondaryIndexes"]["by-status"]["CapacityUnits"] == 2
    assert put["LocalSecondaryIndexes"]["by-total"]["CapacityUnits"] == 1
    assert put["CapacityUnits"] == 5


def test_an_item_without_the_index_key_costs_nothing_there(table: Any) -> None:
    """https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-indexes-general-sparse-indexes.html"""
    put = table.put_item(TableName="orders", Item=item("1", 100), ReturnConsumedCapacity="INDEXES")["ConsumedCapacity"]
    assert put["CapacityUnits"] == 1
    assert not put.get("GlobalSecondaryIndexes")


def test_changing_an_index_key_writes_to_the_index_twice(table: Any) -> None:
    """The old entry is deleted and a new one put.

    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/GSI.html
    """
    table.put_item(TableName="orders", Item=item("1", 100, status={"S": "open"}))
    answer = table.update_item(
        TableName="orders",
        Key=key("1"),
        UpdateExpression="SET #s = :closed",
        ExpressionAttributeNames={"#s": "status"},
        ExpressionAttributeValues={":closed": {"S": "closed"}},
        ReturnConsumedCapacity="INDEXES",
    )["ConsumedCapacity"]
    assert answer["GlobalSecondaryIndexes"]["by-status"]["CapacityUnits"] == 2
    assert answer["CapacityUnits"] == 3


def test_a_query_of_a_gsi_is_charged_to_the_index(table: Any) -> None:
    table.put_item(TableName="orders", Item=item("1", 5000, status={"S": "open"}))
    answer = table.query(
        TableName="orders",
        IndexName="by-status",
        KeyConditionExpression="#s = :open",
        ExpressionAttributeNames={"#s": "status"},
        ExpressionAttributeValues={":open": {"S": "open"}},
        ReturnConsumedCapacity="INDEXES",
    )["ConsumedCapacity"]
    assert answer["CapacityUnits"] == 1
    assert answer["Table"]["CapacityUnits"] == 0
    assert answer["GlobalSecondaryIndexes"]["by-status"]["CapacityUnits"] == 1


def test_a_query_of_an_lsi_pays_for_what_it_fetches_from_the_table(table: Any) -> None:
    """https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/LSI.html"""
    for number in range(3):
        table.put_item(TableName="orders", Item=item(str(number), 5000, total={"N": str(number)}))
    query = {
        "TableName": "orders",
        "IndexName": "by-total",
        "KeyConditionExpression": "customer = :c",
        "ExpressionAttributeValues": {":c": {"S": "c1"}},
        "ReturnConsumedCapacity": "INDEXES",
    }
    projected = table.query(**query)["ConsumedCapacity"]
    assert projected["CapacityUnits"] == 0.5
    fetched = table.query(**query, ProjectionExpression="filling")
    assert [len(row["filling"]["S"]) for row in fetched["Items"]] == [5000] * 3
    cost = fetched["ConsumedCapacity"]
    assert cost["LocalSecondaryIndexes"]["by-total"]["CapacityUnits"] == 0.5
    assert cost["Table"]["CapacityUnits"] == 3
    assert cost["CapacityUnits"] == 3.5


def test_batches_report_each_table(table: Any) -> None:
    """https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html"""
    wrote = table.batch_write_item(
        RequestItems={"orders": [{"PutRequest": {"Item": item(str(n), 1100)}} for n in range(3)]},
        ReturnConsumedCapacity="TOTAL",
    )
    assert wrote["ConsumedCapacity"] == [{"TableName": "orders", "CapacityUnits": 6}]
    keys = [key(str(n)) for n in range(3)]
    for consistent, units in ((False, 1.5), (True, 3)):
        read = table.batch_get_item(
            RequestItems={"orders": {"Keys": keys, "ConsistentRead": consistent}}, ReturnConsumedCapacity="TOTAL"
        )
        assert read["ConsumedCapacity"] == [{"TableName": "orders", "CapacityUnits": units}]


def test_nothing_is_reported_unless_asked_for(table: Any) -> None:
    assert "ConsumedCapacity" not in table.put_item(TableName="orders", Item=item("1"))
