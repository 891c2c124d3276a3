"""SQS: what queues and messages may be, and what batches do with a part that fails.

https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_CreateQueue.html
"""

import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError
from emulator.sqs_tools import refused


def arn(sqs: Any, url: str) -> str:
    return sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]


def receive(sqs: Any, url: str, **settings: Any) -> list[dict[str, Any]]:
    settings = {"MaxNumberOfMessages": 10, "AttributeNames": ["All"], **settings}
    return sqs.receive_message(QueueUrl=url, **settings).get("Messages", [])


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DelaySeconds", "901"),
        ("DelaySeconds", "-1"),
        ("VisibilityTimeout", "43201"),
        ("MessageRetentionPeriod", "59"),
        ("MessageRetentionPeriod", "1209601"),
        ("ReceiveMessageWaitTimeSeconds", "21"),
        ("MaximumMessageSize", "1023"),
        ("MaximumMessageSize", "1048577"),
        ("KmsDataKeyReusePeriodSeconds", "59"),
        ("VisibilityTimeout", "half an hour"),
    ],
)
def test_a_value_out_of_range_is_refused_at_creation_and_later(sqs: Any, queue: str, name: str, value: str) -> None:
    """https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SetQueueAttributes.html"""
    with pytest.raises(ClientError, match=f"Invalid value for the parameter {name}") as error:
        sqs.create_queue(QueueName="odd", Attributes={name: value})
    assert error.value.response["Error"]["Code"] == "InvalidAttributeValue"
    assert refused(lambda: sqs.set_queue_attributes(QueueUrl=queue, Attributes={name: value})) == (
        "InvalidAttributeValue"
    )
    assert "QueueUrls" not in sqs.list_queues(QueueNamePrefix="odd")


def test_the_limits_themselves_are_allowed(sqs: Any) -> None:
    """https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html"""
    limits = {
        "DelaySeconds": "900",
        "VisibilityTimeout": "43200",
        "MessageRetentionPeriod": "1209600",
        "ReceiveMessageWaitTimeSeconds": "20",
        "MaximumMessageSize": "1048576",
    }
    url = sqs.create_queue(QueueName="limits", Attributes=limits)["QueueUrl"]
    assert sqs.get_queue_attributes(QueueUrl=url, AttributeNames=list(limits))["Attributes"] == limits


def test_an_attribute_that_does_not_exist_is_refused(sqs: Any) -> None:
    """https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_CreateQueue.html"""
    assert refused(lambda: sqs.create_queue(QueueName="odd", Attributes={"Color": "red"})) == "InvalidAttributeName"


@pytest.mark.parametrize("name", ["with space", "a" * 81, "dot.ted", "no-fifo-attribute.fifo"])
def test_a_queue_name_has_80_letters_digits_hyphens_and_underscores(sqs: Any, name: str) -> None:
    """https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-queues.html"""
    assert refused(lambda: sqs.create_queue(QueueName=name)) == "InvalidParameterValue"


def test_a_fifo_queue_ends_in_fifo(sqs: Any) -> None:
    """https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/FIFO-queue-message-identifiers.html"""
    call = {"QueueName": "orders", "Attributes": {"FifoQueue": "true"}}
    assert refused(lambda: sqs.create_queue(**call)) == "InvalidParameterValue"


def test_high_throughput_needs_the_scope_of_a_group(sqs: Any) -> None:
    """https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/high-throughput-fifo.html"""
    attributes = {"FifoQueue": "true", "FifoThroughputLimit": "perMessageGroupId"}
    assert refused(lambda: sqs.create_queue(QueueName="fast.fifo", Attributes=attributes)) == "InvalidAttributeValue"
    sqs.create_queue(QueueName="fast.fifo", Attributes={**attributes, "DeduplicationScope": "messageGroup"})


def test_the_same_name_with_other_attributes_is_taken(sqs: Any, queue: str) -> None:
    """https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_CreateQueue.html"""
    assert sqs.create_queue(QueueName="orders")["QueueUrl"] == queue
    call = {"QueueName": "orders", "Attributes": {"DelaySeconds": "5"}}
    assert refused(lambda: sqs.create_queue(**call)) == "QueueAlreadyExists"


@pytest.mark.parametrize("request_", [{"DelaySeconds": 901}, {"DelaySeconds": -1}])
def test_a_message_is_delayed_for_900_seconds_at_most(sqs: Any, queue: str, request_: dict[str, Any]) -> None:
    """https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html"""
    assert refused(lambda: sqs.send_message(QueueUrl=queue, MessageBody="x", **request_)) == "InvalidParameterValue"


