"""Watches what a process and all its descendants do on the network, whatever language they are written in.

Two ways: reading the sockets of a process tree (:func:`connections_of`, :class:`Watch`), and running a command
where there is no network but the loopback and the kernel counts every attempt to leave it (:func:`run_offline`).
"""

import contextlib
import ctypes
import fcntl
import ipaddress
import json
import os
import socket
import struct
import subprocess
import sys
import tempfile
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

import psutil


@dataclass(frozen=True)
class Connection:
    """One internet socket of one process; ``remote`` is empty for a listening one."""

    pid: int
    program: str
    local: str
    local_port: int
    remote: str
    remote_port: int
    status: str

    @property
    def listens(self) -> bool:
        """Whether it accepts connections, or datagrams from anywhere."""
        return self.status == psutil.CONN_LISTEN

    @property
    def leaves_loopback(self) -> bool:
        """Whether it is open to, or connected to, anything but this machine's loopback."""
        return not is_loopback(self.remote or self.local)


def is_loopback(address: str) -> bool:
    """Say whether an IP address, such as ``127.0.0.1`` or ``::ffff:127.0.0.1``, is of the loopback."""
    ip = ipaddress.ip_address(address.split("%")[0])
    mapped = getattr(ip, "ipv4_mapped", None)
    return (mapped or ip).is_loopback


def processes_of(pid: int) -> list[psutil.Process]:
    """Return the living processes of the tree whose root is ``pid``."""
    try:
        root = psutil.Process(pid)
        return [root, *root.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def connections_of(pid: int) -> list[Connection]:
    """Return the internet sockets of a process and of all its descendants."""
    found = []
    for process in processes_of(pid):
        with contextlib.suppress(psutil.NoSuchProcess, psutil.AccessDenied):
            for item in process.net_connections(kind="inet"):
                if item.laddr:
                    remote, port = (item.raddr.ip, item.raddr.port) if item.raddr else ("", 0)
                    found.append(
                        Connection(
                            process.pid, process.name(), item.laddr.ip, item.laddr.port, remote, port, item.status
                        )
                    )
    return found


class Watch:
    """Collects, in a thread, the connections by which a process tree leaves the loopback.

    It looks every 50 ms, so it can miss a very short connection; :func:`run_offline` misses none.
    """

    def __init__(self, pid: int, seconds: float = 0.05) -> None:
        """Prepare to watch the tree of ``pid``, looking every ``seconds``."""
        self.pid = pid
        self.seconds = seconds
        self.left: set[Connection] = set()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def __enter__(self) -> Self:
        """Start watching."""
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop watching."""
        self._stop.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._stop.wait(self.seconds):
            self.left.update(item for item in connections_of(self.pid) if item.leaves_loopback)


@dataclass(frozen=True)
class Offline:
    """How a command went that ran without a network."""

    code: int
    output: str
    attempts: int
    """Packets and connections that the kernel had no route for: attempts to leave the loopback, DNS included."""


def why_not_offline() -> str | None:
    """Return None where :func:`run_offline` works, else one sentence that says why it does not."""
    if sys.platform != "linux":
        return "network namespaces exist on Linux only"
    probe = subprocess.run(["unshare", "-rmn", "true"], capture_output=True, text=True, check=False)
    return None if probe.returncode == 0 else f"this machine allows no network namespace: {probe.stderr.strip()}"


def run_offline(command: Sequence[str | Path], timeout: float = 300, env: dict[str, str] | None = None) -> Offline:
    """Run a command where only the loopback exists, and count its and its descendants' attempts to leave it.

    :param command: program and arguments; it must end by itself, and its servers with it
    :param timeout: seconds after which it is killed
    :param env: its whole environment; this process's where None
    :raises subprocess.TimeoutExpired: it did not end in time
    """
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        inside = ["unshare", "-rmn", "--kill-child", sys.executable, __file__, str(report), *map(str, command)]
        # A child that outlives the command would keep a pipe open: the output goes to a file.
        with tempfile.TemporaryFile() as output:
            done = subprocess.run(
                inside,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                timeout=timeout,
                env=env,
                check=False,
            )
            output.seek(0)
            text = output.read().decode(errors="replace")
        if not report.exists():
            raise RuntimeError(f"the command did not start: {text[-2000:]}")
        return Offline(done.returncode, text, json.loads(report.read_text())["attempts"])


def unrouted() -> int:
    """Return how often the kernel found no route in this network namespace, for IPv4 and IPv6 together."""
    names, values = (line.split() for line in Path("/proc/net/snmp").read_text().splitlines() if line.startswith("Ip:"))
    count = int(dict(zip(names, values, strict=True))["OutNoRoutes"])
    for line in Path("/proc/net/snmp6").read_text().splitlines():
        if line.startswith("Ip6OutNoRoutes"):
            count += int(line.split()[1])
    return count


def raise_loopback() -> None:
    """Bring up the loopback interface of a new network namespace."""
    get_flags, set_flags, up = 0x8913, 0x8914, 0x1
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        request = struct.pack("16sH14s", b"lo", 0, b"")
        flags = struct.unpack("16sH14s", fcntl.ioctl(control, get_flags, request))[1]
        fcntl.ioctl(control, set_flags, struct.pack("16sH14s", b"lo", flags | up, b""))


def unroutable_resolver(folder: Path) -> None:
    """Make DNS ask an address without a route, so that a lookup counts even where the machine resolves locally."""
    bind = 4096
    resolver = folder / "resolv.conf"
    # An address of the block reserved for documentation, RFC 5737.
    resolver.write_text("nameserver 192.0.2.1\noptions attempts:1 timeout:1\n")
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.mount(str(resolver).encode(), b"/etc/resolv.conf", b"", bind, None) != 0:
        raise OSError(ctypes.get_errno(), "cannot mount /etc/resolv.conf")


def main() -> None:
    """Inside the namespace: run the command of the arguments and write the report."""
    report = Path(sys.argv[1])
    raise_loopback()
    unroutable_resolver(report.parent)
    before = unrouted()
    code = subprocess.run(sys.argv[2:], check=False).returncode
    report.write_text(json.dumps({"attempts": unrouted() - before}))
    os._exit(code if code >= 0 else 128 - code)


if __name__ == "__main__":
    main()
