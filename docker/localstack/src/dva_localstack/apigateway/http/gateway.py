"""The way of a request through an HTTP API: stage, CORS, route, throttle, authorization, integration."""

import time

from localstack.http import Request, Response

from ..throttle import Buckets
from . import authorization, cors, integrations, monitoring
from .answers import message
from .call import Call
from .configuration import REGISTRY, Api, Record, Snapshot
from .monitoring import Passage
from .routes import match

MAXIMUM_PAYLOAD = 10 * 1024 * 1024
"""Bytes of a request's body: https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html"""

BUCKETS = Buckets()


def serve(request: Request, api_id: str, path: str) -> Response | None:
    """Answer a request to an HTTP API; None when there is none of this id.

    :param path: below the API, percent encoded: with a stage's name first, unless the stage is ``$default``
    """
    api = REGISTRY.get(api_id)
    if api is None or api.protocol != "HTTP":
        return None
    passage = Passage(request, api)
    answer = _answer(passage, path)
    answer.headers["Apigw-Requestid"] = passage.id
    monitoring.report(passage, answer)
    return answer


def find_stage(api: Api, path: str) -> tuple[Record, str] | None:
    """Return the stage that a path names, or ``$default``, and the path below it; None when there is no stage."""
    stages = REGISTRY.stages(api)
    first, _, rest = path.lstrip("/").partition("/")
    if first in stages and first != "$default":
        return stages[first], f"/{rest}"
    return (stages["$default"], path) if "$default" in stages else None


def _answer(passage: Passage, path: str) -> Response:
    request, api = passage.request, passage.api
    found = find_stage(api, path)
    snapshot = REGISTRY.deployed(api, found[0]) if found else None
    if found is None or snapshot is None:
        return message(404, "Not Found")
    stage, path = found
    passage.stage = stage
    settings = snapshot.api.get("corsConfiguration") or {}
    headers = {name.lower(): value for name, value in request.headers}
    origin = headers.get("origin", "")
    if settings and cors.is_preflight(request.method, headers):
        return cors.preflight(settings, origin)
    answer = _of_route(passage, stage, snapshot, path)
    if settings:
        cors.apply(settings, origin, answer)
    return answer


def _of_route(passage: Passage, stage: Record, snapshot: Snapshot, path: str) -> Response:
    request, api = passage.request, passage.api
    if len(request.get_data()) > MAXIMUM_PAYLOAD:
        return message(413, "Request Entity Too Large")
    matched = match(snapshot.routes, request.method, path)
    if matched is None:
        return message(404, "Not Found")
    call = passage.call = Call(request, api, stage, snapshot, *matched, path, id=passage.id)
    if _throttled(call):
        return message(429, "Too Many Requests")
    if refused := authorization.refusal(call):
        return refused
    started = time.monotonic()
    answer = integrations.answer(call)
    passage.integration_milliseconds = int((time.monotonic() - started) * 1000)
    return answer


def _throttled(call: Call) -> bool:
    """Take a token by the route's settings, else by those of all routes of the stage."""
    key = call.route["routeKey"]
    settings = (call.stage.get("defaultRouteSettings") or {}) | (call.stage.get("routeSettings") or {}).get(key, {})
    rate, burst = settings.get("throttlingRateLimit"), settings.get("throttlingBurstLimit")
    return not BUCKETS.take((call.api.id, call.stage_name, key), rate, burst)
