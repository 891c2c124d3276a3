"""SNS: HTTP endpoints, mailboxes, and what a topic's attributes may be.

https://docs.aws.amazon.com/sns/latest/dg/sns-http-https-endpoint-as-subscriber.html
"""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests
from emulator.sns_topics import Listener, Topics, refused


@pytest.fixture
def topics(aws: Any) -> Topics:
    """Topic and queues of a fresh account."""
    return Topics(aws)


@pytest.fixture
def listener() -> Iterator[Listener]:
    """An HTTP endpoint."""
    listener = Listener()
    yield listener
    listener.server.shutdown()


def test_an_http_endpoint_confirms_before_it_gets_messages(
    topics: Topics, listener: Listener, eventually: Callable[..., Any]
) -> None:
    """https://docs.aws.amazon.com/sns/latest/dg/SendMessageToHttp.prepare.html"""
    answer = topics.sns.subscribe(TopicArn=topics.topic, Protocol="http", Endpoint=listener.url)
    assert answer["SubscriptionArn"] == "pending confirmation"
    headers, confirmation = eventually(lambda: listener.posted and listener.posted[0])
    assert headers["x-amz-sns-message-type"] == "SubscriptionConfirmation"
    assert refused(lambda: topics.sns.confirm_subscription(TopicArn=topics.topic, Token="0" * 64)) == "InvalidParameter"
    assert requests.get(confirmation["SubscribeURL"], timeout=10).ok
    topics.publish("hello")
    headers, notification = eventually(lambda: len(listener.posted) > 1 and listener.posted[1])
    assert (headers["x-amz-sns-message-type"], notification["Message"]) == ("Notification", "hello")


def subscribed(topics: Topics, listener: Listener, eventually: Callable[..., Any], **attributes: Any) -> None:
    """Subscribe the endpoint to the topic, confirm that, and forget what was posted."""
    given = {name: json.dumps(value) for name, value in attributes.items()}
    topics.sns.subscribe(TopicArn=topics.topic, Protocol="http", Endpoint=listener.url, Attributes=given)
    _, confirmation = eventually(lambda: listener.posted and listener.posted[0])
    topics.sns.confirm_subscription(TopicArn=topics.topic, Token=confirmation["Token"])
    listener.posted.clear()


AT_ONCE = {"minDelayTarget": 1, "maxDelayTarget": 1, "numRetries": 2, "numNoDelayRetries": 2}


def test_a_delivery_to_an_http_endpoint_is_repeated(
    topics: Topics, listener: Listener, eventually: Callable[..., Any]
) -> None:
    """https://docs.aws.amazon.com/sns/latest/dg/sns-message-delivery-retries.html"""
    dead, arn = topics.queue("dead")
    policies = {"DeliveryPolicy": {"healthyRetryPolicy": AT_ONCE}, "RedrivePolicy": {"deadLetterTargetArn": arn}}
    subscribed(topics, listener, eventually, **policies)
    listener.statuses[:] = [500, 429]
    topics.publish("third time lucky")
    assert eventually(lambda: len(listener.posted) == 3)
    listener.statuses[:] = [500, 503, 500]
    topics.publish("lost")
    assert json.loads(topics.received(dead)[0])["Message"] == "lost"
    assert len(listener.posted) == 6
    listener.statuses[:] = [403]
    topics.publish("not wanted")
    assert json.loads(topics.received(dead)[0])["Message"] == "not wanted"
    assert len(listener.posted) == 7


