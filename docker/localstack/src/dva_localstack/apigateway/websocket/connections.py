"""The open connections of WebSocket APIs."""

import base64
import datetime
import secrets
import threading
from dataclasses import dataclass, field
from typing import Any

from rolo.websocket.request import WebSocket

from ..http.configuration import Api, Record

SERVER_GOES = 1001
"""Code of a close frame: https://www.rfc-editor.org/rfc/rfc6455#section-7.4.1"""


def new_id() -> str:
    """Return a connection's id, which like AWS's ends with an equals sign."""
    return base64.urlsafe_b64encode(secrets.token_bytes(11)).decode()


def now() -> datetime.datetime:
    """Return the time in UTC."""
    return datetime.datetime.now(datetime.UTC)


@dataclass
class Connection:
    """One client, from its handshake on."""

    api: Api
    stage: Record
    source_ip: str
    user_agent: str
    id: str = field(default_factory=new_id)
    connected_at: datetime.datetime = field(default_factory=now)
    active_at: datetime.datetime = field(default_factory=now)
    authorizer: dict[str, Any] = field(default_factory=dict)
    socket: WebSocket | None = None

    def send(self, message: str | bytes) -> None:
        """Send a message to the client."""
        if self.socket:
            self.active_at = now()
            self.socket.send(message)

    def close(self, code: int = 1000, reason: str | None = None) -> None:
        """Close the connection; its session then ends as after any other disconnection."""
        if self.socket:
            self.socket.close(code, reason)


_OPEN: dict[str, Connection] = {}
_LOCK = threading.Lock()


def add(connection: Connection) -> None:
    """Note an open connection."""
    with _LOCK:
        _OPEN[connection.id] = connection


def remove(connection: Connection) -> None:
    """Forget a connection that is closed."""
    with _LOCK:
        _OPEN.pop(connection.id, None)


def find(api: Api, stage: str, connection_id: str) -> Connection | None:
    """Return an open connection to a stage of an API, None when there is none of this id."""
    connection = _OPEN.get(connection_id)
    return connection if connection and (connection.api, connection.stage["stageName"]) == (api, stage) else None


def close_all(api_id: str | None = None) -> None:
    """Close the connections of one API, or all of them."""
    with _LOCK:
        connections = [connection for connection in _OPEN.values() if api_id in (None, connection.api.id)]
    for connection in connections:
        connection.close(SERVER_GOES, "Going away")
