"""Messages become visible when their time has come.

Fault: LocalStack 4.14 looks once a second whether a message's visibility timeout or delay is over, so that the message
may come back a second too late.
"""

from localstack.services.sqs.provider import QueueUpdateWorker
from localstack.utils.scheduler import Scheduler
from localstack.utils.threads import FuncThread, start_thread

PERIOD = 0.2
"""Seconds from one look at all queues to the next; a look takes microseconds for each queue."""


class PromptUpdates(QueueUpdateWorker):
    """LocalStack's worker, which looks more often."""

    thread: FuncThread | None

    def start(self) -> None:
        """Begin to look, unless it has begun."""
        with self.mutex:
            if self.thread is None:
                scheduler = self.scheduler = Scheduler()
                scheduler.schedule(self.do_update_all_queues, period=PERIOD, fixed_rate=False)
                self.thread = start_thread(lambda *_: scheduler.run(), name="sqs-queue-update-worker")
