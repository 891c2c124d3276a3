"""OpenAPI documents of HTTP APIs."""

import json
from typing import Any

import pytest
import requests
import yaml
from apis import HttpApi, allow_gateway, function_arn
from botocore.exceptions import ClientError

SHOW = "def handler(event, context): return {'key': event['routeKey'], 'parameters': event.get('pathParameters')}"


def document(aws: Any, function: str) -> str:
    """Return a document with a route to a function, and one that asks for a token."""
    uri = function_arn(aws.id, function)
    proxy = {"type": "aws_proxy", "httpMethod": "POST", "payloadFormatVersion": "2.0", "uri": uri}
    integration = {"x-amazon-apigateway-integration": {"$ref": "#/components/x-amazon-apigateway-integrations/shop"}}
    jwt = {"issuer": "https://example.com", "audience": ["shop"]}
    authorizer = {"type": "jwt", "jwtConfiguration": jwt, "identitySource": "$request.header.Authorization"}
    scheme = {"type": "oauth2", "flows": {}, "x-amazon-apigateway-authorizer": authorizer}
    return json.dumps(
        {
            "openapi": "3.0.1",
            "info": {"title": "shop", "version": "1"},
            "paths": {
                "/pets/{id}": {"get": integration},
                "/$default": {"x-amazon-apigateway-any-method": {**integration, "security": [{"token": ["pets"]}]}},
            },
            "components": {
                "securitySchemes": {"token": scheme},
                "x-amazon-apigateway-integrations": {"shop": proxy},
            },
            "x-amazon-apigateway-cors": {"allowOrigins": ["https://example.com"]},
        }
    )


def test_an_api_is_made_of_a_document(functions: Any) -> None:
    """https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-open-api.html"""
    aws = functions.account
    client, name = aws("apigatewayv2"), functions.deploy(SHOW)
    made = client.import_api(Body=document(aws, name))
    assert (made["Name"], made["ProtocolType"]) == ("shop", "HTTP")
    assert made["CorsConfiguration"]["AllowOrigins"] == ["https://example.com"]
    client.create_stage(ApiId=made["ApiId"], StageName="$default", AutoDeploy=True)
    allow_gateway(aws, name, f"arn:aws:execute-api:us-east-1:{aws.id}:{made['ApiId']}/*")
    shown = requests.get(f"{made['ApiEndpoint']}/pets/7", timeout=40).json()
    assert shown == {"key": "GET /pets/{id}", "parameters": {"id": "7"}}
    assert requests.post(made["ApiEndpoint"], timeout=40).status_code == 401


def test_a_document_takes_the_place_of_the_routes(aws: Any) -> None:
    """https://docs.aws.amazon.com/apigatewayv2/latest/api-reference/apis-apiid.html"""
    api = HttpApi(aws)
    api.route("GET /old", api.server("http://127.0.0.1/"))
    api.client.reimport_api(ApiId=api.id, Body=document(aws, "any"))
    routes = api.client.get_routes(ApiId=api.id)["Items"]
    assert {route["RouteKey"] for route in routes} == {"GET /pets/{id}", "$default"}
    (asking,) = (route for route in routes if route["RouteKey"] == "$default")
    assert (asking["AuthorizationType"], asking["AuthorizationScopes"]) == ("JWT", ["pets"])


def test_an_export_can_be_imported(aws: Any) -> None:
    """https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-export.html"""
    api = HttpApi(aws)
    api.client.reimport_api(ApiId=api.id, Body=document(aws, "any"))
    form = {"ApiId": api.id, "Specification": "OAS30", "OutputType": "YAML"}
    text = api.client.export_api(**form, StageName="$default")["body"].read().decode()
    again = api.client.import_api(Body=text)["ApiId"]
    assert len(api.client.get_routes(ApiId=again)["Items"]) == 2
    assert api.client.get_authorizers(ApiId=again)["Items"][0]["JwtConfiguration"]["Audience"] == ["shop"]
    plain = yaml.safe_load(api.client.export_api(**form, IncludeExtensions=False)["body"].read())
    assert "x-amazon-apigateway-integration" not in plain["paths"]["/pets/{id}"]["get"]


@pytest.mark.parametrize("body", ["nonsense", '{"swagger": "2.0", "info": {"title": "a"}, "paths": {}}'])
def test_no_openapi_3_is_refused(aws: Any, body: str) -> None:
    """https://docs.aws.amazon.com/apigatewayv2/latest/api-reference/apis.html"""
    with pytest.raises(ClientError) as refused:
        aws("apigatewayv2").import_api(Body=body)
    assert refused.value.response["Error"]["Code"] == "BadRequestException"
