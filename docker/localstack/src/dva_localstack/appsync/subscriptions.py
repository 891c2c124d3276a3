"""Subscriptions: clients hear of mutations over a WebSocket.

https://docs.aws.amazon.com/appsync/latest/devguide/real-time-websocket-client.html
"""

import base64
import contextlib
import json
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import requests
from graphql import (
    DocumentNode,
    FieldNode,
    GraphQLSchema,
    OperationDefinitionNode,
    build_schema,
    execute_sync,
    get_operation_ast,
    parse,
    value_from_ast_untyped,
)
from localstack.http import Response
from rolo.websocket import WebSocketDisconnectedError
from rolo.websocket.request import WebSocket, WebSocketRequest

PROTOCOL = "graphql-ws"
TIMEOUT_MILLISECONDS = 300_000
"""After this long without a sign of life a client should connect anew."""

KEEP_ALIVE_SECONDS = 60
LIFE_SECONDS = 24 * 3600
"""https://docs.aws.amazon.com/general/latest/gr/appsync.html"""

UPGRADED = 101
SERVER_GOES = 1001

Ask = Callable[[dict[str, Any], dict[str, str]], requests.Response | None]
"""Sends a GraphQL request with a caller's headers; None where the caller's token is not valid."""


@dataclass(frozen=True)
class Subscription:
    """One query that a client has started."""

    document: DocumentNode
    variables: Mapping[str, Any]
    selected: FieldNode

    def arguments(self) -> dict[str, Any]:
        """Return the arguments that are not null."""
        given = {
            item.name.value: value_from_ast_untyped(item.value, self.variables) for item in self.selected.arguments
        }
        return {name: value for name, value in given.items() if value is not None}


@dataclass
class Client:
    """An open connection."""

    socket: WebSocket
    subscriptions: dict[str, Subscription] = field(default_factory=dict)

    def send(self, **message: Any) -> None:
        """Send a message."""
        self.socket.send(json.dumps(message))


_CLIENTS: dict[str, list[Client]] = {}
_LOCK = threading.Lock()


def serve(request: WebSocketRequest, api: str, ask: Ask) -> Response:
    """Serve a connection until it ends."""
    headers = _authorization(request)
    answer = ask({"query": "{ __typename }"}, headers)
    with request.accept(subprotocol=PROTOCOL) as socket:
        client = Client(socket)
        if answer is None or answer.status_code != 200:
            error = {"errorType": "UnauthorizedException", "message": "You are not authorized to make this call."}
            client.send(type="connection_error", payload={"errors": [{**error, "errorCode": 401}]})
            socket.close(1000)
            return Response(status=UPGRADED)
        with _LOCK:
            _CLIENTS.setdefault(api, []).append(client)
        try:
            _converse(client, ask, headers)
        finally:
            with _LOCK:
                _CLIENTS[api].remove(client)
    return Response(status=UPGRADED)


def _authorization(request: WebSocketRequest) -> dict[str, str]:
    """Return the headers that a client sends encoded, in the URL or as a subprotocol."""
    encoded = request.args.get("header", "")
    for name in request.headers.get("Sec-WebSocket-Protocol", "").split(","):
        if name.strip().startswith("header-"):
            encoded = name.strip().removeprefix("header-")
    try:
        padded = encoded.replace("-", "+").replace("_", "/") + "=" * (-len(encoded) % 4)
        found = json.loads(base64.b64decode(padded))
    except ValueError:
        return {}
    return {name: str(value) for name, value in found.items() if name.lower() != "host"} if found else {}


def _converse(client: Client, ask: Ask, headers: dict[str, str]) -> None:
    until = time.monotonic() + LIFE_SECONDS
    while time.monotonic() < until:
        try:
            text = client.socket.socket.receive(KEEP_ALIVE_SECONDS).data
        except TimeoutError:
            client.send(type="ka")
            continue
        except WebSocketDisconnectedError:
            return
        try:
            message = json.loads(text)
            kind = message["type"]
        except (ValueError, KeyError, TypeError):
            client.send(type="error", payload={"errors": [{"errorType": "BadRequestException", "message": "Invalid"}]})
            continue
        if kind == "connection_init":
            client.send(type="connection_ack", payload={"connectionTimeoutMs": TIMEOUT_MILLISECONDS})
            client.send(type="ka")
        elif kind == "start":
            _start(client, message, ask, headers)
        elif kind == "stop":
            client.subscriptions.pop(message.get("id"), None)
            client.send(type="complete", id=message.get("id"))


