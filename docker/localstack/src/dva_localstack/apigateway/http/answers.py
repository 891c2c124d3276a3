"""From what a function returned to the answer of an HTTP API.

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
"""

import base64
import binascii
import json
from typing import Any

from localstack.http import Response
from werkzeug.datastructures import Headers

PLAIN = "text/plain;charset=utf-8"
JSON = "application/json"


def message(status: int, text: str, headers: dict[str, str] | None = None) -> Response:
    """Return an answer of API Gateway itself."""
    return Response(json.dumps({"message": text}, separators=(",", ":")), status, headers, mimetype=JSON)


def internal_error() -> Response:
    """Return what clients see of errors that are not theirs."""
    return message(500, "Internal Server Error")


def of_function(payload: bytes, version: str) -> Response:
    """Return the answer that a function's result stands for.

    :param version: the payload format: in 2.0 a result without ``statusCode`` is the body as a whole
    """
    try:
        result = json.loads(payload)
    except ValueError:
        return internal_error()
    if version == "2.0" and not (isinstance(result, dict) and "statusCode" in result):
        text = result if isinstance(result, str) else json.dumps(result, separators=(",", ":"), ensure_ascii=False)
        return Response(text, 200, mimetype=JSON)
    if not isinstance(result, dict) or "statusCode" not in result:
        return internal_error()
    try:
        return _shaped(result, version)
    except (TypeError, ValueError, AttributeError, binascii.Error):
        return internal_error()


def _shaped(result: dict[str, Any], version: str) -> Response:
    headers = Headers()
    for name, value in (result.get("headers") or {}).items():
        headers.add(name, _text(value))
    if version == "2.0":
        for cookie in result.get("cookies") or []:
            headers.add("Set-Cookie", cookie)
    else:
        for name, values in (result.get("multiValueHeaders") or {}).items():
            headers.setlist(name, [_text(value) for value in values])
    if "Content-Type" not in headers:
        headers["Content-Type"] = PLAIN
    body = result.get("body")
    if not isinstance(body, str | None):
        raise TypeError("a body is a string")
    data = base64.b64decode(body or "") if result.get("isBase64Encoded") else (body or "").encode()
    answer = Response(data, int(result["statusCode"]))
    answer.headers.clear()
    answer.headers.extend(headers)
    answer.headers["Content-Length"] = str(len(data))
    return answer


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str | int | float):
        return str(value)
    raise TypeError("a header's value is a string, a number or a boolean")
