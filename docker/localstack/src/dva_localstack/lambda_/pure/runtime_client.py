"""A stand-in for awslambdaric's native ``runtime_client``, which is built for Linux only.

Same functions, same results, over ``http.client``. It runs inside the function's process, so it uses nothing
but the standard library. The protocol: https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
"""

import http.client
import os
from typing import Any

_API = "/2018-06-01/runtime/invocation"
_user_agent = ""
_connection: http.client.HTTPConnection | None = None


def initialize_client(user_agent: str) -> None:
    """Remember what to call ourselves in requests to the Runtime API."""
    global _user_agent
    _user_agent = user_agent


def next() -> tuple[bytes, dict[str, Any]]:
    """Wait for the next invocation.

    :return: the event's bytes, and the headers that awslambdaric reads (the deadline as an integer)
    :raises RuntimeError: if the Runtime API answers anything but 200
    """
    response, body = _request("GET", f"{_API}/next")
    if response.status != 200:
        raise RuntimeError(f"Failed to get next: response code {response.status}")
    headers: dict[str, Any] = dict(response.getheaders())
    headers["Lambda-Runtime-Deadline-Ms"] = int(headers.get("Lambda-Runtime-Deadline-Ms", 0))
    headers.setdefault("Content-Type", "application/json")
    return body, headers


def post_invocation_result(
    invoke_id: str,
    result: bytes,
    content_type: str = "application/json",
    invocation_id: str | None = None,
) -> None:
    """Report a handler's result.

    :raises RuntimeError: if the Runtime API refuses it
    """
    _post(f"{_API}/{invoke_id}/response", result, {"Content-Type": content_type})


def post_error(invoke_id: str, error: str, xray_fault: str, invocation_id: str | None = None) -> None:
    """Report that a handler raised.

    :raises RuntimeError: if the Runtime API refuses it
    """
    _post(f"{_API}/{invoke_id}/error", error.encode(), {"Content-Type": "application/json"})


def _post(path: str, body: bytes, headers: dict[str, str]) -> None:
    response, _ = _request("POST", path, body, headers)
    if response.status not in (200, 202):
        raise RuntimeError(f"Failed to post to {path}: response code {response.status}")


def _request(
    method: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None
) -> tuple[http.client.HTTPResponse, bytes]:
    global _connection
    host, _, prefix = os.environ["AWS_LAMBDA_RUNTIME_API"].partition("/")
    if _connection is None:
        _connection = http.client.HTTPConnection(host)
    all_headers = {"User-Agent": _user_agent, **(headers or {})}
    _connection.request(method, (f"/{prefix}" if prefix else "") + path, body, all_headers)
    response = _connection.getresponse()
    return response, response.read()
