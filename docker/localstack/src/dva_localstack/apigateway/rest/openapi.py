"""OpenAPI documents of REST APIs.

https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-import-api.html
"""

import io
from collections.abc import Mapping
from typing import IO, Any

import yaml
from localstack.aws.api.apigateway import BadRequestException
from localstack.services.apigateway.next_gen.execute_api.gateway_response import build_gateway_response
from werkzeug.datastructures import ImmutableMultiDict

EXTENSIONS = ("apigateway", "authorizers", "integrations")
"""What a client may ask an export to contain; LocalStack knows the first only."""

GATEWAY_RESPONSES = "x-amazon-apigateway-gateway-responses"


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


def gateway_responses(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return a document's gateway responses by their type; LocalStack reads none.

    https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-swagger-extensions-gateway-responses.html
    """
    return {
        kind: build_gateway_response(
            kind,
            status_code=str(about["statusCode"]) if about.get("statusCode") else None,
            response_parameters=about.get("responseParameters"),
            response_templates=about.get("responseTemplates"),
            default_response=False,
        )
        for kind, about in (document.get(GATEWAY_RESPONSES) or {}).items()
    }


def merge(api: Any, before: Mapping[str, Any]) -> None:
    """Bring back the resources and methods that an imported document does not name; LocalStack drops them.

    :param api: moto's, after the import
    :param before: its resources before the import, by path
    """
    after = {resource.get_path(): resource for resource in api.resources.values()}
    for path in sorted(before):
        old = before[path]
        if path in after:
            for verb, method in old.resource_methods.items():
                after[path].resource_methods.setdefault(verb, method)
            continue
        old.parent_id = after[path.rpartition("/")[0] or "/"].id
        api.resources[old.id] = after[path] = old


def with_extensions(request: Any) -> None:
    """Have LocalStack's export contain extensions whichever of them the client asks for."""
    if request.args.get("extensions") in EXTENSIONS:
        request.args = ImmutableMultiDict({**request.args, "extensions": "apigateway"})
        request.__dict__.pop("values", None)
