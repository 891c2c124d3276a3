"""``@connections``: sending to, asking about and closing the connections of a WebSocket API.

https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-how-to-call-websocket-api-connections.html
"""

import json
import urllib.parse

from localstack.http import Request, Response

from .. import iam
from ..http.answers import message
from ..http.configuration import Api
from . import connections

MAXIMUM_MESSAGE = 128 * 1024
"""Bytes: https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-execution-service-websocket-limits-table.html"""

MANAGE = "execute-api:ManageConnections"
MARK = "/@connections/"


def serve(request: Request, api: Api, path: str) -> Response:
    """Answer PostToConnection, GetConnection or DeleteConnection.

    :param path: ``/STAGE/@connections/ID``, percent encoded
    """
    stage, _, connection_id = path.strip("/").partition(MARK)
    arn = f"{api.arn}/{stage}/{request.method}{MARK}{urllib.parse.unquote(connection_id)}"
    try:
        caller, _ = iam.caller_of(request)
    except iam.NotSigned:
        return message(403, "Missing Authentication Token")
    except (iam.NotValid, iam.HasExpired) as error:
        return _error(403, "ForbiddenException", str(error))
    if not iam.decide(caller, arn, api.account, iam.conditions(request), action=MANAGE).allowed:
        return _error(403, "ForbiddenException", "Forbidden")
    connection = connections.find(api, stage, urllib.parse.unquote(connection_id))
    if connection is None:
        return _error(410, "GoneException", "Gone")
    match request.method:
        case "POST":
            data = request.get_data()
            if len(data) > MAXIMUM_MESSAGE:
                return _error(413, "PayloadTooLargeException", "Payload Too Large")
            connection.send(data.decode("utf-8", errors="replace"))
            return Response(status=200)
        case "GET":
            record = {
                "connectedAt": connection.connected_at.isoformat(),
                "lastActiveAt": connection.active_at.isoformat(),
                "identity": {"sourceIp": connection.source_ip, "userAgent": connection.user_agent},
            }
            return Response(json.dumps(record), 200, mimetype="application/json")
        case "DELETE":
            connection.close(1000, "Connection closed by server")
            connections.remove(connection)
            return Response(status=204)
    return message(403, "Missing Authentication Token")


def _error(status: int, code: str, text: str) -> Response:
    return message(status, text, {"x-amzn-ErrorType": code})
