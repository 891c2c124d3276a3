"""Lambda authorizers of REST APIs decide who may call."""

import json
from typing import Any

import pytest
from apis import RestApi, allow_gateway, seen
from botocore.exceptions import ClientError

AUTHORIZER = """
    calls = 0

    def handler(event, context):
        global calls
        calls += 1
        word = event.get("authorizationToken") or event["queryStringParameters"].get("token", "")
        if word == "unknown":
            raise Exception("Unauthorized")
        if word == "broken":
            raise ValueError("no database")
        if word == "malformed":
            return {"allowed": True}
        statements = []
        if word != "nobody":
            resource = event["methodArn"] if word == "exact" else "*"
            effect = "Deny" if word == "deny" else "Allow"
            statements = [{"Action": "execute-api:Invoke", "Effect": effect, "Resource": resource}]
        passed = {"calls": calls, "tenant": "blue", "admin": True}
        if word == "nested":
            passed["list"] = [1]
        document = {"Version": "2012-10-17", "Statement": statements}
        return {"principalId": "ann", "policyDocument": document, "context": passed}
"""
PASSED = '{"user":"$context.authorizer.principalId","tenant":"$context.authorizer.tenant",'
PASSED += '"admin":"$context.authorizer.admin","calls":"$context.authorizer.calls"}'


@pytest.fixture(scope="module")
def token_api(emulator: str, module_functions: Any) -> RestApi:
    """An API with a TOKEN authorizer whose answers are not kept, and one whose answers are."""
    api = RestApi(module_functions.account)
    fresh = api.authorizer(
        module_functions.deploy(AUTHORIZER), authorizerResultTtlInSeconds=0, identityValidationExpression="[a-z]+"
    )
    kept = api.authorizer(module_functions.deploy(AUTHORIZER), authorizerResultTtlInSeconds=300)
    api.mock("/fresh", body=PASSED, authorizationType="CUSTOM", authorizerId=fresh)
    for path in ("/kept", "/other"):
        api.mock(path, body=PASSED, authorizationType="CUSTOM", authorizerId=kept)
    api.deploy()
    return api


def call(api: RestApi, path: str, token: str) -> tuple[int, Any]:
    return seen(api.call(path, headers={"Authorization": token}))


def test_an_allowed_token_reaches_the_integration_with_its_context(token_api: RestApi) -> None:
    """https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-lambda-authorizer-output.html"""
    status, passed = call(token_api, "/fresh", "allow")
    assert status == 200
    # Every value is a string for a mapping template, numbers and booleans too.
    assert {**passed, "calls": ""} == {"user": "ann", "tenant": "blue", "admin": "true", "calls": ""}
    assert passed["calls"].isdigit()


def test_a_missing_token_is_unauthorized(token_api: RestApi) -> None:
    """https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-lambda-authorizer-workflow.html"""
    answer = token_api.call("/fresh")
    assert seen(answer) == (401, {"message": "Unauthorized"})
    assert answer.headers["x-amzn-ErrorType"] == "UnauthorizedException"


def test_a_token_that_does_not_look_right_is_refused_without_a_call(token_api: RestApi) -> None:
    """https://docs.aws.amazon.com/apigateway/latest/api/API_CreateAuthorizer.html"""
    before = int(call(token_api, "/fresh", "allow")[1]["calls"])
    assert call(token_api, "/fresh", "NOT-A-TOKEN") == (401, {"message": "Unauthorized"})
    assert int(call(token_api, "/fresh", "allow")[1]["calls"]) == before + 1


def test_an_explicit_deny_is_forbidden(token_api: RestApi) -> None:
    """https://repost.aws/knowledge-center/api-gateway-403-error-lambda-authorizer"""
    expected = {"Message": "User is not authorized to access this resource with an explicit deny"}
    assert call(token_api, "/fresh", "deny") == (403, expected)


def test_a_policy_that_allows_nothing_is_forbidden(token_api: RestApi) -> None:
    """https://repost.aws/knowledge-center/api-gateway-403-error-lambda-authorizer"""
    expected = {"Message": "User is not authorized to access this resource"}
    assert call(token_api, "/fresh", "nobody") == (403, expected)


def test_a_function_may_say_unauthorized(token_api: RestApi) -> None:
    """https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-use-lambda-authorizer.html"""
    assert call(token_api, "/fresh", "unknown") == (401, {"message": "Unauthorized"})


@pytest.mark.parametrize("token", ["broken", "malformed", "nested"])
def test_a_failing_authorizer_is_a_server_error(token_api: RestApi, token: str) -> None:
    """https://docs.aws.amazon.com/apigateway/latest/developerguide/supported-gateway-response-types.html"""
    answer = token_api.call("/fresh", headers={"Authorization": token})
    assert seen(answer) == (500, {"message": None})
    assert answer.headers["x-amzn-ErrorType"] == "AuthorizerConfigurationException"


def test_answers_are_kept_by_token(token_api: RestApi) -> None:
    """https://docs.aws.amazon.com/apigateway/latest/developerguide/configure-api-gateway-lambda-authorization.html"""
    first = call(token_api, "/kept", "one")[1]["calls"]
    assert call(token_api, "/kept", "one")[1]["calls"] == first
    assert call(token_api, "/kept", "two")[1]["calls"] == str(int(first) + 1)


def test_a_kept_policy_is_applied_to_other_methods(token_api: RestApi) -> None:
    """https://repost.aws/knowledge-center/api-gateway-lambda-authorization-errors"""
    assert call(token_api, "/kept", "exact")[0] == 200
    # The function would allow this path too, but is not asked: its answer named the first path only.
    assert call(token_api, "/other", "exact") == (403, {"Message": "User is not authorized to access this resource"})


