"""The rules that run on a schedule."""

import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from dva_localstack.schedules.clock import Clock
from dva_localstack.schedules.expressions import parse


@dataclass
class Job:
    """One rule's schedule."""

    call: Callable[[], None]
    expression: str
    is_enabled: bool
    created: datetime


class RuleJobs:
    """Stands in for LocalStack's ``JobScheduler``.

    Faults: it looks once a minute, counts weekdays from 0 where AWS counts from 1, and has ``rate`` begin at full
    hours and days instead of at the rule's creation.
    """

    _instance: "RuleJobs | None" = None

    def __init__(self) -> None:
        self.jobs: dict[str, Job] = {}
        self.clock = Clock("events-rules")
        self._lock = threading.Lock()

    @classmethod
    def instance(cls) -> "RuleJobs":
        """Return the one of this server."""
        cls._instance = cls._instance or RuleJobs()
        return cls._instance

    @classmethod
    def start(cls) -> "RuleJobs":
        """Do nothing but return the instance: the clock starts with the first job."""
        return cls.instance()

    @classmethod
    def shutdown(cls) -> None:
        """Run nothing any more."""
        cls.instance().clock.stop()

    def add_job(self, call: Callable[[], None], expression: str, enabled: bool = True) -> str:
        """Have a rule's targets invoked on its schedule.

        :param call: invokes them
        :param expression: ``rate(…)`` or ``cron(…)``, in UTC
        :param enabled: whether to invoke them now
        :return: the job's id
        """
        job_id = uuid.uuid4().hex
        with self._lock:
            self.jobs[job_id] = Job(call, expression, enabled, datetime.now(UTC))
        self._plan(job_id, datetime.now(UTC))
        return job_id

    def get_job(self, job_id: str) -> Job | None:
        """Return a job; None if it was canceled."""
        return self.jobs.get(job_id)

    def disable_job(self, job_id: str) -> None:
        """Invoke nothing, until the job is enabled."""
        if job := self.jobs.get(job_id):
            job.is_enabled = False

    def cancel_job(self, job_id: str) -> None:
        """Forget a job."""
        with self._lock:
            self.jobs.pop(job_id, None)

    def _plan(self, job_id: str, after: datetime) -> None:
        job = self.jobs.get(job_id)
        due = job and parse(job.expression).next(after, UTC, job.created)
        if due:
            self.clock.call(due.timestamp(), lambda: self._run(job_id, due))

    def _run(self, job_id: str, due: datetime) -> None:
        job = self.jobs.get(job_id)
        if job is None:
            return
        self._plan(job_id, max(due, datetime.fromtimestamp(time.time() - 1, UTC)))
        if job.is_enabled:
            job.call()
