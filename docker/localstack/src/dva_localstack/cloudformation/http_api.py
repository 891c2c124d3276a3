"""HTTP APIs, also those whose routes are in an OpenAPI document, as SAM writes them."""

from typing import Any

from localstack.services.cloudformation.resource_provider import ProgressEvent, ResourceRequest

from .table import TableProvider

METHODS = {"get", "put", "post", "delete", "options", "head", "patch", "x-amazon-apigateway-any-method"}


class HttpApi(TableProvider):
    """AWS::ApiGatewayV2::Api. A Body's routes, Lambda integrations, JWT and Lambda authorizers are made one by one."""

    def __init__(self) -> None:
        super().__init__("AWS::ApiGatewayV2::Api")

    def create(self, request: ResourceRequest[dict[str, Any]]) -> ProgressEvent[dict[str, Any]]:
        """Create an API and what its Body says."""
        body = request.desired_state.get("Body")
        if not body:
            return super().create(request)
        info = body.get("info") or {}
        request.desired_state = {"Name": info.get("title") or "api", "ProtocolType": "HTTP", **request.desired_state}
        event = super().create(request)
        import_body(request.aws_client_factory.apigatewayv2, (event.resource_model or {})["ApiId"], body)
        return event

    def update(self, request: ResourceRequest[dict[str, Any]]) -> ProgressEvent[dict[str, Any]]:
        """Change an API; another Body replaces all routes, integrations and authorizers."""
        event = super().update(request)
        body, model = request.desired_state.get("Body"), event.resource_model or {}
        if body and body != (request.previous_state or {}).get("Body"):
            client, api = request.aws_client_factory.apigatewayv2, model["ApiId"]
            for item in client.get_routes(ApiId=api)["Items"]:
                client.delete_route(ApiId=api, RouteId=item["RouteId"])
            for item in client.get_integrations(ApiId=api)["Items"]:
                client.delete_integration(ApiId=api, IntegrationId=item["IntegrationId"])
            for item in client.get_authorizers(ApiId=api)["Items"]:
                client.delete_authorizer(ApiId=api, AuthorizerId=item["AuthorizerId"])
            import_body(client, api, body)
        return event


def import_body(client: Any, api: str, body: dict[str, Any]) -> None:
    """Make an API's authorizers, integrations and routes.

    https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-open-api.html

    :param body: an OpenAPI 3.0 document with API Gateway's extensions
    """
    schemes = (body.get("components") or {}).get("securitySchemes") or {}
    authorizers = {name: authorizer(client, api, name, scheme) for name, scheme in schemes.items()}
    for path, methods in (body.get("paths") or {}).items():
        for method, operation in methods.items():
            if method.lower() not in METHODS:
                continue
            target = integration(client, api, operation["x-amazon-apigateway-integration"])
            verb = "ANY" if method.startswith("x-") else method.upper()
            key = "$default" if path in ("$default", "/$default") else f"{verb} {path}"
            route: dict[str, Any] = {"ApiId": api, "RouteKey": key, "Target": f"integrations/{target}"}
            for security in (operation.get("security") or [])[:1]:
                for name, scopes in security.items():
                    kind, identity = authorizers[name]
                    route |= {"AuthorizationType": kind}
                    if identity:
                        route["AuthorizerId"] = identity
                    if scopes:
                        route["AuthorizationScopes"] = scopes
            client.create_route(**route)


def integration(client: Any, api: str, given: dict[str, Any]) -> str:
    """Make an integration; return its id."""
    parameters: dict[str, Any] = {
        "ApiId": api,
        "IntegrationType": given["type"].upper(),
        "IntegrationUri": given.get("uri"),
        "PayloadFormatVersion": str(given.get("payloadFormatVersion", "2.0")),
        "IntegrationMethod": given.get("httpMethod", "POST"),
    }
    if "timeoutInMillis" in given:
        parameters["TimeoutInMillis"] = int(given["timeoutInMillis"])
    return client.create_integration(**parameters)["IntegrationId"]


def authorizer(client: Any, api: str, name: str, scheme: dict[str, Any]) -> tuple[str, str]:
    """Make an authorizer; return its type and its id, which IAM has none."""
    given = scheme.get("x-amazon-apigateway-authorizer") or {}
    if not given:
        return "AWS_IAM", ""
    source = given.get("identitySource", "$request.header.Authorization")
    parameters: dict[str, Any] = {"ApiId": api, "Name": name}
    parameters["IdentitySource"] = source if isinstance(source, list) else [item.strip() for item in source.split(",")]
    if given["type"] == "jwt":
        settings = given["jwtConfiguration"]
        parameters |= {
            "AuthorizerType": "JWT",
            "JwtConfiguration": {"Issuer": settings["issuer"], "Audience": settings.get("audience", [])},
        }
        return "JWT", client.create_authorizer(**parameters)["AuthorizerId"]
    parameters |= {
        "AuthorizerType": "REQUEST",
        "AuthorizerUri": given["authorizerUri"],
        "AuthorizerPayloadFormatVersion": str(given.get("authorizerPayloadFormatVersion", "2.0")),
        "EnableSimpleResponses": bool(given.get("enableSimpleResponses", False)),
    }
    if "authorizerResultTtlInSeconds" in given:
        parameters["AuthorizerResultTtlInSeconds"] = int(given["authorizerResultTtlInSeconds"])
    return "CUSTOM", client.create_authorizer(**parameters)["AuthorizerId"]
