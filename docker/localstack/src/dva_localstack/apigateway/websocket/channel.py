"""Repairs of rolo's WebSocket connections on Twisted.

rolo (0.8.1) writes to the connection from worker threads, though Twisted's transports belong to its own thread;
it hands on the parts of a large message as messages of their own; it never answers the close frame of a client;
and it ends an upgraded connection with an HTTP response.
"""

from functools import cache
from typing import Any

from rolo.serving.twisted import WebSocketChannel
from twisted.internet import reactor
from twisted.python.threadable import isInIOThread
from wsproto import events
from wsproto.connection import ConnectionState
from wsproto.utilities import LocalProtocolError


@cache
def repair() -> None:
    """Put the methods below into rolo's class, once."""
    WebSocketChannel.dataReceived = _data_received
    WebSocketChannel.wsSend = _in_reactor(_send)
    WebSocketChannel.wsClose = _in_reactor(_close)
    WebSocketChannel.close = _in_reactor(_end)


def _in_reactor(method: Any) -> Any:
    def run(channel: Any, *arguments: Any) -> None:
        if isInIOThread():
            method(channel, *arguments)
        else:
            reactor.callFromThread(method, channel, *arguments)

    return run


def _data_received(channel: Any, data: bytes) -> None:
    channel.wsproto.receive_data(data)
    for event in channel.wsproto.events():
        match event:
            case events.Ping():
                _send(channel, event.response())
            case events.Message():
                parts = channel.__dict__.setdefault("parts", [])
                parts.append(event.data)
                if event.message_finished:
                    whole = (b"" if isinstance(event.data, bytes | bytearray) else "").join(parts)
                    channel.parts = []
                    channel.eventQueue.put_nowait(type(event)(data=whole))
            case events.CloseConnection():
                channel.eventQueue.put_nowait(event)
                if channel.wsproto.state is ConnectionState.REMOTE_CLOSING:
                    _send(channel, event.response())
                _end(channel)


def _send(channel: Any, event: events.Event) -> None:
    if channel.request.finished:
        return
    try:
        data = channel.wsproto.send(event)
    except LocalProtocolError:
        return
    channel.upgraded = channel.__dict__.get("upgraded") or isinstance(event, events.AcceptConnection)
    channel.request.transport.write(data)


def _close(channel: Any, code: int = 1000, reason: str | None = None) -> None:
    _send(channel, events.CloseConnection(code, reason))
    _end(channel)


def _end(channel: Any) -> None:
    if channel.request.finished:
        return
    if channel.__dict__.get("upgraded"):
        channel.request.finished = 1
        channel.request.transport.loseConnection()
    else:
        channel.request.finish()
    channel.eventQueue.put_nowait(events.CloseConnection(1006))
