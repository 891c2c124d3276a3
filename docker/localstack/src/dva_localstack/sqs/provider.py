"""LocalStack's SQS provider with our repairs."""

from typing import Any

from localstack.aws.api import RequestContext
from localstack.aws.api.sqs import (
    CancelMessageMoveTaskResult,
    ChangeMessageVisibilityBatchResult,
    CreateQueueResult,
    DeleteMessageBatchResult,
    QueueDoesNotExist,
    ReceiveMessageResult,
    ResourceNotFoundException,
    SendMessageBatchResult,
    StartMessageMoveTaskResult,
)
from localstack.services.plugins import Service
from localstack.services.sqs import provider as localstack_sqs
from localstack.services.sqs.exceptions import InvalidParameterValueException
from localstack.services.sqs.models import MessageMoveTaskStatus, SqsMessage, SqsQueue
from localstack.services.sqs.provider import SqsProvider
from localstack.services.sqs.utils import decode_move_task_handle
from localstack.utils.aws.arns import parse_arn

from . import query_api
from .attributes import check_attributes, check_tags, other_encryption
from .messages import (
    DELAY_SECONDS,
    TIMEOUT_SECONDS,
    as_sqs_says,
    check_asked,
    check_message_attributes,
    check_range,
    check_system_attributes,
)
from .queues import CourseFifoQueue, CourseStandardQueue
from .redrive import NewMessages
from .updates import PromptUpdates

MOVES_PER_SECOND = (1, 500)
"""https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_StartMessageMoveTask.html"""

MESSAGES = (1, 10)
"""Messages that one receive may return."""


class CheckedQueues(SqsProvider):
    """Fault: ranges of attributes, and dead-letter queues, are not checked."""

    def create_queue(
        self,
        context: RequestContext,
        queue_name: str,
        attributes: dict[str, str] | None = None,
        tags: dict[str, str] | None = None,
        **more: Any,
    ) -> CreateQueueResult:
        """Create a queue, or return the URL of the one that is there."""
        arn = f"arn:{context.partition}:sqs:{context.region}:{context.account_id}:{queue_name}"
        check_attributes(attributes or {}, {}, arn, self.find)
        check_tags(tags)
        if attributes:
            attributes = {**attributes, **other_encryption(attributes)}
        return super().create_queue(context, queue_name, attributes, tags, **more)

    def set_queue_attributes(
        self, context: RequestContext, queue_url: str, attributes: dict[str, str], **more: Any
    ) -> None:
        """Change a queue's attributes."""
        queue = self._resolve_queue(context, queue_url=queue_url)
        check_attributes(attributes or {}, queue.attributes, queue.arn, self.find)
        given = {**(attributes or {}), **other_encryption(attributes or {})}
        super().set_queue_attributes(context, queue_url, given, **more)

    def tag_queue(self, context: RequestContext, queue_url: str, tags: dict[str, str], **more: Any) -> None:
        """Add tags to a queue."""
        check_tags(tags)
        super().tag_queue(context, queue_url, tags, **more)

    def find(self, arn: str) -> SqsQueue | None:
        """Return the queue of an ARN; None if there is none, or the ARN is none."""
        try:
            parts = parse_arn(arn)
            return self._require_queue(parts["account"], parts["region"], parts["resource"])
        except (QueueDoesNotExist, ValueError, KeyError):
            return None


