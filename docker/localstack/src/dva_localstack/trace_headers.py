"""What one service of the emulator asks of another can carry the trace header of the request behind it.

Fault: LocalStack 4.14 passes it on from EventBridge only.
"""

from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

HEADER = "X-Amzn-Trace-Id"

PASSED_ON: ContextVar[str | None] = ContextVar("PASSED_ON", default=None)
"""The trace header that calls of the emulator to itself carry along at the moment."""


def carrying(header: str | None, call: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """Call something; what it asks of other services carries a trace header along."""
    token = PASSED_ON.set(header)
    try:
        return call(*args, **kwargs)
    finally:
        PASSED_ON.reset(token)


def pass_on() -> None:
    """Have internal clients send the header that is to be passed on; before any of them is made."""
    from localstack.aws.connect import InternalClientFactory

    original = InternalClientFactory._get_client_post_hook

    def inject(params: dict[str, Any], **_: Any) -> None:
        if header := PASSED_ON.get():
            params["headers"].setdefault(HEADER, header)

    def post_hook(self: Any, client: Any) -> Any:
        client.meta.events.register("before-call.*.*", inject)
        return original(self, client)

    InternalClientFactory._get_client_post_hook = post_hook
