"""The server and all its children listen on the loopback only, and never try to leave it."""

import sys
import urllib.parse
from typing import Any

import netwatch
import psutil
import pytest
import tour


def pid_of(url: str) -> int:
    """Return the process that listens on the port of ``url``."""
    port = urllib.parse.urlsplit(url).port
    for process in psutil.process_iter():
        try:
            for item in process.net_connections(kind="tcp"):
                if item.status == psutil.CONN_LISTEN and item.laddr.port == port:
                    return process.pid
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue
    raise AssertionError(f"nothing listens on port {port}")


def test_every_listening_socket_is_on_the_loopback(emulator: str, aws: Any) -> None:
    """LocalStack 4.14.0 and MiniStack both listen on every interface by default."""
    server = pid_of(emulator)
    with netwatch.Watch(server) as watch:
        visited = tour.Tour(emulator, aws.id).run()
        sockets = netwatch.connections_of(server)
    assert {"s3", "sqs", "dynamodb", "lambda"} <= set(visited)
    listening = [item for item in sockets if item.listens]
    assert len({item.pid for item in listening}) > 1, "the children were not seen"
    assert [item for item in listening if item.leaves_loopback] == []
    assert watch.left == set()


def test_nothing_tries_to_leave_the_loopback() -> None:
    """The kernel counts what has no route: connections of any process, DNS lookups, datagrams."""
    if reason := netwatch.why_not_offline():
        pytest.skip(reason)
    result = netwatch.run_offline([sys.executable, tour.__file__])
    assert result.code == 0, result.output
    assert "lambda" in result.output
    assert result.attempts == 0


@pytest.mark.parametrize(
    "attempt",
    [
        "import socket; socket.socket().connect_ex(('192.0.2.7', 443))",
        "import socket; socket.socket(socket.AF_INET6).connect_ex(('2001:db8::7', 443))",
        "import subprocess; subprocess.run(['python3', '-c', 'import socket as s; s.gethostbyname(\"example.com\")'])",
    ],
)
def test_the_counter_sees_an_attempt(attempt: str) -> None:
    """What the test above relies on, with an address, IPv6, and a name looked up by a child."""
    if reason := netwatch.why_not_offline():
        pytest.skip(reason)
    assert netwatch.run_offline([sys.executable, "-c", attempt]).attempts > 0


def test_the_watch_sees_a_socket_on_all_interfaces() -> None:
    """A wildcard address is not the loopback, and neither is another machine."""
    assert [netwatch.is_loopback(ip) for ip in ("127.0.0.1", "::1", "::ffff:127.0.0.1")] == [True] * 3
    assert [netwatch.is_loopback(ip) for ip in ("0.0.0.0", "::", "192.0.2.7")] == [False] * 3
