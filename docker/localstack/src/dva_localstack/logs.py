"""LocalStack's CloudWatch Logs with filter patterns that filter.

LocalStack 4.14.0 lets every event pass every pattern, applies a metric filter to all log groups of an account,
and waits for a subscribed function to return before it answers ``PutLogEvents``.
"""

import logging
import math
import threading
from typing import Any

from localstack.aws.api import RequestContext, handler
from localstack.aws.api.logs import (
    FilterLogEventsRequest,
    FilterLogEventsResponse,
    InvalidParameterException,
    PutLogEventsRequest,
    PutLogEventsResponse,
    PutMetricFilterRequest,
    PutSubscriptionFilterRequest,
    TestMetricFilterRequest,
    TestMetricFilterResponse,
)
from localstack.aws.connect import connect_to
from localstack.services.logs import provider as original
from localstack.services.logs.models import get_moto_logs_backend
from localstack.services.moto import MotoFallbackDispatcher, call_moto
from localstack.services.plugins import Service
from moto.core.utils import unix_time_millis
from moto.logs.models import LogEvent, LogStream

from dva_localstack import log_subscriptions
from dva_localstack.log_patterns import MISSING, InvalidPattern, Pattern, compile_pattern

LOG = logging.getLogger(__name__)

_STORING = threading.Lock()
"""Held while events are stored and found again under the ids that moto gave them."""


def compiled(text: str | None) -> Pattern:
    """Compile a filter pattern.

    :raises InvalidParameterException: it is none
    """
    try:
        return compile_pattern(text or "")
    except InvalidPattern as error:
        raise InvalidParameterException(f"Invalid filter pattern: {error}") from error


class FilteringLogsProvider(original.LogsProvider):
    """Judges events by patterns, for searches, metric filters and subscription filters."""

    @handler("FilterLogEvents", expand=False)
    def filter_log_events(self, context: RequestContext, request: FilterLogEventsRequest) -> FilterLogEventsResponse:
        """Search a log group; the pattern is judged in :func:`create_service`'s patch, before pages are cut."""
        compiled(request.get("filterPattern"))
        return call_moto(context)

    @handler("PutMetricFilter", expand=False)
    def put_metric_filter(self, context: RequestContext, request: PutMetricFilterRequest) -> None:
        """Store a metric filter whose pattern is valid, in place of one of the same name."""
        compiled(request["filterPattern"])
        backend = get_moto_logs_backend(context.account_id, context.region)
        if request["logGroupName"] not in backend.groups:
            raise original.ResourceNotFoundException("The specified log group does not exist.")
        backend.filters.delete_filter(request["filterName"], request["logGroupName"])
        call_moto(context)

    def describe_log_groups(self, context: RequestContext, *args: Any, **kwargs: Any) -> Any:
        """Describe log groups with the number of their metric filters, which moto leaves at zero."""
        answer = super().describe_log_groups(context, *args, **kwargs)
        filters = get_moto_logs_backend(context.account_id, context.region).filters
        for group in answer.get("logGroups") or []:
            name = group["logGroupName"]
            group["metricFilterCount"] = len(filters.get_matching_filters(log_group_name=name))
        return answer

    @handler("PutSubscriptionFilter", expand=False)
    def put_subscription_filter(self, context: RequestContext, request: PutSubscriptionFilterRequest) -> None:
        """Store a subscription filter whose pattern is valid."""
        compiled(request["filterPattern"])
        if ":lambda:" in request["destinationArn"]:
            log_subscriptions.put_for_function(context, request)
        else:
            call_moto(context)

    @handler("TestMetricFilter", expand=False)
    def test_metric_filter(self, context: RequestContext, request: TestMetricFilterRequest) -> TestMetricFilterResponse:
        """Say which of the given messages match a pattern."""
        pattern = compiled(request["filterPattern"])
        matches = [
            {"eventNumber": number, "eventMessage": message, "extractedValues": {}}
            for number, message in enumerate(request["logEventMessages"], start=1)
            if pattern.matches(message)
        ]
        return TestMetricFilterResponse(matches=matches)

    @handler("PutLogEvents", expand=False)
    def put_log_events(self, context: RequestContext, request: PutLogEventsRequest) -> PutLogEventsResponse:
        """Store events, then feed the metrics and the subscribers of their log group."""
        backend = get_moto_logs_backend(context.account_id, context.region)
        with _STORING:
            response = call_moto(context)
            group = backend.groups[request["logGroupName"]]
            stream = group.streams[request["logStreamName"]]
            events = stream.events[-len(request["logEvents"]) :]
        for metric_filter in backend.filters.get_matching_filters(log_group_name=request["logGroupName"]):
            try:
                publish_metrics(context, metric_filter, request["logEvents"])
            except Exception:
                LOG.warning("Metric filter %s failed", metric_filter["filterName"], exc_info=True)
        for subscription in list(group.subscription_filters.values()):
            matches = compiled(subscription.filter_pattern).matches
            if chosen := [event for event in events if matches(event.message)]:
                try:
                    log_subscriptions.deliver(context, stream, subscription, chosen)
                except Exception:
                    LOG.warning("Subscription filter %s failed", subscription.name, exc_info=True)
        return response


