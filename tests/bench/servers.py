"""Servers to measure: the course's emulator, LocalStack by itself, MiniStack by itself; no Docker, no internet."""

import os
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import requests

BIN = Path(__file__).resolve().parents[2] / "docker/localstack/.venv/bin"

SERVERS = ("course", "localstack", "ministack")

START_SECONDS = 120


@dataclass(frozen=True)
class Server:
    """A server that runs."""

    url: str
    pid: int
    seconds: float
    """How long it took until it answered."""


def command(server: str, port: int, state: Path) -> tuple[list[str], dict[str, str]]:
    """Return the command that runs a server in the foreground, and its environment."""
    dropped = ("AWS_", "PROVIDER_OVERRIDE_", "DVA_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(dropped)}
    # No downloads: what a server fetches at the first use of a service is not there.
    kept |= {"HTTP_PROXY": "http://127.0.0.1:9", "HTTPS_PROXY": "http://127.0.0.1:9", "NO_PROXY": "127.0.0.1,localhost"}
    kept |= {"http_proxy": kept["HTTP_PROXY"], "https_proxy": kept["HTTPS_PROXY"], "no_proxy": kept["NO_PROXY"]}
    kept |= {"DOCKER_HOST": f"unix://{state}/no-docker.sock", "AWS_EC2_METADATA_DISABLED": "true"}
    if server == "course":
        return [str(BIN / "dva-localstack"), "--port", str(port), "--state", str(state)], kept
    if server == "ministack":
        own = {"GATEWAY_PORT": str(port), "BIND_HOST": "127.0.0.1", "MINISTACK_HOST": "localhost", "TMPDIR": str(state)}
        return [str(BIN / "python"), "-m", "ministack"], kept | own
    own = {
        "OVERRIDE_IN_DOCKER": "0",
        "FILESYSTEM_ROOT": str(state),
        "XDG_CACHE_HOME": str(state / "cache"),
        "GATEWAY_LISTEN": f"127.0.0.1:{port}",
        "GATEWAY_SERVER": "bound",
        "LOCALSTACK_HOST": f"localhost:{port}",
        "DNS_ADDRESS": "0",
        "SKIP_SSL_CERT_DOWNLOAD": "1",
        "DISABLE_EVENTS": "1",
    }
    return [str(BIN / "python"), str(Path(__file__).with_name("plain_localstack.py"))], kept | own


@contextmanager
def started(server: str, folder: Path, *options: str) -> Iterator[Server]:
    """Start a server and wait until it answers; it ends with the block.

    :param server: one of :data:`SERVERS`
    :param folder: for its state and its log; a second server in the same folder finds the first one's state
    :param options: of the command line, for example ``--no-iam``
    """
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    state = folder / "state"
    state.mkdir(parents=True, exist_ok=True)
    arguments, variables = command(server, port, state)
    begun = time.perf_counter()
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [*arguments, *options], env=variables, stdin=subprocess.DEVNULL, stdout=log, stderr=log
        )
    url = f"http://127.0.0.1:{port}"
    try:
        wait(url, process, folder / "log")
        yield Server(url, process.pid, time.perf_counter() - begun)
    finally:
        process.terminate()
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def wait(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    """Wait until a server answers.

    :raises RuntimeError: it ended, or does not within :data:`START_SECONDS`
    """
    deadline = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        try:
            requests.get(f"{url}/_localstack/health", timeout=5)
        except requests.RequestException:
            time.sleep(0.01)
        else:
            return
    raise RuntimeError(f"{process.args!r} does not answer:\n{log.read_text()[-3000:]}")
