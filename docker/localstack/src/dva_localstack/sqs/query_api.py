"""Calls to a queue's URL in the Query protocol, such as API Gateway's.

LocalStack (4.14.0) makes them anew with the caller's key and without its session token, which nobody takes for the
valid credentials of a role.

https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-making-api-requests.html
"""

from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

from localstack.aws.connect import connect_to
from localstack.services.sqs import query_api
from localstack.utils.patch import patch

TOKEN: ContextVar[str | None] = ContextVar("session_token", default=None)


def install() -> None:
    """Have the session token go along."""
    patch(query_api.try_call_sqs)(_with_token)
    query_api.connect_to = lambda **credentials: connect_to(**credentials, aws_session_token=TOKEN.get())


def _with_token(call: Callable[..., Any], request: Any, region: str) -> Any:
    before = TOKEN.set(request.headers.get("X-Amz-Security-Token"))
    try:
        return call(request, region)
    finally:
        TOKEN.reset(before)
