"""SNS: limits, filter policies, deliveries and what they do when they fail.

https://docs.aws.amazon.com/sns/latest/dg/welcome.html
"""

import json
from typing import Any

import pytest
from emulator.sns_topics import Topics, refused


@pytest.fixture
def topics(aws: Any) -> Topics:
    """Topic and queues of a fresh account."""
    return Topics(aws)


def attribute(value: Any) -> dict[str, str]:
    """Return a message attribute for a text, a number or a list."""
    if isinstance(value, str):
        return {"DataType": "String", "StringValue": value}
    kind = "String.Array" if isinstance(value, list) else "Number"
    return {"DataType": kind, "StringValue": json.dumps(value)}


def test_a_queue_gets_an_envelope_or_the_raw_message(topics: Topics) -> None:
    """https://docs.aws.amazon.com/sns/latest/dg/sns-large-payload-raw-message-delivery.html"""
    plain, arn = topics.queue("plain")
    topics.subscribe(arn)
    raw, arn = topics.queue("raw")
    topics.subscribe(arn, RawMessageDelivery="true")
    topics.publish("hello", Subject="greeting")
    envelope = json.loads(topics.received(plain)[0])
    assert (envelope["Type"], envelope["Subject"], envelope["Message"]) == ("Notification", "greeting", "hello")
    assert envelope["TopicArn"] == topics.topic
    assert topics.received(raw) == ["hello"]


def test_a_message_may_have_a_form_for_each_protocol(topics: Topics) -> None:
    """https://docs.aws.amazon.com/sns/latest/api/API_Publish.html"""
    url, arn = topics.queue("raw")
    topics.subscribe(arn, RawMessageDelivery="true")
    topics.publish({"default": "for all", "sqs": "for queues"}, MessageStructure="json")
    assert topics.received(url) == ["for queues"]
    assert refused(lambda: topics.publish({"sqs": "no default"}, MessageStructure="json")) == "InvalidParameter"
    assert refused(lambda: topics.publish("no json", MessageStructure="json")) == "InvalidParameter"


ATTRIBUTES = [
    ({"store": ["a", "b"]}, {"store": "a"}, {"store": "c"}),
    ({"store": [{"prefix": "ber"}]}, {"store": "berlin"}, {"store": "bonn"}),
    ({"store": [{"suffix": ".eu"}]}, {"store": "a.eu"}, {"store": "a.us"}),
    ({"store": [{"anything-but": ["a"]}]}, {"store": "b"}, {"store": "a"}),
    ({"store": [{"anything-but": {"prefix": "x-"}}]}, {"store": "b"}, {"store": "x-b"}),
    ({"store": [{"equals-ignore-case": "berlin"}]}, {"store": "BERLIN"}, {"store": "bonn"}),
    ({"price": [{"numeric": [">", 0, "<=", 150]}]}, {"price": 150}, {"price": 151}),
    ({"price": [{"numeric": ["=", 30]}]}, {"price": 30.0}, {"price": 31}),
    ({"store": [{"exists": True}]}, {"store": "a"}, {"price": 1}),
    ({"store": [{"exists": False}]}, {"price": 1}, {"store": "a"}),
    ({"store": ["a"], "event": ["placed"]}, {"store": "a", "event": "placed"}, {"store": "a", "event": "sent"}),
    ({"$or": [{"store": ["a"]}, {"price": [{"numeric": [">", 100]}]}]}, {"price": 200}, {"price": 50}),
    ({"interests": ["tennis"]}, {"interests": ["soccer", "tennis"]}, {"interests": ["soccer"]}),
    ({"ip": [{"cidr": "10.0.0.0/24"}]}, {"ip": "10.0.0.9"}, {"ip": "10.0.1.9"}),
]


@pytest.mark.parametrize(("policy", "passes", "fails"), ATTRIBUTES, ids=[json.dumps(case[0]) for case in ATTRIBUTES])
def test_a_filter_policy_judges_attributes(
    topics: Topics, policy: dict[str, Any], passes: dict[str, Any], fails: dict[str, Any]
) -> None:
    """https://docs.aws.amazon.com/sns/latest/dg/sns-subscription-filter-policies.html"""
    url, arn = topics.queue("filtered")
    topics.subscribe(arn, FilterPolicy=policy, RawMessageDelivery="true")
    topics.publish("fails", MessageAttributes={name: attribute(value) for name, value in fails.items()})
    topics.publish("passes", MessageAttributes={name: attribute(value) for name, value in passes.items()})
    assert topics.received(url) == ["passes"]


