"""What a function gets from an HTTP API: payload formats 2.0 and 1.0.

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
"""

import base64
import urllib.parse
from typing import Any

from .call import Call

TEXT_TYPES = ("application/json", "application/xml", "application/javascript")
"""Bodies of these types, and of all text types, are passed on as text, others in Base64."""


def body_of(call: Call) -> tuple[str | None, bool]:
    """Return the request's body as an event carries it, and whether it is in Base64."""
    data = call.request.get_data()
    if not data:
        return None, False
    media_type = (call.request.headers.get("Content-Type") or "").partition(";")[0].strip().lower()
    if media_type.startswith("text/") or media_type in TEXT_TYPES:
        return data.decode("utf-8", errors="replace"), False
    return base64.b64encode(data).decode(), True


def path_of(call: Call) -> str:
    """Return the decoded path with the stage."""
    return urllib.parse.unquote(call.whole_path)


def http_context(call: Call) -> dict[str, Any]:
    """Return the ``requestContext`` that events of format 2.0 share."""
    return {
        "accountId": call.api.account,
        "apiId": call.api.id,
        "domainName": call.domain_name,
        "domainPrefix": call.api.id,
        "http": {
            "method": call.request.method,
            "path": path_of(call),
            "protocol": "HTTP/1.1",
            "sourceIp": call.source_ip,
            "userAgent": call.user_agent,
        },
        "requestId": call.id,
        "routeKey": call.route["routeKey"],
        "stage": call.stage_name,
        "time": call.time,
        "timeEpoch": call.epoch,
    }


def _without_empty(event: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in event.items() if value not in (None, {}, [])}


def format_2(call: Call) -> dict[str, Any]:
    """Return the event of format 2.0; what a request has not is left out."""
    body, encoded = body_of(call)
    headers = call.headers
    cookies = [cookie.strip() for cookie in headers.pop("cookie", "").split(";") if cookie.strip()]
    context = http_context(call)
    if call.authorizer:
        context["authorizer"] = call.authorizer
    optional = {
        "cookies": cookies,
        "queryStringParameters": {name: ",".join(values) for name, values in call.query.items()},
        "pathParameters": call.parameters,
        "stageVariables": call.stage_variables,
        "body": body,
    }
    return {
        "version": "2.0",
        "routeKey": call.route["routeKey"],
        "rawPath": path_of(call),
        "rawQueryString": call.request.query_string.decode(),
        "headers": headers,
        "requestContext": context,
        "isBase64Encoded": encoded,
        **_without_empty(optional),
    }


def request_part(call: Call) -> dict[str, Any]:
    """Return what the events of format 1.0 tell of the request: for integrations and for authorizers."""
    values = call.query
    resource = call.route["routeKey"].partition(" ")[2] or "$default"
    return {
        "version": "1.0",
        "resource": resource,
        "path": path_of(call),
        "httpMethod": call.request.method,
        "headers": dict(call.request.headers),
        "multiValueHeaders": {name: call.request.headers.getlist(name) for name, _ in call.request.headers},
        "queryStringParameters": {name: found[-1] for name, found in values.items()} or None,
        "multiValueQueryStringParameters": values or None,
        "requestContext": {
            "accountId": call.api.account,
            "apiId": call.api.id,
            "domainName": call.domain_name,
            "domainPrefix": call.api.id,
            "extendedRequestId": call.id,
            "httpMethod": call.request.method,
            "identity": {
                "accessKey": None,
                "accountId": None,
                "caller": None,
                "sourceIp": call.source_ip,
                "user": None,
                "userAgent": call.user_agent,
                "userArn": None,
            },
            "path": path_of(call),
            "protocol": "HTTP/1.1",
            "requestId": call.id,
            "requestTime": call.time,
            "requestTimeEpoch": call.epoch,
            "resourceId": call.route["routeKey"],
            "resourcePath": resource,
            "stage": call.stage_name,
        },
        "pathParameters": call.parameters or None,
        "stageVariables": call.stage_variables or None,
    }


def format_1(call: Call) -> dict[str, Any]:
    """Return the event of format 1.0, in which what a request has not is null."""
    body, encoded = body_of(call)
    event = {**request_part(call), "body": body, "isBase64Encoded": encoded}
    found = call.authorizer
    event["requestContext"]["authorizer"] = found.get("jwt") or found.get("lambda") or found.get("iam")
    return event
