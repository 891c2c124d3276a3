"""What AWS refuses to configure for HTTP and WebSocket APIs, and MiniStack takes.

https://docs.aws.amazon.com/apigatewayv2/latest/api-reference/api-reference.html
"""

import re
from collections.abc import Callable
from typing import Any

from localstack.aws.api import CommonServiceException

from . import services
from .configuration import REGISTRY, Api, ask
from .integrations import MAXIMUM_TIMEOUT

HTTP_ROUTE = re.compile(r"\$default|(ANY|GET|POST|PUT|PATCH|DELETE|HEAD|OPTIONS) (/[^{}]*(\{\w+\}[^{}]*)*(\{\w+\+\})?)")
STAGE_NAME = re.compile(r"\$default|[\w-]{1,128}")
TYPES = ("AWS", "AWS_PROXY", "HTTP", "HTTP_PROXY", "MOCK")
AUTHORIZATION_TYPES = ("NONE", "AWS_IAM", "CUSTOM", "JWT")
MAPPING = re.compile(r"(append|overwrite|remove):(header|querystring)\.[^\s]+|overwrite:path")
REQUEST_ID = ("$context.requestId", "$context.extendedRequestId")
MAXIMUM_CORS_AGE = 86_400
"""Seconds: https://docs.aws.amazon.com/apigatewayv2/latest/api-reference/apis-apiid.html#apis-apiid-model-cors"""

MAXIMUM_TTL = 3600
"""Seconds for which an authorizer's answer may be kept."""

Request = dict[str, Any]


def bad(message: str) -> CommonServiceException:
    """Return a ``BadRequestException``."""
    return CommonServiceException("BadRequestException", message, status_code=400, sender_fault=True)


def missing(message: str) -> CommonServiceException:
    """Return a ``NotFoundException``."""
    return CommonServiceException("NotFoundException", message, status_code=404, sender_fault=True)


def conflict(message: str) -> CommonServiceException:
    """Return a ``ConflictException``."""
    return CommonServiceException("ConflictException", message, status_code=409, sender_fault=True)


def check(operation: str, request: Request) -> None:
    """Raise the error that AWS answers to a request that it refuses."""
    if operation == "CreateApi":
        _api(request)
    if operation in ("CreateApi", "UpdateApi"):
        _cors(request.get("CorsConfiguration") or {})
    api = REGISTRY.get(request.get("ApiId") or "")
    if api is None:
        return
    if operation.startswith("Delete") and operation in PARTS:
        _exists(api, *PARTS[operation], request)
    if rule := RULES.get(operation):
        rule(api, request)


PARTS = {
    "DeleteRoute": ("routes", "RouteId"),
    "DeleteIntegration": ("integrations", "IntegrationId"),
    "DeleteAuthorizer": ("authorizers", "AuthorizerId"),
    "DeleteStage": ("stages", "StageName"),
    "DeleteDeployment": ("deployments", "DeploymentId"),
}


def _exists(api: Api, kind: str, name: str, request: Request) -> None:
    """MiniStack answers 204 to the deletion of what does not exist."""
    if not ask(api.account, api.region, "GET", f"/apis/{api.id}/{kind}/{request[name]}").ok:
        raise missing(f"Invalid {kind.removesuffix('s').capitalize()} identifier specified {request[name]}")


def _api(request: Request) -> None:
    protocol = request.get("ProtocolType")
    if protocol not in ("HTTP", "WEBSOCKET"):
        raise bad("Invalid protocol specified. Must be one of [HTTP, WEBSOCKET]")
    if protocol == "WEBSOCKET":
        if not request.get("RouteSelectionExpression"):
            raise bad("RouteSelectionExpression is required for WEBSOCKET APIs")
        if request.get("CorsConfiguration") or request.get("Target"):
            raise bad("CORS configuration and quick create are supported for HTTP APIs only")


