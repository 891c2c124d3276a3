"""Metrics and log lines about calls, which are sent to CloudWatch after the answer, with what has piled up meanwhile.

https://docs.aws.amazon.com/apigateway/latest/developerguide/monitoring-cloudwatch.html
"""

import contextlib
import functools
import logging
import re
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import batched
from queue import SimpleQueue
from typing import Any, NamedTuple

from localstack.aws.connect import connect_to

from .sessions import session_of

LOG = logging.getLogger(__name__)

NAMESPACE = "AWS/ApiGateway"
AT_ONCE = 500
"""Metrics or log lines of one request: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricData.html"""

VARIABLE = re.compile(r"\$context\.(?P<name>[\w-]+(?:\.[\w-]+)*)")
LINE_BYTES = 256 * 1024

Dimensions = tuple[tuple[str, str], ...]


class Writer(NamedTuple):
    """In whose name lines are sent: a role's, or without one the account's own."""

    account: str
    region: str
    role: str | None = None

    def clients(self) -> Any:
        """Return its clients.

        :raises botocore.exceptions.ClientError: the role does not trust API Gateway any more
        """
        if not self.role:
            return connect_to(aws_access_key_id=self.account, region_name=self.region)
        session = session_of(self.role)
        return connect_to(
            aws_access_key_id=session["AccessKeyId"],
            aws_secret_access_key=session["SecretAccessKey"],
            aws_session_token=session["SessionToken"],
            region_name=self.region,
        )


@dataclass(frozen=True)
class Measured:
    """One value of a metric."""

    account: str
    region: str
    dimensions: Dimensions
    metric: str
    value: float
    unit: str
    second: int


@dataclass(frozen=True)
class Line:
    """A line for a log group's stream, or, with an empty stream, for a delivery stream of Firehose."""

    writer: Writer
    place: str
    stream: str
    text: str
    milliseconds: int


class Reporter:
    """The thread that sends; it sleeps while there is nothing to send."""

    def __init__(self) -> None:
        self._waiting: SimpleQueue[Measured | Line] = SimpleQueue()
        threading.Thread(target=self._run, name="api-reports", daemon=True).start()

    def add(self, item: Measured | Line) -> None:
        """Have something sent."""
        self._waiting.put(item)

    def _run(self) -> None:
        while True:
            found = [self._waiting.get()]
            while not self._waiting.empty():
                found.append(self._waiting.get())
            try:
                _send_metrics([item for item in found if isinstance(item, Measured)])
                _send_lines([item for item in found if isinstance(item, Line)])
            except Exception as error:
                LOG.warning("Could not report about calls: %s", error)


@functools.cache
def reporter() -> Reporter:
    """Return this server's only reporter, started when it is first asked for."""
    return Reporter()


def measure(owner: tuple[str, str], dimensions: list[dict[str, str]], values: Mapping[str, float]) -> None:
    """Report values of metrics, each for every set of dimensions.

    :param owner: account and region
    :param values: milliseconds for metrics of latency, bytes for DataProcessed, else counts
    """
    for names in dimensions:
        for metric, value in values.items():
            unit = "Milliseconds" if metric.endswith("Latency") else "Bytes" if metric == "DataProcessed" else "Count"
            found = Measured(*owner, tuple(names.items()), metric, float(value), unit, int(time.time()))
            reporter().add(found)


def write(writer: Writer, destination: str, text: str) -> None:
    """Report a line of an access log.

    :param destination: ARN of a log group or of a delivery stream
    """
    place = destination.removesuffix(":*").rpartition(":")[2]
    now = int(time.time() * 1000)
    if ":firehose:" in destination:
        reporter().add(Line(writer, place.rpartition("/")[2], "", text, now))
    else:
        reporter().add(Line(writer, place, "access-log", text, now))


def rendered(line: str, variables: Mapping[str, Any]) -> str:
    """Return an access log's line; what a request has not is a dash.

    https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-variables-for-access-logging.html
    """

    def value(match: re.Match[str]) -> str:
        found: Any = variables
        for part in match["name"].split("."):
            found = found.get(part) if isinstance(found, Mapping) else None
        return "-" if found is None or found == "" else str(found)

    return VARIABLE.sub(value, line)


def _send_metrics(found: list[Measured]) -> None:
    owners: dict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
    for one, times in Counter(found).items():
        datum = {
            "MetricName": one.metric,
            "Dimensions": [{"Name": name, "Value": value} for name, value in one.dimensions],
            "Timestamp": datetime.fromtimestamp(one.second, UTC),
            "Unit": one.unit,
            "Values": [one.value],
            "Counts": [float(times)],
        }
        owners[one.account, one.region].append(datum)
    for (account, region), data in owners.items():
        client = connect_to(aws_access_key_id=account, region_name=region).cloudwatch
        for part in batched(data, AT_ONCE, strict=False):
            client.put_metric_data(Namespace=NAMESPACE, MetricData=list(part))


def _send_lines(found: list[Line]) -> None:
    places: dict[tuple[Writer, str, str], list[Line]] = defaultdict(list)
    for line in found:
        places[line.writer, line.place, line.stream].append(line)
    for (writer, place, stream), lines in places.items():
        for part in batched(lines, AT_ONCE, strict=False):
            try:
                _send(writer.clients(), place, stream, part)
            except Exception as error:
                LOG.warning("Could not write to %s: %s", place, error)


def _send(clients: Any, place: str, stream: str, lines: tuple[Line, ...]) -> None:
    if not stream:
        records = [{"Data": f"{line.text}\n".encode()} for line in lines]
        clients.firehose.put_record_batch(DeliveryStreamName=place, Records=records)
        return
    logs, names = clients.logs, {"logGroupName": place, "logStreamName": stream}
    events = [{"timestamp": line.milliseconds, "message": line.text[:LINE_BYTES] or " "} for line in lines]
    try:
        logs.put_log_events(**names, logEvents=events)
    except logs.exceptions.ResourceNotFoundException:
        with contextlib.suppress(logs.exceptions.ResourceAlreadyExistsException):
            logs.create_log_group(logGroupName=place)
        with contextlib.suppress(logs.exceptions.ResourceAlreadyExistsException):
            logs.create_log_stream(**names)
        logs.put_log_events(**names, logEvents=events)
