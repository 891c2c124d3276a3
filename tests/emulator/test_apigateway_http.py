"""HTTP APIs: routes, what functions get and answer, HTTP backends, CORS, stages."""

import base64
import http.server
import json
import threading
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
from apis import HttpApi, allow_gateway, function_arn, seen
from botocore.exceptions import ClientError

ECHO = """
    import json

    def handler(event, context):
        return {"statusCode": 200, "headers": {"content-type": "application/json"}, "body": json.dumps(event)}
"""
RETURN = """
    import json

    def handler(event, context):
        return eval(event["queryStringParameters"]["r"])
"""
INTERNAL = (500, {"message": "Internal Server Error"})


@pytest.fixture(scope="module")
def api(module_functions: Any) -> HttpApi:
    """An API whose routes echo the event in both formats, and one that returns what the query says."""
    made = HttpApi(module_functions.account)
    echo, give = module_functions.deploy(ECHO), module_functions.deploy(RETURN)
    two = made.function(echo)
    for key in ("$default", "GET /pets", "ANY /pets", "GET /pets/{id}", "GET /pets/dog", "GET /pets/{proxy+}"):
        made.route(key, two)
    made.route("POST /pets/{id}/photos/{photo+}", two)
    one = made.client.create_integration(
        ApiId=made.id,
        IntegrationType="AWS_PROXY",
        IntegrationUri=function_arn(made.account.id, echo),
        PayloadFormatVersion="1.0",
    )["IntegrationId"]
    made.route("ANY /one/{id}", one)
    made.route("GET /give", made.function(give))
    made.route(
        "GET /give-one",
        made.client.create_integration(
            ApiId=made.id,
            IntegrationType="AWS_PROXY",
            IntegrationUri=function_arn(made.account.id, give),
            PayloadFormatVersion="1.0",
        )["IntegrationId"],
    )
    return made


def test_the_endpoint_opens(api: HttpApi) -> None:
    """https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-publish.html"""
    assert urlsplit(api.endpoint).hostname in ("localhost", "127.0.0.1")
    assert api.client.get_api(ApiId=api.id)["ApiEndpoint"] == api.endpoint
    assert api.endpoint in [item["ApiEndpoint"] for item in api.client.get_apis()["Items"]]
    for path in ("", "/"):
        assert api.call(path).json()["rawPath"] == "/"


@pytest.mark.parametrize(
    ("verb", "path", "key"),
    [
        ("GET", "/pets", "GET /pets"),
        ("POST", "/pets", "ANY /pets"),
        ("GET", "/pets/dog", "GET /pets/dog"),
        ("GET", "/pets/7", "GET /pets/{id}"),
        ("GET", "/pets/7/x", "GET /pets/{proxy+}"),
        ("POST", "/pets/7/photos/a/b", "POST /pets/{id}/photos/{photo+}"),
        ("DELETE", "/pets/7", "$default"),
        ("GET", "/elsewhere", "$default"),
    ],
)
def test_the_most_specific_route_is_taken(api: HttpApi, verb: str, path: str, key: str) -> None:
    """https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-routes.html"""
    assert api.call(path, verb).json()["routeKey"] == key


def test_format_2(api: HttpApi) -> None:
    """https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html"""
    answer = api.call(
        "/pets/7/photos/a%20b",
        "POST",
        params=[("tag", "x"), ("tag", "y"), ("q", "a b")],
        headers={"X-Tenant": "Blue", "Cookie": "a=1; b=2"},
        json={"name": "rex"},
    )
    event = answer.json()
    context = event.pop("requestContext")
    assert event["headers"].pop("x-tenant") == "Blue"
    assert "cookie" not in event.pop("headers")
    assert event == {
        "version": "2.0",
        "routeKey": "POST /pets/{id}/photos/{photo+}",
        "rawPath": "/pets/7/photos/a b",
        "rawQueryString": "tag=x&tag=y&q=a+b",
        "cookies": ["a=1", "b=2"],
        "queryStringParameters": {"tag": "x,y", "q": "a b"},
        "pathParameters": {"id": "7", "photo": "a b"},
        "body": '{"name": "rex"}',
        "isBase64Encoded": False,
    }
    assert context["http"] == {
        "method": "POST",
        "path": "/pets/7/photos/a b",
        "protocol": "HTTP/1.1",
        "sourceIp": "127.0.0.1",
        "userAgent": requests.utils.default_user_agent(),
    }
    assert (context["apiId"], context["stage"], context["accountId"]) == (api.id, "$default", api.account.id)
    assert "authorizer" not in context