def test_a_message_without_attributes_matches_no_policy(topics: Topics) -> None:
    """https://docs.aws.amazon.com/sns/latest/dg/attribute-key-matching.html"""
    url, arn = topics.queue("raw")
    topics.subscribe(arn, RawMessageDelivery="true", FilterPolicy={"store": [{"exists": False}]})
    topics.publish("without attributes")
    topics.publish("without a store", MessageAttributes={"price": attribute(1)})
    assert topics.received(url) == ["without a store"]


def test_a_filter_policy_may_judge_the_body(topics: Topics) -> None:
    """https://docs.aws.amazon.com/sns/latest/dg/sns-message-filtering-scope.html"""
    url, arn = topics.queue("filtered")
    policy = {"order": {"total": [{"numeric": [">", 100]}], "items": {"name": ["pen"]}}}
    topics.subscribe(arn, FilterPolicy=policy, FilterPolicyScope="MessageBody", RawMessageDelivery="true")
    topics.publish({"order": {"total": 50, "items": [{"name": "pen"}]}})
    topics.publish("no json")
    wanted = {"order": {"total": 500, "items": [{"name": "ink"}, {"name": "pen"}]}}
    topics.publish(wanted)
    assert [json.loads(body) for body in topics.received(url)] == [wanted]


@pytest.mark.parametrize(
    "policy",
    [
        {f"key{n}": ["a"] for n in range(6)},
        {"store": [str(n) for n in range(151)]},
        {"store": "a"},
        {"store": [{"like": "a"}]},
        {"price": [{"numeric": ["about", 5]}]},
        "no json",
    ],
    ids=["six keys", "151 values", "no list", "operator", "numeric", "no json"],
)
def test_a_filter_policy_out_of_bounds_is_refused(topics: Topics, policy: Any) -> None:
    """https://docs.aws.amazon.com/sns/latest/dg/subscription-filter-policy-constraints.html"""
    _, arn = topics.queue("filtered")
    assert refused(lambda: topics.subscribe(arn, FilterPolicy=policy)) in (
        "InvalidParameter",
        "FilterPolicyLimitExceeded",
    )


@pytest.mark.parametrize(
    "request_",
    [
        {"Message": ""},
        {"Message": "x" * 262_145},
        {"Subject": "x" * 101},
        {"Subject": "two\nlines"},
        {"MessageAttributes": {"a": {"DataType": "Text", "StringValue": "x"}}},
        {"MessageAttributes": {"a": {"DataType": "Number", "StringValue": "many"}}},
    ],
    ids=["empty", "large", "subject", "line break", "type", "number"],
)
def test_a_message_out_of_bounds_is_refused(topics: Topics, request_: dict[str, Any]) -> None:
    """https://docs.aws.amazon.com/sns/latest/api/API_Publish.html"""
    request = {"TopicArn": topics.topic, "Message": "x", **request_}
    assert refused(lambda: topics.sns.publish(**request)) in (
        "InvalidParameter",
        "ParameterValueInvalid",
        "InvalidParameterValue",
    )


@pytest.mark.parametrize(
    ("name", "attributes"),
    [
        ("with space", {}),
        ("a" * 257, {}),
        ("fifo-without-suffix", {"FifoTopic": "true"}),
        ("suffix-without-attribute.fifo", {}),
    ],
)
def test_a_topic_name_has_256_letters_digits_hyphens_and_underscores(
    topics: Topics, name: str, attributes: dict[str, str]
) -> None:
    """https://docs.aws.amazon.com/sns/latest/api/API_CreateTopic.html"""
    assert refused(lambda: topics.sns.create_topic(Name=name, Attributes=attributes)) == "InvalidParameter"


