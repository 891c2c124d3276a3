"""OpenAPI documents of REST APIs: what an import makes, what it keeps, and what an export contains."""

import json
from typing import Any

import pytest
from apis import RestApi, seen


def mocked(text: str) -> dict[str, Any]:
    """Return an operation that answers ``text``."""
    integration = {
        "type": "mock",
        "requestTemplates": {"application/json": '{"statusCode": 200}'},
        "responses": {"default": {"statusCode": "200", "responseTemplates": {"application/json": text}}},
    }
    return {"responses": {"200": {"description": "ok"}}, "x-amazon-apigateway-integration": integration}


def document(**more: Any) -> bytes:
    """Return a document with ``GET /new``."""
    paths = {"/new": {"get": mocked("imported")}}
    return json.dumps({"openapi": "3.0.1", "info": {"title": "shop", "version": "1"}, "paths": paths, **more}).encode()


@pytest.mark.parametrize(("mode", "status"), [("merge", 200), ("overwrite", 403)])
def test_an_import_keeps_the_rest_when_it_merges(aws: Any, mode: str, status: int) -> None:
    """https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-import-api-update.html"""
    api = RestApi(aws)
    api.mock("/old/one", body="kept")
    api.client.put_rest_api(restApiId=api.id, mode=mode, body=document())
    api.deploy()
    assert api.call("/new").text == "imported"
    assert api.call("/old/one").status_code == status


def test_gateway_responses_are_imported(aws: Any) -> None:
    """https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-swagger-extensions-gateway-responses.html"""
    answer = {"statusCode": 404, "responseTemplates": {"application/json": '{"error": "nothing here"}'}}
    responses = {"x-amazon-apigateway-gateway-responses": {"MISSING_AUTHENTICATION_TOKEN": answer}}
    made = aws("apigateway").import_rest_api(body=document(**responses))
    api = RestApi(aws)
    api.id = made["id"]
    api.deploy()
    assert seen(api.call("/absent")) == (404, {"error": "nothing here"})


def test_an_export_contains_integrations_when_asked(aws: Any) -> None:
    """https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-export-api.html"""
    api = RestApi(aws)
    api.mock("/pets", body="here")
    api.deploy()
    name = "x-amazon-apigateway-integration"
    for parameters, contained in ({}, False), ({"extensions": "integrations"}, True):
        answer = api.client.get_export(restApiId=api.id, stageName="test", exportType="oas30", parameters=parameters)
        assert (name in json.loads(answer["body"].read())["paths"]["/pets"]["get"]) is contained


def test_the_default_endpoint_can_be_disabled(aws: Any) -> None:
    """https://docs.aws.amazon.com/apigateway/latest/developerguide/rest-api-disable-default-endpoint.html"""
    api = RestApi(aws, disableExecuteApiEndpoint=True)
    api.mock("/")
    api.deploy()
    assert seen(api.call()) == (403, {"message": "Forbidden"})
