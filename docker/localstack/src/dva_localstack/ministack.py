"""The MiniStack child process: started at the first use, watched, restarted, and stopped with LocalStack."""

import logging
import os
import secrets
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import requests
from localstack import config
from localstack.utils.urls import localstack_host

from dva_localstack.services import on_ministack

LOG = logging.getLogger(__name__)

GATEWAY_KEY = secrets.token_hex(16)
"""By this secret the gateway knows requests of the child's, such as the invocation of a Lambda trigger."""

START_SECONDS = 60
"""How long a start may take before callers are told that it failed; it takes one to three."""

SHORT_LIFE_SECONDS = 5
"""A child that ends sooner than this after its start is broken, and the next start waits as long."""


class MiniStack:
    """One MiniStack process on a free loopback port.

    The parent opens the listening socket and keeps it: the port stays ours while the child restarts, and requests
    that arrive meanwhile wait in the socket's queue instead of being refused. MiniStack keeps its data in memory,
    so what it held is lost when it dies; the log says so.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._listener: socket.socket | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._stopping = False

    @property
    def port(self) -> int:
        """The TCP port, once started."""
        assert self._listener is not None
        return self._listener.getsockname()[1]

    @property
    def url(self) -> str:
        """The base URL, once started."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int | None:
        """The process id of the child, or None when none runs."""
        return self._process.pid if self._process and self._process.poll() is None else None

    def start(self) -> None:
        """Start the child unless it was started before; return when it answers.

        :raises RuntimeError: it does not answer in :data:`START_SECONDS`
        """
        with self._lock:
            if self._listener or self._stopping:
                return
            self._listener = socket.create_server(("127.0.0.1", 0), backlog=512)
            self._process = self._spawn()
            threading.Thread(target=self._watch, daemon=True, name="ministack-watch").start()
            self._wait_healthy()

    def stop(self) -> None:
        """Stop the child; nothing starts it again."""
        with self._lock:
            self._stopping = True
            process = self._process
            if process and process.poll() is None:
                process.terminate()
                try:
                    process.wait(3)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()
            if self._listener:
                self._listener.close()

    def _spawn(self) -> subprocess.Popen[bytes]:
        assert self._listener is not None
        descriptor = self._listener.fileno()
        return subprocess.Popen(
            [sys.executable, "-m", "dva_localstack.ministack_child", str(descriptor)],
            env=environment(self.port),
            pass_fds=[descriptor],
            stdin=subprocess.PIPE,
            # Ctrl-C in a terminal reaches the whole group: LocalStack alone shall decide when this one ends.
            start_new_session=True,
        )

    def _wait_healthy(self) -> None:
        with requests.Session() as session:
            session.trust_env = False
            try:
                session.get(f"{self.url}/_ministack/health", timeout=START_SECONDS).raise_for_status()
            except requests.RequestException as error:
                raise RuntimeError(f"MiniStack does not answer at {self.url}") from error

    def _watch(self) -> None:
        while self._process:
            started = time.monotonic()
            code = self._process.wait()
            if self._stopping:
                return
            LOG.warning(
                "MiniStack ended with code %s. What %s held is lost; starting it again.",
                code,
                ", ".join(on_ministack()),
            )
            if time.monotonic() - started < SHORT_LIFE_SECONDS:
                time.sleep(SHORT_LIFE_SECONDS)
            with self._lock:
                if self._stopping:
                    return
                self._process = self._spawn()


def environment(port: int) -> dict[str, str]:
    """Return the child's environment: what Python needs, and MiniStack's settings.

    :param port: the port that MiniStack puts into the URLs it returns
    """
    kept = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "SSL_CERT_FILE", "FILESYSTEM_ROOT")
    home = Path(os.environ["FILESYSTEM_ROOT"]) / "ministack"
    home.mkdir(parents=True, exist_ok=True)
    gateway, public = config.internal_service_url(), f"http://{localstack_host().host_and_port()}"
    return {name: os.environ[name] for name in kept if name in os.environ} | {
        "SERVICES": ",".join(on_ministack()),
        "GATEWAY_PORT": str(port),
        # What the child calls in LocalStack, and what it tells learners; the secret proves that it is the child.
        "DVA_GATEWAY_URL": gateway,
        "DVA_GATEWAY_KEY": GATEWAY_KEY,
        "DVA_PUBLIC_URL": public,
        "STATE_DIR": str(home / "state"),
        "BIND_HOST": "127.0.0.1",
        "MINISTACK_HOST": "localhost",
        "LOG_LEVEL": "WARNING",
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
        # No container is ever started or removed: a socket that does not exist means "no Docker" to MiniStack.
        "DOCKER_HOST": f"unix://{home}/no-docker.sock",
        "TMPDIR": str(home),
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "PYTHONUNBUFFERED": "1",
    }


SIDECAR = MiniStack()
"""The one MiniStack of this server."""
