"""Notifications of a bucket: https://docs.aws.amazon.com/AmazonS3/latest/userguide/EventNotifications.html"""

import json
import secrets
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError


@pytest.fixture
def s3(aws: Any) -> Any:
    return aws("s3")


@pytest.fixture
def bucket(s3: Any) -> str:
    name = f"events-{secrets.token_hex(6)}"
    s3.create_bucket(Bucket=name)
    return name


class Queue:
    """A queue that S3 (or a topic, or a rule) may send to."""

    def __init__(self, account: Any) -> None:
        self.sqs = account("sqs")
        self.url = self.sqs.create_queue(QueueName=f"q-{secrets.token_hex(4)}")["QueueUrl"]
        attributes = self.sqs.get_queue_attributes(QueueUrl=self.url, AttributeNames=["QueueArn"])["Attributes"]
        self.arn = attributes["QueueArn"]
        allow = {"Effect": "Allow", "Principal": "*", "Action": "sqs:SendMessage", "Resource": self.arn}
        policy = json.dumps({"Version": "2012-10-17", "Statement": [allow]})
        self.sqs.set_queue_attributes(QueueUrl=self.url, Attributes={"Policy": policy})
        self.bodies: list[dict[str, Any]] = []

    def received(self) -> list[dict[str, Any]]:
        """Return the bodies of all messages so far."""
        answer = self.sqs.receive_message(QueueUrl=self.url, MaxNumberOfMessages=10, VisibilityTimeout=600)
        self.bodies += [json.loads(message["Body"]) for message in answer.get("Messages", [])]
        return self.bodies

    def records(self, count: int, eventually: Callable[..., Any]) -> list[dict[str, Any]]:
        """Wait for ``count`` records and return them, without S3's test message."""

        def found() -> list[dict[str, Any]] | None:
            records = [record for body in self.received() for record in body.get("Records", [])]
            return records if len(records) >= count else None

        return eventually(found)


@pytest.fixture
def queue(aws: Any) -> Queue:
    return Queue(aws)


def rule(arn: str, events: list[str], prefix: str = "", suffix: str = "", kind: str = "Queue") -> dict[str, Any]:
    rules = [{"Name": "prefix", "Value": prefix}, {"Name": "suffix", "Value": suffix}]
    return {f"{kind}Arn": arn, "Events": events, "Filter": {"Key": {"FilterRules": rules}}}


def configure(s3: Any, bucket: str, **configuration: Any) -> None:
    s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration=configuration)


CREATED = ["s3:ObjectCreated:*"]


def test_a_test_message_comes_first(s3: Any, bucket: str, queue: Queue, eventually: Any) -> None:
    """https://docs.aws.amazon.com/AmazonS3/latest/userguide/how-to-enable-disable-notification-intro.html"""
    configure(s3, bucket, QueueConfigurations=[rule(queue.arn, CREATED)])
    (message,) = eventually(queue.received)
    assert (message["Event"], message["Bucket"]) == ("s3:TestEvent", bucket)


def test_prefix_and_suffix_choose_objects(s3: Any, bucket: str, queue: Queue, eventually: Any) -> None:
    """https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-how-to-filtering.html"""
    configure(s3, bucket, QueueConfigurations=[rule(queue.arn, CREATED, "in/", ".jpg")])
    for key in ("out/1.jpg", "in/1.txt", "in/2 red.jpg", "in/3.jpg"):
        s3.put_object(Bucket=bucket, Key=key, Body=b"data")
    records = queue.records(2, eventually)
    assert {record["s3"]["object"]["key"] for record in records} == {"in/2+red.jpg", "in/3.jpg"}
    assert records[0]["eventName"] == "ObjectCreated:Put"
    assert (records[0]["s3"]["bucket"]["name"], records[0]["s3"]["object"]["size"]) == (bucket, 4)


def test_the_sequencer_tells_which_event_is_the_later_one(s3: Any, bucket: str, queue: Queue, eventually: Any) -> None:
    """https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html"""
    configure(s3, bucket, QueueConfigurations=[rule(queue.arn, CREATED)])
    for size in (1, 2, 3):
        s3.put_object(Bucket=bucket, Key="doc", Body=b"x" * size)
    told = [record["s3"]["object"] for record in queue.records(3, eventually)]
    assert [each["size"] for each in sorted(told, key=lambda each: each["sequencer"])] == [1, 2, 3]


def test_deletes_and_delete_markers_differ(s3: Any, bucket: str, queue: Queue, eventually: Any) -> None:
    """https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-how-to-event-types-and-destinations.html"""
    configure(s3, bucket, QueueConfigurations=[rule(queue.arn, ["s3:ObjectRemoved:*"])])
    s3.put_object(Bucket=bucket, Key="doc")
    s3.delete_object(Bucket=bucket, Key="doc")
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    s3.put_object(Bucket=bucket, Key="doc")
    s3.delete_object(Bucket=bucket, Key="doc")
    names = [record["eventName"] for record in queue.records(2, eventually)]
    assert sorted(names) == ["ObjectRemoved:Delete", "ObjectRemoved:DeleteMarkerCreated"]


