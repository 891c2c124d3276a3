"""IAM authorization of APIs, and resource policies of REST APIs."""

import json
from typing import Any
from urllib.parse import urlsplit

import boto3
import pytest
import requests
import websocket
from apis import HttpApi, RestApi, allow_gateway, policy, seen
from botocore.auth import SigV4Auth, SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.exceptions import ClientError

INVOKE = "execute-api:Invoke"


class User:
    """An IAM user with a policy, who signs requests."""

    def __init__(self, account: Any, document: dict[str, Any] | None = None, name: str = "dev") -> None:
        iam = account("iam")
        self.arn = iam.create_user(UserName=name)["User"]["Arn"]
        if document:
            iam.put_user_policy(UserName=name, PolicyName="api", PolicyDocument=json.dumps(document))
        made = iam.create_access_key(UserName=name)["AccessKey"]
        self.keys = {"aws_access_key_id": made["AccessKeyId"], "aws_secret_access_key": made["SecretAccessKey"]}
        self.credentials = Credentials(made["AccessKeyId"], made["SecretAccessKey"])

    def call(self, url: str, verb: str = "GET", data: bytes = b"", credentials: Any = None) -> requests.Response:
        """Send a signed request."""
        return call_as(credentials or self.credentials, url, verb, data)


def call_as(credentials: Credentials, url: str, verb: str = "GET", data: bytes = b"") -> requests.Response:
    """Send a request signed for execute-api."""
    request = AWSRequest(verb, url, data=data)
    SigV4Auth(credentials, "execute-api", "us-east-1").add_auth(request)
    return requests.request(verb, url, headers=dict(request.headers), data=data, timeout=20)


def masked(api: RestApi) -> str:
    """Return the API's ARN as messages show it."""
    return api.arn.replace(api.account.id, "********" + api.account.id[-4:])


def signed_api(account: Any, **settings: Any) -> RestApi:
    """An API whose methods ask for a signature."""
    api = RestApi(account, **settings)
    shown = '{"user":"$context.identity.userArn","account":"$context.identity.accountId"}'
    for verb in ("GET", "POST"):
        api.mock("/orders/{id}", verb, body=shown, authorizationType="AWS_IAM")
    api.deploy()
    return api


def test_an_unsigned_call_misses_a_token(aws: Any) -> None:
    """https://docs.aws.amazon.com/apigateway/latest/developerguide/permissions.html"""
    assert seen(signed_api(aws).call("/orders/7")) == (403, {"message": "Missing Authentication Token"})


def test_a_user_may_call_what_the_policy_allows(aws: Any) -> None:
    """https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-control-access-using-iam-policies-to-invoke-api.html"""
    api = signed_api(aws)
    user = User(aws, policy("Allow", f"{api.arn}/test/GET/orders/*"))
    url = api.url("/orders/a%20b?q=x%2Fy&a=1")
    assert seen(user.call(url)) == (200, {"user": user.arn, "account": aws.id})
    refused = user.call(url, "POST", b"{}")
    expected = f"User: {user.arn} is not authorized to perform: {INVOKE} on resource: {masked(api)}/test/POST/orders/"
    assert refused.status_code == 403
    assert refused.json()["Message"].startswith(expected)


def test_an_explicit_deny_is_told(aws: Any) -> None:
    """https://repost.aws/knowledge-center/api-gateway-troubleshoot-403-forbidden"""
    api = signed_api(aws)
    user = User(aws, policy("Deny"))
    status, body = seen(user.call(api.url("/orders/7")))
    assert status == 403
    assert body["Message"].endswith("/test/GET/orders/7 with an explicit deny")


def test_wrong_signatures_are_refused(aws: Any) -> None:
    """https://docs.aws.amazon.com/apigateway/latest/developerguide/supported-gateway-response-types.html"""
    api = signed_api(aws)
    user = User(aws, policy("Allow"))
    url = api.url("/orders/7")
    wrong = user.call(url, credentials=Credentials(user.credentials.access_key, "wrong"))
    assert wrong.status_code == 403
    assert wrong.json()["message"].startswith("The request signature we calculated does not match")
    assert wrong.headers["x-amzn-ErrorType"] == "InvalidSignatureException"
    unknown = user.call(url, credentials=Credentials("AKIAIOSFODNN7EXAMPLE", "wrong"))
    assert seen(unknown) == (403, {"message": "The security token included in the request is invalid."})
    request = AWSRequest("POST", url, data=b"{}")
    SigV4Auth(user.credentials, "execute-api", "us-east-1").add_auth(request)
    changed = requests.post(url, headers=dict(request.headers), data=b"[]", timeout=20)
    assert changed.status_code == 403


