"""Statistics of a metric are those of its very dimensions.

Fault: LocalStack (4.14.0) adds those of metrics with further dimensions, such that what a service counts for an API
and again for its stage counts twice.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch_concepts.html#dimension-combinations
"""

import threading
from collections.abc import Callable
from typing import Any

from localstack.services.cloudwatch.cloudwatch_database_helper import CloudwatchDatabase
from localstack.utils.patch import patch

_STATISTICS = threading.local()


def install() -> None:
    """Mend the queries for statistics; a list of metrics stays one of all that have the dimensions."""
    patch(CloudwatchDatabase.get_metric_data_stat)(_for_statistics)
    patch(CloudwatchDatabase._get_ordered_dimensions_with_separator)(_whole)


def _for_statistics(ask: Callable[..., Any], /, *arguments: Any, **named: Any) -> Any:
    _STATISTICS.asked = True
    try:
        return ask(*arguments, **named)
    finally:
        _STATISTICS.asked = False


def _whole(order: Callable[..., Any], database: Any, dimensions: Any, for_search: bool = False) -> Any:
    return order(database, dimensions, for_search=for_search and not getattr(_STATISTICS, "asked", False))
