"""Provisioned capacity: a table that is used faster than it is provisioned refuses.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/provisioned-capacity-mode.html
"""

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

KILOBYTE = 1024
BURST = 300
"""Seconds of unused capacity that a table keeps:
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/burst-adaptive-capacity.html"""


@pytest.fixture
def table(aws: Any) -> Any:
    """A client, without retries, with the table ``rows`` of one unit for reads and one for writes."""
    client = aws("dynamodb", retries={"total_max_attempts": 1})
    client.create_table(
        TableName="rows",
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        ProvisionedThroughput={"ReadCapacityUnits": 1, "WriteCapacityUnits": 1},
    )
    return client


def item(key: str, kilobytes: int) -> dict[str, Any]:
    """Return an item that costs ``kilobytes`` write units."""
    return {"pk": {"S": key}, "f": {"S": "x" * (kilobytes * KILOBYTE - len(key) - 3)}}


def exhaust_writes(client: Any) -> None:
    client.put_item(TableName="rows", Item=item("large", 390))


def throttled(call: Callable[[], Any]) -> dict[str, Any]:
    with pytest.raises(ClientError) as refusal:
        call()
    assert refusal.value.response["Error"]["Code"] == "ProvisionedThroughputExceededException"
    return refusal.value.response


def test_writes_beyond_the_burst_are_throttled(table: Any) -> None:
    exhaust_writes(table)
    answer = throttled(lambda: table.put_item(TableName="rows", Item=item("small", 1)))
    assert "The level of configured provisioned throughput for the table was exceeded" in answer["Error"]["Message"]
    (reason,) = answer["ThrottlingReasons"]
    assert reason["reason"] == "TableWriteProvisionedThroughputExceeded"
    assert reason["resource"].endswith(":table/rows")
    for call in (table.update_item, table.delete_item):
        throttled(lambda call=call: call(TableName="rows", Key={"pk": {"S": "large"}}))


def test_reads_have_capacity_of_their_own(table: Any) -> None:
    exhaust_writes(table)
    read = {"TableName": "rows", "Key": {"pk": {"S": "large"}}, "ConsistentRead": True}
    reads = BURST // (390 // 4 + 1)
    for _ in range(reads + 1):
        assert "Item" in table.get_item(**read)
    for call in (lambda: table.get_item(**read), lambda: table.scan(TableName="rows")):
        throttled(call)


def test_the_burst_is_served(table: Any) -> None:
    units = 0.0
    for number in range(30):
        answer = table.put_item(TableName="rows", Item=item(str(number), 10), ReturnConsumedCapacity="TOTAL")
        assert set(answer["ConsumedCapacity"]) == {"TableName", "CapacityUnits"}
        units += answer["ConsumedCapacity"]["CapacityUnits"]
    assert units == BURST


def test_a_batch_returns_what_it_did_not_write(table: Any) -> None:
    """https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchWriteItem.html"""
    wanted = [{"PutRequest": {"Item": item(str(number), 60)}} for number in range(8)]
    answer = table.batch_write_item(RequestItems={"rows": wanted})
    left = [each["PutRequest"]["Item"]["pk"]["S"] for each in answer["UnprocessedItems"]["rows"]]
    stored = {found["pk"]["S"] for found in table.scan(TableName="rows", ProjectionExpression="pk")["Items"]}
    assert left
    assert stored
    assert sorted([*left, *stored]) == [str(number) for number in range(8)]
    throttled(lambda: table.batch_write_item(RequestItems={"rows": wanted}))


def test_capacity_comes_back_with_time(table: Any, eventually: Any) -> None:
    for number in range(15):
        table.put_item(TableName="rows", Item=item(str(number), 20))
    table.put_item(TableName="rows", Item=item("one", 1))

    def written() -> bool:
        try:
            table.put_item(TableName="rows", Item=item("next", 1))
        except table.exceptions.ProvisionedThroughputExceededException:
            return False
        return True

    assert eventually(written, 10)


def test_more_capacity_or_none_to_provision_ends_it(table: Any) -> None:
    """https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/capacity-mode.html"""
    exhaust_writes(table)
    throttled(lambda: table.put_item(TableName="rows", Item=item("small", 1)))
    table.update_table(TableName="rows", BillingMode="PAY_PER_REQUEST")
    table.put_item(TableName="rows", Item=item("small", 1))


def test_an_index_that_is_too_small_throttles_its_table(aws: Any) -> None:
    """https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/gsi-throttling.html"""
    client = aws("dynamodb", retries={"total_max_attempts": 1})
    small = {"ReadCapacityUnits": 1, "WriteCapacityUnits": 1}
    client.create_table(
        TableName="rows",
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "kind")],
        ProvisionedThroughput={"ReadCapacityUnits": 100, "WriteCapacityUnits": 100},
        GlobalSecondaryIndexes=[
            {
                "IndexName": "by-kind",
                "KeySchema": [{"AttributeName": "kind", "KeyType": "HASH"}],
                "Projection": {"ProjectionType": "ALL"},
                "ProvisionedThroughput": small,
            }
        ],
    )
    client.put_item(TableName="rows", Item={**item("large", 390), "kind": {"S": "k"}})
    answer = throttled(lambda: client.put_item(TableName="rows", Item={"pk": {"S": "b"}, "kind": {"S": "k"}}))
    assert answer["ThrottlingReasons"][0]["reason"] == "IndexWriteProvisionedThroughputExceeded"
    assert answer["ThrottlingReasons"][0]["resource"].endswith(":table/rows/index/by-kind")


def test_a_transaction_uses_capacity_and_is_cancelled_without_any(table: Any) -> None:
    """https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html"""
    put = {"Put": {"TableName": "rows", "Item": item("large", 155)}}
    table.transact_write_items(TransactItems=[put])  # 310 units, of the 300 that there are
    throttled(lambda: table.put_item(TableName="rows", Item=item("small", 1)))
    with pytest.raises(ClientError) as refusal:
        table.transact_write_items(TransactItems=[{"Put": {"TableName": "rows", "Item": item("small", 1)}}])
    assert refusal.value.response["Error"]["Code"] == "TransactionCanceledException"
    assert [each["Code"] for each in refusal.value.response["CancellationReasons"]] == ["ProvisionedThroughputExceeded"]
    read = table.transact_get_items(TransactItems=[{"Get": {"TableName": "rows", "Key": {"pk": {"S": "large"}}}}])
    assert "ConsumedCapacity" not in read
    assert read["Responses"][0]["Item"]["pk"] == {"S": "large"}
