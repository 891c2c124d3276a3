"""The emulator in the background: start, find, describe and stop it."""

import contextlib
import http.client
import ipaddress
import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psutil

from dva import keeper, processes
from dva.errors import CourseError
from dva.paths import ROOT, state

SERVER = ROOT / "docker/localstack/.venv/bin/dva-localstack"
COMPOSE = ROOT / "docker/compose.yaml"

DEFAULT_PORT = 4566
"""LocalStack's own (https://docs.localstack.cloud/aws/capabilities/config/configuration/)."""

START_LIMIT = 90.0
"""Seconds that a start may take; a cold one takes about five, on a busy machine several times that."""

ADOPT_LIMIT = 30.0
"""Seconds that a server gets whose ``dva`` died while it started."""

STOP_LIMIT = 10.0
"""Seconds that the server gets to shut down before it is ended by force."""

KEPT_VARIABLES = ("PATH", "HOME", "USER", "LOGNAME", "SHELL", "TMPDIR", "TZ", "LANG", "SSL_CERT_FILE")
"""What the server keeps of the learner's environment: LocalStack reads dozens of plainly named variables
(``DEBUG``, ``SERVICES``, ``PERSISTENCE``), and botocore every ``AWS_*``, so nothing else is passed on."""


@dataclass(frozen=True)
class Health:
    """What a server says of itself."""

    version: str
    services: dict[str, str]

    @property
    def touched(self) -> list[str]:
        """Services that have been used since the server started."""
        return sorted(name for name, status in self.services.items() if status == "running")


@dataclass(frozen=True)
class Status:
    """What ``dva status`` tells."""

    running: bool
    url: str
    engine: str = "embedded"
    version: str | None = None
    pid: int | None = None
    uptime_seconds: int | None = None
    memory_bytes: int | None = None
    services: list[str] = field(default_factory=list)
    note: str = ""


def health(url: str, seconds: float = 2) -> Health | None:
    """Ask a server for its health.

    :param url: ``http://HOST:PORT``
    :param seconds: patience
    :return: None unless it answers as a LocalStack-compatible server does
    """
    parts = urlsplit(url)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(parts.hostname or "", parts.port, timeout=seconds)
    try:
        connection.request("GET", "/_localstack/health")
        answer = connection.getresponse()
        body = json.loads(answer.read())
        if answer.status == 200 and isinstance(body, dict) and isinstance(body.get("services"), dict):
            return Health(str(body.get("version", "unknown")), body["services"])
    except (OSError, ValueError, http.client.HTTPException):
        pass
    finally:
        connection.close()
    return None


