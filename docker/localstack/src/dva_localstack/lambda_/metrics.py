"""Measures invocations for CloudWatch, and sends what has piled up in one request.

Faults: LocalStack 4.14 sends a request to itself, and commits to a file, for each invocation. While a function is
called often, that takes longer than the function. It knows no durations, throttles and concurrency, and a function
without failures has no ``Errors`` at all, where AWS has zeros.

https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html
"""

import functools
import logging
import threading
import time
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime
from itertools import batched
from queue import SimpleQueue
from typing import Any, NamedTuple

from localstack.aws.api.lambda_ import TooManyRequestsException
from localstack.aws.connect import connect_to
from localstack.services.lambda_.invocation import version_manager
from localstack.utils.patch import patch

LOG = logging.getLogger(__name__)

NAMESPACE = "AWS/Lambda"

DATA_OF_A_REQUEST = 1000
"""https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricData.html"""


VALUES_OF_A_DATUM = 150
"""By the same page."""

UNITS = {"Duration": "Milliseconds"}
"""Of the metrics that are no counts."""


class Happened(NamedTuple):
    """Something to measure: whose it is, what, when (seconds since 1970), and how much."""

    account: str
    region: str
    metric: str
    function: str
    second: int
    value: float


class Meter:
    """The thread that sends counts; it sleeps while there are none."""

    def __init__(self) -> None:
        self._happened: SimpleQueue[Happened] = SimpleQueue()
        threading.Thread(target=self._run, name="lambda-metrics", daemon=True).start()

    def note(self, owner: tuple[str, str], function: str, **metrics: float) -> None:
        """Note values of some metrics of a function.

        :param owner: account and region
        """
        for metric, value in metrics.items():
            self._happened.put(Happened(*owner, metric, function, int(time.time()), value))

    def _run(self) -> None:
        while True:
            found = [self._happened.get()]
            while not self._happened.empty():
                found.append(self._happened.get())
            try:
                send(found)
            except Exception as error:
                LOG.debug("Could not count invocations: %s", error)


def send(found: Iterable[Happened]) -> None:
    """Send values to CloudWatch, a datum for each function, metric and second."""
    measured: dict[tuple[str, str, str, str, int], list[tuple[float, int]]] = {}
    for one, times in Counter(found).items():
        measured.setdefault(one[:-1], []).append((one.value, times))
    owners: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for (account, region, metric, function, second), values in measured.items():
        for part in batched(values, VALUES_OF_A_DATUM, strict=False):
            datum = {
                "MetricName": metric,
                "Dimensions": [{"Name": "FunctionName", "Value": function}],
                "Timestamp": datetime.fromtimestamp(second, UTC),
                "Unit": UNITS.get(metric, "Count"),
                "Values": [value for value, _ in part],
                "Counts": [float(times) for _, times in part],
            }
            owners.setdefault((account, region), []).append(datum)
    for (account, region), data in owners.items():
        client = connect_to(aws_access_key_id=account, region_name=region).cloudwatch
        for request in batched(data, DATA_OF_A_REQUEST, strict=False):
            client.put_metric_data(Namespace=NAMESPACE, MetricData=list(request))


@functools.cache
def meter() -> Meter:
    """Return this server's only meter, started when it is first asked for."""
    return Meter()


def repair() -> None:
    """Have invocations measured by the meter, before there is any."""

    def counted_below(**_: Any) -> None:
        """Do nothing: what LocalStack counts here is noted with the rest."""

    version_manager.record_cw_metric_invocation = counted_below
    version_manager.record_cw_metric_error = counted_below
    patch(version_manager.LambdaVersionManager.invoke)(_invoke)


RUNNING: Counter[tuple[str, str, str]] = Counter()
"""Invocations of a function at the moment, by account, region and name."""

COUNTING = threading.Lock()


def _change(key: tuple[str, str, str], by: int) -> int:
    with COUNTING:
        RUNNING[key] += by
        return RUNNING[key] or RUNNING.pop(key)


def _invoke(original: Any, self: Any, *, invocation: Any) -> Any:
    function = self.function_version.id
    owner, name = (function.account, function.region), function.function_name
    running = _change((*owner, name), 1)
    try:
        result = original(self, invocation=invocation)
        meter().note(owner, name, Invocations=1, Errors=int(result.is_error), Throttles=0, ConcurrentExecutions=running)
        return result
    except TooManyRequestsException:
        meter().note(owner, name, Throttles=1)
        raise
    finally:
        _change((*owner, name), -1)
