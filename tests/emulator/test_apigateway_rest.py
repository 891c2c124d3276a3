"""What a REST API answers: routes, stages, deployments, validation, gateway responses, the cache, limits."""

import json
import time
from typing import Any

import pytest
from apis import RestApi, allow_gateway, invocation_uri, seen
from botocore.exceptions import ClientError


def test_an_unknown_route_or_method_misses_a_token(aws: Any) -> None:
    """https://docs.aws.amazon.com/apigateway/latest/developerguide/supported-gateway-response-types.html"""
    api = RestApi(aws)
    api.mock("/photos")
    api.deploy()
    expected = (403, {"message": "Missing Authentication Token"})
    assert seen(api.call("/absent")) == expected
    assert seen(api.call("/photos", "DELETE")) == expected


def test_a_stage_is_required(aws: Any) -> None:
    """https://docs.aws.amazon.com/apigateway/latest/developerguide/how-to-call-api.html"""
    api = RestApi(aws)
    api.mock("/photos")
    api.deploy()
    assert seen(api.call("/photos", stage="absent")) == (403, {"message": "Forbidden"})


def test_a_deployment_is_a_snapshot(aws: Any) -> None:
    """https://docs.aws.amazon.com/apigateway/latest/developerguide/how-to-deploy-api.html"""
    api = RestApi(aws)
    place = api.mock("/", body="one")
    first = api.deploy()
    change = [{"op": "replace", "path": "/responseTemplates/application~1json", "value": "two"}]
    api.client.update_integration_response(**place, statusCode="200", patchOperations=change)
    assert api.call().text == "one"
    api.deploy()
    assert api.call().text == "two"
    back = [{"op": "replace", "path": "/deploymentId", "value": first}]
    api.client.update_stage(restApiId=api.id, stageName="test", patchOperations=back)
    assert api.call().text == "one"


def test_a_canary_takes_its_share_and_can_be_promoted(aws: Any) -> None:
    """https://docs.aws.amazon.com/apigateway/latest/developerguide/canary-release.html"""
    api = RestApi(aws)
    place = api.mock("/", body="one $stageVariables.color")
    api.deploy(variables={"color": "blue"})
    change = [{"op": "replace", "path": "/responseTemplates/application~1json", "value": "two $stageVariables.color"}]
    api.client.update_integration_response(**place, statusCode="200", patchOperations=change)
    api.deploy(canarySettings={"percentTraffic": 0, "stageVariableOverrides": {"color": "green"}})
    assert {api.call().text for _ in range(5)} == {"one blue"}
    api.settings(**{"/canarySettings/percentTraffic": "100"})
    assert api.call().text == "two green"
    promote = [
        {"op": "copy", "from": "/canarySettings/deploymentId", "path": "/deploymentId"},
        {"op": "remove", "path": "/canarySettings"},
    ]
    api.client.update_stage(restApiId=api.id, stageName="test", patchOperations=promote)
    assert api.call().text == "two blue"


def test_a_stage_variable_selects_the_function(functions: Any) -> None:
    """https://docs.aws.amazon.com/apigateway/latest/developerguide/stage-variables.html"""
    names = [functions.deploy(f"def handler(event, context): return {{'body': '{word}'}}") for word in ("a", "b")]
    api = RestApi(functions.account)
    for name in names:
        allow_gateway(functions.account, name, f"{api.arn}/*")
    api.function("/", "${stageVariables.function}")
    api.deploy("one", variables={"function": names[0]})
    api.deploy("two", variables={"function": names[1]})
    assert [api.call(stage=stage).text for stage in ("one", "two")] == ["a", "b"]


def test_a_template_reads_the_request(aws: Any) -> None:
    """https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-mapping-template-reference.html"""
    api = RestApi(aws)
    body = '{"id":"$input.params(\'id\')","q":"$input.params().querystring.get(\'q\')","path":"$context.resourcePath"}'
    api.mock("/orders/{id}", body=body)
    api.deploy()
    answer = api.call("/orders/7", params={"q": "x"})
    assert seen(answer) == (200, {"id": "7", "q": "x", "path": "/orders/{id}"})