def test_format_2_leaves_out_what_is_not_there(api: HttpApi) -> None:
    """https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html"""
    event = api.call("/pets").json()
    absent = {"cookies", "queryStringParameters", "pathParameters", "stageVariables", "body"}
    assert not absent & event.keys()
    assert event["rawQueryString"] == ""


def test_a_binary_body_is_in_base64(api: HttpApi) -> None:
    """https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html"""
    event = api.call("/x", "PUT", data=b"\x00\xff", headers={"Content-Type": "image/png"}).json()
    assert (event["isBase64Encoded"], base64.b64decode(event["body"])) == (True, b"\x00\xff")


def test_format_1(api: HttpApi) -> None:
    """https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html"""
    event = api.call("/one/7", "POST", params=[("tag", "x"), ("tag", "y")], headers={"X-Tenant": "Blue"}).json()
    assert (event["version"], event["resource"], event["path"]) == ("1.0", "/one/{id}", "/one/7")
    assert event["httpMethod"] == "POST"
    assert (event["headers"]["X-Tenant"], event["multiValueHeaders"]["X-Tenant"]) == ("Blue", ["Blue"])
    # The last value alone, and all of them.
    assert event["queryStringParameters"] == {"tag": "y"}
    assert event["multiValueQueryStringParameters"] == {"tag": ["x", "y"]}
    assert event["pathParameters"] == {"id": "7"}
    assert (event["body"], event["stageVariables"], event["isBase64Encoded"]) == (None, None, False)
    assert event["requestContext"]["identity"]["sourceIp"] == "127.0.0.1"
    assert event["requestContext"]["resourcePath"] == "/one/{id}"


@pytest.mark.parametrize(
    ("returned", "status", "text", "media_type"),
    [
        ("'hello'", 200, "hello", "application/json"),
        ("{'a': 1}", 200, '{"a":1}', "application/json"),
        ("[1, 2]", 200, "[1,2]", "application/json"),
        ("{'statusCode': 201, 'body': 'made'}", 201, "made", "text/plain;charset=utf-8"),
        ("{'statusCode': 204}", 204, "", "text/plain;charset=utf-8"),
        (
            "{'statusCode': 200, 'body': 'aGk=', 'isBase64Encoded': True, 'headers': {'content-type': 'a/b'}}",
            200,
            "hi",
            "a/b",
        ),
    ],
)
def test_answers_of_format_2(api: HttpApi, returned: str, status: int, text: str, media_type: str) -> None:
    """https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html"""
    answer = api.call("/give", params={"r": returned})
    assert (answer.status_code, answer.text, answer.headers["Content-Type"]) == (status, text, media_type)


def test_a_function_sets_cookies(api: HttpApi) -> None:
    """https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html"""
    answer = api.call("/give", params={"r": "{'statusCode': 200, 'cookies': ['a=1; Path=/', 'b=2; Path=/']}"})
    assert answer.raw.headers.getlist("Set-Cookie") == ["a=1; Path=/", "b=2; Path=/"]


@pytest.mark.parametrize(
    ("path", "returned"),
    [
        ("/give", "1 / 0"),
        ("/give", "{'statusCode': 'x'}"),
        ("/give", "{'statusCode': 200, 'headers': {'a': {}}}"),
        # In format 1.0 an answer without a status is malformed.
        ("/give-one", "{'a': 1}"),
    ],
)
def test_a_failing_function_is_an_internal_error(api: HttpApi, path: str, returned: str) -> None:
    """https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-troubleshooting-lambda.html"""
    assert seen(api.call(path, params={"r": returned})) == INTERNAL


