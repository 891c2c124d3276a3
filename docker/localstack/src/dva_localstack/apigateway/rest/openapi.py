"""OpenAPI documents of REST APIs.

https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-import-api.html
"""

import io
from typing import IO, Any

import yaml
from localstack.aws.api.apigateway import BadRequestException


def checked(body: IO[bytes]) -> IO[bytes]:
    """Return a document's text.

    :raises BadRequestException: it is neither Swagger 2.0 nor OpenAPI 3.0
    """
    text = body.read()
    document = parsed(text)
    if not (str(document.get("swagger")) == "2.0" or str(document.get("openapi", "")).startswith("3.0")):
        raise BadRequestException("Invalid OpenAPI input.")
    if not isinstance(document.get("info"), dict) or not isinstance(document.get("paths", {}), dict):
        raise BadRequestException("Invalid OpenAPI input.")
    return io.BytesIO(text)


def parsed(text: bytes) -> dict[str, Any]:
    """Return a document in JSON or YAML.

    :raises BadRequestException: it is no object
    """
    try:
        document = yaml.safe_load(text)
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise BadRequestException("Invalid OpenAPI input.") from error
    if not isinstance(document, dict):
        raise BadRequestException("Invalid OpenAPI input.")
    return document