def test_a_body_is_validated_by_its_model(aws: Any) -> None:
    """https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-method-request-validation.html"""
    api = RestApi(aws)
    schema = {"type": "object", "required": ["name"], "properties": {"name": {"type": "string"}}}
    api.client.create_model(restApiId=api.id, name="Order", contentType="application/json", schema=json.dumps(schema))
    validator = api.client.create_request_validator(
        restApiId=api.id, name="all", validateRequestBody=True, validateRequestParameters=True
    )["id"]
    api.mock(
        "/",
        "POST",
        requestValidatorId=validator,
        requestModels={"application/json": "Order"},
        requestParameters={"method.request.querystring.page": True},
    )
    api.deploy()
    page = {"page": "1"}
    assert api.call(verb="POST", json={"name": "x"}, params=page).status_code == 200
    assert seen(api.call(verb="POST", json={"name": 1}, params=page)) == (400, {"message": "Invalid request body"})
    expected = (400, {"message": "Missing required request parameters: [page]"})
    assert seen(api.call(verb="POST", json={"name": "x"})) == expected


def test_a_preflight_is_a_mock(aws: Any) -> None:
    """https://docs.aws.amazon.com/apigateway/latest/developerguide/how-to-cors.html"""
    api = RestApi(aws)
    place = api.method("/", "OPTIONS")
    header = "method.response.header.Access-Control-Allow-Origin"
    api.client.put_method_response(**place, statusCode="200", responseParameters={header: False})
    api.client.put_integration(**place, type="MOCK", requestTemplates={"application/json": '{"statusCode": 200}'})
    api.client.put_integration_response(
        **place, statusCode="200", responseParameters={header: "'https://shop.example'"}
    )
    api.deploy()
    answer = api.call(verb="OPTIONS", headers={"Origin": "https://evil.example"})
    assert answer.headers["Access-Control-Allow-Origin"] == "https://shop.example"


def test_a_gateway_response_is_as_its_owner_wrote_it(aws: Any) -> None:
    """https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-gatewayResponse-definition.html"""
    api = RestApi(aws)
    api.mock("/", apiKeyRequired=True)
    api.client.put_gateway_response(
        restApiId=api.id,
        responseType="INVALID_API_KEY",
        statusCode="401",
        responseParameters={
            "gatewayresponse.header.Access-Control-Allow-Origin": "'*'",
            "gatewayresponse.header.X-Asked": "method.request.header.X-Ask",
        },
        responseTemplates={
            "application/json": '{"why":$context.error.messageString,"kind":"$context.error.responseType"}'
        },
    )
    api.deploy()
    answer = api.call(headers={"X-Ask": "me"})
    assert seen(answer) == (401, {"why": "Forbidden", "kind": "INVALID_API_KEY"})
    assert (answer.headers["Access-Control-Allow-Origin"], answer.headers["X-Asked"]) == ("*", "me")


def test_a_default_gateway_response_holds_for_its_family(aws: Any) -> None:
    """https://docs.aws.amazon.com/apigateway/latest/developerguide/supported-gateway-response-types.html"""
    api = RestApi(aws)
    api.mock("/", apiKeyRequired=True)
    api.client.put_gateway_response(
        restApiId=api.id,
        responseType="DEFAULT_4XX",
        responseParameters={"gatewayresponse.header.X-Family": "'four'"},
    )
    api.deploy()
    answer = api.call()
    assert seen(answer) == (403, {"message": "Forbidden"})
    assert answer.headers["X-Family"] == "four"


@pytest.mark.parametrize("returned", ["'text'", "{'status': 200}", "{'body': {}}", "{'statusCode': 'x'}", "1 / 0"])
def test_a_malformed_answer_of_a_function_is_a_bad_gateway(functions: Any, returned: str) -> None:
    """https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html"""
    name = functions.deploy(f"def handler(event, context): return {returned}")
    api = RestApi(functions.account)
    allow_gateway(functions.account, name, f"{api.arn}/*")
    api.function("/", name)
    api.deploy()
    assert seen(api.call()) == (502, {"message": "Internal server error"})


