"""A connection to a WebSocket API, from the handshake to the disconnection."""

import json
import time
from typing import Any

from localstack.http import Request, Response
from rolo.websocket import WebSocketDisconnectedError
from rolo.websocket.request import WebSocketRequest

from ..http.answers import message as refusal
from ..http.configuration import REGISTRY, Snapshot
from ..http.gateway import find_stage
from . import connections, management
from .authorization import refuse_connection
from .connections import Connection, now
from .routes import Failed, event_of, integrate, route, select

IDLE_SECONDS = 600
TOTAL_SECONDS = 7200
"""Limits of a connection: https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-execution-service-websocket-limits-table.html"""

TOO_LARGE = 1009
"""Code of a close frame: https://www.rfc-editor.org/rfc/rfc6455#section-7.4.1"""

UPGRADED = 101
"""Status that tells rolo's gateway that there is nothing left to answer."""


def serve(request: Request | WebSocketRequest, api_id: str, path: str) -> Response | None:
    """Serve a connection until it ends, or a request about one; None when there is no WebSocket API of this id."""
    api = REGISTRY.get(api_id)
    if api is None or api.protocol != "WEBSOCKET":
        return None
    if not isinstance(request, WebSocketRequest):
        return management.serve(request, api, path) if management.MARK in path else refusal(403, "Forbidden")
    found = find_stage(api, path)
    snapshot = REGISTRY.deployed(api, found[0]) if found else None
    if found is None or snapshot is None:
        return refusal(403, "Forbidden")
    connection = Connection(api, found[0], request.remote_addr or "127.0.0.1", request.headers.get("User-Agent", ""))
    answer = _connect(request, connection, snapshot)
    if isinstance(answer, Response):
        return answer
    with request.accept(subprotocol=answer) as connection.socket:
        connections.add(connection)
        ended = _converse(connection)
    connections.remove(connection)
    _disconnect(connection, ended)
    return Response(status=UPGRADED)


def _connect(request: WebSocketRequest, connection: Connection, snapshot: Snapshot) -> Response | str | None:
    """Run ``$connect``; return the refusal, or the subprotocol that the function chose."""
    taken = route(snapshot, "$connect")
    if taken is None:
        return None
    event = event_of(connection, "$connect", "CONNECT")
    values = {name: list(found) for name, found in request.args.lists()}
    event |= {
        "headers": dict(request.headers),
        "multiValueHeaders": {name: request.headers.getlist(name) for name, _ in request.headers},
    }
    if values:
        event["queryStringParameters"] = {name: found[-1] for name, found in values.items()}
        event["multiValueQueryStringParameters"] = values
    if refused := refuse_connection(request, connection, snapshot, taken, event):
        return refused
    if connection.authorizer:
        event["requestContext"]["authorizer"] = connection.authorizer
    try:
        answer = integrate(connection, snapshot, taken, event)
        status = int(answer.get("statusCode", 500))
    except (Failed, ValueError, TypeError):
        return refusal(502, "Internal server error")
    if not 200 <= status < 300:
        return refusal(status, "Forbidden" if status == 403 else "Unauthorized" if status == 401 else "Refused")
    headers = {name.lower(): value for name, value in (answer.get("headers") or {}).items()}
    return headers.get("sec-websocket-protocol")


def _converse(connection: Connection) -> tuple[int, str]:
    """Hand on messages until the connection ends; return the code and the reason of the end."""
    assert connection.socket
    until = time.monotonic() + TOTAL_SECONDS
    while True:
        try:
            wait = min(IDLE_SECONDS, until - time.monotonic())
            message = connection.socket.socket.receive(max(wait, 0.001)).data
        except WebSocketDisconnectedError as error:
            code = error.args[0] if error.args and isinstance(error.args[0], int) else 1005
            return int(code), ""
        except TimeoutError:
            connection.close(1001, "Going away")
            return 1001, "Going away"
        if len(message) > management.MAXIMUM_MESSAGE:
            connection.close(TOO_LARGE, "Message too long")
            return TOO_LARGE, "Message too long"
        connection.active_at = now()
        _hand_on(connection, message)


def _hand_on(connection: Connection, message: str | bytes) -> None:
    api, stage = connection.api, REGISTRY.stages(connection.api).get(connection.stage["stageName"])
    snapshot = REGISTRY.deployed(api, stage) if stage else None
    taken = select(snapshot, message) if snapshot else None
    if snapshot is None or taken is None:
        _complain(connection, "Forbidden", None)
        return
    event = event_of(connection, taken["routeKey"], "MESSAGE", message)
    try:
        answer = integrate(connection, snapshot, taken, event)
    except Failed:
        _complain(connection, "Internal server error", event)
        return
    # The answer goes back only where the route has a route response.
    if taken.get("routeResponseSelectionExpression") and (body := answer.get("body")) is not None:
        connection.send(body if isinstance(body, str) else json.dumps(body))


def _complain(connection: Connection, text: str, event: dict[str, Any] | None) -> None:
    request_id = event["requestContext"]["requestId"] if event else connections.new_id()
    connection.send(json.dumps({"message": text, "connectionId": connection.id, "requestId": request_id}))


def _disconnect(connection: Connection, ended: tuple[int, str]) -> None:
    """Run ``$disconnect``, whose answer nobody waits for."""
    stages = REGISTRY.stages(connection.api) if REGISTRY.get(connection.api.id) else {}
    stage = stages.get(connection.stage["stageName"])
    snapshot = REGISTRY.deployed(connection.api, stage) if stage else None
    taken = route(snapshot, "$disconnect") if snapshot else None
    if snapshot is None or taken is None:
        return
    event = event_of(connection, "$disconnect", "DISCONNECT")
    event["requestContext"] |= {"disconnectStatusCode": ended[0], "disconnectReason": ended[1]}
    try:
        integrate(connection, snapshot, taken, event)
    except Failed:
        return
