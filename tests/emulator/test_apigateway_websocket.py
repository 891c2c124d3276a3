"""WebSocket APIs: connections, routes, and messages from the server."""

import json
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
import websocket
from apis import REGION, allow_gateway, function_arn, invocation_uri
from botocore.config import Config
from botocore.exceptions import ClientError

ROUTES = """
    import boto3
    import json

    def handler(event, context):
        call = event["requestContext"]
        kind = call["eventType"]
        if kind == "CONNECT":
            wish = (event.get("queryStringParameters") or {}).get("wish")
            if wish == "raise":
                raise ValueError("no")
            if wish:
                return {"statusCode": int(wish)}
        if kind == "DISCONNECT":
            name = f"left-{call['connectionId'].strip('=')}"
            boto3.client("sqs").create_queue(QueueName=name)
        body = event.get("body")
        if body == "fail":
            raise ValueError("no")
        if body == "say":
            gateway = boto3.client(
                "apigatewaymanagementapi", endpoint_url=f"http://{call['domainName']}/{call['stage']}")
            gateway.post_to_connection(ConnectionId=call["connectionId"], Data=b"said by the function")
        shown = {name: call.get(name) for name in ("routeKey", "eventType", "stage", "apiId", "connectionId")}
        shown["authorizer"] = call.get("authorizer")
        return {"statusCode": 200, "body": json.dumps({**shown, "body": body})}
"""

AUTHORIZER = """
    def handler(event, context):
        effect = "Allow" if event["queryStringParameters"]["token"] == "good" else "Deny"
        statement = {"Action": "execute-api:Invoke", "Effect": effect, "Resource": event["methodArn"]}
        document = {"Version": "2012-10-17", "Statement": [statement]}
        return {"principalId": "ann", "policyDocument": document, "context": {"tenant": "blue"}}
"""


class Socket:
    """A client's connection."""

    def __init__(self, url: str, **settings: Any) -> None:
        self.socket = websocket.create_connection(url, timeout=20, **settings)

    def say(self, message: Any) -> None:
        """Send a message, as JSON unless it is a text."""
        self.socket.send(message if isinstance(message, str) else json.dumps(message))

    def hear(self) -> Any:
        """Wait for a message and parse it."""
        return json.loads(self.socket.recv())


class Chat:
    """A WebSocket API whose routes all lead to one function."""

    def __init__(self, functions: Any, **connect: Any) -> None:
        self.account = functions.account
        self.client = self.account("apigatewayv2")
        made = self.client.create_api(
            Name="chat", ProtocolType="WEBSOCKET", RouteSelectionExpression="$request.body.action"
        )
        self.id, self.endpoint = made["ApiId"], made["ApiEndpoint"]
        self.arn = f"arn:aws:execute-api:{REGION}:{self.account.id}:{self.id}"
        name = functions.deploy(ROUTES)
        allow_gateway(self.account, name, f"{self.arn}/*")
        uri = invocation_uri(self.account.id, name)
        self.integration = self.client.create_integration(
            ApiId=self.id, IntegrationType="AWS_PROXY", IntegrationUri=uri
        )["IntegrationId"]
        for key in ("$disconnect", "$default", "greet"):
            self.route(key)
        self.route("$connect", **connect)
        self.client.create_stage(ApiId=self.id, StageName="dev")
        self.client.create_deployment(ApiId=self.id, StageName="dev")
        self.sockets: list[Socket] = []

    def route(self, key: str, **settings: Any) -> None:
        """Add a route, whose answers go back to the client except those of the lifecycle."""
        if key in ("$default", "greet"):
            settings["RouteResponseSelectionExpression"] = "$default"
        target = f"integrations/{self.integration}"
        self.client.create_route(ApiId=self.id, RouteKey=key, Target=target, **settings)

    def connect(self, query: str = "", **settings: Any) -> Socket:
        """Open a connection."""
        self.sockets.append(Socket(f"{self.endpoint}/dev{query}", **settings))
        return self.sockets[-1]

    def refused(self, query: str, stage: str = "dev") -> int:
        """Try to connect; return the status of the refusal."""
        with pytest.raises(websocket.WebSocketBadStatusException) as refusal:
            Socket(f"{self.endpoint}/{stage}{query}")
        return refusal.value.status_code

    def management(self, account: Any = None) -> Any:
        """Return a client for the connections of the stage, by path."""
        return (account or self.account).session.client(
            "apigatewaymanagementapi",
            endpoint_url=f"{self.account.endpoint}/_aws/execute-api/{self.id}/dev",
            config=Config(retries={"max_attempts": 1}),
        )


@pytest.fixture(scope="module")
def chat(module_functions: Any) -> Iterator[Chat]:
    """A WebSocket API that the tests share."""
    made = Chat(module_functions)
    yield made
    for item in made.sockets:
        item.socket.close()


def test_the_endpoint_is_a_websocket_url(chat: Chat) -> None:
    """https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api-overview.html"""
    parts = urlsplit(chat.client.get_api(ApiId=chat.id)["ApiEndpoint"])
    assert parts.scheme == "ws"
    assert parts.hostname in ("localhost", "127.0.0.1")
    chat.connect().say({"action": "greet"})