def test_a_message_over_the_queues_maximum_is_refused(sqs: Any) -> None:
    """https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html"""
    url = sqs.create_queue(QueueName="small", Attributes={"MaximumMessageSize": "1024"})["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody="x" * 1024)
    assert refused(lambda: sqs.send_message(QueueUrl=url, MessageBody="x" * 1025)) == "InvalidParameterValue"
    attributes = {"name": {"DataType": "String", "StringValue": "v"}}
    too_long = {"QueueUrl": url, "MessageBody": "x" * 1020, "MessageAttributes": attributes}
    assert refused(lambda: sqs.send_message(**too_long)) == "InvalidParameterValue"


def test_an_empty_message_is_refused(sqs: Any, queue: str) -> None:
    """https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html"""
    assert refused(lambda: sqs.send_message(QueueUrl=queue, MessageBody="")) == "MissingParameter"


def test_control_characters_are_refused(sqs: Any, queue: str) -> None:
    """https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html"""
    assert refused(lambda: sqs.send_message(QueueUrl=queue, MessageBody="bell \x07")) == "InvalidMessageContents"


@pytest.mark.parametrize(
    "attributes",
    [
        {f"a{n}": {"DataType": "String", "StringValue": "v"} for n in range(11)},
        {"a": {"DataType": "Text", "StringValue": "v"}},
        {"a": {"DataType": "Number", "StringValue": "many"}},
        {"a": {"DataType": "String", "StringValue": ""}},
        {"aws.a": {"DataType": "String", "StringValue": "v"}},
        {"a b": {"DataType": "String", "StringValue": "v"}},
    ],
    ids=["eleven", "type", "number", "empty", "reserved", "space"],
)
def test_message_attributes_are_ten_named_and_typed(sqs: Any, queue: str, attributes: dict[str, Any]) -> None:
    """https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-message-metadata.html"""
    call = {"QueueUrl": queue, "MessageBody": "x", "MessageAttributes": attributes}
    assert refused(lambda: sqs.send_message(**call)) == "InvalidParameterValue"


def test_a_fifo_message_needs_a_group_and_a_deduplication_id(sqs: Any, fifo: str) -> None:
    """https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html"""
    send = {"QueueUrl": fifo, "MessageBody": "x"}
    assert refused(lambda: sqs.send_message(**send, MessageDeduplicationId="1")) == "MissingParameter"
    assert refused(lambda: sqs.send_message(**send, MessageGroupId="g")) == "InvalidParameterValue"
    assert refused(lambda: sqs.send_message(**send, MessageGroupId="g" * 129, MessageDeduplicationId="1")) == (
        "InvalidParameterValue"
    )
    assert refused(
        lambda: sqs.send_message(**send, MessageGroupId="g", MessageDeduplicationId="1", DelaySeconds=5)
    ) == ("InvalidParameterValue")


def test_a_batch_sends_what_it_can_and_names_what_failed(sqs: Any, queue: str) -> None:
    """https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessageBatch.html"""
    answer = sqs.send_message_batch(
        QueueUrl=queue,
        Entries=[
            {"Id": "good", "MessageBody": "good"},
            {"Id": "late", "MessageBody": "late", "DelaySeconds": 901},
            {"Id": "bell", "MessageBody": "\x07"},
        ],
    )
    assert [entry["Id"] for entry in answer["Successful"]] == ["good"]
    assert {entry["Id"]: (entry["Code"], entry["SenderFault"]) for entry in answer["Failed"]} == {
        "late": ("InvalidParameterValue", True),
        "bell": ("InvalidMessageContents", True),
    }
    assert [message["Body"] for message in receive(sqs, queue)] == ["good"]


def test_a_batch_deletes_what_it_can_and_names_what_failed(sqs: Any, queue: str) -> None:
    """https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_DeleteMessageBatch.html"""
    sqs.send_message(QueueUrl=queue, MessageBody="x")
    handle = receive(sqs, queue)[0]["ReceiptHandle"]
    entries = [{"Id": "good", "ReceiptHandle": handle}, {"Id": "bad", "ReceiptHandle": "nonsense"}]
    answer = sqs.delete_message_batch(QueueUrl=queue, Entries=entries)
    assert [entry["Id"] for entry in answer["Successful"]] == ["good"]
    assert [(entry["Id"], entry["Code"], entry["SenderFault"]) for entry in answer["Failed"]] == [
        ("bad", "ReceiptHandleIsInvalid", True)
    ]


@pytest.mark.parametrize(
    ("entries", "code"),
    [
        ([], "AWS.SimpleQueueService.EmptyBatchRequest"),
        (
            [{"Id": str(n), "MessageBody": "x"} for n in range(11)],
            "AWS.SimpleQueueService.TooManyEntriesInBatchRequest",
        ),
        (
            [{"Id": "a", "MessageBody": "x"}, {"Id": "a", "MessageBody": "y"}],
            "AWS.SimpleQueueService.BatchEntryIdsNotDistinct",
        ),
        ([{"Id": "a b", "MessageBody": "x"}], "AWS.SimpleQueueService.InvalidBatchEntryId"),
        (
            [{"Id": str(n), "MessageBody": "x" * 600_000} for n in range(2)],
            "AWS.SimpleQueueService.BatchRequestTooLong",
        ),
    ],
    ids=["empty", "eleven", "twice", "id", "size"],
)
def test_a_batch_that_is_wrong_as_a_whole_sends_nothing(
    sqs: Any, queue: str, entries: list[dict[str, Any]], code: str
) -> None:
    """https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessageBatch.html"""
    assert refused(lambda: sqs.send_message_batch(QueueUrl=queue, Entries=entries)) == code
    assert receive(sqs, queue) == []


def test_a_queue_that_does_not_exist(sqs: Any, queue: str) -> None:
    """https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_GetQueueUrl.html"""
    code = "AWS.SimpleQueueService.NonExistentQueue"
    assert refused(lambda: sqs.get_queue_url(QueueName="missing")) == code
    assert refused(lambda: sqs.send_message(QueueUrl=queue + "-missing", MessageBody="x")) == code


def test_a_policy_is_json(sqs: Any, queue: str) -> None:
    """https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SetQueueAttributes.html"""
    call = {"QueueUrl": queue, "Attributes": {"Policy": "everyone may"}}
    assert refused(lambda: sqs.set_queue_attributes(**call)) == "InvalidAttributeValue"
    policy = json.dumps({"Version": "2012-10-17", "Statement": []})
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"Policy": policy})
    statement = {"Effect": "Perhaps", "Principal": "*", "Action": "sqs:SendMessage", "Resource": "*"}
    call["Attributes"] = {"Policy": json.dumps({"Version": "2012-10-17", "Statement": [statement]})}
    assert refused(lambda: sqs.set_queue_attributes(**call)) == "InvalidAttributeValue"