def test_format_1_sets_headers_with_several_values(api: HttpApi) -> None:
    """https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html"""
    returned = "{'statusCode': 200, 'multiValueHeaders': {'Set-Cookie': ['a=1', 'b=2']}, 'body': 'x'}"
    answer = api.call("/give-one", params={"r": returned})
    assert (answer.text, answer.raw.headers.getlist("Set-Cookie")) == ("x", ["a=1", "b=2"])


def test_a_function_that_is_not_there_is_an_internal_error(aws: Any) -> None:
    """https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-troubleshooting-lambda.html"""
    api = HttpApi(aws)
    made = api.client.create_integration(
        ApiId=api.id,
        IntegrationType="AWS_PROXY",
        IntegrationUri=function_arn(aws.id, "absent"),
        PayloadFormatVersion="2.0",
    )
    api.route("GET /", made["IntegrationId"])
    assert seen(api.call()) == INTERNAL


def test_no_route_is_not_found(aws: Any) -> None:
    """https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-routes.html"""
    api = HttpApi(aws)
    assert seen(api.call("/absent")) == (404, {"message": "Not Found"})


def test_quick_create_makes_a_route_for_everything(functions: Any) -> None:
    """https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop.html"""
    name = functions.deploy(ECHO)
    client = functions.account("apigatewayv2")
    made = client.create_api(Name="quick", ProtocolType="HTTP", Target=function_arn(functions.account.id, name))
    functions.client.add_permission(
        FunctionName=name,
        StatementId="gateway",
        Action="lambda:InvokeFunction",
        Principal="apigateway.amazonaws.com",
        SourceArn=f"arn:aws:execute-api:us-east-1:{functions.account.id}:{made['ApiId']}/*",
    )
    assert requests.get(made["ApiEndpoint"] + "/any/path", timeout=20).json()["routeKey"] == "$default"
    assert [stage["StageName"] for stage in client.get_stages(ApiId=made["ApiId"])["Items"]] == ["$default"]


def test_a_stage_has_its_name_in_the_path_and_variables(functions: Any) -> None:
    """https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-stages.html"""
    name = functions.deploy(ECHO)
    api = HttpApi(functions.account)
    functions.client.add_permission(
        FunctionName=name,
        StatementId="gateway",
        Action="lambda:InvokeFunction",
        Principal="apigateway.amazonaws.com",
    )
    made = api.client.create_integration(
        ApiId=api.id,
        IntegrationType="AWS_PROXY",
        IntegrationUri=f"arn:aws:lambda:us-east-1:{functions.account.id}:function:${{stageVariables.name}}",
        PayloadFormatVersion="2.0",
    )
    api.route("GET /pets", made["IntegrationId"])
    api.client.create_stage(ApiId=api.id, StageName="dev", AutoDeploy=True, StageVariables={"name": name})
    event = api.call("/dev/pets").json()
    assert (event["rawPath"], event["requestContext"]["stage"]) == ("/dev/pets", "dev")
    assert event["stageVariables"] == {"name": name}
    assert seen(api.call("/pets")) == INTERNAL


def test_a_stage_without_auto_deploy_shows_its_deployment(server: Any, aws: Any) -> None:
    """https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-stages.html"""
    api = HttpApi(aws)
    api.client.create_stage(ApiId=api.id, StageName="prod")
    api.route("GET /one", api.server(server))
    assert api.call("/one").status_code == 200
    assert seen(api.call("/prod/one")) == (404, {"message": "Not Found"})
    api.client.create_deployment(ApiId=api.id, StageName="prod")
    assert api.call("/prod/one").status_code == 200
    api.route("GET /two", api.server(server))
    assert (api.call("/two").status_code, api.call("/prod/two").status_code) == (200, 404)


