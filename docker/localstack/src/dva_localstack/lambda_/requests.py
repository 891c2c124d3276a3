"""Checks and parts of requests that LocalStack 4.14 leaves out.

It takes payloads of any size and settings of asynchronous invocation beyond their ranges, and drops the
client context of ``Invoke``.
"""

import base64
import binascii
import io
from typing import Any

from localstack.aws.api import CommonServiceException
from localstack.services.lambda_.invocation.execution_environment import ExecutionEnvironment
from localstack.services.lambda_.provider import LambdaProvider
from localstack.utils.patch import patch

PAYLOAD_LIMITS = {"RequestResponse": 6 * 1024 * 1024, "Event": 1024 * 1024}
"""Bytes: https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html"""

EVENT_RANGES = {
    "maximum_retry_attempts": ("maximumRetryAttempts", 0, 2),
    "maximum_event_age_in_seconds": ("maximumEventAgeInSeconds", 60, 21600),
}
"""https://docs.aws.amazon.com/lambda/latest/api/API_PutFunctionEventInvokeConfig.html"""


class CheckedRequests(LambdaProvider):
    """A Lambda provider that refuses what AWS refuses and passes the client context on."""

    def on_before_start(self) -> None:
        """Let the executor see the client context."""
        patch(ExecutionEnvironment.invoke)(_invoke_with_client_context)
        super().on_before_start()

    def invoke(
        self,
        context: Any,
        function_name: str,
        invocation_type: str | None = None,
        payload: Any = None,
        **kwargs: Any,
    ) -> Any:
        """Answer ``Invoke``, unless the payload is too large."""
        data = payload.read() if payload else b""
        kind = invocation_type or "RequestResponse"
        limit = PAYLOAD_LIMITS.get(kind)
        if limit is not None and len(data) > limit:
            raise CommonServiceException(
                code="RequestEntityTooLargeException",
                message=f"{len(data)} byte payload is too large for the {kind} invocation type (limit {limit} bytes)",
                status_code=413,
                sender_fault=True,
            )
        return super().invoke(
            context,
            function_name,
            invocation_type=invocation_type,
            payload=io.BytesIO(data) if data else None,
            **kwargs,
        )

    def put_function_event_invoke_config(self, *args: Any, **kwargs: Any) -> Any:
        """Answer ``PutFunctionEventInvokeConfig``, unless a number is out of range."""
        _check_ranges(kwargs)
        return super().put_function_event_invoke_config(*args, **kwargs)

    def update_function_event_invoke_config(self, *args: Any, **kwargs: Any) -> Any:
        """Answer ``UpdateFunctionEventInvokeConfig``, unless a number is out of range."""
        _check_ranges(kwargs)
        return super().update_function_event_invoke_config(*args, **kwargs)


def _check_ranges(parameters: dict[str, Any]) -> None:
    for parameter, (name, low, high) in EVENT_RANGES.items():
        value = parameters.get(parameter)
        if value is None or low <= value <= high:
            continue
        bound = f"less than or equal to {high}" if value > high else f"greater than or equal to {low}"
        raise CommonServiceException(
            code="ValidationException",
            message=f"1 validation error detected: Value '{value}' at '{name}' failed to satisfy "
            f"constraint: Member must have value {bound}",
            sender_fault=True,
        )


def _invoke_with_client_context(invoke: Any, self: Any, invocation: Any) -> Any:
    self.runtime_executor.client_context = _decoded(invocation.client_context)
    return invoke(self, invocation)


def _decoded(client_context: str | None) -> str:
    try:
        return base64.b64decode(client_context or "", validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return ""