def test_kept_answers_can_be_flushed(token_api: RestApi) -> None:
    """https://docs.aws.amazon.com/apigateway/latest/api/API_FlushStageAuthorizersCache.html"""
    first = call(token_api, "/kept", "flushed")[1]["calls"]
    token_api.client.flush_stage_authorizers_cache(restApiId=token_api.id, stageName="test")
    assert call(token_api, "/kept", "flushed")[1]["calls"] != first


def test_a_request_authorizer_sees_the_request(functions: Any) -> None:
    """https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-lambda-authorizer-input.html"""
    echo = """
        import json

        def handler(event, context):
            kept = {name: event[name] for name in (
                "type", "methodArn", "resource", "path", "httpMethod", "queryStringParameters",
                "pathParameters", "stageVariables")}
            kept["header"] = event["headers"]["X-Tenant"]
            kept["stage"] = event["requestContext"]["stage"]
            return {"principalId": "ann", "context": {"event": json.dumps(kept)}, "policyDocument": {
                "Version": "2012-10-17",
                "Statement": [{"Action": "execute-api:Invoke", "Effect": "Allow", "Resource": "*"}]}}
    """
    api = RestApi(functions.account)
    authorizer = api.authorizer(
        functions.deploy(echo),
        "REQUEST",
        identitySource="method.request.header.X-Tenant, method.request.querystring.token",
    )
    api.mock("/orders/{id}", body="$context.authorizer.event", authorizationType="CUSTOM", authorizerId=authorizer)
    api.deploy(variables={"color": "green"})
    answer = api.call("/orders/7", params={"token": "t"}, headers={"X-Tenant": "blue"})
    assert seen(answer) == (
        200,
        {
            "type": "REQUEST",
            "methodArn": f"{api.arn}/test/GET/orders/7",
            "resource": "/orders/{id}",
            "path": "/orders/7",
            "httpMethod": "GET",
            "queryStringParameters": {"token": "t"},
            "pathParameters": {"id": "7"},
            "stageVariables": {"color": "green"},
            "header": "blue",
            "stage": "test",
        },
    )
    # All identity sources are needed where answers are kept.
    assert seen(api.call("/orders/7", headers={"X-Tenant": "blue"})) == (401, {"message": "Unauthorized"})


def test_a_proxy_integration_gets_the_context(functions: Any) -> None:
    """https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html"""
    backend = functions.deploy("""
        import json

        def handler(event, context):
            return {"statusCode": 200, "body": json.dumps(event["requestContext"]["authorizer"])}
    """)
    api = RestApi(functions.account)
    allow_gateway(functions.account, backend, f"{api.arn}/*")
    authorizer = api.authorizer(functions.deploy(AUTHORIZER))
    api.function("/", backend, authorizationType="CUSTOM", authorizerId=authorizer)
    api.deploy()
    passed = api.call(headers={"Authorization": "allow"}).json()
    assert (passed["principalId"], passed["tenant"], passed["admin"]) == ("ann", "blue", "true")


def test_a_change_of_authorization_is_invisible_until_deployed(functions: Any) -> None:
    """https://docs.aws.amazon.com/apigateway/latest/developerguide/how-to-deploy-api.html"""
    api = RestApi(functions.account)
    place = api.mock("/")
    api.deploy()
    authorizer = api.authorizer(functions.deploy(AUTHORIZER))
    operations = [
        {"op": "replace", "path": "/authorizationType", "value": "CUSTOM"},
        {"op": "replace", "path": "/authorizerId", "value": authorizer},
    ]
    api.client.update_method(**place, patchOperations=operations)
    assert api.call().status_code == 200
    api.deploy()
    assert api.call().status_code == 401


@pytest.mark.parametrize(
    "wrong",
    [
        {"type": "PASSWORD"},
        {"authorizerResultTtlInSeconds": 3601},
        {"authorizerUri": "arn:aws:s3:::photos"},
        {"identitySource": ""},
        {"type": "COGNITO_USER_POOLS"},
    ],
    ids=json.dumps,
)
def test_an_authorizer_that_cannot_work_is_refused(aws: Any, wrong: dict[str, Any]) -> None:
    """https://docs.aws.amazon.com/apigateway/latest/api/API_CreateAuthorizer.html"""
    api = RestApi(aws)
    request = {
        "restApiId": api.id,
        "name": "a",
        "type": "TOKEN",
        "identitySource": "method.request.header.Authorization",
        "authorizerUri": f"arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{aws.id}/invocations",
        **wrong,
    }
    with pytest.raises(ClientError) as refused:
        api.client.create_authorizer(**request)
    assert refused.value.response["Error"]["Code"] == "BadRequestException"


def test_an_authorizer_can_be_tested(token_api: RestApi) -> None:
    """https://docs.aws.amazon.com/apigateway/latest/api/API_TestInvokeAuthorizer.html"""
    client = token_api.client
    known = client.get_authorizers(restApiId=token_api.id)["items"]
    (fresh,) = (item["id"] for item in known if item["authorizerResultTtlInSeconds"] == 0)
    place = {"restApiId": token_api.id, "authorizerId": fresh}
    allowed = client.test_invoke_authorizer(**place, headers={"Authorization": "allow"})
    assert allowed["clientStatus"] == 200
    assert allowed["principalId"]
    assert json.loads(allowed["policy"])["Statement"]
    assert "Successfully completed authorizer execution" in allowed["log"]
    assert client.test_invoke_authorizer(**place)["clientStatus"] == 401
