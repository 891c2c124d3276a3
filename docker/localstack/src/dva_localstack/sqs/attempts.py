"""Receives that a client repeats because it does not know whether they succeeded.

https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/using-receiverequestattemptid-request-parameter.html
"""

import time

from localstack.aws.api.sqs import ReceiveMessageResult

VALID_SECONDS = 300
"""How long a ``ReceiveRequestAttemptId`` is known."""


class Attempts:
    """What the receives of the last five minutes returned, by the id that the client gave them."""

    def __init__(self) -> None:
        self._kept: dict[str, tuple[float, ReceiveMessageResult]] = {}

    def find(self, attempt: str) -> ReceiveMessageResult | None:
        """Return what a receive returned; None if there was none of this id."""
        self._forget()
        kept = self._kept.get(attempt)
        return kept[1] if kept else None

    def keep(self, attempt: str, result: ReceiveMessageResult) -> ReceiveMessageResult:
        """Keep what a receive returned, if it found messages, and return it."""
        if result.get("Messages"):
            self._kept[attempt] = (time.monotonic(), result)
        return result

    def _forget(self) -> None:
        oldest = time.monotonic() - VALID_SECONDS
        self._kept = {attempt: kept for attempt, kept in self._kept.items() if kept[0] >= oldest}