def server_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of the server: :data:`KEPT_VARIABLES`, locale and ``DVA_*``; no proxy, no ``AWS_*``."""
    return {
        name: value for name, value in environ.items() if name in KEPT_VARIABLES or name.startswith(("LC_", "DVA_"))
    }


def port_from(environ: Mapping[str, str]) -> int | None:
    """Return ``DVA_PORT`` as a number, None if it is not set.

    :raises CourseError: if it is not a port number
    """
    given = environ.get("DVA_PORT", "").strip()
    if not given:
        return None
    if not given.isdecimal() or not 1 <= int(given) <= 65535:
        raise CourseError(f"DVA_PORT={given} is not a port number; use one from 1024 to 65535.")
    return int(given)


def host_warning(host: str) -> str | None:
    """Return the sentence that goes with a server that other machines can reach; None for loopback.

    :raises CourseError: if ``host`` is not an IP address
    """
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        raise CourseError(
            f"--host {host} is not an IP address; use one of this machine's, or 0.0.0.0 for all."
        ) from None
    if address.is_loopback:
        return None
    return (
        f"Everybody who reaches {host} can use this emulator, and the Lambda code that they deploy "
        f"runs on this machine as {_user()}: use it only in a network that you trust."
    )


def _user() -> str:
    with contextlib.suppress(psutil.Error):
        return psutil.Process().username()
    return "you"


class Emulator:
    """One emulator: its folder, and the program that it runs."""

    def __init__(self, folder: Path | None = None, server: Path = SERVER) -> None:
        """
        :param folder: holds its record, log, lock and state; default: ``emulator`` in the course's state folder
        :param server: path of ``dva-localstack``
        """
        self.folder = (folder or state() / "emulator").resolve()
        self.server = server
        self.state = self.folder / "state"
        self.log = self.folder / "emulator.log"
        self.record_path = self.folder / "server.json"

    # -- what is there ------------------------------------------------------------------------------------

    def record(self) -> dict[str, Any]:
        """Return what the last start noted; empty if there is none or it cannot be read."""
        try:
            record = json.loads(self.record_path.read_text())
            return record if isinstance(record, dict) and isinstance(record.get("url"), str) else {}
        except (OSError, ValueError):
            return {}

    def process(self) -> psutil.Process | None:
        """Return the server's process; None if it does not run.

        Believes the record only if the process with that id runs this server with this state folder:
        the id may belong to another program by now.
        """
        pid = self.record().get("pid")
        if isinstance(pid, int) and processes.is_server(processes.command_of(pid), self.state):
            with contextlib.suppress(psutil.Error):
                return psutil.Process(pid)
        found = processes.find_servers(self.state)
        return found[0] if found else None

    def status(self) -> Status:
        """Describe the emulator, whether it runs or not."""
        record = self.record()
        url = record.get("url") or f"http://127.0.0.1:{DEFAULT_PORT}"
        if record.get("engine") == "docker":
            seen = health(url)
            note = "" if seen else "The container does not answer; `dva up --engine docker` starts it again."
            return Status(
                seen is not None,
                url,
                "docker",
                version=seen.version if seen else None,
                services=seen.touched if seen else [],
                note=note,
            )
        process = self.process()
        if process is None:
            return Status(False, url, note=_why_stopped(record))
        url = keeper.url_of(*_address_of(process))
        seen = health(url)
        with contextlib.suppress(psutil.Error):
            return Status(
                seen is not None,
                url,
                version=seen.version if seen else None,
                pid=process.pid,
                uptime_seconds=int(time.time() - process.create_time()),
                memory_bytes=processes.memory(processes.tree(process.pid)),
                services=seen.touched if seen else [],
                note="" if seen else "The server runs but does not answer yet; `dva logs` shows what it does.",
            )
        return Status(False, url, note="The emulator has just stopped; `dva up` starts it again.")

    # -- start --------------------------------------------------------------------------------------------

    def up(
        self,
        host: str | None = None,
        port: int | None = None,
        *,
        waiting: Callable[[str], None] = lambda sentence: None,
    ) -> tuple[Status, bool]:
        """Make sure that the server runs and is healthy.

        :param host: address to bind; default: as last time, else 127.0.0.1
        :param port: TCP port; default: as last time, else 4566
        :param waiting: told in a few words what is being waited for
        :return: its status, and whether this call started it
        :raises CourseError: if it cannot run; the sentence says why
        """
        if running := self._running(host, port):
            return running, False
        self._require_environment()
        with self._locked(waiting):
            if running := self._running(host, port):
                return running, False
            self._tidy(waiting)
            if running := self._running(host, port):
                return running, False
            record = self.record()
            last = {} if record.get("engine") == "docker" else record
            host = host or last.get("host") or "127.0.0.1"
            port = port or last.get("port") or DEFAULT_PORT
            self._require_port(host, port)
            self._start(host, port, waiting)
            return self.status(), True

    def _running(self, host: str | None, port: int | None) -> Status | None:
        """Return the status if the server is healthy; complain if it is not where it is wanted."""
        if not self.record():
            return None
        status = self.status()
        if not status.running:
            return None
        actual = self.record()
        if (port and port != actual.get("port")) or (host and host != actual.get("host")):
            raise CourseError(f"The emulator already runs at {status.url}; stop it first with `dva down`.")
        return status

    def _require_environment(self) -> None:
        if not self.server.exists():
            raise CourseError("The emulator is not installed yet; `make setup` installs it.")

    @contextmanager
    def _locked(self, waiting: Callable[[str], None]) -> Iterator[None]:
        """Hold the lock against two starts or stops at once; it falls when its process dies."""
        from filelock import FileLock, Timeout  # a tenth of a second that a running emulator need not cost

        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            lock = FileLock(self.folder / "lock")
            try:
                lock.acquire(timeout=0)
            except Timeout:
                waiting("Another `dva` starts or stops the emulator; waiting for it")
                lock.acquire(timeout=START_LIMIT + STOP_LIMIT)
        except Timeout:
            raise CourseError(
                "Another `dva` has been starting or stopping the emulator for too long; `dva doctor` shows which."
            ) from None
        except OSError as error:
            raise unwritable(self.folder, error) from None
        try:
            yield
        finally:
            lock.release()

    def _tidy(self, waiting: Callable[[str], None]) -> None:
        """Adopt a server whose ``dva`` died while it started; end what does not become healthy."""
        process = self.process()
        if process and self._wait_healthy(process, waiting, ADOPT_LIMIT):
            return
        self._stop_all(process, waiting)

    def _stop_all(self, process: psutil.Process | None, waiting: Callable[[str], None]) -> None:
        """End the server, its keeper and everything that they started."""
        keepers = [p for p in psutil.process_iter() if processes.is_keeper(processes.command_of(p.pid), self.folder)]
        if process or keepers:
            waiting("Stopping the emulator")
        below = processes.tree(process.pid)[1:] if process else []
        if process:
            processes.stop([process], STOP_LIMIT)
        # The keeper ends by itself after its server; while it tidies up it must not meet the next one.
        _, slow = psutil.wait_procs(keepers, timeout=5)
        processes.stop(slow, 2)
        rest = {p.pid: p for p in processes.find_leftovers(self.state, self.server.parent.parent)}
        rest |= {p.pid: p for p in below if p.is_running()}
        processes.stop(list(rest.values()), 2)

    def _require_port(self, host: str, port: int) -> None:
        try:
            free = processes.port_is_free(host, port)
        except PermissionError:
            raise CourseError(f"Port {port} needs administrator rights; use one from 1024 up.") from None
        except OSError as error:
            raise CourseError(f"{host} cannot be listened on: {error.strerror or error}.") from None
        if not free:
            raise port_taken(port)

    def _start(self, host: str, port: int, waiting: Callable[[str], None]) -> None:
        """Start the server and wait until it is healthy; once more with an empty state if it ends at once."""
        for attempt in (1, 2):
            process = self._spawn(host, port)
            if process and self._wait_healthy(process, waiting, START_LIMIT):
                return
            ended = process is None or not processes.is_alive(process)
            self._stop_all(process, waiting)
            if ended and attempt == 1:
                # A server that was killed while it started may have left half-written files.
                waiting("The server ended while it started; trying once more with an empty state folder")
                shutil.rmtree(self.state, ignore_errors=True)
                continue
            what = "ended while it started" if ended else f"was not healthy after {START_LIMIT:.0f} s"
            raise CourseError(f"The emulator {what}. The end of its log, {self.log}:\n{tail(self.log, 15)}")

    def _spawn(self, host: str, port: int) -> psutil.Process | None:
        """Start keeper and server in a session of their own; return the server, None if it ended at once."""
        try:
            self.state.mkdir(parents=True, exist_ok=True)
            self.record_path.unlink(missing_ok=True)
            with self.log.open("ab") as output:
                started = subprocess.Popen(
                    [sys.executable, "-m", "dva.keeper", self.folder, self.server, host, str(port)],
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=output,
                    start_new_session=True,
                    cwd=self.folder,
                    env=server_environment(os.environ),
                )
        except OSError as error:
            raise unwritable(self.folder, error) from None
        while not self.record() and started.poll() is None:
            time.sleep(0.02)
        pid = self.record().get("pid")
        with contextlib.suppress(psutil.Error):
            if pid:
                return psutil.Process(pid)
        return None

    def _wait_healthy(self, process: psutil.Process, waiting: Callable[[str], None], seconds: float) -> bool:
        """Wait for a server to answer; note its version and, where no record knows it, its address."""
        host, port = _address_of(process)
        url = keeper.url_of(host, port)
        begin = time.monotonic()
        while time.monotonic() - begin < seconds:
            if found := health(url):
                known = self.record() if self.record().get("pid") == process.pid else {}
                with contextlib.suppress(OSError, psutil.Error):
                    record = keeper.record_of(process, host, port) | known
                    keeper.write_record(self.record_path, record | {"version": found.version})
                return True
            if not processes.is_alive(process):
                return False
            waiting(f"Starting the emulator at {url} ({time.monotonic() - begin:.0f} s)")
            with contextlib.suppress(psutil.TimeoutExpired):
                process.wait(timeout=0.1)
        return False

    # -- stop ---------------------------------------------------------------------------------------------

    def down(self, waiting: Callable[[str], None] = lambda sentence: None) -> bool:
        """Stop the server and everything that it started.

        :return: whether something ran
        :raises CourseError: if the state folder cannot be written
        """
        if not self.folder.exists():
            return False
        with self._locked(waiting):
            if self.record().get("engine") == "docker":
                compose("down")
                self.record_path.unlink(missing_ok=True)
                return True
            process = self.process()
            self._stop_all(process, waiting)
            self.record_path.unlink(missing_ok=True)
            return process is not None

    def reset(self, waiting: Callable[[str], None] = lambda sentence: None) -> None:
        """Stop the server and delete everything that it stored.

        :raises CourseError: if something cannot be deleted
        """
        self.down(waiting)
        try:
            if self.state.exists():
                shutil.rmtree(self.state)
        except OSError as error:
            raise unwritable(self.state, error) from None

    # -- Docker -------------------------------------------------------------------------------------------

    def up_docker(self, port: int | None = None) -> Status:
        """Start the emulator's image with ``docker compose`` and wait until it is healthy.

        :raises CourseError: if Docker is missing or not running, or the container does not become healthy
        """
        with self._locked(lambda sentence: None):
            if process := self.process():
                raise CourseError(
                    f"The emulator already runs embedded (process {process.pid}); stop it first with `dva down`."
                )
            port = port or DEFAULT_PORT
            compose("up", "-d", "--build", "--wait", environ={"DVA_PORT": str(port)})
            keeper.write_record(
                self.record_path,
                {"engine": "docker", "url": f"http://127.0.0.1:{port}", "host": "127.0.0.1", "port": port},
            )
        status = self.status()
        if not status.running:
            raise CourseError("The container started but does not answer; `docker compose logs` in docker/ says why.")
        return status

    # -- logs ---------------------------------------------------------------------------------------------

    def follow(self) -> Iterator[str]:
        """Yield lines as they are written to the log, from its present end, across rotations, forever."""
        with self.log.open(errors="replace") as lines:
            lines.seek(0, os.SEEK_END)
            while True:
                if line := lines.readline():
                    yield line.rstrip("\n")
                    continue
                if self.log.stat().st_size < lines.tell():
                    lines.seek(0)
                time.sleep(0.2)


def compose(*arguments: str, environ: Mapping[str, str] | None = None) -> None:
    """Run ``docker compose`` on the course's file; its output goes to the terminal.

    :raises CourseError: if Docker is missing, not running, or the command fails
    """
    docker = shutil.which("docker")
    if docker is None:
        raise CourseError("Docker is not installed; `dva up` without `--engine docker` needs none.")
    probe = subprocess.run([docker, "info"], capture_output=True, check=False)
    if probe.returncode:
        raise CourseError("Docker is installed but not running; start it, or use `dva up` without `--engine docker`.")
    if subprocess.run([docker, "compose", "version"], capture_output=True, check=False).returncode:
        raise CourseError("This Docker has no `docker compose`; install its Compose plugin, version 2 or newer.")
    done = subprocess.run([docker, "compose", "-f", COMPOSE, *arguments], env={**os.environ, **(environ or {})})
    if done.returncode:
        raise CourseError(f"`docker compose {arguments[0]}` failed with exit code {done.returncode} (see above).")


def unwritable(path: Path, error: OSError) -> CourseError:
    """Return the error for a folder that cannot be written."""
    return CourseError(
        f"Cannot write to {path} ({error.strerror or error}); "
        "give yourself the right to write there, or set DVA_STATE to a folder of yours."
    )


def port_taken(port: int) -> CourseError:
    """Return the error for a port on which somebody else listens."""
    owner = processes.port_owner(port) or "another program"
    return CourseError(f"Port {port} is taken by {owner}; use another with `dva up --port N` or DVA_PORT=N.")


def tail(log: Path, lines: int) -> str:
    """Return the last lines of a log; an empty text if there is none."""
    try:
        with log.open(errors="replace") as source:
            return "".join(deque(source, maxlen=lines)).rstrip("\n")
    except OSError:
        return ""


def _address_of(process: psutil.Process) -> tuple[str, int]:
    """Return where a server listens, by its command line."""
    options = dict(pairwise(processes.command_of(process.pid)))
    return options.get("--host", "127.0.0.1"), int(options.get("--port", DEFAULT_PORT))


def _why_stopped(record: Mapping[str, Any]) -> str:
    if not record:
        return "The emulator is not running; `dva up` starts it."
    code = (record.get("stopped") or {}).get("code")
    how = f" (signal {-code})" if isinstance(code, int) and code < 0 else f" (exit code {code})" if code else ""
    return f"The emulator has stopped by itself{how}; `dva up` starts it again, `dva logs` shows its last words."


def outside_address(host: str) -> str:
    """Return the address that other machines use: this machine's own where the server binds all interfaces."""
    if host not in ("0.0.0.0", "::"):
        return host
    with contextlib.suppress(OSError):
        return socket.gethostbyname(socket.gethostname())
    return "ADDRESS-OF-THIS-MACHINE"
