"""Counts invocations for CloudWatch, and sends what has piled up in one request.

Fault: LocalStack 4.14 sends a request to itself, and commits to a file, for each invocation. While a function is
called often, that takes longer than the function.
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

from localstack.aws.connect import connect_to
from localstack.services.lambda_.invocation import version_manager
from localstack.utils.bootstrap import is_api_enabled

LOG = logging.getLogger(__name__)

NAMESPACE = "AWS/Lambda"

DATA_OF_A_REQUEST = 1000
"""https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricData.html"""


class Happened(NamedTuple):
    """Something to count: whose it is, what, and when (seconds since 1970)."""

    account: str
    region: str
    metric: str
    function: str
    second: int


class Meter:
    """The thread that sends counts; it sleeps while there are none."""

    def __init__(self) -> None:
        self._happened: SimpleQueue[Happened] = SimpleQueue()
        threading.Thread(target=self._run, name="lambda-metrics", daemon=True).start()

    def count(self, account: str, region: str, function: str, *metrics: str) -> None:
        """Add one to some metrics of a function."""
        for metric in metrics:
            self._happened.put(Happened(account, region, metric, function, int(time.time())))

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
    """Send counts to CloudWatch, a number for each function, metric and second."""
    owners: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for one, times in Counter(found).items():
        datum = {
            "MetricName": one.metric,
            "Dimensions": [{"Name": "FunctionName", "Value": one.function}],
            "Timestamp": datetime.fromtimestamp(one.second, UTC),
            "Values": [1.0],
            "Counts": [float(times)],
        }
        owners.setdefault((one.account, one.region), []).append(datum)
    for (account, region), data in owners.items():
        client = connect_to(aws_access_key_id=account, region_name=region).cloudwatch
        for part in batched(data, DATA_OF_A_REQUEST, strict=False):
            client.put_metric_data(Namespace=NAMESPACE, MetricData=list(part))


@functools.cache
def meter() -> Meter:
    """Return this server's only meter, started when it is first asked for."""
    return Meter()


def repair() -> None:
    """Have invocations counted by the meter, before there is any."""

    def invoked(function_name: str, account_id: str, region_name: str) -> None:
        if is_api_enabled("cloudwatch"):
            meter().count(account_id, region_name, function_name, "Invocations")

    def failed(function_name: str, account_id: str, region_name: str) -> None:
        if is_api_enabled("cloudwatch"):
            meter().count(account_id, region_name, function_name, "Invocations", "Errors")

    version_manager.record_cw_metric_invocation = invoked
    version_manager.record_cw_metric_error = failed