def test_a_role_calls_with_its_session(aws: Any) -> None:
    """https://docs.aws.amazon.com/apigateway/latest/developerguide/permissions.html"""
    api = signed_api(aws)
    statement = {"Effect": "Allow", "Principal": {"AWS": aws.id}, "Action": "sts:AssumeRole"}
    trust = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    iam = aws("iam")
    role = iam.create_role(RoleName="caller", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    made = aws("sts").assume_role(RoleArn=role, RoleSessionName="session")["Credentials"]
    session = Credentials(made["AccessKeyId"], made["SecretAccessKey"], made["SessionToken"])
    assert call_as(session, api.url("/orders/7")).status_code == 403
    iam.put_role_policy(RoleName="caller", PolicyName="api", PolicyDocument=json.dumps(policy("Allow")))
    answer = call_as(session, api.url("/orders/7"))
    assert answer.json()["user"] == f"arn:aws:sts::{aws.id}:assumed-role/caller/session"
    without_token = Credentials(made["AccessKeyId"], made["SecretAccessKey"])
    assert call_as(without_token, api.url("/orders/7")).status_code == 403


def allow(*statements: dict[str, Any]) -> str:
    """Return a resource policy."""
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def test_another_account_needs_both_policies(aws: Any, another_account: Any) -> None:
    """https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-authorization-flow.html"""
    other = another_account()
    user = User(other, policy("Allow"))
    closed = signed_api(aws)
    assert user.call(closed.url("/orders/7")).status_code == 403
    statement = {
        "Effect": "Allow",
        "Principal": {"AWS": user.arn},
        "Action": INVOKE,
        "Resource": "execute-api:/test/GET/*",
    }
    opened = signed_api(aws, policy=allow(statement))
    assert user.call(opened.url("/orders/7")).status_code == 200
    assert user.call(opened.url("/orders/7"), "POST").status_code == 403
    without = User(other, name="nobody")
    assert without.call(opened.url("/orders/7")).status_code == 403


def test_a_resource_policy_alone_has_to_allow(aws: Any) -> None:
    """https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-authorization-flow.html"""
    everyone = {"Effect": "Allow", "Principal": "*", "Action": INVOKE, "Resource": "execute-api:/*"}
    api = RestApi(aws, policy=allow({**everyone, "Resource": "execute-api:/test/GET/open"}))
    for path in ("/open", "/closed"):
        api.mock(path)
    api.deploy()
    assert api.call("/open").status_code == 200
    text = f"User: anonymous is not authorized to perform: {INVOKE} on resource: {masked(api)}/test/GET/closed"
    assert seen(api.call("/closed")) == (403, {"Message": text})


@pytest.mark.parametrize(("network", "status"), [("127.0.0.0/8", 403), ("192.0.2.0/24", 200)])
def test_a_resource_policy_denies_by_address(aws: Any, network: str, status: int) -> None:
    """https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-resource-policies-examples.html"""
    everyone = {"Effect": "Allow", "Principal": "*", "Action": INVOKE, "Resource": "execute-api:/*"}
    condition = {"IpAddress": {"aws:SourceIp": network}}
    api = RestApi(aws, policy=allow(everyone, {**everyone, "Effect": "Deny", "Condition": condition}))
    api.mock("/")
    api.deploy()
    answer = api.call()
    assert answer.status_code == status
    if status == 403:
        assert answer.json()["Message"].endswith("with an explicit deny")


def test_a_change_of_the_policy_is_invisible_until_deployed(aws: Any) -> None:
    """https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-resource-policies-create-attach.html"""
    api = RestApi(aws)
    api.mock("/")
    api.deploy()
    everyone = {"Effect": "Deny", "Principal": "*", "Action": INVOKE, "Resource": "execute-api:/*"}
    api.client.update_rest_api(
        restApiId=api.id, patchOperations=[{"op": "replace", "path": "/policy", "value": allow(everyone)}]
    )
    assert api.call().status_code == 200
    api.deploy()
    assert api.call().status_code == 403


def test_who_may_renew_the_cache_needs_a_permission(aws: Any) -> None:
    """https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-caching.html"""
    api = RestApi(aws)
    api.mock("/", body="$context.requestId", authorizationType="AWS_IAM")
    api.deploy(cacheClusterEnabled=True, cacheClusterSize="0.5")
    api.settings(**{"/*/*/caching/enabled": "true"})
    both = policy("Allow")
    both["Statement"].append({"Effect": "Allow", "Action": "execute-api:InvalidateCache", "Resource": "*"})
    reader, writer = User(aws, policy("Allow"), "reader"), User(aws, both, "writer")

    def renew(user: User) -> str:
        request = AWSRequest("GET", api.url(), headers={"Cache-Control": "max-age=0"})
        SigV4Auth(user.credentials, "execute-api", "us-east-1").add_auth(request)
        return requests.get(api.url(), headers=dict(request.headers), timeout=20).text

    first = reader.call(api.url()).text
    assert renew(reader) == first
    assert renew(writer) != first


def test_a_route_of_an_http_api_asks_for_a_signature(functions: Any) -> None:
    """https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-access-control-iam.html"""
    api = HttpApi(functions.account)
    show = "def handler(event, context): return event['requestContext']['authorizer']['iam']"
    api.route("ANY /orders/{id}", api.function(functions.deploy(show)), AuthorizationType="AWS_IAM")
    user = User(functions.account, policy("Allow", f"{api.arn}/$default/GET/orders/*"))
    url = api.endpoint + "/orders/7"
    shown = user.call(url).json()
    assert (shown["userArn"], shown["accountId"]) == (user.arn, functions.account.id)
    forbidden = (403, {"message": "Forbidden"})
    assert seen(requests.get(url, timeout=20)) == forbidden
    assert seen(user.call(url, "POST")) == forbidden
    assert seen(user.call(url, credentials=Credentials(user.credentials.access_key, "wrong"))) == forbidden


CHAT = "def handler(event, context): return {'statusCode': 200, 'body': event['requestContext']['connectionId']}"


def test_a_websocket_api_and_its_connections_ask_for_permission(functions: Any) -> None:
    """https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-control-access-iam.html"""
    account = functions.account
    client = account("apigatewayv2")
    made = client.create_api(Name="c", ProtocolType="WEBSOCKET", RouteSelectionExpression="$request.body.action")
    arn = f"arn:aws:execute-api:us-east-1:{account.id}:{made['ApiId']}"
    name = functions.deploy(CHAT)
    allow_gateway(account, name, f"{arn}/*")
    integration = client.create_integration(
        ApiId=made["ApiId"],
        IntegrationType="AWS_PROXY",
        IntegrationUri=f"arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/"
        f"arn:aws:lambda:us-east-1:{account.id}:function:{name}/invocations",
    )["IntegrationId"]
    for key, settings in (
        ("$connect", {"AuthorizationType": "AWS_IAM"}),
        ("$default", {"RouteResponseSelectionExpression": "$default"}),
    ):
        target = f"integrations/{integration}"
        client.create_route(ApiId=made["ApiId"], RouteKey=key, Target=target, **settings)
    client.create_stage(ApiId=made["ApiId"], StageName="dev")
    client.create_deployment(ApiId=made["ApiId"], StageName="dev")
    user = User(account, policy("Allow", f"{arn}/dev/$connect"))
    stranger = User(account, name="stranger")

    def connect(credentials: Credentials | None) -> websocket.WebSocket:
        url = f"{made['ApiEndpoint']}/dev"
        if credentials:
            request = AWSRequest("GET", url.replace("ws://", "http://"))
            SigV4QueryAuth(credentials, "execute-api", "us-east-1").add_auth(request)
            url = request.url.replace("http://", "ws://")
        return websocket.create_connection(url, timeout=20)

    for nobody in (None, stranger.credentials, Credentials(user.credentials.access_key, "wrong")):
        with pytest.raises(websocket.WebSocketBadStatusException) as refused:
            connect(nobody)
        assert refused.value.status_code == 403
    socket = connect(user.credentials)
    socket.send("hello")
    connection = socket.recv()
    endpoint = f"http://{urlsplit(made['ApiEndpoint']).netloc}{urlsplit(made['ApiEndpoint']).path}/dev"

    def post(who: User) -> None:
        boto3.client(
            "apigatewaymanagementapi",
            endpoint_url=endpoint,
            region_name="us-east-1",
            config=Config(retries={"max_attempts": 1}),
            **who.keys,
        ).post_to_connection(ConnectionId=connection, Data=b"news")

    with pytest.raises(ClientError) as denied:
        post(user)
    assert denied.value.response["Error"]["Code"] == "ForbiddenException"
    manage = {
        "Effect": "Allow",
        "Action": "execute-api:ManageConnections",
        "Resource": f"{arn}/dev/POST/@connections/*",
    }
    document = json.dumps({"Version": "2012-10-17", "Statement": [manage]})
    account("iam").put_user_policy(UserName="stranger", PolicyName="manage", PolicyDocument=document)
    post(stranger)
    assert socket.recv() == "news"
    socket.close()
