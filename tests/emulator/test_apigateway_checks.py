"""What cannot be configured for a REST API, and what a deployment leaves as it is."""

from typing import Any

import pytest
from apis import RestApi
from botocore.exceptions import ClientError


def refusal(call: Any, **request: Any) -> tuple[str, str]:
    """Return code and message of a refused call."""
    with pytest.raises(ClientError) as refused:
        call(**request)
    error = refused.value.response["Error"]
    return error["Code"], error["Message"]


def test_resources_have_names_of_their_own(aws: Any) -> None:
    """https://docs.aws.amazon.com/apigateway/latest/api/API_CreateResource.html"""
    api = RestApi(aws)
    api.resource("/pets")
    place = {"restApiId": api.id, "parentId": api.resource("/")}
    code, message = refusal(api.client.create_resource, **place, pathPart="pets")
    assert code == "ConflictException"
    assert message == "Another resource with the same parent already has this name: pets"
    assert refusal(api.client.create_resource, **place, pathPart="{id")[0] == "BadRequestException"


def test_a_method_is_made_once(aws: Any) -> None:
    """https://docs.aws.amazon.com/apigateway/latest/api/API_PutMethod.html"""
    api = RestApi(aws)
    place = api.method("/")
    conflict = refusal(api.client.put_method, **place, authorizationType="NONE")
    assert conflict == ("ConflictException", "Method already exists for this resource")
    other = place | {"httpMethod": "PUT"}
    assert refusal(api.client.put_method, **other, authorizationType="OAUTH")[0] == "BadRequestException"
    wrong = {"authorizationType": "NONE", "requestParameters": {"header.X-Id": True}}
    assert "Invalid mapping expression" in refusal(api.client.put_method, **other, **wrong)[1]


def test_an_integration_response_needs_its_method_response(aws: Any) -> None:
    """https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-integration-settings-integration-response.html"""
    api = RestApi(aws)
    place = api.method("/")
    api.client.put_integration(**place, type="MOCK")
    answer = place | {"statusCode": "200"}
    assert refusal(api.client.put_integration_response, **answer)[0] == "NotFoundException"
    api.client.put_method_response(**answer)
    mapped = {"responseParameters": {"method.response.header.Access-Control-Allow-Origin": "'*'"}}
    code, message = refusal(api.client.put_integration_response, **answer, **mapped)
    assert code == "BadRequestException"
    assert "method.response.header.Access-Control-Allow-Origin" in message


def test_a_stage_has_a_name_and_variables_that_fit_a_url(aws: Any) -> None:
    """https://docs.aws.amazon.com/apigateway/latest/api/API_CreateStage.html"""
    api = RestApi(aws)
    api.mock("/")
    deployment = api.deploy()
    place = {"restApiId": api.id, "deploymentId": deployment}
    assert refusal(api.client.create_stage, **place, stageName="my stage")[0] == "BadRequestException"
    wrong = {"stageName": "beta", "variables": {"url": "a b"}}
    assert refusal(api.client.create_stage, **place, **wrong)[0] == "BadRequestException"
    absent = refusal(api.client.create_stage, restApiId=api.id, stageName="beta", deploymentId="absent")
    assert absent == ("BadRequestException", "Deployment id does not exist")


def test_a_deployment_leaves_the_settings_of_its_stage(aws: Any) -> None:
    """https://docs.aws.amazon.com/apigateway/latest/developerguide/how-to-deploy-api.html"""
    api = RestApi(aws)
    api.mock("/")
    api.deploy()
    api.settings(**{"/*/*/throttling/rateLimit": "10", "/variables/color": "blue"})
    api.deploy(variables={"size": "large"})
    stage = api.client.get_stage(restApiId=api.id, stageName="test")
    assert stage["methodSettings"]["*/*"]["throttlingRateLimit"] == 10
    assert stage["variables"]["size"] == "large"


def test_settings_of_a_stage_are_checked(aws: Any) -> None:
    """https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-logging.html"""
    api = RestApi(aws)
    api.mock("/")
    api.deploy()

    def change(path: str, value: str) -> tuple[str, str]:
        patch = [{"op": "replace", "path": path, "value": value}]
        return refusal(api.client.update_stage, restApiId=api.id, stageName="test", patchOperations=patch)

    assert change("/*/*/caching/ttlInSeconds", "3601")[0] == "BadRequestException"
    code, message = change("/*/*/logging/loglevel", "INFO")
    assert code == "BadRequestException"
    assert message == "CloudWatch Logs role ARN must be set in account settings to enable logging"
    assert "$context.requestId" in change("/accessLogSettings/format", "$context.status")[1]


def test_a_plan_has_stages_that_exist_and_a_known_period(aws: Any) -> None:
    """https://docs.aws.amazon.com/apigateway/latest/api/API_CreateUsagePlan.html"""
    api = RestApi(aws)
    create = api.client.create_usage_plan
    stages = [{"apiId": api.id, "stage": "absent"}]
    assert refusal(create, name="plan", apiStages=stages)[0] == "NotFoundException"
    assert refusal(create, name="plan", quota={"limit": 1, "period": "YEAR"})[0] == "BadRequestException"


def test_no_openapi_is_refused(aws: Any) -> None:
    """https://docs.aws.amazon.com/apigateway/latest/api/API_ImportRestApi.html"""
    for body in (b"no document", b'{"paths": {}}'):
        assert refusal(aws("apigateway").import_rest_api, body=body) == (
            "BadRequestException",
            "Invalid OpenAPI input.",
        )


def test_apis_come_by_pages(aws: Any) -> None:
    """https://docs.aws.amazon.com/apigateway/latest/api/API_GetRestApis.html"""
    client = aws("apigateway")
    made = {client.create_rest_api(name=f"api-{number}")["id"] for number in range(3)}
    pages = list(client.get_paginator("get_rest_apis").paginate(PaginationConfig={"PageSize": 2}))
    assert [len(page["items"]) for page in pages] == [2, 1]
    assert {item["id"] for page in pages for item in page["items"]} == made
