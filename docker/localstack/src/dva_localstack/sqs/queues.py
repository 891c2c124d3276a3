"""Queues whose old receipt handles do nothing and whose dead letters are told apart."""

from typing import Any

from localstack.aws.api.sqs import Message, ReceiveMessageResult
from localstack.services.sqs.exceptions import InvalidParameterValueException
from localstack.services.sqs.models import FifoQueue, SqsMessage, SqsQueue, StandardQueue
from localstack.services.sqs.utils import extract_receipt_handle_info

from .attempts import Attempts
from .messages import TIMEOUT_SECONDS, MessageNotInflight, check_range


def is_latest(handle: str, message: SqsMessage) -> bool:
    """Return whether a receipt handle is of a message's latest receive."""
    return extract_receipt_handle_info(handle).last_received == str(message.last_received)


class CheckedVisibility(SqsQueue):
    """Fault: a timeout has no limit, and changing that of a message that is not in flight succeeds."""

    def update_visibility_timeout(self, receipt_handle: str, visibility_timeout: int) -> None:
        """Change a message's visibility timeout.

        :param receipt_handle: names the receive
        :param visibility_timeout: seconds from now
        :raises MessageNotInflight: it is visible, or was received again since
        """
        check_range(visibility_timeout, "VisibilityTimeout", *TIMEOUT_SECONDS)
        with self.mutex:
            message = self.receipts.get(receipt_handle)
            if message and (message not in self.inflight or not is_latest(receipt_handle, message)):
                raise MessageNotInflight()
            super().update_visibility_timeout(receipt_handle, visibility_timeout)


class CourseStandardQueue(CheckedVisibility, StandardQueue):
    """Fault: an old receipt handle deletes a message that somebody else has received since."""

    def remove(self, receipt_handle: str) -> None:
        """Delete a message; do nothing if the handle is an old one."""
        with self.mutex:
            message = self.receipts.get(receipt_handle)
            if message is None or is_latest(receipt_handle, message):
                super().remove(receipt_handle)


class CourseFifoQueue(CheckedVisibility, FifoQueue):
    """Faults: an old receipt handle deletes; a dead letter keeps its deduplication id."""

    def __init__(self, *queue: Any, **settings: Any) -> None:
        super().__init__(*queue, **settings)
        self.attempts = Attempts()

    def received_again(self, result: ReceiveMessageResult, visibility_timeout: int | None) -> ReceiveMessageResult:
        """Return what a receive returned before, its messages invisible for a whole timeout again; nothing else.

        If one of them was deleted or became visible since, none is returned.
        """
        with self.mutex:
            handles = [str(message["ReceiptHandle"]) for message in result.get("Messages") or []]
            held = [self.receipts.get(handle) for handle in handles]
            if not all(message and message in self.inflight for message in held):
                return ReceiveMessageResult(Messages=None)
            for handle in handles:
                timeout = self.visibility_timeout if visibility_timeout is None else visibility_timeout
                self.update_visibility_timeout(handle, timeout)
            return result

    def _pre_delete_checks(self, message: SqsMessage, receipt_handle: str) -> None:
        super()._pre_delete_checks(message, receipt_handle)
        if not is_latest(receipt_handle, message):
            raise InvalidParameterValueException(
                f"Value {receipt_handle} for parameter ReceiptHandle is invalid. "
                "Reason: The receipt handle has expired."
            )

    def put(self, message: Message, **request: Any) -> SqsMessage:
        """Add a message; one that comes from another queue's failures is deduplicated by its own id."""
        if "DeadLetterQueueSourceArn" in (message.get("Attributes") or {}):
            request["message_deduplication_id"] = message["MessageId"]
        return super().put(message, **request)
