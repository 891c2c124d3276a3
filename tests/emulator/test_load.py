"""Many callers at once: nobody gets an error that AWS would not give."""

import itertools
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

pytestmark = pytest.mark.full


def all_of(count: int, together: int, call: Callable[[int], Any]) -> list[Any]:
    """Make calls, numbered from 0, with so many at a time; return what they return."""
    with ThreadPoolExecutor(together) as pool:
        return list(pool.map(call, range(count)))


def test_a_thousand_calls_of_a_hundred_clients(aws: Any) -> None:
    """https://docs.aws.amazon.com/AmazonS3/latest/userguide/optimizing-performance.html"""
    aws("s3").create_bucket(Bucket=f"load-{aws.id}")
    aws("dynamodb").create_table(
        TableName="load",
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    url = aws("sqs").create_queue(QueueName="load")["QueueUrl"]
    once = {"retries": {"total_max_attempts": 1}}
    clients = [{name: aws(name, **once) for name in ("s3", "dynamodb", "sqs")} for _ in range(100)]
    free = itertools.cycle(clients)

    def call(number: int) -> None:
        mine = next(free)
        match number % 3:
            case 0:
                mine["s3"].put_object(Bucket=f"load-{aws.id}", Key=str(number), Body=b"x")
            case 1:
                mine["dynamodb"].put_item(TableName="load", Item={"pk": {"S": str(number)}})
            case 2:
                mine["sqs"].send_message(QueueUrl=url, MessageBody=str(number))

    all_of(1000, 100, call)
    assert len(aws("s3").list_objects_v2(Bucket=f"load-{aws.id}")["Contents"]) == 334
    assert aws("dynamodb").scan(TableName="load", Select="COUNT")["Count"] == 333
    waiting = aws("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["ApproximateNumberOfMessages"])
    assert waiting["Attributes"]["ApproximateNumberOfMessages"] == "333"


def test_two_hundred_invocations_fifty_at_a_time(functions: Any) -> None:
    """https://docs.aws.amazon.com/lambda/latest/dg/lambda-concurrency.html"""
    name = functions.deploy("def handler(event, context): return event['number']")
    client = functions.account("lambda", retries={"total_max_attempts": 1}, max_pool_connections=50)

    def call(number: int) -> tuple[str | None, bytes]:
        answer = client.invoke(FunctionName=name, Payload=f'{{"number": {number}}}')
        return answer.get("FunctionError"), answer["Payload"].read()

    assert all_of(200, 50, call) == [(None, str(number).encode()) for number in range(200)]