def _start(client: Client, message: Mapping[str, Any], ask: Ask, headers: dict[str, str]) -> None:
    payload, name = message.get("payload") or {}, message.get("id")
    try:
        query = json.loads(payload.get("data") or "")
        document = parse(query["query"])
        operation = get_operation_ast(document, query.get("operationName"))
        if operation is None or operation.operation.value != "subscription":
            raise ValueError("A subscription is expected.")
    except Exception as error:
        client.send(type="error", id=name, payload={"errors": [{"errorType": "BadRequest", "message": str(error)}]})
        return
    own = (payload.get("extensions") or {}).get("authorization") or {}
    answer = ask(query, {key: str(value) for key, value in own.items() if key.lower() != "host"} or headers)
    # Asked as a query, it gives no data, but the errors that a schema, its directives or a resolver have for it.
    unauthorized = [{"errorType": "UnauthorizedException", "message": "You are not authorized to make this call."}]
    errors = unauthorized if answer is None else answer.json().get("errors")
    if errors:
        client.send(type="error", id=name, payload={"errors": errors})
        return
    selected = next(node for node in operation.selection_set.selections if isinstance(node, FieldNode))
    client.subscriptions[str(name)] = Subscription(document, query.get("variables") or {}, selected)
    client.send(type="start_ack", id=name)


@lru_cache(maxsize=16)
def _schema(text: str) -> GraphQLSchema:
    from ministack.core.appsync_graphql import APPSYNC_PRELUDE

    return build_schema(APPSYNC_PRELUDE + text, assume_valid_sdl=True)


def publish(api: str, schema: str, asked: bytes, answered: bytes) -> None:
    """Tell those who have subscribed to a mutation what it returned."""
    with _LOCK:
        clients = list(_CLIENTS.get(api) or [])
    if not clients:
        return
    try:
        request, answer = json.loads(asked), json.loads(answered)
        operation = get_operation_ast(parse(request["query"]), request.get("operationName"))
    except Exception:
        return
    if operation is None or operation.operation.value != "mutation":
        return
    for mutation, result in _results(operation, answer.get("data") or {}):
        for client in clients:
            for name, subscription in list(client.subscriptions.items()):
                if _hears(_schema(schema), subscription, mutation, result):
                    _deliver(client, name, subscription, _schema(schema), result)


def _results(operation: OperationDefinitionNode, data: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """Return the mutations that succeeded, each with what it returned."""
    fields = [node for node in operation.selection_set.selections if isinstance(node, FieldNode)]
    found = [(node.name.value, data.get((node.alias or node.name).value)) for node in fields]
    return [(name, result) for name, result in found if result is not None]


def _hears(schema: GraphQLSchema, subscription: Subscription, mutation: str, result: Any) -> bool:
    """Return whether a subscription is for a mutation, and its arguments are what the mutation returned."""
    kind = schema.subscription_type
    node = kind.fields[subscription.selected.name.value].ast_node if kind else None
    directives = [item for item in (node.directives if node else ()) if item.name.value == "aws_subscribe"]
    names = [value_from_ast_untyped(item.arguments[0].value) for item in directives if item.arguments]
    if not any(mutation in group for group in names):
        return False
    wanted = subscription.arguments()
    return all(isinstance(result, dict) and result.get(name) == value for name, value in wanted.items())


def _deliver(client: Client, name: str, subscription: Subscription, schema: GraphQLSchema, result: Any) -> None:
    """Send what the subscription selects of a mutation's result; what the mutation did not select is null."""
    root = {subscription.selected.name.value: result}
    given = execute_sync(schema, subscription.document, root_value=root, variable_values=dict(subscription.variables))
    payload: dict[str, Any] = {"data": given.data}
    if given.errors:
        payload["errors"] = [{"message": error.message, "path": error.path} for error in given.errors]
    # The client may be gone, which is not the mutation's fault.
    with contextlib.suppress(WebSocketDisconnectedError, OSError):
        client.send(type="data", id=name, payload=payload)


def close_all(api: str | None = None) -> None:
    """Close the connections of one API, or all of them."""
    with _LOCK:
        clients = [client for name, open_ones in _CLIENTS.items() if api in (None, name) for client in open_ones]
    for client in clients:
        client.socket.close(SERVER_GOES, "Going away")
