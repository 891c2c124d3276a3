"""The paths on the gateway below which APIs of all kinds are called: ``/_aws/execute-api/<api id>/…``.

LocalStack has the routes and serves REST APIs there. HTTP and WebSocket APIs go to our own data plane.
"""

from collections.abc import Callable
from functools import cache
from typing import Any

from localstack.http import Request, Response
from localstack.services.apigateway.models import apigateway_stores
from localstack.services.apigateway.next_gen.execute_api.router import ApiGatewayEndpoint, ApiGatewayRouter
from localstack.services.edge import ROUTER
from localstack.utils.patch import patch
from moto.apigateway.models import apigateway_backends

Serve = Callable[[Request, str, str], Response | None]
"""Answers a request to an API, by its id and the path below it; None when the API is not one of its own."""

PREFIX = "/_aws/execute-api"
SERVERS: list[Serve] = []
"""What is asked before LocalStack's REST APIs."""


@cache
def handler() -> ApiGatewayEndpoint:
    """Return what answers calls of all APIs."""
    return ApiGatewayEndpoint(store=apigateway_stores)


@cache
def install() -> None:
    """Add the routes, once, whichever of the two services is used first."""
    patch(ApiGatewayEndpoint.__call__)(_serve)
    unknown_api = ApiGatewayEndpoint.create_not_found_response
    ApiGatewayEndpoint.create_not_found_response = staticmethod(  # type: ignore[method-assign]
        lambda api_id: _forbidden_if_known(api_id) or unknown_api(api_id)
    )
    router = ApiGatewayRouter(ROUTER, handler=handler())
    router.register_routes()
    ROUTER.add(f"{PREFIX}/<api_id>", endpoint=router.handler, defaults={"path": "", "stage": None})


def _serve(serve_rest_api: Callable[..., Response], endpoint: Any, request: Request, **place: Any) -> Response:
    api_id = place.get("api_id", "").lower()
    for serve in SERVERS:
        if (answer := serve(request, api_id, path_below(request, api_id))) is not None:
            return answer
    return serve_rest_api(endpoint, request, **place)


def path_below(request: Any, api_id: str) -> str:
    """Return the path as the client sent it, percent encoding and all, without what names the API."""
    raw = (request.environ.get("RAW_URI") or request.path).partition("?")[0]
    prefix = f"{PREFIX}/{api_id}"
    return (raw[len(prefix) :] if raw.lower().startswith(prefix) else raw) or "/"


def _forbidden_if_known(api_id: str) -> Response | None:
    """Return 403 for an unknown stage of a REST API that exists, where LocalStack says 404."""
    if any(api_id in backend.apis for regions in apigateway_backends.values() for backend in regions.values()):
        return Response('{"message":"Forbidden"}', 403, mimetype="application/json")
    return None