def test_a_queue_is_encrypted_in_one_way(sqs: Any, queue: str) -> None:
    """https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-server-side-encryption.html"""

    def managed() -> str:
        return sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["All"])["Attributes"]["SqsManagedSseEnabled"]

    assert managed() == "true"
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"KmsMasterKeyId": "alias/aws/sqs"})
    assert managed() == "false"
    both = {"KmsMasterKeyId": "alias/aws/sqs", "SqsManagedSseEnabled": "true"}
    assert refused(lambda: sqs.create_queue(QueueName="both", Attributes=both)) == "InvalidAttributeValue"


def test_aws_keeps_names_for_itself(sqs: Any, queue: str) -> None:
    """https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-queues.html"""
    assert refused(lambda: sqs.tag_queue(QueueUrl=queue, Tags={"aws:owner": "me"})) == "InvalidParameterValue"
    system = {"SenderId": {"DataType": "String", "StringValue": "me"}}
    call = {"QueueUrl": queue, "MessageBody": "x", "MessageSystemAttributes": system}
    assert refused(lambda: sqs.send_message(**call)) == "InvalidParameterValue"
    asked = {"QueueUrl": queue, "MessageSystemAttributeNames": ["Weight"]}
    assert refused(lambda: sqs.receive_message(**asked)) == "InvalidAttributeName"


def test_sixty_seconds_between_purges_and_before_a_name_is_free(own_server: Callable[..., Any]) -> None:
    """https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_PurgeQueue.html

    Labs are repeated at once, so a server enforces both waits only when it is told to.
    """
    server = own_server(SQS_DELAY_PURGE_RETRY="1", SQS_DELAY_RECENTLY_DELETED="1")
    sqs = server.functions.account("sqs")
    url = sqs.create_queue(QueueName="orders")["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody="x")
    sqs.purge_queue(QueueUrl=url)
    assert receive(sqs, url) == []
    assert refused(lambda: sqs.purge_queue(QueueUrl=url)) == "AWS.SimpleQueueService.PurgeQueueInProgress"
    sqs.delete_queue(QueueUrl=url)
    assert refused(lambda: sqs.create_queue(QueueName="orders")) == "AWS.SimpleQueueService.QueueDeletedRecently"