def publish_metrics(context: RequestContext, metric_filter: dict[str, Any], events: list[dict[str, Any]]) -> None:
    """Publish one value for each matching event, or the default value when none of ``events`` matches."""
    pattern = compiled(metric_filter.get("filterPattern"))
    matching = [event for event in events if pattern.matches(event["message"])]
    client = connect_to(aws_access_key_id=context.account_id, region_name=context.region).cloudwatch
    for transformation in metric_filter["metricTransformations"]:
        common = {"MetricName": transformation["metricName"], "Unit": transformation.get("unit", "None")}
        data = [
            common | point for event in matching if (point := metric_point(transformation, pattern, event)) is not None
        ]
        if not matching and transformation.get("defaultValue") is not None:
            data = [common | {"Value": float(transformation["defaultValue"])}]
        for start in range(0, len(data), 1000):
            client.put_metric_data(Namespace=transformation["metricNamespace"], MetricData=data[start : start + 1000])


def metric_point(transformation: dict[str, Any], pattern: Pattern, event: dict[str, Any]) -> dict[str, Any] | None:
    """Return value, time and dimensions for one event; None when it has no number or dimension at that place."""
    value = found(transformation.get("metricValue") or "1", pattern, event["message"])
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    dimensions = []
    for name, selector in (transformation.get("dimensions") or {}).items():
        text = found(selector, pattern, event["message"])
        if text is MISSING or text is None or isinstance(text, dict | list):
            return None
        dimensions.append({"Name": name, "Value": str(text)})
    if not math.isfinite(number):
        return None
    return {"Value": number, "Timestamp": event["timestamp"] / 1000, "Dimensions": dimensions}


def found(selector: str, pattern: Pattern, message: str) -> Any:
    """Return what a selector finds in a message; anything else stands for itself."""
    return pattern.extract(message, selector) if selector.startswith("$") else selector


def store(stream: Any, log_events: list[dict[str, Any]]) -> str:
    """Append events to a stream; in place of moto's method, which also feeds the subscribers."""
    stream.last_ingestion_time = int(unix_time_millis())
    stream.stored_bytes += sum(len(event["message"]) for event in log_events)
    stream.events += [LogEvent(stream.last_ingestion_time, event) for event in log_events]
    stream.upload_sequence_token += 1
    return f"{stream.upload_sequence_token:056d}"


def create_service() -> Service:
    """Return the service, with moto's storage patched."""
    LogStream.put_log_events = store
    # LocalStack offers this function to be replaced; its patch of moto's search calls it.
    original.get_pattern_matcher = lambda text: lambda _text, event: compiled(text).matches(event["message"])
    return Service.for_provider(FilteringLogsProvider(), dispatch_table_factory=MotoFallbackDispatcher)
