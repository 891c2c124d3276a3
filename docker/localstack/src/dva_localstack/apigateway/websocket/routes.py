"""Which route of a WebSocket API a message goes to, and what its function gets and answers.

https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api-overview.html
"""

import base64
import json
import logging
import uuid
from collections.abc import Mapping
from typing import Any

from botocore.exceptions import ClientError

from .. import functions
from ..http.call import domain_name
from ..http.configuration import Record, Snapshot
from ..timeouts import within
from .connections import Connection, now

LOG = logging.getLogger(__name__)

TIMEOUT = 29_000
"""Milliseconds: https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-execution-service-websocket-limits-table.html"""


class Failed(Exception):
    """A route's integration did not answer."""


def select(snapshot: Snapshot, message: str | bytes) -> Record | None:
    """Return the route for a message, ``$default`` where none is named, None where there is none either."""
    expression = snapshot.api.get("routeSelectionExpression") or ""
    found: Any = None
    if expression.startswith("$request.body."):
        try:
            found = json.loads(message)
        except ValueError:
            found = None
        for part in expression.removeprefix("$request.body.").split("."):
            found = found.get(part) if isinstance(found, Mapping) else None
    return route(snapshot, str(found)) or route(snapshot, "$default")


def route(snapshot: Snapshot, key: str) -> Record | None:
    """Return the route with a key."""
    return next((item for item in snapshot.routes if item["routeKey"] == key), None)


def context_of(connection: Connection, key: str, kind: str) -> dict[str, Any]:
    """Return an event's ``requestContext``.

    :param kind: ``CONNECT``, ``MESSAGE`` or ``DISCONNECT``
    """
    at = now()
    context = {
        "routeKey": key,
        "eventType": kind,
        "extendedRequestId": str(uuid.uuid4()),
        "requestTime": at.strftime("%d/%b/%Y:%H:%M:%S +0000"),
        "messageDirection": "IN",
        "stage": connection.stage["stageName"],
        "connectedAt": int(connection.connected_at.timestamp() * 1000),
        "requestTimeEpoch": int(at.timestamp() * 1000),
        "identity": {"sourceIp": connection.source_ip, "userAgent": connection.user_agent},
        "requestId": str(uuid.uuid4()),
        "domainName": domain_name(connection.api.id),
        "connectionId": connection.id,
        "apiId": connection.api.id,
    }
    return context | ({"authorizer": connection.authorizer} if connection.authorizer else {})


def event_of(connection: Connection, key: str, kind: str, message: str | bytes | None = None) -> dict[str, Any]:
    """Return the event of a message, of a connection or of its end."""
    event: dict[str, Any] = {"requestContext": context_of(connection, key, kind), "isBase64Encoded": False}
    if variables := connection.stage.get("stageVariables"):
        event["stageVariables"] = variables
    if message is not None:
        event["requestContext"]["messageId"] = event["requestContext"]["requestId"]
        encoded = isinstance(message, bytes | bytearray)
        event["body"] = base64.b64encode(message).decode() if encoded else message  # type: ignore[arg-type]
        event["isBase64Encoded"] = encoded
    return event


def integrate(connection: Connection, snapshot: Snapshot, taken: Record, event: dict[str, Any]) -> dict[str, Any]:
    """Return what the route's integration answers: ``statusCode``, and perhaps ``body`` and ``headers``.

    :raises Failed: there is none, or it failed
    """
    integration = snapshot.integrations.get((taken.get("target") or "").rpartition("/")[2])
    if integration is None:
        raise Failed("The route has no integration.")
    if integration["integrationType"] == "MOCK":
        return {"statusCode": 200}
    if integration["integrationType"] not in ("AWS_PROXY", "AWS"):
        raise Failed(f"The emulator has no {integration['integrationType']} integration for WebSocket APIs.")
    arn = functions.function_arn(integration["integrationUri"], connection.stage.get("stageVariables"))
    source = f"{connection.api.arn}/{connection.stage['stageName']}/{taken['routeKey']}"
    try:
        returned = within(int(integration.get("timeoutInMillis") or TIMEOUT), functions.invoke, arn, event, source)
    except (ClientError, TimeoutError) as error:
        LOG.warning("%s %s: %s", connection.api.id, taken["routeKey"], error)
        raise Failed(str(error)) from error
    answer = returned.json()
    if returned.failed:
        raise Failed("The function failed.")
    return answer if isinstance(answer, dict) else {"statusCode": 200, "body": answer}
