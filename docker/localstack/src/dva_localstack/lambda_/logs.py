"""Mends how LocalStack ships a function's output to CloudWatch Logs.

LocalStack 4.14 writes a new event for each line break. AWS keeps what the runtime writes as one message in
one event: the runtime client separates the lines of a traceback with carriage returns, which Lambda turns
into line breaks. LocalStack also ignores the log group in a function's ``LoggingConfig``, loses the
output of an invocation that is larger than one ``PutLogEvents`` call may be, and sends a request for each invocation
however many wait.
"""

import base64
import contextlib
import logging
import time
from collections.abc import Iterator
from typing import Any

from botocore.exceptions import ClientError
from localstack.aws.connect import connect_to
from localstack.runtime.events import infra_stopping
from localstack.services.lambda_.invocation.execution_environment import ExecutionEnvironment
from localstack.services.lambda_.invocation.logs import QUEUE_SHUTDOWN, LogHandler, LogItem
from localstack.services.lambda_.provider import LambdaProvider
from localstack.utils.aws.client_types import ServicePrincipal
from localstack.utils.patch import patch

LOG = logging.getLogger(__name__)

BATCH_BYTES = 1_000_000
BATCH_EVENTS = 10_000
EVENT_OVERHEAD = 26
"""Limits of PutLogEvents (1 MiB with 26 bytes added for each event, rounded down here):
https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutLogEvents.html"""


class WholeMessages(LambdaProvider):
    """A Lambda provider whose logs keep the lines of a message together."""

    def on_before_start(self) -> None:
        """Replace what ships the logs, before the first function exists."""
        patch(LogHandler.run_log_loop)(_run_log_loop)
        patch(ExecutionEnvironment.get_log_group_name)(_log_group_name)
        super().on_before_start()

    def invoke(self, *args: Any, **kwargs: Any) -> Any:
        """Answer ``Invoke``, with line breaks in the tail of the log where AWS has them."""
        response = super().invoke(*args, **kwargs)
        if tail := response.get("LogResult"):
            text = base64.b64decode(tail).replace(b"\r", b"\n")
            response["LogResult"] = base64.b64encode(text).decode()
        return response


def _log_group_name(original: Any, self: Any) -> str:
    return (self.function_version.config.logging_config or {}).get("LogGroup") or original(self)


def _run_log_loop(_original: Any, self: Any, *args: Any, **kwargs: Any) -> None:
    client = connect_to.with_assumed_role(
        region_name=self.region, role_arn=self.role_arn, service_principal=ServicePrincipal.lambda_
    ).logs
    while waiting := _waiting(self.log_queue):
        if infra_stopping.is_set():
            continue  # CloudWatch Logs is going too; what it held is lost in any case
        for item in _joined(waiting):
            try:
                _ship(client, item)
            except Exception:
                LOG.warning("Could not save logs to group %s in %s", item.log_group, self.region, exc_info=True)


def _waiting(queue: Any) -> list[LogItem]:
    """Wait for something to ship; return all that is there, nothing if the function is going and all is shipped."""
    found = [queue.get()]
    while not queue.empty():
        found.append(queue.get())
    if QUEUE_SHUTDOWN not in found:
        return found
    left = [item for item in found if item is not QUEUE_SHUTDOWN]
    if left:
        queue.put(QUEUE_SHUTDOWN)
    return left


def _joined(items: list[LogItem]) -> list[LogItem]:
    """Return one item for each log stream: what has piled up goes in one request."""
    streams: dict[tuple[str, str], list[str]] = {}
    for item in items:
        streams.setdefault((item.log_group, item.log_stream), []).append(item.logs)
    return [LogItem(group, stream, "".join(logs)) for (group, stream), logs in streams.items()]


def _ship(client: Any, item: LogItem) -> None:
    place = {"logGroupName": item.log_group, "logStreamName": item.log_stream}
    for events in _batches(item.logs, int(time.time() * 1000)):
        try:
            client.put_log_events(**place, logEvents=events)
        except client.exceptions.ResourceNotFoundException:
            with contextlib.suppress(client.exceptions.ResourceAlreadyExistsException):
                client.create_log_group(logGroupName=item.log_group)
            with contextlib.suppress(client.exceptions.ResourceAlreadyExistsException):
                client.create_log_stream(**place)
            client.put_log_events(**place, logEvents=events)
        except ClientError as error:
            LOG.warning("Could not save logs to group %s: %s", item.log_group, error)


def _batches(text: str, timestamp: int) -> Iterator[list[dict[str, Any]]]:
    events: list[dict[str, Any]] = []
    size = 0
    for line in text.split("\n"):
        if not line.strip():
            continue
        message = line.replace("\r", "\n") + "\n"
        cost = len(message.encode()) + EVENT_OVERHEAD
        if events and (len(events) == BATCH_EVENTS or size + cost > BATCH_BYTES):
            yield events
            events, size = [], 0
        events.append({"timestamp": timestamp, "message": message})
        size += cost
    if events:
        yield events
