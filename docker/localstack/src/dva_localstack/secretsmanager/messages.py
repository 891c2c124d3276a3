"""Refusals in AWS's words.

LocalStack 4.14 writes the words of a client around some messages, or the whole answer of the library that it uses.
"""

import json
import re
from collections.abc import Callable
from typing import Any

from localstack.aws.api import CommonServiceException, RequestContext, ServiceException

CLIENT_WORDS = re.compile(r"^(\w+: )?(An error occurred \(\w+\) when calling the \w+ operation: )?")
WHOLE_ANSWER = re.compile(r"^400 Bad Request: (\{.*\})$", re.DOTALL)


def plain(message: str) -> str:
    """Return a message without what is not AWS's."""
    if whole := WHOLE_ANSWER.match(message):
        message = json.loads(whole[1])["message"]
    if "An error occurred" in message:
        message = CLIENT_WORDS.sub("", message)
    return re.sub(r"\s{2,}", " ", message)


def in_plain_words(serve: Callable[..., Any]) -> Callable[..., Any]:
    """Return an operation whose refusals are plain."""

    def operation(context: RequestContext, request: Any) -> Any:
        try:
            return serve(context, request)
        except ServiceException as error:
            message = plain(error.message or "")
            if message == error.message:
                raise
            raise CommonServiceException(error.code, message, status_code=400, sender_fault=True) from error

    return operation