def _cors(settings: Request) -> None:
    origins = settings.get("AllowOrigins") or []
    if settings.get("AllowCredentials") and "*" in origins:
        raise bad("Invalid CORS configuration: AllowCredentials cannot be true where AllowOrigins has *")
    for origin in origins:
        if origin != "*" and "://" not in origin:
            raise bad(f"Invalid format for origin {origin}. Origins must start with http:// or https://, or be *")
    if not -1 <= int(settings.get("MaxAge") or 0) <= MAXIMUM_CORS_AGE:
        raise bad(f"MaxAge must be between -1 and {MAXIMUM_CORS_AGE}")


def _route(api: Api, request: Request) -> None:
    key = request.get("RouteKey")
    if key is not None:
        if not key or (api.protocol == "HTTP" and not HTTP_ROUTE.fullmatch(key)):
            raise bad(
                "The provided route key is not formatted properly for HTTP protocol. "
                'Format should be "<HTTP METHOD> /<RESOURCE PATH>" or "$default"'
            )
        same = [route for route in REGISTRY.current(api).routes if route["routeKey"] == key]
        if any(route["routeId"] != request.get("RouteId") for route in same):
            raise conflict(f"Route with key {key} already exists for this API")
    target = request.get("Target")
    if target and target.rpartition("/")[2] not in REGISTRY.current(api).integrations:
        raise missing(f"Invalid Integration identifier specified {target}")
    if request.get("AuthorizationType", "NONE") not in AUTHORIZATION_TYPES:
        raise bad(f"Invalid authorization type specified. Must be one of [{', '.join(AUTHORIZATION_TYPES)}]")
    asks = request.get("AuthorizationType") in ("JWT", "CUSTOM") and "RouteId" not in request
    if asks and request.get("AuthorizerId") not in REGISTRY.current(api).authorizers:
        raise bad("Authorizer must be specified for authorization types JWT and CUSTOM")


def _integration(api: Api, request: Request) -> None:
    if request.get("IntegrationSubtype"):
        if reason := services.fault(request):
            raise bad(reason)
        return
    made = "IntegrationId" not in request
    version, kind = request.get("PayloadFormatVersion"), request.get("IntegrationType")
    if version not in (None, "1.0", "2.0") or (version == "2.0" and kind == "HTTP_PROXY"):
        raise bad(f"PayloadFormatVersion {version} is not supported for this integration")
    if made and kind not in TYPES:
        raise bad(f"Invalid integration type specified. Must be one of [{', '.join(TYPES)}]")
    if made and kind == "HTTP_PROXY" and not request.get("IntegrationMethod"):
        raise bad("IntegrationMethod is required for HTTP_PROXY integrations")
    if api.protocol == "HTTP":
        for name in request.get("RequestParameters") or {}:
            if not MAPPING.fullmatch(name):
                raise bad(f"Invalid mapping expression specified: {name}")
    timeout = request.get("TimeoutInMillis")
    if timeout is not None and not 50 <= timeout <= MAXIMUM_TIMEOUT:
        raise bad(f"Timeout should be between 50 ms and {MAXIMUM_TIMEOUT} ms")
    uri = request.get("IntegrationUri") or ""
    if kind == "AWS_PROXY" and ":lambda:" not in uri:
        raise bad("IntegrationUri should be a valid Lambda function ARN for AWS_PROXY integrations")
    if kind == "HTTP_PROXY" and not uri.startswith(("http://", "https://")):
        raise bad("Invalid HTTP endpoint specified for URI")
    if api.protocol == "HTTP" and kind in ("AWS", "HTTP", "MOCK"):
        raise bad(f"Integration type {kind} is not supported for HTTP APIs")