def test_a_function_is_invoked(s3: Any, bucket: str, functions: Any, queue: Queue, eventually: Any) -> None:
    """https://docs.aws.amazon.com/lambda/latest/dg/with-s3.html"""
    name = functions.deploy("def handler(event, context): return event['Records'][0]['s3']['object']['key']")
    functions.client.put_function_event_invoke_config(
        FunctionName=name, DestinationConfig={"OnSuccess": {"Destination": queue.arn}}
    )
    functions.client.add_permission(
        FunctionName=name,
        StatementId="s3",
        Action="lambda:InvokeFunction",
        Principal="s3.amazonaws.com",
        SourceArn=f"arn:aws:s3:::{bucket}",
    )
    arn = functions.client.get_function(FunctionName=name)["Configuration"]["FunctionArn"]
    configure(s3, bucket, LambdaFunctionConfigurations=[rule(arn, CREATED, kind="LambdaFunction")])
    s3.put_object(Bucket=bucket, Key="doc")
    (record,) = eventually(queue.received)
    assert record["responsePayload"] == "doc"


def test_a_topic_is_told(s3: Any, bucket: str, aws: Any, queue: Queue, eventually: Any) -> None:
    sns = aws("sns")
    topic = sns.create_topic(Name="uploads")["TopicArn"]
    allow = {
        "Effect": "Allow",
        "Principal": {"Service": "s3.amazonaws.com"},
        "Action": "sns:Publish",
        "Resource": topic,
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [allow]})
    sns.set_topic_attributes(TopicArn=topic, AttributeName="Policy", AttributeValue=policy)
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue.arn, Attributes={"RawMessageDelivery": "true"})
    configure(s3, bucket, TopicConfigurations=[rule(topic, CREATED, kind="Topic")])
    s3.put_object(Bucket=bucket, Key="doc")
    assert queue.records(1, eventually)[0]["s3"]["object"]["key"] == "doc"


def test_eventbridge_gets_every_event(s3: Any, bucket: str, aws: Any, queue: Queue, eventually: Any) -> None:
    """https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html"""
    events = aws("events")
    pattern = {"source": ["aws.s3"], "detail-type": ["Object Created"], "detail": {"bucket": {"name": [bucket]}}}
    events.put_rule(Name="uploads", EventPattern=json.dumps(pattern))
    events.put_targets(Rule="uploads", Targets=[{"Id": "1", "Arn": queue.arn}])
    configure(s3, bucket, EventBridgeConfiguration={})
    s3.put_object(Bucket=bucket, Key="a b.txt", Body=b"data")
    (event,) = eventually(queue.received)
    assert event["detail"]["object"]["key"] == "a b.txt"
    assert (event["detail"]["reason"], event["detail"]["requester"]) == ("PutObject", aws.id)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ((CREATED, "", ""), (["s3:ObjectCreated:Put"], "", "")),
        ((CREATED, "images/", ""), (CREATED, "images/raw/", "")),
        ((CREATED, "", ".jpg"), (CREATED, "a/", "")),
        ((CREATED, "", ".tar.gz"), (CREATED, "", ".gz")),
    ],
)
def test_notifications_must_not_overlap(s3: Any, bucket: str, queue: Queue, first: Any, second: Any) -> None:
    """https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-how-to-filtering.html"""
    with pytest.raises(ClientError) as refusal:
        configure(s3, bucket, QueueConfigurations=[rule(queue.arn, *first), rule(queue.arn, *second)])
    assert refusal.value.response["Error"]["Code"] == "InvalidArgument"
    assert "Configurations overlap" in refusal.value.response["Error"]["Message"]


def test_notifications_that_cannot_both_fire(s3: Any, bucket: str, queue: Queue) -> None:
    configurations = [
        rule(queue.arn, CREATED, "images/", ".jpg"),
        rule(queue.arn, CREATED, "images/", ".png"),
        rule(queue.arn, ["s3:ObjectRemoved:*"], "images/", ".jpg"),
    ]
    configure(s3, bucket, QueueConfigurations=configurations)
    kept = s3.get_bucket_notification_configuration(Bucket=bucket)["QueueConfigurations"]
    assert len(kept) == 3


@pytest.mark.parametrize(
    "change",
    [
        {"QueueArn": "arn:aws:sqs:us-east-1:111111111111:no-such-queue"},
        {"QueueArn": "no arn"},
        {"Events": ["s3:ObjectEaten:*"]},
        {"Filter": {"Key": {"FilterRules": [{"Name": "middle", "Value": "x"}]}}},
        {"Filter": {"Key": {"FilterRules": [{"Name": "prefix", "Value": "a"}, {"Name": "prefix", "Value": "b"}]}}},
    ],
    ids=json.dumps,
)
def test_a_notification_that_cannot_be(s3: Any, bucket: str, queue: Queue, change: dict[str, Any]) -> None:
    """https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketNotificationConfiguration.html"""
    with pytest.raises(ClientError) as refusal:
        configure(s3, bucket, QueueConfigurations=[{"QueueArn": queue.arn, "Events": CREATED, **change}])
    assert refusal.value.response["Error"]["Code"] == "InvalidArgument"
    assert "QueueConfigurations" not in s3.get_bucket_notification_configuration(Bucket=bucket)
