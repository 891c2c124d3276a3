"""Mends how LocalStack reads the queue of asynchronous events while a function changes.

Fault: an update of a function stops its poller, which may wait for messages at that moment. What it receives then it
drops, and the event stays invisible for a minute and longer.
"""

from typing import Any

from localstack.services.lambda_.invocation.event_manager import Poller
from localstack.services.lambda_.invocation.internal_sqs_queue import get_fake_sqs_client
from localstack.utils.patch import patch

WAIT_SECONDS = 2
INVISIBLE_SECONDS = 60
"""As in LocalStack's poller: how long it waits for events, and how much longer than the timeout it hides them."""


def repair() -> None:
    """Have pollers give back what they receive after they were stopped."""
    patch(Poller.run)(_run)


def _run(_original: Any, self: Any, *args: Any, **kwargs: Any) -> None:
    client = get_fake_sqs_client()
    hidden = self.version_manager.function_version.config.timeout + INVISIBLE_SECONDS
    stopped = self._shutdown_event
    while not stopped.is_set():
        try:
            answer = client.receive_message(
                QueueUrl=self.event_queue_url,
                WaitTimeSeconds=WAIT_SECONDS,
                MaxNumberOfMessages=10,
                VisibilityTimeout=hidden,
            )
        except ValueError:  # the queue is gone: the function is being deleted
            stopped.wait(1)
            continue
        for message in answer["Messages"] or []:
            if not _handed_over(self, message):
                queue = client.queue_manager.get_queue(self.event_queue_url)
                queue.update_visibility_timeout(message["ReceiptHandle"], 0)


def _handed_over(poller: Any, message: Any) -> bool:
    """Return whether the poller's threads took a message."""
    if poller._shutdown_event.is_set():
        return False
    try:
        poller.invoker_pool.submit(poller.handle_message, message)
    except RuntimeError:  # stopped since the line above
        return False
    return True
