"""Parameter mapping of HTTP APIs: headers, query and path that an HTTP integration gets and gives.

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-parameter-mapping.html
"""

import json
import re
import urllib.parse
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from localstack.http import Response
from werkzeug.datastructures import Headers

from .call import Call
from .events import format_2

INLINE = re.compile(r"\$\{([^}]+)\}")


@dataclass
class Outgoing:
    """The request to a backend."""

    path: str
    headers: Headers
    query: dict[str, list[str]]


def value_of(call: Call, expression: str, response: Response | None = None) -> str:
    """Return what an expression stands for: ``$request.…``, ``$context.…``, ``$stageVariables.…`` or static text.

    :param response: the backend's answer, for ``$response.…``
    """
    if "${" in expression:
        return INLINE.sub(lambda match: value_of(call, f"${match[1]}", response), expression)
    if not expression.startswith("$"):
        return expression
    root, _, rest = expression[1:].partition(".")
    place, _, name = rest.partition(".")
    match root, place:
        case "stageVariables", _:
            return call.stage_variables.get(rest, "")
        case "context", _:
            return _text(_member(format_2(call)["requestContext"] | {"authorizer": call.authorizer}, rest))
        case "request", "header":
            return call.headers.get(name.lower(), "")
        case "request", "querystring":
            return ",".join(call.query.get(name, []))
        case "request", "path":
            return call.parameters.get(name, "") if name else urllib.parse.unquote(call.path)
        case "request", "body":
            return _from_body(call.request.get_data(), name)
        case "response", "header":
            return response.headers.get(name, "") if response else ""
        case "response", "body":
            return _from_body(response.get_data() if response else b"", name)
    return ""


def _from_body(data: bytes, name: str) -> str:
    if not name:
        return data.decode("utf-8", errors="replace")
    try:
        return _text(_member(json.loads(data), name))
    except ValueError:
        return ""


def _member(value: Any, path: str) -> Any:
    for part in path.split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
    return value


def _text(value: Any) -> str:
    return "" if value is None else value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))


def change_request(call: Call, mappings: Mapping[str, str], outgoing: Outgoing) -> None:
    """Apply an integration's ``requestParameters``, such as ``append:header.x``."""
    for key, expression in mappings.items():
        action, _, target = key.partition(":")
        place, _, name = target.partition(".")
        value = value_of(call, expression)
        if place == "header":
            _change_header(outgoing.headers, action, name, value)
        elif place == "querystring":
            kept = outgoing.query.pop(name, []) if action == "append" else []
            outgoing.query.pop(name, None)
            if action != "remove":
                outgoing.query[name] = [*kept, value]
        elif place == "path" and action == "overwrite":
            outgoing.path = value if value.startswith("/") else f"/{value}"


def change_response(call: Call, mappings: Mapping[str, Mapping[str, str]], response: Response) -> None:
    """Apply an integration's ``responseParameters`` for the status that the backend answered."""
    for key, expression in (mappings.get(str(response.status_code)) or {}).items():
        action, _, target = key.partition(":")
        value = value_of(call, expression, response)
        if target == "statuscode":
            response.status_code = int(value)
        elif target.startswith("header."):
            _change_header(response.headers, action, target.removeprefix("header."), value)


def _change_header(headers: Headers, action: str, name: str, value: str) -> None:
    if action != "append":
        headers.remove(name)
    if action != "remove":
        headers.add(name, value)
