"""Lambda's Runtime API for function processes: one listener on 127.0.0.1, a secret path for each process.

The protocol: https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
"""

import functools
import json
import logging
import secrets
import sys
import threading
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import Empty, SimpleQueue
from typing import Any

LOG = logging.getLogger(__name__)

HOST = "127.0.0.1"


@dataclass(frozen=True)
class Work:
    """An invocation on its way to a function process."""

    request_id: str
    payload: bytes
    deadline_ms: int
    """Unix time in milliseconds."""
    function_arn: str
    trace_id: str
    client_context: str = ""
    """JSON, or empty."""


@dataclass(frozen=True)
class Event:
    """Something that a function process did."""

    kind: str
    """``ready``, ``response``, ``error``, ``init-error``, ``exited`` or ``memory``."""
    body: bytes = b""
    request_id: str = ""
    code: int = 0
    """Exit code of the process, for ``exited``; as of ``Popen``, negative for a signal."""


class Channel:
    """What one function process and the server say to each other."""

    def __init__(self) -> None:
        self.work: SimpleQueue[Work | None] = SimpleQueue()
        self.events: SimpleQueue[Event] = SimpleQueue()

    def wait(self, seconds: float) -> Event | None:
        """Return the next event, or None after ``seconds``."""
        try:
            return self.events.get(timeout=max(seconds, 0))
        except Empty:
            return None


class RuntimeApi(ThreadingHTTPServer):
    """The HTTP server; get it from :func:`runtime_api`."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self) -> None:
        super().__init__((HOST, 0), _Handler)
        self.channels: dict[str, Channel] = {}

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing about a process that was killed while it was talking; report anything else."""
        if not isinstance(sys.exception(), ConnectionError):
            LOG.exception("Lambda's Runtime API failed")

    def open(self, channel: Channel) -> str:
        """Register ``channel`` and return its address, the value of ``AWS_LAMBDA_RUNTIME_API``."""
        key = secrets.token_hex(16)
        self.channels[key] = channel
        return f"{HOST}:{self.server_port}/{key}"

    def close(self, address: str) -> None:
        """Forget the channel at ``address``; a process that waits for work there is let go."""
        channel = self.channels.pop(address.partition("/")[2], None)
        if channel:
            channel.work.put(None)


@functools.cache
def runtime_api() -> RuntimeApi:
    """Return this server's only Runtime API, started when it is first asked for."""
    api = RuntimeApi()
    threading.Thread(target=api.serve_forever, name="lambda-runtime-api", daemon=True).start()
    return api


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    server: RuntimeApi

    def do_GET(self) -> None:
        channel, path = self._route()
        if not channel or path != "runtime/invocation/next":
            return self._answer(404, {})
        channel.events.put(Event("ready"))
        work = channel.work.get()
        if work is None:
            self.close_connection = True
            return
        self.send_response_only(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(work.payload)))
        self.send_header("Lambda-Runtime-Aws-Request-Id", work.request_id)
        self.send_header("Lambda-Runtime-Deadline-Ms", str(work.deadline_ms))
        self.send_header("Lambda-Runtime-Invoked-Function-Arn", work.function_arn)
        self.send_header("Lambda-Runtime-Trace-Id", work.trace_id)
        if work.client_context:
            self.send_header("Lambda-Runtime-Client-Context", work.client_context)
        self.end_headers()
        self.wfile.write(work.payload)
        self.wfile.flush()

    def do_POST(self) -> None:
        body = self._body()
        channel, path = self._route()
        if not channel:
            return self._answer(404, {})
        match path.split("/"):
            case ["runtime", "init", "error"]:
                channel.events.put(Event("init-error", body))
            case ["runtime", "invocation", request_id, "response"]:
                channel.events.put(Event("response", body, request_id))
            case ["runtime", "invocation", request_id, "error"]:
                channel.events.put(Event("error", body, request_id))
            case _:
                return self._answer(404, {})
        self._answer(202, {"status": "OK"})

    def _route(self) -> tuple[Channel | None, str]:
        key, _, path = self.path.lstrip("/").partition("/")
        version, _, path = path.partition("/")
        return (self.server.channels.get(key) if version == "2018-06-01" else None), path

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
            chunks = []
            while size := int(self.rfile.readline().split(b";")[0], 16):
                chunks.append(self.rfile.read(size))
                self.rfile.readline()
            self.rfile.readline()
            return b"".join(chunks)
        return self.rfile.read(int(self.headers.get("Content-Length", 0)))

    def _answer(self, status: int, content: dict[str, str]) -> None:
        body = json.dumps(content).encode()
        self.send_response_only(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing: LocalStack logs invocations already."""
