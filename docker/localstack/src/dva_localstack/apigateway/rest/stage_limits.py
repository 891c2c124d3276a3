"""What a stage limits for everybody: the size of a request, requests a second, and the time of an integration.

https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-execution-service-limits-table.html
"""

import time
from collections.abc import Callable
from typing import Any

from localstack.services.apigateway.next_gen.execute_api.context import RestApiInvocationContext
from localstack.services.apigateway.next_gen.execute_api.gateway_response import (
    IntegrationTimeoutError,
    RequestTooLargeError,
    ThrottledError,
)

from ..throttle import Buckets
from ..timeouts import within

MAXIMUM_PAYLOAD = 10 * 1024 * 1024
"""Bytes of a request's body."""

DEFAULT_TIMEOUT = 29_000
"""Milliseconds that an integration may take, unless it says less."""

BUCKETS = Buckets()


def check_size(chain: Any, context: RestApiInvocationContext, response: Any) -> None:
    """A handler of the chain.

    :raises RequestTooLargeError: 413, the body is larger than 10 MB
    """
    if len(context.invocation_request["body"]) > MAXIMUM_PAYLOAD:
        raise RequestTooLargeError(f"HTTP content length exceeded {MAXIMUM_PAYLOAD} bytes.")


def method_setting(context: RestApiInvocationContext, name: str) -> Any:
    """Return a setting of the method that was called: its own, or that of all methods of the stage, or None."""
    settings = context.stage_configuration.get("methodSettings") or {}
    path = context.resource["path"].removeprefix("/").replace("/", "~1")
    own = f"{path}/{context.resource_method['httpMethod']}"
    for key in (own, f"~1{own}", "*/*"):
        if key in settings and name in settings[key]:
            return settings[key][name]
    return None


def throttle(chain: Any, context: RestApiInvocationContext, response: Any) -> None:
    """A handler of the chain.

    :raises ThrottledError: 429, more requests a second than the stage allows for the method
    """
    key = (context.api_id, context.stage, context.resource["path"], context.resource_method["httpMethod"])
    rate, burst = (method_setting(context, name) for name in ("throttlingRateLimit", "throttlingBurstLimit"))
    if not BUCKETS.take(key, None if rate is None else float(rate), None if burst is None else float(burst)):
        raise ThrottledError("Too Many Requests")


def with_timeout(handle: Callable[..., None], handler: Any, chain: Any, context: Any, response: Any) -> None:
    """Run LocalStack's integration handler for at most the integration's ``timeoutInMillis``.

    :raises IntegrationTimeoutError: 504, it takes longer; what it does goes on unseen, as on AWS
    """
    milliseconds = int(context.integration.get("timeoutInMillis") or DEFAULT_TIMEOUT)
    started = time.monotonic()
    try:
        within(milliseconds, handle, handler, chain, context, response)
    except TimeoutError as error:
        raise IntegrationTimeoutError("Endpoint request timed out") from error
    finally:
        context.integration_milliseconds = int((time.monotonic() - started) * 1000)
