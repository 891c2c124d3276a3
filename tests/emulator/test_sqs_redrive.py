"""SQS dead-letter queues: who may use which, and the way back.

https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-dead-letter-queues.html
"""

import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError


def refused(call: Callable[[], Any]) -> str:
    """Return the error code of a call that must fail."""
    with pytest.raises(ClientError) as error:
        call()
    return error.value.response["Error"]["Code"]


class Queues:
    """Makes queues in one account and speaks with them by name."""

    def __init__(self, account: Any) -> None:
        self.client = account("sqs")
        self.account = account

    def create(self, name: str, **attributes: Any) -> str:
        """Create a queue; attributes that are not text are written as JSON."""
        if name.endswith(".fifo"):
            attributes["FifoQueue"] = "true"
        texts = {key: value if isinstance(value, str) else json.dumps(value) for key, value in attributes.items()}
        return self.client.create_queue(QueueName=name, Attributes=texts)["QueueUrl"]

    def arn(self, name: str) -> str:
        return f"arn:aws:sqs:us-east-1:{self.account.id}:{name}"

    def send(self, url: str, body: str, **request: Any) -> str:
        return self.client.send_message(QueueUrl=url, MessageBody=body, **request)["MessageId"]

    def receive(self, url: str, **request: Any) -> list[dict[str, Any]]:
        request = {"MaxNumberOfMessages": 10, "VisibilityTimeout": 0, "AttributeNames": ["All"], **request}
        return self.client.receive_message(QueueUrl=url, **request).get("Messages", [])

    def move(self, **request: Any) -> str:
        return self.client.start_message_move_task(**request)["TaskHandle"]


@pytest.fixture
def queues(aws: Any) -> Queues:
    """Queues of a fresh account."""
    return Queues(aws)


@pytest.fixture
def dead_letter(queues: Queues, eventually: Callable[..., Any]) -> Callable[[str], tuple[str, str, str]]:
    """Return a function that lets a message die; it returns both queues' URLs and the message's id."""

    def die(suffix: str) -> tuple[str, str, str]:
        dlq = queues.create(f"dead{suffix}")
        policy = {"deadLetterTargetArn": queues.arn(f"dead{suffix}"), "maxReceiveCount": 1}
        source = queues.create(f"orders{suffix}", RedrivePolicy=policy)
        group = {"MessageGroupId": "g", "MessageDeduplicationId": "once"} if suffix else {}
        message = queues.send(source, "poison", **group)
        assert [found["MessageId"] for found in queues.receive(source)] == [message]
        assert queues.receive(source) == []
        return source, dlq, message

    return die


@pytest.mark.parametrize(
    "policy",
    [
        {"deadLetterTargetArn": "missing", "maxReceiveCount": 3},
        {"deadLetterTargetArn": "dead.fifo", "maxReceiveCount": 3},
        {"deadLetterTargetArn": "dead", "maxReceiveCount": 0},
        {"deadLetterTargetArn": "dead", "maxReceiveCount": 1001},
        {"deadLetterTargetArn": "dead"},
        {"maxReceiveCount": 3},
    ],
    ids=["missing", "fifo", "zero", "1001", "no count", "no target"],
)
def test_a_redrive_policy_names_a_queue_of_the_same_type(queues: Queues, policy: dict[str, Any]) -> None:
    """https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SetQueueAttributes.html"""
    queues.create("dead")
    queues.create("dead.fifo")
    if "deadLetterTargetArn" in policy:
        policy = {**policy, "deadLetterTargetArn": queues.arn(policy["deadLetterTargetArn"])}
    url = queues.create("orders")
    attributes = {"RedrivePolicy": json.dumps(policy)}
    set_it = {"QueueUrl": url, "Attributes": attributes}
    assert refused(lambda: queues.client.set_queue_attributes(**set_it)) == "InvalidParameterValue"
    assert refused(lambda: queues.create("new", RedrivePolicy=policy)) == "InvalidParameterValue"


def test_a_dead_letter_queue_says_who_may_use_it(queues: Queues) -> None:
    """https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-configure-dead-letter-queue.html"""
    policy = {"deadLetterTargetArn": queues.arn("dead"), "maxReceiveCount": 3}
    dlq = queues.create("dead", RedriveAllowPolicy={"redrivePermission": "denyAll"})
    assert refused(lambda: queues.create("orders", RedrivePolicy=policy)) == "InvalidParameterValue"
    allow = {"redrivePermission": "byQueue", "sourceQueueArns": [queues.arn("orders")]}
    queues.client.set_queue_attributes(QueueUrl=dlq, Attributes={"RedriveAllowPolicy": json.dumps(allow)})
    queues.create("orders", RedrivePolicy=policy)
    assert refused(lambda: queues.create("others", RedrivePolicy=policy)) == "InvalidParameterValue"


