"""Metrics, access logs and execution logs of REST APIs; LocalStack has none.

https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-logging.html
"""

import hashlib
import time
from collections.abc import Callable, Mapping
from typing import Any

from localstack.services.apigateway.models import apigateway_stores

from .. import reports
from .execution_log import lines


def monitored(process: Callable[..., None], gateway: Any, context: Any, response: Any) -> None:
    """Answer a request as LocalStack does, then report on it."""
    started = time.monotonic()
    process(gateway, context, response)
    if context.context_variables is None or context.stage_configuration is None:
        return
    milliseconds = int((time.monotonic() - started) * 1000)
    response.headers["x-amz-apigw-id"] = context.context_variables["extendedRequestId"]
    _measure(context, response, milliseconds)
    if settings := context.stage_configuration.get("accessLogSettings"):
        _write_access_log(settings, context, response, milliseconds)
    _write_execution_log(context, response)


def _measure(context: Any, response: Any, milliseconds: int) -> None:
    status = response.status_code
    values = {
        "Count": 1,
        "4XXError": int(400 <= status < 500),
        "5XXError": int(status >= 500),
        "Latency": milliseconds,
    }
    if (integration := getattr(context, "integration_milliseconds", None)) is not None:
        values["IntegrationLatency"] = integration
    if (hit := getattr(context, "cache_hit", None)) is not None:
        values["CacheHitCount" if hit else "CacheMissCount"] = 1
    api = {"ApiName": context.deployment.rest_api.rest_api["name"]}
    dimensions = [api, api | {"Stage": context.stage}]
    if _setting(context, "metricsEnabled"):
        method = {"Method": context.resource_method["httpMethod"], "Resource": context.resource["path"]}
        dimensions.append(api | method | {"Stage": context.stage})
    reports.measure((context.account_id, context.region), dimensions, values)


def _setting(context: Any, name: str) -> Any:
    from .stage_limits import method_setting

    return method_setting(context, name) if context.resource and context.resource_method else None


def _write_access_log(settings: Mapping[str, str], context: Any, response: Any, milliseconds: int) -> None:
    if not settings.get("destinationArn") or not settings.get("format"):
        return
    latency = getattr(context, "integration_milliseconds", None)
    status = (context.endpoint_response or {}).get("status_code")
    found = {
        **context.context_variables,
        "status": response.status_code,
        "responseLength": len(response.get_data()),
        "responseLatency": milliseconds,
        "integrationLatency": latency,
        "integrationStatus": status,
        "integration": {"latency": latency, "status": status, "integrationStatus": status},
        "xrayTraceId": (context.trace_id or "").partition(";")[0].removeprefix("Root="),
    }
    if isinstance(error := found.get("error"), Mapping):
        found["error"] = {**error, "messageString": f'"{error.get("message")}"'}
    if writer := _writer(context):
        reports.write(writer, settings["destinationArn"], reports.rendered(settings["format"], found))


def _write_execution_log(context: Any, response: Any) -> None:
    level = _setting(context, "loggingLevel")
    if level not in ("INFO", "ERROR") or not (writer := _writer(context)):
        return
    now, request = int(time.time() * 1000), context.context_variables["requestId"]
    group = f"API-Gateway-Execution-Logs_{context.api_id}/{context.stage}"
    stream = hashlib.md5(request.encode(), usedforsecurity=False).hexdigest()
    for text in lines(context, response, everything=level == "INFO", data=bool(_setting(context, "dataTraceEnabled"))):
        reports.reporter().add(reports.Line(writer, group, stream, f"({request}) {text}", now))


def _writer(context: Any) -> reports.Writer | None:
    """Return the account's role for logs; None where it has none."""
    role = apigateway_stores[context.account_id][context.region].account.get("cloudwatchRoleArn")
    return reports.Writer(context.account_id, context.region, role) if role else None