def test_a_slow_integration_times_out(functions: Any) -> None:
    """https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-execution-service-limits-table.html"""
    name = functions.deploy("import time\ndef handler(event, context): time.sleep(2)")
    api = RestApi(functions.account)
    allow_gateway(functions.account, name, f"{api.arn}/*")
    api.function("/", name, integration={"timeoutInMillis": 100})
    api.deploy()
    started = time.monotonic()
    assert seen(api.call()) == (504, {"message": "Endpoint request timed out"})
    assert time.monotonic() - started < 2


def test_a_body_may_have_ten_megabytes(aws: Any) -> None:
    """https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-execution-service-limits-table.html"""
    api = RestApi(aws)
    api.mock("/", "POST")
    api.deploy()
    assert api.call(verb="POST", data=b" " * (10 * 1024 * 1024)).status_code == 200
    expected = (413, {"message": "HTTP content length exceeded 10485760 bytes."})
    assert seen(api.call(verb="POST", data=b" " * (10 * 1024 * 1024 + 1))) == expected


def test_binary_media_types(functions: Any) -> None:
    """https://docs.aws.amazon.com/apigateway/latest/developerguide/lambda-proxy-binary-media.html"""
    name = functions.deploy("""
        import base64

        def handler(event, context):
            return {"body": base64.b64encode(b"\\x89PNG").decode(), "isBase64Encoded": True,
                    "headers": {"Content-Type": "image/png"}}
    """)
    api = RestApi(functions.account, binaryMediaTypes=["image/png"])
    allow_gateway(functions.account, name, f"{api.arn}/*")
    api.function("/", name)
    api.deploy()
    assert api.call(headers={"Accept": "image/png"}).content == b"\x89PNG"
    assert api.call(headers={"Accept": "text/plain"}).text == "iVBORw=="


def test_every_type_may_be_binary(functions: Any) -> None:
    """https://docs.aws.amazon.com/apigateway/latest/developerguide/lambda-proxy-binary-media.html"""
    name = functions.deploy("""
        def handler(event, context):
            assert event["isBase64Encoded"]
            return {"body": event["body"], "isBase64Encoded": True}
    """)
    for types in (["*/*"], ["text/plain"]):
        api = RestApi(functions.account, binaryMediaTypes=types)
        functions.client.add_permission(
            FunctionName=name,
            StatementId=api.id,
            Action="lambda:InvokeFunction",
            Principal="apigateway.amazonaws.com",
            SourceArn=f"{api.arn}/*",
        )
        api.function("/", name, "POST")
        api.deploy()
        sent = {"Content-Type": "text/plain", "Accept": "text/plain"}
        assert api.call(verb="POST", data=b"text", headers=sent).content == b"text"
    # The type of this body is not one of the API's binary ones: the function gets it as text, and fails.
    assert api.call(verb="POST", data=b"{}", headers={"Content-Type": "application/json"}).status_code == 502


def cached(aws: Any) -> RestApi:
    """An API with a cache, whose answers tell the request's id; ``page`` is a cache key."""
    api = RestApi(aws)
    key = "method.request.querystring.page"
    api.mock(
        "/",
        body="$context.requestId",
        requestParameters={key: False},
        integration={"cacheKeyParameters": [key], "requestParameters": {}},
    )
    api.deploy(cacheClusterEnabled=True, cacheClusterSize="0.5")
    api.settings(**{"/*/*/caching/enabled": "true"})
    return api


def test_answers_are_cached_by_their_keys(aws: Any) -> None:
    """https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-caching.html"""
    api = cached(aws)
    first = api.call(params={"page": "1"}).text
    # What is no cache key does not tell requests apart.
    assert api.call(params={"page": "1", "sort": "up"}).text == first
    assert api.call(params={"page": "2"}).text != first
    api.client.flush_stage_cache(restApiId=api.id, stageName="test")
    assert api.call(params={"page": "1"}).text != first


def test_a_cached_answer_lives_for_its_ttl(aws: Any, eventually: Any) -> None:
    """https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-caching.html"""
    api = cached(aws)
    api.settings(**{"/*/*/caching/ttlInSeconds": "1"})
    first = api.call().text
    assert eventually(lambda: api.call().text != first, 5)


