"""SQS: receipt handles, visibility, and receives that are repeated.

https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-visibility-timeout.html
"""

import math
import threading
import time
from typing import Any

import pytest
from emulator.sqs_tools import refused


def receive(sqs: Any, url: str, **settings: Any) -> list[dict[str, Any]]:
    settings = {"MaxNumberOfMessages": 10, "AttributeNames": ["All"], **settings}
    return sqs.receive_message(QueueUrl=url, **settings).get("Messages", [])


@pytest.mark.parametrize(
    "request_",
    [
        {"VisibilityTimeout": 43201},
        {"WaitTimeSeconds": 21},
        {"MaxNumberOfMessages": 11},
        {"MaxNumberOfMessages": 0},
    ],
)
def test_a_receive_out_of_range_is_refused(sqs: Any, queue: str, request_: dict[str, Any]) -> None:
    """https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ReceiveMessage.html"""
    assert refused(lambda: sqs.receive_message(QueueUrl=queue, **request_)) == "InvalidParameterValue"


def test_an_old_receipt_handle_does_not_delete(sqs: Any, queue: str) -> None:
    """https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_DeleteMessage.html"""
    sqs.send_message(QueueUrl=queue, MessageBody="x")
    old = receive(sqs, queue, VisibilityTimeout=0)[0]["ReceiptHandle"]
    new = receive(sqs, queue, VisibilityTimeout=0)[0]["ReceiptHandle"]
    sqs.delete_message(QueueUrl=queue, ReceiptHandle=old)
    assert [message["Body"] for message in receive(sqs, queue, VisibilityTimeout=0)] == ["x"]
    sqs.delete_message(QueueUrl=queue, ReceiptHandle=new)
    latest = receive(sqs, queue, VisibilityTimeout=0)[0]["ReceiptHandle"]
    sqs.delete_message(QueueUrl=queue, ReceiptHandle=latest)
    assert receive(sqs, queue) == []


def test_a_handle_of_another_queue_is_refused(sqs: Any, queue: str) -> None:
    """https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_DeleteMessage.html"""
    other = sqs.create_queue(QueueName="other")["QueueUrl"]
    sqs.send_message(QueueUrl=other, MessageBody="x")
    handle = receive(sqs, other)[0]["ReceiptHandle"]
    assert refused(lambda: sqs.delete_message(QueueUrl=queue, ReceiptHandle=handle)) == "ReceiptHandleIsInvalid"


def test_visibility_changes_only_in_flight_and_up_to_12_hours(sqs: Any, queue: str) -> None:
    """https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ChangeMessageVisibility.html"""
    sqs.send_message(QueueUrl=queue, MessageBody="x")
    handle = receive(sqs, queue)[0]["ReceiptHandle"]
    change = {"QueueUrl": queue, "ReceiptHandle": handle}
    assert refused(lambda: sqs.change_message_visibility(**change, VisibilityTimeout=43201)) == (
        "InvalidParameterValue"
    )
    sqs.change_message_visibility(**change, VisibilityTimeout=0)
    assert refused(lambda: sqs.change_message_visibility(**change, VisibilityTimeout=10)) == (
        "AWS.SimpleQueueService.MessageNotInflight"
    )


def test_messages_come_back_when_their_timeout_is_over(sqs: Any, queue: str) -> None:
    """https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-visibility-timeout.html

    Taken a quarter of a second apart: a server that looks once a second is late for one of them by 0.75 s at least.
    """

    def latest() -> float:
        due = {}
        sqs.send_message_batch(
            QueueUrl=queue, Entries=[{"Id": str(number), "MessageBody": str(number)} for number in range(4)]
        )
        pause = threading.Event()
        for _ in range(4):
            (message,) = sqs.receive_message(QueueUrl=queue, VisibilityTimeout=1)["Messages"]
            due[message["MessageId"]] = time.monotonic() + 1
            pause.wait(0.25)
        if len(due) < 4:  # so busy that the first one was back before the last was taken
            sqs.purge_queue(QueueUrl=queue)
            return math.inf
        late = []
        while len(late) < 4:
            for message in sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=5)["Messages"]:
                late.append(time.monotonic() - due[message["MessageId"]])
                sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
        return max(late)

    assert any(latest() < 0.7 for _ in range(3))  # a busy machine may be late once


def test_an_expired_handle_does_not_delete_from_a_fifo_queue(sqs: Any, fifo: str) -> None:
    """https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_DeleteMessage.html"""
    sqs.send_message(QueueUrl=fifo, MessageBody="x", MessageGroupId="g", MessageDeduplicationId="1")
    handle = receive(sqs, fifo, VisibilityTimeout=0)[0]["ReceiptHandle"]
    assert refused(lambda: sqs.delete_message(QueueUrl=fifo, ReceiptHandle=handle)) == "InvalidParameterValue"


def test_a_receive_that_is_repeated_returns_the_same_messages(sqs: Any, fifo: str) -> None:
    """https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ReceiveMessage.html"""
    sqs.send_message(QueueUrl=fifo, MessageBody="x", MessageGroupId="g", MessageDeduplicationId="1")
    first = receive(sqs, fifo, ReceiveRequestAttemptId="try")
    again = receive(sqs, fifo, ReceiveRequestAttemptId="try")
    assert [message["ReceiptHandle"] for message in again] == [message["ReceiptHandle"] for message in first]
    assert receive(sqs, fifo, ReceiveRequestAttemptId="another") == []
    sqs.delete_message(QueueUrl=fifo, ReceiptHandle=first[0]["ReceiptHandle"])
    assert receive(sqs, fifo, ReceiveRequestAttemptId="try") == []
