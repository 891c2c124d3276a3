"""CloudWatch Logs: searching, metric filters and subscription filters judge events by their pattern.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html
"""

import base64
import gzip
import json
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

MESSAGES = [
    '{"level": "INFO", "ms": 20, "route": "/a"}',
    '{"level": "ERROR", "ms": 120, "route": "/a"}',
    '{"level": "ERROR", "ms": 80, "route": "/b"}',
    "plain ERROR line",
]


RELAY = """
    import json, os
    import boto3

    def handler(event, context):
        boto3.client("sqs").send_message(QueueUrl=os.environ["QUEUE"], MessageBody=json.dumps(event))
    """


class Group:
    """A log group with one stream."""

    def __init__(self, aws: Any, name: str = "/app/shop") -> None:
        self.client = aws("logs")
        self.name = name
        self.client.create_log_group(logGroupName=name)
        self.client.create_log_stream(logGroupName=name, logStreamName="one")

    def write(self, *messages: str) -> None:
        now = int(time.time() * 1000)
        self.client.put_log_events(
            logGroupName=self.name,
            logStreamName="one",
            logEvents=[{"timestamp": now + n, "message": message} for n, message in enumerate(messages)],
        )

    def search(self, pattern: str, **more: Any) -> list[str]:
        found = self.client.filter_log_events(logGroupName=self.name, filterPattern=pattern, **more)
        return [event["message"] for event in found["events"]]


@pytest.fixture
def group(aws: Any) -> Group:
    return Group(aws)


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("", MESSAGES),
        ("ERROR", MESSAGES[1:]),
        ('ERROR -"plain"', MESSAGES[1:3]),
        ("?INFO ?plain", [MESSAGES[0], MESSAGES[3]]),
        ('{ $.level = "ERROR" && $.ms > 100 }', [MESSAGES[1]]),
        ("[first, level = ERROR, last]", [MESSAGES[3]]),
        ("nothing", []),
    ],
)
def test_filter_log_events_returns_what_matches(group: Group, pattern: str, expected: list[str]) -> None:
    group.write(*MESSAGES)
    assert group.search(pattern) == expected


def test_the_limit_counts_matching_events(group: Group) -> None:
    group.write(*MESSAGES)
    assert group.search("ERROR", limit=2) == MESSAGES[1:3]


@pytest.mark.parametrize("pattern", ["{ $.level ", '"open', "{ $.a ~ 1 }"])
def test_an_invalid_pattern_is_refused(group: Group, pattern: str) -> None:
    """https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_FilterLogEvents.html"""
    transformation = {"metricName": "errors", "metricNamespace": "shop", "metricValue": "1"}
    calls: list[Callable[[], Any]] = [
        lambda: group.search(pattern),
        lambda: group.client.test_metric_filter(filterPattern=pattern, logEventMessages=["a"]),
        lambda: group.client.put_metric_filter(
            logGroupName=group.name, filterName="f", filterPattern=pattern, metricTransformations=[transformation]
        ),
    ]
    for call in calls:
        with pytest.raises(ClientError) as refused:
            call()
        assert refused.value.response["Error"]["Code"] == "InvalidParameterException"


def test_a_pattern_can_be_tried_without_a_log_group(aws: Any) -> None:
    """https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_TestMetricFilter.html"""
    tried = aws("logs").test_metric_filter(filterPattern="ERROR", logEventMessages=MESSAGES)
    assert [(match["eventNumber"], match["eventMessage"]) for match in tried["matches"]] == [
        (2, MESSAGES[1]),
        (3, MESSAGES[2]),
        (4, MESSAGES[3]),
    ]


def metric(aws: Any, name: str, statistic: str, dimensions: dict[str, str] | None = None) -> float | None:
    """Return one statistic of the last hour, or None without data."""
    points = aws("cloudwatch").get_metric_statistics(
        Namespace="shop",
        MetricName=name,
        Dimensions=[{"Name": key, "Value": value} for key, value in (dimensions or {}).items()],
        StartTime=datetime.now(UTC) - timedelta(hours=1),
        EndTime=datetime.now(UTC) + timedelta(hours=1),
        Period=7200,
        Statistics=[statistic],
    )["Datapoints"]
    return points[0][statistic] if points else None


def put_filter(group: Group, pattern: str, **transformation: Any) -> None:
    group.client.put_metric_filter(
        logGroupName=group.name,
        filterName=transformation["metricName"],
        filterPattern=pattern,
        metricTransformations=[{"metricNamespace": "shop", "metricValue": "1", **transformation}],
    )


def test_a_metric_filter_counts_matching_events_of_its_group(
    aws: Any, group: Group, eventually: Callable[..., Any]
) -> None:
    """https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/MonitoringLogData.html"""
    put_filter(group, '{ $.level = "ERROR" }', metricName="errors")
    Group(aws, "/app/other").write(*MESSAGES)
    group.write(*MESSAGES)
    eventually(lambda: metric(aws, "errors", "Sum"))
    assert metric(aws, "errors", "Sum") == 2


def test_a_metric_takes_its_value_and_dimensions_from_the_event(
    aws: Any, group: Group, eventually: Callable[..., Any]
) -> None:
    put_filter(group, "{ $.ms > 50 }", metricName="latency", metricValue="$.ms", dimensions={"Route": "$.route"})
    group.write(*MESSAGES)
    eventually(lambda: metric(aws, "latency", "Maximum", {"Route": "/a"}))
    assert metric(aws, "latency", "Maximum", {"Route": "/a"}) == 120
    assert metric(aws, "latency", "Maximum", {"Route": "/b"}) == 80