def test_who_may_renew_a_cached_answer(aws: Any) -> None:
    """https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-caching.html"""
    api = cached(aws)
    renew = {"Cache-Control": "max-age=0"}
    first = api.call().text
    unauthorized = api.call(headers=renew)
    assert unauthorized.text == first
    assert unauthorized.headers["Warning"].startswith("199")
    strategy = "/*/*/caching/unauthorizedCacheControlHeaderStrategy"
    api.settings(**{strategy: "FAIL_WITH_403"})
    assert api.call(headers=renew).status_code == 403
    api.settings(**{"/*/*/caching/requireAuthorizationForCacheControl": "false"})
    second = api.call(headers=renew).text
    assert second != first
    assert api.call().text == second


def test_an_openapi_document_goes_in_and_out(aws: Any) -> None:
    """https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-import-api.html"""
    integration = {
        "type": "mock",
        "requestTemplates": {"application/json": '{"statusCode": 200}'},
        "responses": {"default": {"statusCode": "200", "responseTemplates": {"application/json": "imported"}}},
    }
    operation = {"responses": {"200": {"description": "ok"}}, "x-amazon-apigateway-integration": integration}
    document = {"openapi": "3.0.1", "info": {"title": "shop", "version": "1"}, "paths": {"/a": {"get": operation}}}
    client = aws("apigateway")
    api = RestApi(aws)
    client.put_rest_api(restApiId=api.id, mode="overwrite", body=json.dumps(document).encode())
    api.deploy()
    assert api.call("/a").text == "imported"
    exported = client.get_export(restApiId=api.id, stageName="test", exportType="oas30")["body"].read()
    assert "/a" in json.loads(exported)["paths"]


def test_nonsense_is_refused(aws: Any) -> None:
    """https://docs.aws.amazon.com/apigateway/latest/api/API_Operations.html"""
    api = RestApi(aws)
    root = {"restApiId": api.id, "resourceId": api.resource("/"), "httpMethod": "GET"}
    wrong = [
        ("put_method", {**root, "httpMethod": "FETCH", "authorizationType": "NONE"}, "BadRequestException"),
        ("put_method", {**root, "resourceId": "absent", "authorizationType": "NONE"}, "NotFoundException"),
        ("put_integration", {**root, "type": "MOCK"}, "NotFoundException"),
        ("create_deployment", {"restApiId": "absent", "stageName": "test"}, "NotFoundException"),
        ("get_stage", {"restApiId": api.id, "stageName": "absent"}, "NotFoundException"),
    ]
    for operation, request, code in wrong:
        with pytest.raises(ClientError) as refused:
            getattr(api.client, operation)(**request)
        assert refused.value.response["Error"]["Code"] == code, operation


def test_an_integration_uri_names_a_function(aws: Any) -> None:
    """https://docs.aws.amazon.com/apigateway/latest/api/API_PutIntegration.html"""
    api = RestApi(aws)
    place = api.method("/")
    good = invocation_uri(aws.id, "absent")
    for wrong in ({"uri": "arn:aws:lambda:us-east-1:1:function:x"}, {"uri": good, "timeoutInMillis": 10}):
        with pytest.raises(ClientError) as refused:
            api.client.put_integration(**place, type="AWS_PROXY", integrationHttpMethod="POST", **wrong)
        assert refused.value.response["Error"]["Code"] == "BadRequestException", wrong


def test_a_function_has_to_allow_the_api(functions: Any) -> None:
    """https://docs.aws.amazon.com/apigateway/latest/developerguide/getting-started-lambda-non-proxy-integration.html"""
    name = functions.deploy("def handler(event, context): return {'body': 'hello'}")
    api = RestApi(functions.account)
    for path in ("/one", "/two"):
        api.function(path, name)
    api.deploy()
    assert seen(api.call("/one")) == (500, {"message": "Internal server error"})
    allow_gateway(functions.account, name, f"{api.arn}/*/GET/one")
    assert api.call("/one").text == "hello"
    assert api.call("/two").status_code == 500
