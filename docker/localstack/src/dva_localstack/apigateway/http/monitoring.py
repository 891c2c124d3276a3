"""Metrics and access logs of HTTP APIs.

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-logging.html
https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-metrics.html
"""

import time
from dataclasses import dataclass, field
from typing import Any

from localstack.http import Request, Response

from .. import reports
from ..websocket.connections import new_id
from .call import Call
from .configuration import Api, Record
from .events import http_context


@dataclass
class Passage:
    """A request on its way through an API, with what is known of it so far."""

    request: Request
    api: Api
    id: str = field(default_factory=new_id)
    started: float = field(default_factory=time.monotonic)
    stage: Record | None = None
    call: Call | None = None
    integration_milliseconds: int | None = None


def report(passage: Passage, answer: Response) -> None:
    """Report on an answered request."""
    if passage.stage is None:
        return
    milliseconds = int((time.monotonic() - passage.started) * 1000)
    _measure(passage, passage.stage, answer, milliseconds)
    settings = passage.stage.get("accessLogSettings") or {}
    if settings.get("destinationArn") and settings.get("format"):
        line = reports.rendered(settings["format"], _variables(passage, passage.stage, answer, milliseconds))
        reports.write(reports.Writer(passage.api.account, passage.api.region), settings["destinationArn"], line)


def _measure(passage: Passage, stage: Record, answer: Response, milliseconds: int) -> None:
    status = answer.status_code
    values: dict[str, float] = {
        "Count": 1,
        "4xx": int(400 <= status < 500),
        "5xx": int(status >= 500),
        "Latency": milliseconds,
        "DataProcessed": len(answer.get_data()) + len(passage.request.get_data()),
    }
    if passage.integration_milliseconds is not None:
        values["IntegrationLatency"] = passage.integration_milliseconds
    api = {"ApiId": passage.api.id}
    dimensions = [api, api | {"Stage": stage["stageName"]}]
    if passage.call and _detailed(stage, passage.call):
        method, _, resource = passage.call.route["routeKey"].partition(" ")
        dimensions.append(dimensions[1] | {"Method": method, "Resource": resource or method})
    reports.measure((passage.api.account, passage.api.region), dimensions, values)


def _detailed(stage: Record, call: Call) -> bool:
    routes, default = stage.get("routeSettings") or {}, stage.get("defaultRouteSettings") or {}
    own = routes.get(call.route["routeKey"]) or {}
    return bool(own.get("detailedMetricsEnabled", default.get("detailedMetricsEnabled")))


def _variables(passage: Passage, stage: Record, answer: Response, milliseconds: int) -> dict[str, Any]:
    call, latency = passage.call, passage.integration_milliseconds
    found: dict[str, Any] = {
        "accountId": passage.api.account,
        "apiId": passage.api.id,
        "requestId": passage.id,
        "extendedRequestId": passage.id,
        "stage": stage["stageName"],
        "httpMethod": passage.request.method,
        "status": answer.status_code,
        "responseLength": len(answer.get_data()),
        "responseLatency": milliseconds,
        "integrationLatency": latency,
        "integration": {"latency": latency},
        "protocol": "HTTP/1.1",
        "identity": {
            "sourceIp": passage.request.remote_addr or "127.0.0.1",
            "userAgent": passage.request.headers.get("User-Agent"),
        },
    }
    if latency is None and answer.status_code >= 400:
        message = (answer.get_json(silent=True) or {}).get("message") if answer.is_json else None
        found["error"] = {"message": message, "messageString": f'"{message}"'}
    if call:
        context = http_context(call)
        found |= {name: context[name] for name in ("routeKey", "domainName", "domainPrefix")}
        jwt = call.authorizer.get("jwt") or {}
        found |= {
            "path": context["http"]["path"],
            "requestTime": call.time,
            "requestTimeEpoch": call.epoch,
            "authorizer": {**(call.authorizer.get("lambda") or {}), "claims": jwt.get("claims")},
        }
    return found
