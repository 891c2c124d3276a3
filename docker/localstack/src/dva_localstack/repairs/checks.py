"""Requests that AWS refuses, refused before MiniStack sees them."""

from collections.abc import Callable
from typing import Any
from xml.sax.saxutils import escape

Answer = tuple[int, dict[str, str], bytes]
"""What MiniStack's operations return: HTTP status, headers, body."""

Value = Callable[[str], str]
"""Gives a parameter of a request by its name, empty if it is not there."""

Refusal = tuple[str, str]
"""Error code and message."""


def before(module: Any, name: str, check: Callable[[Any, Value], Refusal | None]) -> None:
    """Have ``check`` called before an operation of the Query protocol; what it returns is the answer, if anything.

    :param module: MiniStack's module of the service
    :param name: the operation's function in it
    """
    original = getattr(module, name)

    def operation(request: Any) -> Answer:
        if refusal := check(module, lambda key: str(module._p(request, key))):
            code, message = refusal
            status = 404 if "NotFound" in code else 400
            return module._error(code, escape(message), status)
        return original(request)

    replace(module, name, operation)


def before_json(module: Any, name: str, check: Callable[[Any, dict[str, Any]], Refusal | None]) -> None:
    """Have ``check`` called before an operation of a JSON protocol; what it returns is the answer, if anything."""
    original = getattr(module, name)

    def operation(request: dict[str, Any]) -> Any:
        if refusal := check(module, request):
            return module.error_response_json(*refusal, 400)
        return original(request)

    replace(module, name, operation)


def replace(module: Any, name: str, operation: Callable[..., Any]) -> None:
    """Put a function in the place of MiniStack's, in the service's table of operations too if it has one."""
    original = getattr(module, name)
    setattr(module, name, operation)
    table = getattr(module, "_ACTION_MAP", {})
    for action, function in table.items():
        if function is original:
            table[action] = operation


def then(module: Any, name: str, action: Callable[[Any, Answer], Answer | None]) -> None:
    """Have ``action`` called after an operation succeeded; what it returns is the answer instead, if anything."""
    original = getattr(module, name)

    def operation(request: Any) -> Answer:
        answer = original(request)
        return answer if answer[0] != 200 else action(request, answer) or answer

    replace(module, name, operation)