def test_the_default_value_is_reported_when_nothing_matches(
    aws: Any, group: Group, eventually: Callable[..., Any]
) -> None:
    put_filter(group, "FATAL", metricName="fatal", defaultValue=0)
    group.write(*MESSAGES)
    eventually(lambda: metric(aws, "fatal", "SampleCount"))
    assert metric(aws, "fatal", "Sum") == 0


def test_a_subscription_delivers_only_matching_events(aws: Any, group: Group, eventually: Callable[..., Any]) -> None:
    """https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/SubscriptionFilters.html"""
    kinesis = aws("kinesis", retries={"max_attempts": 5})
    kinesis.create_stream(StreamName="logs", ShardCount=1)
    kinesis.get_waiter("stream_exists").wait(StreamName="logs", WaiterConfig={"Delay": 1, "MaxAttempts": 10})
    stream = kinesis.describe_stream(StreamName="logs")["StreamDescription"]
    for name, pattern in (("errors", '{ $.level = "ERROR" }'), ("slow", "{ $.ms > 100 }")):
        group.client.put_subscription_filter(
            logGroupName=group.name, filterName=name, filterPattern=pattern, destinationArn=stream["StreamARN"]
        )
    group.write(*MESSAGES)
    iterator = kinesis.get_shard_iterator(
        StreamName="logs", ShardId=stream["Shards"][0]["ShardId"], ShardIteratorType="TRIM_HORIZON"
    )["ShardIterator"]

    def received() -> dict[str, list[str]]:
        records = kinesis.get_records(ShardIterator=iterator)["Records"]
        batches = [json.loads(gzip.decompress(record["Data"])) for record in records]
        assert len(batches) == 2
        assert {(batch["owner"], batch["logGroup"], batch["logStream"]) for batch in batches} == {
            (aws.id, group.name, "one")
        }
        return {batch["subscriptionFilters"][0]: [e["message"] for e in batch["logEvents"]] for batch in batches}

    assert eventually(received) == {"errors": MESSAGES[1:3], "slow": [MESSAGES[1]]}


def test_a_function_gets_events_once_it_lets_logs_invoke_it(
    aws: Any, group: Group, functions: Any, eventually: Callable[..., Any]
) -> None:
    """https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/SubscriptionFilters.html#LambdaFunctionExample"""
    queue = aws("sqs").create_queue(QueueName="seen")["QueueUrl"]
    function = functions.deploy(RELAY, Environment={"Variables": {"QUEUE": queue}})
    client = aws("lambda")
    arn = client.get_function(FunctionName=function)["Configuration"]["FunctionArn"]
    wanted = {"logGroupName": group.name, "filterName": "errors", "filterPattern": "ERROR", "destinationArn": arn}
    with pytest.raises(ClientError) as refusal:
        group.client.put_subscription_filter(**wanted)
    assert refusal.value.response["Error"]["Code"] == "InvalidParameterException"
    assert "permission to execute your function" in refusal.value.response["Error"]["Message"]
    client.add_permission(
        FunctionName=function,
        StatementId="logs",
        Action="lambda:InvokeFunction",
        Principal="logs.amazonaws.com",
        SourceArn=f"arn:aws:logs:us-east-1:{aws.id}:log-group:{group.name}:*",
        SourceAccount=aws.id,
    )
    group.client.put_subscription_filter(**wanted)
    group.write(*MESSAGES)
    body = eventually(lambda: aws("sqs").receive_message(QueueUrl=queue).get("Messages"))[0]["Body"]
    batch = json.loads(gzip.decompress(base64.b64decode(json.loads(body)["awslogs"]["data"])))
    assert (batch["logGroup"], [event["message"] for event in batch["logEvents"]]) == (group.name, MESSAGES[1:])


@pytest.mark.parametrize("days", [0, 2, 31, 366])
def test_a_retention_that_is_not_on_the_list(aws: Any, days: int) -> None:
    """https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html"""
    client = aws("logs")
    client.create_log_group(logGroupName="app")
    with pytest.raises(ClientError) as refusal:
        client.put_retention_policy(logGroupName="app", retentionInDays=days)
    assert refusal.value.response["Error"]["Code"] == "InvalidParameterException"
    assert "retentionInDays" not in client.describe_log_groups()["logGroups"][0]
    client.put_retention_policy(logGroupName="app", retentionInDays=400)
    assert client.describe_log_groups()["logGroups"][0]["retentionInDays"] == 400


def test_a_log_group_counts_its_metric_filters(aws: Any) -> None:
    """https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_LogGroup.html"""
    client = aws("logs")
    for name in ("app", "other"):
        client.create_log_group(logGroupName=name)
    metric = {"metricName": "errors", "metricNamespace": "app", "metricValue": "1"}
    client.put_metric_filter(
        logGroupName="app", filterName="errors", filterPattern="ERROR", metricTransformations=[metric]
    )
    counts = {group["logGroupName"]: group["metricFilterCount"] for group in client.describe_log_groups()["logGroups"]}
    assert counts == {"app": 1, "other": 0}


def test_events_of_one_call_span_a_day_at_most(group: Group) -> None:
    """https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutLogEvents.html"""
    now = int(time.time() * 1000)
    events = [{"timestamp": moment, "message": "x"} for moment in (now - 86_400_001, now)]
    group.client.create_log_stream(logGroupName=group.name, logStreamName="days")
    call = {"logGroupName": group.name, "logStreamName": "days", "logEvents": events}
    with pytest.raises(ClientError) as error:
        group.client.put_log_events(**call)
    assert error.value.response["Error"]["Code"] == "InvalidParameterException"
    with pytest.raises(ClientError) as error:
        group.client.create_log_group(logGroupName="aws/own")
    assert error.value.response["Error"]["Code"] == "InvalidParameterException"