@pytest.mark.parametrize(
    "policy",
    [
        {"redrivePermission": "somebody"},
        {"redrivePermission": "byQueue"},
        {"redrivePermission": "denyAll", "sourceQueueArns": ["arn:aws:sqs:us-east-1:000000000000:q"]},
        {
            "redrivePermission": "byQueue",
            "sourceQueueArns": [f"arn:aws:sqs:us-east-1:000000000000:q{n}" for n in range(11)],
        },
    ],
    ids=["unknown", "no arns", "arns", "eleven"],
)
def test_a_redrive_allow_policy_that_makes_no_sense_is_refused(queues: Queues, policy: dict[str, Any]) -> None:
    """https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SetQueueAttributes.html"""
    assert refused(lambda: queues.create("dead", RedriveAllowPolicy=policy)) == "InvalidParameterValue"


def test_a_dead_letter_keeps_its_id_and_names_its_source(
    queues: Queues, dead_letter: Callable[[str], tuple[str, str, str]]
) -> None:
    """https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-dead-letter-queues.html"""
    _, dlq, message = dead_letter("")
    found = queues.receive(dlq)[0]
    assert found["MessageId"] == message
    assert found["Attributes"]["DeadLetterQueueSourceArn"] == queues.arn("orders")


def test_a_fifo_dead_letter_is_deduplicated_by_its_message_id(
    queues: Queues, dead_letter: Callable[[str], tuple[str, str, str]]
) -> None:
    """https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-configure-dead-letter-queue-redrive.html"""
    _, dlq, message = dead_letter(".fifo")
    attributes = queues.receive(dlq)[0]["Attributes"]
    assert (attributes["MessageDeduplicationId"], attributes["MessageGroupId"]) == (message, "g")


@pytest.mark.parametrize("suffix", ["", ".fifo"])
def test_a_redriven_message_is_a_new_one(
    queues: Queues,
    dead_letter: Callable[[str], tuple[str, str, str]],
    eventually: Callable[..., Any],
    suffix: str,
) -> None:
    """https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-configure-dead-letter-queue-redrive.html"""
    source, dlq, message = dead_letter(suffix)
    queues.move(SourceArn=queues.arn(f"dead{suffix}"))
    found = eventually(lambda: queues.receive(source, VisibilityTimeout=30))[0]
    assert found["Body"] == "poison"
    assert found["MessageId"] != message
    assert found["Attributes"]["ApproximateReceiveCount"] == "1"
    assert "DeadLetterQueueSourceArn" not in found["Attributes"]
    tasks = eventually(
        lambda: [
            task
            for task in queues.client.list_message_move_tasks(SourceArn=queues.arn(f"dead{suffix}"))["Results"]
            if task["Status"] == "COMPLETED"
        ]
    )
    assert tasks[0]["ApproximateNumberOfMessagesMoved"] == 1
    assert queues.receive(dlq) == []


def test_a_redrive_may_go_to_another_queue_of_the_type(
    queues: Queues, dead_letter: Callable[[str], tuple[str, str, str]], eventually: Callable[..., Any]
) -> None:
    """https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_StartMessageMoveTask.html"""
    dead_letter("")
    elsewhere = queues.create("elsewhere")
    queues.create("elsewhere.fifo")
    start = {"SourceArn": queues.arn("dead")}
    assert refused(lambda: queues.move(**start, DestinationArn=queues.arn("elsewhere.fifo"))) == (
        "InvalidParameterValue"
    )
    queues.move(**start, DestinationArn=queues.arn("elsewhere"))
    assert eventually(lambda: queues.receive(elsewhere))[0]["Body"] == "poison"


def test_a_move_that_cannot_start_is_refused(queues: Queues) -> None:
    """https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_StartMessageMoveTask.html"""
    queues.create("plain")
    assert refused(lambda: queues.move(SourceArn=queues.arn("plain"))) == "InvalidParameterValue"
    assert refused(lambda: queues.move(SourceArn=queues.arn("missing"))) == "ResourceNotFoundException"
    queues.create("dead")
    queues.create("orders", RedrivePolicy={"deadLetterTargetArn": queues.arn("dead"), "maxReceiveCount": 1})
    fast = {"SourceArn": queues.arn("dead"), "MaxNumberOfMessagesPerSecond": 501}
    assert refused(lambda: queues.move(**fast)) == "InvalidParameterValue"


def test_a_move_is_canceled_while_it_runs(queues: Queues, eventually: Callable[..., Any]) -> None:
    """https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_CancelMessageMoveTask.html"""
    dlq = queues.create("dead")
    queues.create("orders", RedrivePolicy={"deadLetterTargetArn": queues.arn("dead"), "maxReceiveCount": 1})
    for n in range(5):
        queues.send(dlq, str(n))
    request = {"SourceArn": queues.arn("dead"), "DestinationArn": queues.arn("orders")}
    handle = queues.move(**request, MaxNumberOfMessagesPerSecond=1)
    assert refused(lambda: queues.move(**request)) == "InvalidParameterValue"
    queues.client.cancel_message_move_task(TaskHandle=handle)

    def canceled() -> bool:
        task = queues.client.list_message_move_tasks(SourceArn=queues.arn("dead"))["Results"][0]
        return task["Status"] == "CANCELLED"

    assert eventually(canceled)
    assert refused(lambda: queues.client.cancel_message_move_task(TaskHandle=handle)) == "ResourceNotFoundException"
