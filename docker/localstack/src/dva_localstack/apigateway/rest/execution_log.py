"""What an execution log says of a request to a REST API.

https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-logging.html
"""

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from botocore.exceptions import ClientError
from localstack.services.apigateway.next_gen.execute_api.gateway_response import BaseGatewayException

TEXT = 1024
"""Bytes after which a logged value is cut off:
https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-logging.html"""

MALFORMED = "Execution failed due to configuration error: Malformed Lambda proxy response"
NOT_ALLOWED = "Execution failed due to configuration error: Invalid permissions on Lambda function"


def explained(parse: Callable[..., Any], integration: Any, payload: bytes) -> Any:
    """Parse a function's answer as LocalStack does, and note on the error why it is none."""
    try:
        return parse(integration, payload)
    except BaseGatewayException as error:
        error.reason = _fault_of(payload)  # type: ignore[attr-defined]
        raise


def _fault_of(payload: bytes) -> str:
    try:
        answer = json.loads(payload)
    except ValueError:
        return MALFORMED
    if isinstance(answer, dict) and "errorMessage" in answer:
        return f"Lambda execution failed with status 200 due to customer function error: {answer['errorMessage']}."
    return MALFORMED


def lines(context: Any, response: Any, everything: bool, data: bool) -> Iterator[str]:
    """Yield the lines about a request.

    :param everything: the level INFO; else only what failed
    :param data: headers and bodies too
    """
    request, method = context.invocation_request, context.resource_method["httpMethod"]
    if everything:
        yield f"Extended Request Id: {context.context_variables['extendedRequestId']}"
        key = (context.context_variables.get("identity") or {}).get("apiKey")
        if context.resource_method.get("apiKeyRequired"):
            yield f"Verifying Usage Plan for request: {context.context_variables['requestId']}. API Key: {_hidden(key)}"
        else:
            yield (
                f"API Key authorized because method '{method} {context.resource['path']}' does not require API Key. "
                "Request will not contribute to throttle or quota limits"
            )
        yield f"Starting execution for request: {context.context_variables['requestId']}"
        yield f"HTTP Method: {request['http_method']}, Resource Path: {context.resource['path']}"
        if data:
            yield f"Method request path: {_mapping(request.get('path_parameters'))}"
            yield f"Method request query string: {_mapping(request.get('query_string_parameters'))}"
            yield f"Method request headers: {_mapping(request.get('headers'))}"
            yield f"Method request body before transformations: {_text(request.get('body'))}"
        yield from _endpoint(context, data)
    if failure := getattr(context, "failure", None):
        yield _reason(failure)
    elif everything:
        if data:
            yield f"Method response body after transformations: {_text(response.get_data())}"
            yield f"Method response headers: {_mapping(response.headers)}"
        yield "Successfully completed execution"
    if everything or failure:
        yield f"Method completed with status: {response.status_code}"


def _endpoint(context: Any, data: bool) -> Iterator[str]:
    sent, got = context.integration_request, context.endpoint_response
    if sent is None or context.integration["type"] == "MOCK":
        return
    if data:
        yield f"Endpoint request URI: {sent.get('uri')}"
        yield f"Endpoint request headers: {_mapping(sent.get('headers'))}"
        yield f"Endpoint request body after transformations: {_text(sent.get('body'))}"
    yield f"Sending request to {sent.get('uri')}"
    if got:
        latency = getattr(context, "integration_milliseconds", 0)
        yield f"Received response. Status: {got.get('status_code')}, Integration latency: {latency} ms"
        if data:
            yield f"Endpoint response headers: {_mapping(got.get('headers'))}"
            yield f"Endpoint response body before transformations: {_text(got.get('body'))}"


def _reason(failure: BaseGatewayException) -> str:
    if reason := getattr(failure, "reason", None):
        return str(reason)
    cause = failure.__cause__
    if isinstance(cause, ClientError) and cause.response["Error"]["Code"] == "AccessDeniedException":
        return NOT_ALLOWED
    if isinstance(cause, Exception):
        return f"Execution failed due to configuration error: {cause}"
    return f"Execution failed: {failure.message}"


def _hidden(key: Any) -> str:
    return f"{'*' * 26}{str(key)[-6:]}" if key else "null"


def _text(value: Any) -> str:
    text = value.decode("utf-8", errors="replace") if isinstance(value, bytes) else str(value or "")
    return text if len(text) <= TEXT else f"{text[:TEXT]} [TRUNCATED]"


def _mapping(values: Any) -> str:
    pairs: Mapping[str, Any] = dict(values or {})
    return _text("{" + ", ".join(f"{name}={value}" for name, value in pairs.items()) + "}")
