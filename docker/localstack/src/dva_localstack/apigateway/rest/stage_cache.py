"""The cache of a stage: kept answers of GET methods for their time to live; LocalStack stores the settings only.

https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-caching.html
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from localstack.http import Response
from localstack.services.apigateway.next_gen.execute_api.context import RestApiInvocationContext
from localstack.services.apigateway.next_gen.execute_api.gateway_response import AccessDeniedError

from ..timed import Key, Timed
from .authorization import may_renew_cache
from .stage_limits import method_setting

WARNING = '199 "Cache invalidation request is not authorized."'


@dataclass(frozen=True)
class Kept:
    """An answer in the cache."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes


CACHE: Timed[Kept] = Timed()


def answer_from_cache(integrate: Callable[..., None], handler: Any, chain: Any, context: Any, response: Any) -> None:
    """Answer from the cache and end the chain, else go on with LocalStack's integration request.

    :raises AccessDeniedError: 403, the client may not invalidate and the stage says to refuse it
    """
    if _is_cached(context):
        invalidates = "max-age=0" in context.invocation_request["headers"].get("Cache-Control", "")
        needs_leave = invalidates and method_setting(context, "requireAuthorizationForCacheControl")
        if needs_leave and not may_renew_cache(context):
            invalidates = False
            strategy = method_setting(context, "unauthorizedCacheControlHeaderStrategy")
            if strategy == "FAIL_WITH_403":
                raise AccessDeniedError("Cache invalidation request is not authorized.")
            if strategy == "SUCCEED_WITH_RESPONSE_HEADER":
                response.headers["Warning"] = WARNING
        kept = None if invalidates else CACHE.get(_key(context))
        context.cache_hit = kept is not None
        if kept:
            response.update_from(Response(kept.body, kept.status, kept.headers))
            chain.stop()
            return
    integrate(handler, chain, context, response)


def keep_answer(finish: Callable[..., None], handler: Any, chain: Any, context: Any, response: Any) -> None:
    """Finish the answer as LocalStack does, and keep it where the method's answers are cached."""
    warning = response.headers.get("Warning")
    finish(handler, chain, context, response)
    if _is_cached(context):
        if response.status_code < 400 and (seconds := float(method_setting(context, "cacheTtlInSeconds") or 0)):
            headers = [(name, value) for name, value in response.headers if name.lower() != "content-length"]
            CACHE.keep(_key(context), Kept(response.status_code, headers, response.get_data()), seconds)
        if warning:
            response.headers["Warning"] = warning


def _is_cached(context: RestApiInvocationContext) -> bool:
    # A test invocation of a method has no stage.
    return (
        context.stage_configuration is not None
        and bool(context.stage_configuration.get("cacheClusterEnabled"))
        and context.invocation_request["http_method"] == "GET"
        and bool(method_setting(context, "cachingEnabled"))
    )


def _key(context: RestApiInvocationContext) -> Key:
    """Return what tells answers apart: the method, and the values of its cache key parameters."""
    request = context.invocation_request
    places = {
        "path": request.get("path_parameters") or {},
        "querystring": request["query_string_parameters"],
        "header": request["headers"],
    }
    values = []
    for parameter in sorted(context.integration.get("cacheKeyParameters") or []):
        place, _, name = parameter.removeprefix("method.request.").partition(".")
        values.append((parameter, places.get(place, {}).get(name)))
    return (context.api_id, context.stage, context.resource["path"], bool(context.is_canary), *values)
