"""A server on this machine that misbehaves on script, for labs about retries, timeouts and circuit breakers."""

import json
import re
import threading
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from xml.sax.saxutils import escape

import requests

from dva import endpoint
from dva.errors import CourseError

LONGEST_HANG = 60.0
"""Seconds after which a request that hangs is dropped, if its caller has not gone before."""

DATED_PATH = re.compile(r"/20\d\d-\d\d-\d\d/")
"""How the paths of Lambda's API begin, which speaks JSON."""

HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "content-length", "content-encoding", "date", "server"}


@dataclass(frozen=True)
class Seen:
    """One request that arrived."""

    at: float
    """Seconds since the server started."""
    method: str
    path: str
    step: str
    """What the server did with it: a step of the script, or ``pass``."""


class FaultyServer:
    """Passes requests on to a server, or answers them itself, after the misbehavior that a script asks for.

    :param upstream: base URL of the server to pass requests on to; only what labs may reach is allowed. Without it,
        every request that is not disturbed is answered 200 with ``answer``
    :param answer: what is sent as JSON where there is no ``upstream``
    :raises CourseError: if ``upstream`` is not on this machine
    """

    def __init__(self, upstream: str | None = None, answer: Mapping[str, Any] | None = None) -> None:
        if upstream is not None and upstream != endpoint.resolve().url:
            raise CourseError(f"{upstream} is not the lab's server: requests are passed on to lab.endpoint only.")
        self.upstream = upstream
        self.answer = dict(answer or {})
        self.requests: list[Seen] = []
        """What has arrived since the last :meth:`play`."""
        self._steps: deque[str] = deque()
        self._always = "pass"
        self._guard = threading.Lock()
        self._began = time.monotonic()
        self._closing = threading.Event()
        self._server = _Server(("127.0.0.1", 0), _handler(self))
        threading.Thread(target=self._server.serve_forever, args=(0.1,), daemon=True).start()

    @property
    def url(self) -> str:
        """Its base URL."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def play(self, *steps: str, then: str = "pass") -> None:
        """Begin a new script, and forget what has arrived until now.

        :param steps: one for each of the next requests: ``"503 SlowDown"`` (a status and an error code), ``"hang"`` (no
            answer), ``"cut"`` (the connection ends without an answer), ``"slow 0.5"`` (as usual, after half a second),
            or ``"pass"``
        :param then: what happens to all later requests
        """
        for step in (*steps, then):
            _check(step)
        with self._guard:
            self._steps = deque(steps)
            self._always = then
            self.requests = []

    def close(self) -> None:
        """Stop the server; requests that hang are dropped."""
        self._closing.set()
        self._server.shutdown()
        self._server.server_close()

    def __enter__(self) -> Self:
        """Return the server itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Stop the server."""
        self.close()

    def _next(self, method: str, path: str) -> str:
        with self._guard:
            step = self._steps.popleft() if self._steps else self._always
            self.requests.append(Seen(time.monotonic() - self._began, method, path, step))
        return step


class _Server(ThreadingHTTPServer):
    """A server for callers who all come in the same moment: by default the sixth has to wait for a second."""

    request_queue_size = 128
    daemon_threads = True


def _check(step: str) -> None:
    word, _, rest = step.partition(" ")
    if word in {"pass", "hang", "cut"} and not rest:
        return
    if word == "slow" and rest.replace(".", "", 1).isdigit():
        return
    if word.isdigit() and 400 <= int(word) <= 599 and rest:
        return
    raise CourseError(f'{step!r} is no step: use "503 SlowDown", "hang", "cut", "slow 0.5" or "pass".')


def _handler(owner: FaultyServer) -> type[BaseHTTPRequestHandler]:
    """Return the handler of a server's requests."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        # Head and body in one packet: else TCP holds the body back until the head is acknowledged, for 40 ms.
        wbufsize = -1
        disable_nagle_algorithm = True

        def handle_one_request(self) -> None:
            try:
                super().handle_one_request()
            except (ConnectionError, TimeoutError):
                self.close_connection = True  # the caller has given up

        def _serve(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            word, _, rest = owner._next(self.command, self.path).partition(" ")
            if word == "hang":
                owner._closing.wait(LONGEST_HANG)
            if word in {"hang", "cut"}:
                self.close_connection = True
                return
            if word == "slow":
                owner._closing.wait(float(rest))
            if word.isdigit():
                self._refuse(int(word), rest)
            elif owner.upstream is None:
                self._send(200, {"Content-Type": "application/json"}, json.dumps(owner.answer).encode())
            else:
                self._pass_on(owner.upstream, body)

        do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = _serve

        def _pass_on(self, upstream: str, body: bytes) -> None:
            with requests.Session() as session:
                session.trust_env = False
                answer = session.request(
                    self.command, upstream + self.path, headers=dict(self.headers), data=body, allow_redirects=False
                )
            headers = {name: value for name, value in answer.headers.items() if name.lower() not in HOP_BY_HOP}
            length = answer.headers.get("Content-Length") if self.command == "HEAD" else None
            self._send(answer.status_code, headers, answer.content, length)

        def _refuse(self, status: int, code: str) -> None:
            """Answer with an error in the form of the protocol that the caller speaks."""
            if "X-Amz-Target" in self.headers or DATED_PATH.match(self.path):
                kind, text = "application/x-amz-json-1.0", json.dumps({"__type": code, "message": code})
            elif "X-Amz-Date" in self.headers:
                kind = "application/xml"
                text = f"<Error><Code>{escape(code)}</Code><Message>{escape(code)}</Message></Error>"
            else:
                kind, text = "application/json", json.dumps({"error": code})
            self._send(status, {"Content-Type": kind, "x-amzn-errortype": code}, text.encode())

        def _send(self, status: int, headers: Mapping[str, str], body: bytes, length: str | None = None) -> None:
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", length or str(len(body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Stay quiet: the notebook shows what it wants to show from ``requests``."""

    return Handler
