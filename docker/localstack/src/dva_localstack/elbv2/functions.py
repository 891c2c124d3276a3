"""Lambda functions as targets: the event that they get, and what their result stands for.

https://docs.aws.amazon.com/elasticloadbalancing/latest/application/lambda-functions.html
"""

import base64
import json
import time
import uuid
from collections.abc import Mapping
from typing import Any

from botocore.exceptions import ClientError
from localstack.aws.connect import connect_to
from localstack.http import Request, Response
from werkzeug.datastructures import Headers

LIMIT = 1024 * 1024
"""Bytes of a request's body, and of the JSON that a function returns."""

TEXT = ("text/", "application/json", "application/javascript", "application/xml")
"""Types of content that come as they are; all others are Base64."""


def invoke(arn: str, group: str, payload: bytes, **request: str) -> Any:
    """Invoke a function as Elastic Load Balancing, because of a target group.

    :raises botocore.exceptions.ClientError: the function is missing, throttled, or may not be invoked
    """
    client = connect_to(region_name=arn.split(":")[3]).lambda_
    allowed = client.request_metadata(service_principal="elasticloadbalancing", source_arn=group)
    return allowed.invoke(FunctionName=arn, Payload=payload, **request)


def may_invoke(arn: str, group: str) -> bool:
    """Tell whether a function exists and lets a target group invoke it."""
    try:
        invoke(arn, group, b"{}", InvocationType="DryRun")
    except (ClientError, IndexError):
        return False
    return True


def answer(request: Request, path: str, port: int, group: str, function: str, multiple: bool) -> Response:
    """Return what a function answers to a request.

    :param path: the path that the client asked the load balancer for
    :param port: of the listener
    :param group: ARN of the target group
    :param multiple: whether headers and parameters come with all their values
    """
    if len(request.get_data()) > LIMIT:
        return Response("", 413)
    payload = json.dumps(event(request, path, port, group, multiple)).encode()
    try:
        answered = invoke(function, group, payload)
    except ClientError:
        return bad_gateway()
    returned = answered["Payload"].read()
    if "FunctionError" in answered or len(returned) > LIMIT:
        return bad_gateway()
    try:
        return response(json.loads(returned), multiple)
    except (ValueError, TypeError, KeyError, AttributeError):
        return bad_gateway()


def event(request: Request, path: str, port: int, group: str, multiple: bool) -> dict[str, Any]:
    """Return the event of a request. Parameters are as in the URL: not decoded."""
    headers: dict[str, list[str]] = {}
    for name, value in request.headers.items():
        headers.setdefault(name.lower(), []).append(value)
    headers["x-forwarded-for"] = [*headers.get("x-forwarded-for", []), request.remote_addr or "127.0.0.1"]
    headers |= {"x-forwarded-port": [str(port)], "x-forwarded-proto": ["https" if port == 443 else "http"]}
    headers["x-amzn-trace-id"] = [f"Root=1-{int(time.time()):08x}-{uuid.uuid4().hex[:24]}"]
    parameters: dict[str, list[str]] = {}
    for pair in filter(None, request.query_string.decode("latin-1").split("&")):
        name, _, value = pair.partition("=")
        parameters.setdefault(name, []).append(value)
    body = request.get_data()
    kind = request.headers.get("Content-Type", "")
    binary = bool(body) and (not kind.startswith(TEXT) or "Content-Encoding" in request.headers)
    found: dict[str, Any] = {
        "requestContext": {"elb": {"targetGroupArn": group}},
        "httpMethod": request.method,
        "path": path,
        "body": base64.b64encode(body).decode() if binary else body.decode("utf-8", "replace"),
        "isBase64Encoded": binary,
    }
    if multiple:
        return found | {"multiValueQueryStringParameters": parameters, "multiValueHeaders": headers}
    last = {name: values[-1] for name, values in parameters.items()}
    return found | {"queryStringParameters": last, "headers": {name: values[-1] for name, values in headers.items()}}


def response(result: Mapping[str, Any], multiple: bool) -> Response:
    """Return the answer that a function's result stands for."""
    body = result.get("body") or ""
    data = base64.b64decode(body) if result.get("isBase64Encoded") else body.encode()
    headers = Headers()
    if multiple:
        for name, values in (result.get("multiValueHeaders") or {}).items():
            headers.setlist(name, values)
    else:
        headers.extend(result.get("headers") or {})
    made = Response(data, int(result["statusCode"]))
    if "Content-Type" not in headers:
        headers["Content-Type"] = "application/octet-stream"
    made.headers.clear()
    made.headers.extend(headers)
    made.headers["Content-Length"] = str(len(data))
    return made


def bad_gateway() -> Response:
    """Return what clients see of a function that fails, or that returns what is no answer."""
    page = (
        "<html><head><title>502 Bad Gateway</title></head><body><center><h1>502 Bad Gateway</h1></center></body></html>"
    )
    return Response(page, 502, mimetype="text/html")
