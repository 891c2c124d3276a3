"""OpenAPI documents of HTTP APIs: import and export.

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-open-api.html
"""

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import yaml
from localstack.aws.api import CommonServiceException

from .configuration import Record, Snapshot

VERBS = ("get", "post", "put", "patch", "delete", "head", "options")
ANY = "x-amazon-apigateway-any-method"
INTEGRATION = "x-amazon-apigateway-integration"
INTEGRATIONS = "x-amazon-apigateway-integrations"
AUTHORIZER = "x-amazon-apigateway-authorizer"
CORS = "x-amazon-apigateway-cors"
SIGNED = "awsSigv4"

NAMES = {
    "type": "integrationType",
    "httpMethod": "integrationMethod",
    "uri": "integrationUri",
    "credentials": "credentialsArn",
}
"""What the document and the API call an integration's settings; all others have the same name."""

SAME = ("payloadFormatVersion", "timeoutInMillis", "connectionType", "integrationSubtype", "requestParameters")

Send = Callable[[str, Record], Record]
"""Makes a part of an API: takes its path, such as ``/routes``, and its settings."""


def bad(message: str) -> CommonServiceException:
    """Return a ``BadRequestException``."""
    return CommonServiceException("BadRequestException", message, status_code=400, sender_fault=True)


def parsed(text: str) -> Record:
    """Return a document.

    :raises CommonServiceException: it is not OpenAPI 3.0
    """
    try:
        document = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise bad("Unable to parse API definition because of a malformed document") from error
    if not isinstance(document, dict) or not str(document.get("openapi", "")).startswith("3.0"):
        raise bad("Unable to parse API definition: only OpenAPI 3.0 is supported for HTTP APIs")
    if not (document.get("info") or {}).get("title"):
        raise bad("Unable to parse API definition: info.title is missing")
    return document


def settings(document: Record) -> Record:
    """Return what a document says of the API itself."""
    info = document["info"]
    found = {"name": info["title"], "protocolType": "HTTP", "description": info.get("description")}
    found |= {"version": info.get("version"), "corsConfiguration": document.get(CORS)}
    return {name: value for name, value in found.items() if value}


def build(document: Record, send: Send) -> None:
    """Make the authorizers, integrations and routes of a document."""
    components = document.get("components") or {}
    kinds: dict[str, tuple[str, str]] = {}
    for name, scheme in (components.get("securitySchemes") or {}).items():
        if scheme.get("x-amazon-apigateway-authtype") == SIGNED:
            kinds[name] = ("AWS_IAM", "")
        elif about := scheme.get(AUTHORIZER):
            made = send("/authorizers", _authorizer(name, about))
            kinds[name] = ("JWT" if about.get("type") == "jwt" else "CUSTOM", made["authorizerId"])
    for key, operation in _operations(document):
        about = operation.get(INTEGRATION) or {}
        if reference := about.get("$ref"):
            about = (components.get(INTEGRATIONS) or {}).get(reference.rpartition("/")[2]) or {}
        if not about.get("type"):
            raise bad(f"Unable to parse API definition because of a malformed integration at path {key}")
        integration = send("/integrations", _integration(about))
        route: Record = {"routeKey": key, "target": f"integrations/{integration['integrationId']}"}
        for requirement in operation.get("security") or []:
            for name, scopes in requirement.items():
                if name in kinds:
                    kind, authorizer = kinds[name]
                    route |= {"authorizationType": kind, "authorizationScopes": scopes or []}
                    route |= {"authorizerId": authorizer} if authorizer else {}
        send("/routes", route)


def _operations(document: Record) -> Iterator[tuple[str, Record]]:
    for path, item in (document.get("paths") or {}).items():
        for verb, operation in item.items():
            if verb not in (*VERBS, ANY):
                continue
            method = "ANY" if verb == ANY else verb.upper()
            yield ("$default" if path == "/$default" else f"{method} {path}"), operation


def _authorizer(name: str, about: Record) -> Record:
    sources = about.get("identitySource") or "$request.header.Authorization"
    found = {
        **{key: value for key, value in about.items() if key not in ("type", "authorizerCredentials")},
        "name": name,
        "authorizerType": "JWT" if about.get("type") == "jwt" else "REQUEST",
        "identitySource": sources.split(",") if isinstance(sources, str) else sources,
    }
    return found | ({"authorizerCredentialsArn": role} if (role := about.get("authorizerCredentials")) else {})


def _integration(about: Record) -> Record:
    found = {NAMES[name]: about[name] for name in NAMES if name in about}
    found |= {name: about[name] for name in (*SAME, "responseParameters") if name in about}
    found["integrationType"] = about["type"].upper()
    # AWS's default is 1.0, MiniStack's 2.0.
    return {"payloadFormatVersion": "1.0", **found}


def exported(snapshot: Snapshot, extensions: bool) -> Record:
    """Return the document of an API as it is deployed.

    :param extensions: whether it contains what only API Gateway knows
    """
    document: Record = {
        "openapi": "3.0.1",
        "info": {"title": snapshot.api["name"], "version": snapshot.api.get("version") or "1.0"},
        "paths": {},
    }
    schemes: Record = {}
    for route in snapshot.routes:
        method, _, path = route["routeKey"].partition(" ")
        verb = method.lower() if path and method != "ANY" else ANY
        operation: Record = {"responses": {"default": {"description": f"Default response for {route['routeKey']}"}}}
        integration = snapshot.integrations.get((route.get("target") or "").rpartition("/")[2])
        if extensions and integration:
            operation[INTEGRATION] = _shown(integration)
        authorizer = snapshot.authorizers.get(route.get("authorizerId") or "")
        if authorizer:
            operation["security"] = [{authorizer["name"]: route.get("authorizationScopes") or []}]
            schemes[authorizer["name"]] = _scheme(authorizer, extensions)
        document["paths"].setdefault(path or "/$default", {})[verb] = operation
    if schemes:
        document["components"] = {"securitySchemes": schemes}
    if extensions and snapshot.api.get("corsConfiguration"):
        document[CORS] = snapshot.api["corsConfiguration"]
    return document


def _shown(integration: Mapping[str, Any]) -> Record:
    found = {name: integration[own] for name, own in NAMES.items() if integration.get(own)}
    found |= {name: integration[name] for name in (*SAME, "responseParameters") if integration.get(name)}
    found["type"] = integration["integrationType"].lower()
    return found


def _scheme(authorizer: Mapping[str, Any], extensions: bool) -> Record:
    jwt = authorizer["authorizerType"] == "JWT"
    scheme: Record = {"type": "oauth2", "flows": {}} if jwt else {"type": "apiKey", "name": "Unused", "in": "header"}
    if extensions:
        names = ("jwtConfiguration",) if jwt else ("authorizerUri", "authorizerPayloadFormatVersion")
        about: Record = {name: authorizer[name] for name in names if authorizer.get(name)}
        about |= {"type": "jwt" if jwt else "request", "identitySource": ",".join(authorizer["identitySource"])}
        scheme[AUTHORIZER] = about
    return scheme


def written(document: Record, form: str) -> tuple[str, str]:
    """Return a document's text in JSON or YAML, and its media type."""
    if form == "YAML":
        return yaml.safe_dump(document, sort_keys=False), "application/yaml"
    return json.dumps(document, indent=2), "application/json"