@pytest.mark.parametrize(
    "change",
    [
        {"minDelayTarget": 0},
        {"minDelayTarget": 30},
        {"maxDelayTarget": 3_601},
        {"numRetries": 101},
        {"numNoDelayRetries": 4},
        {"backoffFunction": "random"},
    ],
    ids=["too soon", "least over most", "too late", "too often", "phases over all", "unknown function"],
)
def test_a_delivery_policy_has_limits(topics: Topics, change: dict[str, Any]) -> None:
    """https://docs.aws.amazon.com/sns/latest/dg/sns-message-delivery-retries.html"""
    policy = {"minDelayTarget": 20, "maxDelayTarget": 20, "numRetries": 3, **change}
    value = json.dumps({"http": {"defaultHealthyRetryPolicy": policy}})
    call = {"TopicArn": topics.topic, "AttributeName": "DeliveryPolicy", "AttributeValue": value}
    assert refused(lambda: topics.sns.set_topic_attributes(**call)) == "InvalidParameter"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Color", "red"),
        ("SignatureVersion", "3"),
        ("TracingConfig", "Loud"),
        ("DisplayName", "x" * 101),
        ("Policy", "everybody"),
        ("ContentBasedDeduplication", "true"),
        ("MaximumMessageSize", "1048577"),
    ],
)
def test_a_topic_attribute_out_of_bounds_is_refused(topics: Topics, name: str, value: str) -> None:
    """https://docs.aws.amazon.com/sns/latest/api/API_SetTopicAttributes.html"""
    call = {"TopicArn": topics.topic, "AttributeName": name, "AttributeValue": value}
    assert refused(lambda: topics.sns.set_topic_attributes(**call)) == "InvalidParameter"


def test_a_topic_may_take_a_mebibyte(topics: Topics) -> None:
    """https://docs.aws.amazon.com/sns/latest/api/API_SetTopicAttributes.html"""
    url, arn = topics.queue("raw")
    topics.subscribe(arn, RawMessageDelivery="true")
    large = "x" * 300_000
    assert refused(lambda: topics.publish(large)) == "InvalidParameter"
    size = {"TopicArn": topics.topic, "AttributeName": "MaximumMessageSize", "AttributeValue": "1048576"}
    topics.sns.set_topic_attributes(**size)
    topics.publish(large)
    assert topics.received(url) == [large]
    mail = {"TopicArn": topics.topic, "Protocol": "email", "Endpoint": "somebody@example.com"}
    assert refused(lambda: topics.sns.subscribe(**mail)) == "InvalidParameter"


def test_a_mailbox_has_to_confirm(topics: Topics) -> None:
    """https://docs.aws.amazon.com/sns/latest/api/API_Subscribe.html"""
    _, arn = topics.queue("inbox")
    topics.subscribe(arn)
    mail = {"TopicArn": topics.topic, "Protocol": "email", "Endpoint": "somebody@example.com"}
    assert topics.sns.subscribe(**mail)["SubscriptionArn"] == "pending confirmation"
    listed = topics.sns.list_subscriptions_by_topic(TopicArn=topics.topic)["Subscriptions"]
    assert [one["SubscriptionArn"] for one in listed if one["Protocol"] == "email"] == ["PendingConfirmation"]
    counted = topics.sns.get_topic_attributes(TopicArn=topics.topic)["Attributes"]
    assert (counted["SubscriptionsConfirmed"], counted["SubscriptionsPending"]) == ("1", "1")


def test_a_fifo_topic_delivers_to_queues_only(topics: Topics) -> None:
    """https://docs.aws.amazon.com/sns/latest/dg/sns-fifo-topics.html"""
    topic = topics.sns.create_topic(Name="news.fifo", Attributes={"FifoTopic": "true"})["TopicArn"]
    mail = {"TopicArn": topic, "Protocol": "email", "Endpoint": "somebody@example.com"}
    assert refused(lambda: topics.sns.subscribe(**mail)) == "InvalidParameter"
    missing = topics.topic + "-gone"
    assert refused(lambda: topics.sns.list_tags_for_resource(ResourceArn=missing)) == "ResourceNotFound"


def test_a_topics_policy_is_shown_with_its_defaults(topics: Topics) -> None:
    """https://docs.aws.amazon.com/sns/latest/api/API_GetTopicAttributes.html"""
    value = json.dumps({"http": {"defaultHealthyRetryPolicy": {"numRetries": 5}}})
    topics.sns.set_topic_attributes(TopicArn=topics.topic, AttributeName="DeliveryPolicy", AttributeValue=value)
    attributes = topics.sns.get_topic_attributes(TopicArn=topics.topic)["Attributes"]
    policy = json.loads(attributes["EffectiveDeliveryPolicy"])["http"]["defaultHealthyRetryPolicy"]
    assert (policy["numRetries"], policy["minDelayTarget"]) == (5, 20)