def test_what_does_not_exist(topics: Topics) -> None:
    """https://docs.aws.amazon.com/sns/latest/api/API_Publish.html"""
    missing = topics.topic + "-missing"
    assert refused(lambda: topics.publish("x", TopicArn=missing)) == "NotFound"
    assert refused(lambda: topics.sns.get_topic_attributes(TopicArn=missing)) == "NotFound"
    _, arn = topics.queue("queue")
    assert refused(lambda: topics.subscribe(arn, missing)) == "NotFound"


@pytest.mark.parametrize(
    ("protocol", "endpoint"),
    [("pigeon", "roof"), ("sqs", "no-arn"), ("lambda", "no-arn"), ("email", "nobody"), ("http", "ftp://127.0.0.1/")],
)
def test_a_protocol_and_its_endpoint_fit(topics: Topics, protocol: str, endpoint: str) -> None:
    """https://docs.aws.amazon.com/sns/latest/api/API_Subscribe.html"""
    call = {"TopicArn": topics.topic, "Protocol": protocol, "Endpoint": endpoint}
    assert refused(lambda: topics.sns.subscribe(**call)) == "InvalidParameter"


def test_a_batch_answers_for_each_message(topics: Topics) -> None:
    """https://docs.aws.amazon.com/sns/latest/api/API_PublishBatch.html"""
    url, arn = topics.queue("raw")
    topics.subscribe(arn, RawMessageDelivery="true")
    entries = [{"Id": "a", "Message": "first"}, {"Id": "b", "Message": "second"}]
    answer = topics.sns.publish_batch(TopicArn=topics.topic, PublishBatchRequestEntries=entries)
    assert [entry["Id"] for entry in answer["Successful"]] == ["a", "b"]
    assert answer["Failed"] == []
    assert sorted(topics.received(url, 2)) == ["first", "second"]


@pytest.mark.parametrize(
    ("entries", "code"),
    [
        ([], "EmptyBatchRequest"),
        ([{"Id": str(n), "Message": "x"} for n in range(11)], "TooManyEntriesInBatchRequest"),
        ([{"Id": "a", "Message": "x"}] * 2, "BatchEntryIdsNotDistinct"),
        ([{"Id": str(n), "Message": "x" * 140_000} for n in range(2)], "BatchRequestTooLong"),
    ],
    ids=["empty", "eleven", "twice", "size"],
)
def test_a_batch_that_is_wrong_as_a_whole(topics: Topics, entries: list[dict[str, Any]], code: str) -> None:
    """https://docs.aws.amazon.com/sns/latest/api/API_PublishBatch.html"""
    call = {"TopicArn": topics.topic, "PublishBatchRequestEntries": entries}
    assert refused(lambda: topics.sns.publish_batch(**call)) == code


def test_a_subscriptions_dead_letter_queue_gets_what_cannot_be_delivered(topics: Topics) -> None:
    """https://docs.aws.amazon.com/sns/latest/dg/sns-dead-letter-queues.html"""
    dead, dead_arn = topics.queue("dead")
    gone, gone_arn = topics.queue("gone")
    topics.subscribe(gone_arn, RedrivePolicy={"deadLetterTargetArn": dead_arn}, RawMessageDelivery="true")
    topics.sqs.delete_queue(QueueUrl=gone)
    topics.publish("lost")
    assert topics.received(dead) == ["lost"]


def test_a_fifo_topic_keeps_order_and_drops_duplicates(topics: Topics) -> None:
    """https://docs.aws.amazon.com/sns/latest/dg/fifo-message-dedup.html"""
    topic = topics.sns.create_topic(Name="news.fifo", Attributes={"FifoTopic": "true"})["TopicArn"]
    url, arn = topics.queue("inbox.fifo", FifoQueue="true")
    topics.subscribe(arn, topic, RawMessageDelivery="true")
    assert refused(lambda: topics.publish("x", TopicArn=topic)) == "InvalidParameter"
    assert refused(lambda: topics.publish("x", TopicArn=topic, MessageGroupId="g")) == "InvalidParameter"
    for number in (1, 2, 2, 3):
        ids = {"MessageGroupId": "g", "MessageDeduplicationId": str(number)}
        topics.publish(f"message {number}", TopicArn=topic, **ids)
    assert topics.received(url, 3) == ["message 1", "message 2", "message 3"]