class CheckedMessages(SqsProvider):
    """Faults: delays, timeouts and the number of attributes are not checked; batches name codes that SQS has not.

    Further fault: a receive that is repeated with its ``ReceiveRequestAttemptId`` finds nothing.
    """

    def _put_message(self, *message: Any, **request: Any) -> SqsMessage:
        names = (
            *("queue", "context", "message_body", "delay_seconds", "message_attributes"),
            "message_system_attributes",
        )
        given = {**dict(zip(names, message, strict=False)), **request}
        delay = given.get("delay_seconds")
        check_range(None if delay is None else int(delay), "DelaySeconds", *DELAY_SECONDS)
        check_message_attributes(given.get("message_attributes"))
        check_system_attributes(given.get("message_system_attributes"))
        return super()._put_message(*message, **request)

    def receive_message(self, context: RequestContext, queue_url: str, **request: Any) -> ReceiveMessageResult:
        """Receive messages."""
        check_range(request.get("visibility_timeout"), "VisibilityTimeout", *TIMEOUT_SECONDS)
        check_asked(request.get("message_system_attribute_names") or request.get("attribute_names"))
        if request.get("max_number_of_messages") == 0:
            check_range(0, "MaxNumberOfMessages", *MESSAGES)
        queue = self._resolve_queue(context, queue_url=queue_url)
        attempt = request.get("receive_request_attempt_id")
        if not attempt or not isinstance(queue, CourseFifoQueue):
            return super().receive_message(context, queue_url, **request)
        if (again := queue.attempts.find(attempt)) is not None:
            return queue.received_again(again, request.get("visibility_timeout"))
        return queue.attempts.keep(attempt, super().receive_message(context, queue_url, **request))

    def send_message_batch(self, context: RequestContext, queue_url: str, **request: Any) -> SendMessageBatchResult:
        """Send up to ten messages."""
        result = super().send_message_batch(context, queue_url, **request)
        if result.get("Failed"):
            result["Failed"] = as_sqs_says(result["Failed"])
        return result

    def delete_message_batch(self, context: RequestContext, queue_url: str, **request: Any) -> DeleteMessageBatchResult:
        """Delete up to ten messages."""
        result = super().delete_message_batch(context, queue_url, **request)
        result["Failed"] = as_sqs_says(result["Failed"])
        return result

    def change_message_visibility_batch(
        self, context: RequestContext, queue_url: str, **request: Any
    ) -> ChangeMessageVisibilityBatchResult:
        """Change the visibility timeout of up to ten messages."""
        result = super().change_message_visibility_batch(context, queue_url, **request)
        result["Failed"] = as_sqs_says(result["Failed"])
        return result


class CheckedMoves(SqsProvider):
    """Faults: a move's rate and its destination's type are not checked; one that ended can be canceled."""

    def start_message_move_task(
        self,
        context: RequestContext,
        source_arn: str,
        destination_arn: str | None = None,
        max_number_of_messages_per_second: int | None = None,
        **more: Any,
    ) -> StartMessageMoveTaskResult:
        """Start to move the messages of a dead-letter queue."""
        check_range(max_number_of_messages_per_second, "MaxNumberOfMessagesPerSecond", *MOVES_PER_SECOND)
        if destination_arn and destination_arn.endswith(".fifo") != source_arn.endswith(".fifo"):
            raise InvalidParameterValueException("The source and destination queues must be of the same type.")
        return super().start_message_move_task(
            context, source_arn, destination_arn, max_number_of_messages_per_second, **more
        )

    def cancel_message_move_task(
        self, context: RequestContext, task_handle: str, **more: Any
    ) -> CancelMessageMoveTaskResult:
        """Stop a move that runs."""
        try:
            task = self.get_store(context.account_id, context.region).move_tasks.get(
                decode_move_task_handle(task_handle)[0]
            )
        except ValueError as error:
            raise InvalidParameterValueException("Value for parameter TaskHandle is invalid.") from error
        if task and task.status not in (MessageMoveTaskStatus.CREATED, MessageMoveTaskStatus.RUNNING):
            raise ResourceNotFoundException("Only a task that is running can be canceled.", status_code=404)
        return super().cancel_message_move_task(context, task_handle, **more)


class CourseSqsProvider(CheckedQueues, CheckedMessages, CheckedMoves):
    """LocalStack's provider, mended; each base says which fault it mends."""

    def __init__(self) -> None:
        super().__init__()
        self._message_move_task_manager = NewMessages()
        self._queue_update_worker = PromptUpdates()


def create_service() -> Service:
    """Return the SQS service."""
    # The provider makes queues of the classes that it finds under these names.
    localstack_sqs.StandardQueue = CourseStandardQueue
    localstack_sqs.FifoQueue = CourseFifoQueue
    query_api.install()
    return Service.for_provider(CourseSqsProvider())
