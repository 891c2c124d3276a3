"""Which route of an HTTP API answers a request.

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-routes.html
"""

import re
import urllib.parse
from collections.abc import Iterable

from .configuration import Record

VARIABLE = re.compile(r"\{(?P<name>[^}+]+)(?P<greedy>\+?)\}")


def match(routes: Iterable[Record], verb: str, path: str) -> tuple[Record, dict[str, str]] | None:
    """Return the route and its path parameters, None when none fits.

    A full match goes before a greedy one, and ``$default`` comes last. Among full matches the one with more fixed
    segments goes first, and one with the method before ``ANY``.

    :param path: without the stage, percent encoded
    """
    best: tuple[tuple[object, ...], Record, dict[str, str]] | None = None
    default: tuple[Record, dict[str, str]] | None = None
    for route in routes:
        if route["routeKey"] == "$default":
            default = (route, {})
            continue
        method, _, pattern = route["routeKey"].partition(" ")
        found = _expression(pattern).fullmatch(path.rstrip("/") or "/") if method in ("ANY", verb) else None
        if found:
            rank = ("+}" not in pattern, len(VARIABLE.sub("", pattern).split("/")), _fixed(pattern), method != "ANY")
            values = [urllib.parse.unquote(value) for value in found.groups()]
            names = [variable["name"] for variable in VARIABLE.finditer(pattern)]
            if best is None or rank > best[0]:
                best = (rank, route, dict(zip(names, values, strict=True)))
    return (best[1], best[2]) if best else default


def _fixed(pattern: str) -> int:
    return sum(1 for segment in pattern.split("/") if segment and "{" not in segment)


def _expression(pattern: str) -> re.Pattern[str]:
    parts, end = [], 0
    for variable in VARIABLE.finditer(pattern):
        parts += [re.escape(pattern[end : variable.start()]), "(.+)" if variable["greedy"] else "([^/]+)"]
        end = variable.end()
    return re.compile("".join([*parts, re.escape(pattern[end:])]))