def _authorizer(api: Api, request: Request) -> None:
    kind = request.get("AuthorizerType")
    if not 0 <= int(request.get("AuthorizerResultTtlInSeconds") or 0) <= MAXIMUM_TTL:
        raise bad(f"AuthorizerResultTtlInSeconds must be between 0 and {MAXIMUM_TTL}")
    if kind == "JWT":
        settings = request.get("JwtConfiguration") or {}
        if not settings.get("Issuer") or not settings.get("Audience") or not request.get("IdentitySource"):
            raise bad("Issuer, Audience and IdentitySource are required for JWT authorizers")
        if not settings["Issuer"].startswith(("https://", "http://")):
            raise bad("Issuer must be a URL, such as https://example.com")
    elif kind == "REQUEST":
        if "/functions/" not in (request.get("AuthorizerUri") or ""):
            raise bad("AuthorizerUri should name a Lambda function by its invocation URI")
        version = request.get("AuthorizerPayloadFormatVersion")
        if api.protocol == "HTTP" and version not in ("1.0", "2.0"):
            raise bad("AuthorizerPayloadFormatVersion is a required parameter for REQUEST authorizer: 1.0 or 2.0")
        if request.get("EnableSimpleResponses") and version != "2.0":
            raise bad("EnableSimpleResponses is supported for AuthorizerPayloadFormatVersion 2.0 only")
    else:
        raise bad("Invalid authorizer type. Must be one of [JWT, REQUEST]")


def _stage(api: Api, request: Request) -> None:
    name = request.get("StageName") or ""
    if not STAGE_NAME.fullmatch(name) or (name == "$default" and api.protocol == "WEBSOCKET"):
        raise bad("Stage name only allows a-zA-Z0-9_- and, for HTTP APIs, $default")
    if name in REGISTRY.stages(api):
        raise conflict("Stage already exists")
    _stage_settings(api, request)


def _stage_settings(api: Api, request: Request) -> None:
    _deployment_exists(api, request)
    line = (request.get("AccessLogSettings") or {}).get("Format")
    if line and not any(name in line for name in REQUEST_ID):
        raise bad("Access log format must contain at least one of $context.requestId or $context.extendedRequestId")
    keys = {route["routeKey"] for route in REGISTRY.current(api).routes}
    for key in request.get("RouteSettings") or {}:
        if key not in keys:
            raise missing(f"Unable to find Route by key {key} within the provided RouteSettings")


def _deployment_exists(api: Api, request: Request) -> None:
    if (wanted := request.get("DeploymentId")) and wanted not in api.deployments:
        raise missing(f"Invalid Deployment identifier specified {wanted}")


def _deployment(api: Api, request: Request) -> None:
    if (stage := request.get("StageName")) and stage not in REGISTRY.stages(api):
        raise missing(f"Invalid stage identifier specified {stage}")
    if api.protocol == "WEBSOCKET" and not REGISTRY.current(api).routes:
        raise bad("At least one route is required before deploying the Api.")


def _unused(api: Api, request: Request) -> None:
    target = f"integrations/{request['IntegrationId']}"
    if any(route.get("target") == target for route in REGISTRY.current(api).routes):
        raise conflict(f"Cannot delete Integration '{request['IntegrationId']}' because it is used by a route")


def _authorizer_unused(api: Api, request: Request) -> None:
    if any(route.get("authorizerId") == request["AuthorizerId"] for route in REGISTRY.current(api).routes):
        raise conflict(f"Cannot delete Authorizer '{request['AuthorizerId']}' because it is used by a route")


def _deployment_unused(api: Api, request: Request) -> None:
    if any(stage.get("deploymentId") == request["DeploymentId"] for stage in REGISTRY.stages(api).values()):
        raise bad("Active stages pointing to this deployment must be moved or deleted")


RULES: dict[str, Callable[[Api, Request], None]] = {
    "CreateRoute": _route,
    "UpdateRoute": _route,
    "CreateIntegration": _integration,
    "UpdateIntegration": _integration,
    "DeleteIntegration": _unused,
    "CreateAuthorizer": _authorizer,
    "CreateStage": _stage,
    "UpdateStage": _stage_settings,
    "DeleteAuthorizer": _authorizer_unused,
    "DeleteDeployment": _deployment_unused,
    "CreateDeployment": _deployment,
}