class Backend(http.server.BaseHTTPRequestHandler):
    """Answers every request with what it got."""

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        got = {"verb": self.command, "path": self.path, "headers": dict(self.headers), "body": body}
        data = json.dumps(got).encode()
        self.send_response(404 if "missing" in self.path else 200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.send_header("Access-Control-Allow-Origin", "https://backend.example")
        self.end_headers()
        self.wfile.write(data)

    do_GET = do_POST = do_PUT = do_OPTIONS = _answer

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """URL of an HTTP server on the loopback."""
    backend = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Backend)
    threading.Thread(target=backend.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{backend.server_port}"
    backend.shutdown()


def test_an_http_integration_passes_the_request_on(server: str, aws: Any) -> None:
    """https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-http.html"""
    api = HttpApi(aws)
    api.route("ANY /shop/{proxy+}", api.server(server + "/v1/{proxy}"))
    got = api.call("/shop/orders/7", "POST", params={"q": "a b"}, data="text", headers={"X-Tenant": "Blue"}).json()
    assert (got["verb"], got["path"], got["body"]) == ("POST", "/v1/orders/7?q=a+b", "text")
    assert {name.lower(): value for name, value in got["headers"].items()}["x-tenant"] == "Blue"
    assert api.call("/shop/missing").status_code == 404


def test_parameters_are_mapped(server: str, aws: Any) -> None:
    """https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-parameter-mapping.html"""
    api = HttpApi(aws)
    mapped = api.server(
        server,
        RequestParameters={
            "overwrite:path": "/by/${request.path.id}",
            "append:header.x-stage": "$context.stage",
            "overwrite:querystring.name": "$request.body.name",
            "remove:querystring.secret": "''",
        },
        ResponseParameters={"200": {"overwrite:statuscode": "202", "append:header.x-seen": "yes"}},
    )
    api.route("POST /orders/{id}", mapped)
    answer = api.call("/orders/7", "POST", params={"secret": "s"}, json={"name": "rex"})
    assert (answer.status_code, answer.headers["x-seen"]) == (202, "yes")
    assert answer.json()["path"] == "/by/7?name=rex"
    assert answer.json()["headers"]["x-stage"] == "$default"


@pytest.mark.parametrize("uri", ["http://192.0.2.1/", "http://127.0.0.1:1/"])
def test_a_backend_elsewhere_or_a_silent_one_is_unavailable(aws: Any, uri: str) -> None:
    """https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-http.html"""
    api = HttpApi(aws)
    api.route("GET /", api.server(uri))
    assert seen(api.call()) == (503, {"message": "Service Unavailable"})


CORS = {
    "AllowOrigins": ["https://shop.example"],
    "AllowMethods": ["GET", "POST"],
    "AllowHeaders": ["x-tenant"],
    "ExposeHeaders": ["x-total"],
    "AllowCredentials": True,
    "MaxAge": 60,
}


def test_cors_is_answered_by_the_gateway(server: str, aws: Any) -> None:
    """https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-cors.html"""
    api = HttpApi(aws, CorsConfiguration=CORS)
    api.route("GET /", api.server(server))
    asks = {"Origin": "https://shop.example", "Access-Control-Request-Method": "POST"}
    answer = api.call(verb="OPTIONS", headers=asks)
    assert answer.status_code == 204
    given = {name: value for name, value in answer.headers.items() if name.startswith("Access-Control")}
    assert given == {
        "Access-Control-Allow-Origin": "https://shop.example",
        "Access-Control-Allow-Credentials": "true",
        "Access-Control-Allow-Methods": "GET,POST",
        "Access-Control-Allow-Headers": "x-tenant",
        "Access-Control-Max-Age": "60",
        "Access-Control-Expose-Headers": "x-total",
    }
    # What the backend says about CORS does not count.
    assert api.call(headers={"Origin": "https://shop.example"}).headers["Access-Control-Allow-Origin"] == asks["Origin"]
    other = api.call(headers={"Origin": "https://evil.example"})
    assert (other.status_code, "Access-Control-Allow-Origin" in other.headers) == (200, False)
    assert (
        "Access-Control-Allow-Origin"
        not in api.call(verb="OPTIONS", headers={**asks, "Origin": "https://e.example"}).headers
    )


def test_without_a_cors_configuration_the_backend_decides(server: str, aws: Any) -> None:
    """https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-cors.html"""
    api = HttpApi(aws)
    api.route("ANY /", api.server(server))
    answer = api.call(verb="OPTIONS", headers={"Origin": "https://a.example", "Access-Control-Request-Method": "GET"})
    assert (answer.json()["verb"], answer.headers["Access-Control-Allow-Origin"]) == (
        "OPTIONS",
        "https://backend.example",
    )


def test_a_stage_throttles_its_routes(server: str, aws: Any) -> None:
    """https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-throttling.html"""
    api = HttpApi(aws)
    backend = api.server(server)
    for key in ("GET /slow", "GET /fast"):
        api.route(key, backend)
    limits = {"GET /slow": {"ThrottlingRateLimit": 0.01, "ThrottlingBurstLimit": 1}}
    api.client.update_stage(ApiId=api.id, StageName="$default", RouteSettings=limits)
    assert api.call("/slow").status_code == 200
    assert seen(api.call("/slow")) == (429, {"message": "Too Many Requests"})
    assert [api.call("/fast").status_code for _ in range(3)] == [200, 200, 200]


def test_a_slow_function_is_unavailable(functions: Any) -> None:
    """https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html"""
    name = functions.deploy("import time\ndef handler(event, context): time.sleep(1)")
    api = HttpApi(functions.account)
    api.route("GET /", api.function(name, TimeoutInMillis=100))
    assert seen(api.call()) == (503, {"message": "Service Unavailable"})


def test_nonsense_is_refused(aws: Any) -> None:
    """https://docs.aws.amazon.com/apigatewayv2/latest/api-reference/api-reference.html"""
    api = HttpApi(aws)
    api.client.create_route(ApiId=api.id, RouteKey="GET /taken")
    here = {"ApiId": api.id}
    token = {"AuthorizerType": "JWT", "Name": "a", "IdentitySource": ["$request.header.Authorization"]}
    wrong = [
        ("create_api", {"Name": "a", "ProtocolType": "FTP"}, "BadRequestException"),
        ("create_route", {**here, "RouteKey": "FETCH /a"}, "BadRequestException"),
        ("create_route", {**here, "RouteKey": "GET a"}, "BadRequestException"),
        ("create_route", {**here, "RouteKey": "GET /{a+}/b"}, "BadRequestException"),
        ("create_route", {**here, "RouteKey": "GET /taken"}, "ConflictException"),
        ("create_route", {**here, "RouteKey": "GET /a", "AuthorizationType": "JWT"}, "BadRequestException"),
        ("create_integration", {**here, "IntegrationType": "MOCK"}, "BadRequestException"),
        ("create_integration", {**here, "IntegrationType": "AWS_PROXY", "IntegrationUri": "x"}, "BadRequestException"),
        ("create_authorizer", {**here, **token}, "BadRequestException"),
        ("create_stage", {**here, "StageName": "$default"}, "ConflictException"),
        ("create_stage", {**here, "StageName": "a b"}, "BadRequestException"),
        ("delete_route", {**here, "RouteId": "absent"}, "NotFoundException"),
        ("delete_stage", {**here, "StageName": "absent"}, "NotFoundException"),
        ("create_deployment", {**here, "StageName": "absent"}, "NotFoundException"),
        ("get_api", {"ApiId": "absent"}, "NotFoundException"),
    ]
    for operation, request, code in wrong:
        with pytest.raises(ClientError) as refused:
            getattr(api.client, operation)(**request)
        assert refused.value.response["Error"]["Code"] == code, (operation, request)


def test_a_deleted_api_answers_no_more(aws: Any) -> None:
    """https://docs.aws.amazon.com/apigatewayv2/latest/api-reference/apis-apiid.html"""
    api = HttpApi(aws)
    api.client.delete_api(ApiId=api.id)
    assert api.call().status_code == 404


def test_a_function_has_to_allow_the_api(functions: Any) -> None:
    """https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-troubleshooting-lambda.html"""
    name = functions.deploy("def handler(event, context): return 'hello'")
    api = HttpApi(functions.account)
    made = api.client.create_integration(
        ApiId=api.id,
        IntegrationType="AWS_PROXY",
        IntegrationUri=function_arn(functions.account.id, name),
        PayloadFormatVersion="2.0",
    )
    for path in ("one", "two"):
        api.route(f"GET /{path}", made["IntegrationId"])
    assert seen(api.call("/one")) == INTERNAL
    allow_gateway(functions.account, name, f"{api.arn}/*/GET/one")
    assert api.call("/one").text == "hello"
    assert seen(api.call("/two")) == INTERNAL
