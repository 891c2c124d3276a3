"""New versions of functions are ready when Lambda has answered.

Fault: LocalStack 4.14 makes a new or changed function ready in a pool of a few threads, behind the tasks that end old
versions and take seconds. A waiter that asks a few milliseconds too early sleeps for a second, or for five.
What the answer says is as before, and as on AWS: ``Pending`` or ``InProgress``.
"""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from localstack.services.lambda_.provider import LambdaProvider

THREADS = 16
"""How many old versions can end at the same time; most of their tasks only wait."""

START = "_start_lambda_version"
"""The method of LocalStack's ``LambdaService`` that makes a version ready."""


class Tasks(ThreadPoolExecutor):
    """Runs the start of a version at once, in the caller's thread, and everything else in threads."""

    def submit(self, task: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Run a task; as of ``ThreadPoolExecutor``."""
        if getattr(task, "__name__", "") != START:
            return super().submit(task, *args, **kwargs)
        done: Future[Any] = Future()
        try:
            done.set_result(task(*args, **kwargs))
        except Exception as error:
            done.set_exception(error)
        return done


class ReadyVersions(LambdaProvider):
    """A Lambda provider whose functions can be invoked when it has answered that it makes or changes them."""

    def on_before_start(self) -> None:
        """Replace the pool, before there is a task."""
        self.lambda_service.task_executor.shutdown()
        self.lambda_service.task_executor = Tasks(THREADS, thread_name_prefix="lambda-service-task")
        super().on_before_start()
