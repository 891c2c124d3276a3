"""Binary bodies of REST APIs with proxy integrations.

LocalStack (4.14.0) never matches the media type ``*/*``, which on AWS matches everything, and hands a body to a
function in Base64 when it is no UTF-8 text; on AWS its Content-Type decides.

https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-payload-encodings-workflow.html
"""

import base64
from collections.abc import Callable, Sequence
from typing import Any

from localstack.services.apigateway.next_gen.execute_api.context import RestApiInvocationContext
from localstack.services.apigateway.next_gen.execute_api.helpers import mime_type_matches_binary_media_types

EVERYTHING = "*/*"


def is_binary(mime_type: str | None, binary_media_types: Sequence[str]) -> bool:
    """Return whether a media type is one of those that an API takes for binary."""
    return EVERYTHING in binary_media_types or mime_type_matches_binary_media_types(mime_type, list(binary_media_types))


def event_with_body(make: Callable[..., Any], integration: Any, context: RestApiInvocationContext) -> Any:
    """Return LocalStack's event for a proxy integration, with the body in Base64 where its type is binary.

    :param make: LocalStack's function
    """
    event = make(integration, context)
    body = context.integration_request["body"]
    types = context.deployment.rest_api.rest_api.get("binaryMediaTypes") or []
    if body and is_binary(context.invocation_request["headers"].get("Content-Type"), types):
        event |= {"body": base64.b64encode(body).decode(), "isBase64Encoded": True}
    return event