@pytest.mark.parametrize(
    ("message", "key"),
    [({"action": "greet"}, "greet"), ({"action": "unknown"}, "$default"), ({"a": 1}, "$default"), ("text", "$default")],
)
def test_a_message_goes_to_the_route_that_it_names(chat: Chat, message: Any, key: str) -> None:
    """https://docs.aws.amazon.com/apigateway/latest/developerguide/websocket-api-develop-routes.html"""
    client = chat.connect()
    client.say(message)
    heard = client.hear()
    assert (heard["routeKey"], heard["eventType"], heard["stage"]) == (key, "MESSAGE", "dev")
    assert heard["body"] == (message if isinstance(message, str) else json.dumps(message))


def test_the_connection_keeps_its_id(chat: Chat) -> None:
    """https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api-mapping-template-reference.html"""
    one, two = chat.connect(), chat.connect()
    ids = []
    for client in (one, one, two):
        client.say({"action": "greet"})
        ids.append(client.hear()["connectionId"])
    assert ids[0] == ids[1] != ids[2]


def test_a_function_refuses_a_connection_by_its_status(chat: Chat) -> None:
    """https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api-route-keys-connect-disconnect.html"""
    assert chat.refused("?wish=401") == 401
    assert chat.refused("?wish=403") == 403
    assert chat.refused("?wish=raise") == 502


def test_an_unknown_stage_is_refused(chat: Chat) -> None:
    """https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-set-up-websocket-deployment.html"""
    assert chat.refused("", stage="absent") == 403


def test_a_failing_route_is_told(chat: Chat) -> None:
    """https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api-route-response.html"""
    client = chat.connect()
    client.say("fail")
    heard = client.hear()
    assert heard["message"] == "Internal server error"
    assert heard.keys() == {"message", "connectionId", "requestId"}


def test_disconnection_runs_its_route(chat: Chat, eventually: Any) -> None:
    """https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api-route-keys-connect-disconnect.html"""
    client = chat.connect()
    client.say({"action": "greet"})
    name = "left-" + client.hear()["connectionId"].strip("=")
    client.socket.close()
    sqs = chat.account("sqs")
    assert eventually(lambda: sqs.list_queues(QueueNamePrefix=name).get("QueueUrls"))


def test_a_server_posts_to_a_connection(chat: Chat) -> None:
    """https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-how-to-call-websocket-api-connections.html"""
    client = chat.connect()
    client.say({"action": "greet"})
    there = {"ConnectionId": client.hear()["connectionId"]}
    gateway = chat.management()
    gateway.post_to_connection(**there, Data=json.dumps({"news": "ü"}).encode())
    assert client.hear() == {"news": "ü"}
    about = gateway.get_connection(**there)
    assert about["Identity"]["SourceIp"] == "127.0.0.1"
    assert about["ConnectedAt"] <= about["LastActiveAt"]


def test_a_function_posts_to_its_connection(chat: Chat) -> None:
    """https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-how-to-call-websocket-api-connections.html"""
    client = chat.connect()
    client.say("say")
    assert client.socket.recv() == "said by the function"


def test_a_server_closes_a_connection(chat: Chat) -> None:
    """https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-how-to-call-websocket-api-connections.html"""
    client = chat.connect()
    client.say({"action": "greet"})
    there = {"ConnectionId": client.hear()["connectionId"]}
    chat.management().delete_connection(**there)
    opcode, _ = client.socket.recv_data()
    assert opcode == websocket.ABNF.OPCODE_CLOSE
    with pytest.raises(ClientError) as refused:
        chat.management().post_to_connection(**there, Data=b"x")
    error = refused.value.response
    assert (error["Error"]["Code"], error["ResponseMetadata"]["HTTPStatusCode"]) == ("GoneException", 410)


def test_a_connection_that_is_not_there_is_gone(chat: Chat) -> None:
    """https://docs.aws.amazon.com/apigatewayv2/latest/api-reference/api-reference.html"""
    for operation in ("post_to_connection", "get_connection", "delete_connection"):
        request = {"ConnectionId": "absent=", **({"Data": b"x"} if operation.startswith("post") else {})}
        with pytest.raises(ClientError) as refused:
            getattr(chat.management(), operation)(**request)
        assert refused.value.response["Error"]["Code"] == "GoneException"


def test_another_account_may_not_post(chat: Chat, another_account: Any) -> None:
    """https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-control-access-iam.html"""
    client = chat.connect()
    client.say({"action": "greet"})
    there = {"ConnectionId": client.hear()["connectionId"]}
    with pytest.raises(ClientError) as refused:
        chat.management(another_account()).post_to_connection(**there, Data=b"x")
    assert refused.value.response["Error"]["Code"] == "ForbiddenException"


def test_a_message_may_have_128_kilobytes(chat: Chat) -> None:
    """https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-execution-service-websocket-limits-table.html"""
    client = chat.connect()
    client.say("x" * 128 * 1024)
    assert len(client.hear()["body"]) == 128 * 1024
    client.say("x" * (128 * 1024 + 1))
    opcode, data = client.socket.recv_data()
    assert (opcode, int.from_bytes(data[:2], "big")) == (websocket.ABNF.OPCODE_CLOSE, 1009)


