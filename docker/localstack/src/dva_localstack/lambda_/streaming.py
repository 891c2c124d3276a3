"""Responses that are streamed: InvokeWithResponseStream.

Fault: LocalStack 4.14 has it not. Python's runtime streams nothing by itself, so that what a function returns comes as
chunks once it has ended; on AWS only Node.js and custom runtimes stream sooner.

https://docs.aws.amazon.com/lambda/latest/api/API_InvokeWithResponseStream.html
"""

import json
from collections.abc import Iterator
from typing import Any

from localstack.services.lambda_.provider import LambdaProvider

CHUNK_BYTES = 64 * 1024


class StreamedResponses(LambdaProvider):
    """A Lambda provider that sends a function's response as a stream of events."""

    def invoke_with_response_stream(
        self, context: Any, function_name: str, invocation_type: str | None = None, **kwargs: Any
    ) -> Any:
        """Answer ``InvokeWithResponseStream``."""
        result = self.invoke(context, function_name, invocation_type=invocation_type, **kwargs)
        response = {"StatusCode": result["StatusCode"], "ResponseStreamContentType": "application/octet-stream"}
        if version := result.get("ExecutedVersion"):
            response["ExecutedVersion"] = version
        return {**response, "EventStream": events(result)}


def events(result: Any) -> Iterator[dict[str, Any]]:
    """Yield the events of a response: its chunks, unless the function failed, and how it ended."""
    payload, complete = result.get("Payload") or b"", {}
    if result.get("FunctionError"):
        error = json.loads(payload)
        complete = {"ErrorCode": error.get("errorType", result["FunctionError"]), "ErrorDetails": payload.decode()}
        payload = b""
    for start in range(0, len(payload), CHUNK_BYTES):
        yield {"PayloadChunk": {"Payload": payload[start : start + CHUNK_BYTES]}}
    if tail := result.get("LogResult"):
        complete["LogResult"] = tail
    yield {"InvokeComplete": complete}
