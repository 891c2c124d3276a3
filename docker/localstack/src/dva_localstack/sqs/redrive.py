"""Moving messages out of a dead-letter queue."""

import time

from localstack.aws.api.sqs import Message
from localstack.services.sqs.models import MessageMoveTask, MessageMoveTaskStatus, SqsMessage, SqsQueue
from localstack.services.sqs.provider import MessageMoveTaskManager
from localstack.services.sqs.utils import generate_message_id

HELD_SECONDS = 1
"""How long a message is invisible while it is moved."""

OF_THE_RECEIVER = (
    "ApproximateFirstReceiveTimestamp",
    "ApproximateReceiveCount",
    "DeadLetterQueueSourceArn",
    "MessageDeduplicationId",
    "MessageGroupId",
    "SequenceNumber",
)
"""Attributes that a moved message does not bring along."""


class NoSource(Exception):
    """A message was sent to the dead-letter queue by hand, so it has no queue to go back to."""


class NewMessages(MessageMoveTaskManager):
    """Fault: a moved message keeps its id, its count of receives and its deduplication id.

    So a FIFO queue took it for a duplicate of itself, and it was lost.
    https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-configure-dead-letter-queue-redrive.html
    """

    def _run(self, move_task: MessageMoveTask) -> None:
        try:
            while not move_task.cancel_event.is_set() and self._move_one(move_task):
                if rate := move_task.max_number_of_messages_per_second:
                    move_task.cancel_event.wait(1 / rate)
        except Exception as error:
            self._fail_task(move_task, error)
            if isinstance(error, NoSource):
                move_task.failure_reason = "CouldNotDetermineMessageSource"
        else:
            canceled = move_task.cancel_event.is_set()
            move_task.status = MessageMoveTaskStatus.CANCELLED if canceled else MessageMoveTaskStatus.COMPLETED

    def _move_one(self, task: MessageMoveTask) -> bool:
        """Move one message; return whether there was one."""
        source: SqsQueue = self._get_queue_by_arn(task.source_arn)
        received = source.receive(num_messages=1, visibility_timeout=HELD_SECONDS)
        if not received.successful:
            return False
        message = received.successful[0]
        target_arn = task.destination_arn or message.dead_letter_queue_source_arn
        if not target_arn:
            raise NoSource
        renewed = new_message(message)
        self._get_queue_by_arn(target_arn).put(
            message=renewed,
            message_group_id=message.message_group_id,
            message_deduplication_id=renewed["MessageId"] if source.name.endswith(".fifo") else None,
        )
        source.remove(received.receipt_handles[0])
        task.approximate_number_of_messages_moved = (task.approximate_number_of_messages_moved or 0) + 1
        return True


def new_message(message: SqsMessage) -> Message:
    """Return a message with the content of another one, and the id and time of a new one."""
    attributes = {k: v for k, v in message.message["Attributes"].items() if k not in OF_THE_RECEIVER}
    attributes["SentTimestamp"] = str(int(time.time() * 1000))
    return Message(**{**message.message, "MessageId": generate_message_id(), "Attributes": attributes})