def test_a_ping_is_answered(chat: Chat) -> None:
    """https://www.rfc-editor.org/rfc/rfc6455#section-5.5.2"""
    client = chat.connect()
    client.socket.ping("are you there")
    opcode, data = client.socket.recv_data(control_frame=True)
    assert (opcode, data) == (websocket.ABNF.OPCODE_PONG, b"are you there")


def test_a_request_authorizer_decides_on_the_connection(functions: Any) -> None:
    """https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api-lambda-auth.html"""
    chat = Chat(functions)
    name = functions.deploy(AUTHORIZER)
    allow_gateway(functions.account, name, f"{chat.arn}/authorizers/*")
    authorizer = chat.client.create_authorizer(
        ApiId=chat.id,
        Name="a",
        AuthorizerType="REQUEST",
        AuthorizerUri=invocation_uri(functions.account.id, name),
        IdentitySource=["route.request.querystring.token"],
    )["AuthorizerId"]
    routes = chat.client.get_routes(ApiId=chat.id)["Items"]
    connect = next(route["RouteId"] for route in routes if route["RouteKey"] == "$connect")
    chat.client.update_route(ApiId=chat.id, RouteId=connect, AuthorizationType="CUSTOM", AuthorizerId=authorizer)
    # A change is invisible until it is deployed.
    chat.connect().socket.close()
    chat.client.create_deployment(ApiId=chat.id, StageName="dev")
    assert chat.refused("") == 401
    assert chat.refused("?token=bad") == 403
    client = chat.connect("?token=good")
    client.say({"action": "greet"})
    assert client.hear()["authorizer"] == {"principalId": "ann", "tenant": "blue"}
    client.socket.close()


def test_answers_go_back_only_where_a_route_has_a_response(functions: Any) -> None:
    """https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api-route-response.html"""
    chat = Chat(functions)
    target = f"integrations/{chat.integration}"
    chat.client.create_route(ApiId=chat.id, RouteKey="quiet", Target=target)
    chat.client.create_deployment(ApiId=chat.id, StageName="dev")
    client = chat.connect()
    client.say({"action": "quiet"})
    client.say({"action": "greet"})
    assert client.hear()["routeKey"] == "greet"
    client.socket.close()


def test_no_route_for_a_message_is_forbidden(functions: Any) -> None:
    """https://docs.aws.amazon.com/apigateway/latest/developerguide/websocket-api-develop-routes.html"""
    chat = Chat(functions)
    routes = chat.client.get_routes(ApiId=chat.id)["Items"]
    default = next(route["RouteId"] for route in routes if route["RouteKey"] == "$default")
    chat.client.delete_route(ApiId=chat.id, RouteId=default)
    chat.client.create_deployment(ApiId=chat.id, StageName="dev")
    client = chat.connect()
    client.say({"action": "unknown"})
    assert client.hear()["message"] == "Forbidden"
    client.socket.close()


def test_a_deleted_api_closes_its_connections(functions: Any) -> None:
    """https://docs.aws.amazon.com/apigatewayv2/latest/api-reference/apis-apiid.html"""
    chat = Chat(functions)
    client = chat.connect()
    chat.client.delete_api(ApiId=chat.id)
    assert client.socket.recv_data()[0] == websocket.ABNF.OPCODE_CLOSE


def test_nonsense_is_refused(aws: Any) -> None:
    """https://docs.aws.amazon.com/apigatewayv2/latest/api-reference/api-reference.html"""
    client = aws("apigatewayv2")
    made = client.create_api(Name="a", ProtocolType="WEBSOCKET", RouteSelectionExpression="$request.body.action")
    here = {"ApiId": made["ApiId"]}
    uri = function_arn(aws.id, "f")
    wrong = [
        ("create_api", {"Name": "a", "ProtocolType": "WEBSOCKET"}),
        ("create_stage", {**here, "StageName": "$default"}),
        ("create_deployment", here),
        ("create_authorizer", {**here, "AuthorizerType": "JWT", "Name": "a", "IdentitySource": ["x"]}),
        ("create_route", {**here, "RouteKey": "greet", "AuthorizationType": "AWS_IAM"}),
        (
            "create_integration",
            {**here, "IntegrationType": "AWS_PROXY", "IntegrationUri": uri, "TimeoutInMillis": 30_001},
        ),
    ]
    for operation, request in wrong:
        with pytest.raises(ClientError) as refused:
            getattr(client, operation)(**request)
        assert refused.value.response["Error"]["Code"] == "BadRequestException", operation


def test_a_server_with_open_connections_ends(own_server: Any) -> None:
    """A connection holds a thread of the server, which must not keep it from ending."""
    server = own_server()
    chat = Chat(server.functions)
    client = chat.connect()
    client.say({"action": "greet"})
    client.hear()
    started = time.monotonic()
    server.stop()
    assert time.monotonic() - started < 15
    client.socket.close()
