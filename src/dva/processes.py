"""Questions about this machine's processes and ports, on Linux and macOS."""

import contextlib
import errno
import os
import socket
from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path
from typing import Any

import psutil

MARK = "DVA_EMULATOR"
"""Environment variable that the emulator's processes carry; its value is their state folder."""


def command_of(pid: int) -> list[str]:
    """Return the command line of a process; an empty list if it is gone, a zombie or not ours to see."""
    with contextlib.suppress(psutil.Error, ValueError):
        return psutil.Process(pid).cmdline()
    return []


def is_keeper(command: list[str], folder: Path) -> bool:
    """Return whether ``command`` is a ``dva.keeper`` of the emulator whose folder is ``folder``."""
    return "dva.keeper" in command and str(folder) in command


def is_server(command: list[str], state: Path) -> bool:
    """Return whether ``command`` is a ``dva-localstack`` that keeps its state in ``state``."""
    program = any(Path(part).name == "dva-localstack" for part in command[:2])
    return program and any(pair == ("--state", str(state)) for pair in pairwise(command))


def find_servers(state: Path) -> list[psutil.Process]:
    """Return the running servers that keep their state in ``state``, oldest first: also those no file knows of."""
    found = [p for p in psutil.process_iter() if is_server(command_of(p.pid), state)]
    pids = {p.pid for p in found}
    parents: dict[int, int] = {}
    for process in found:
        with contextlib.suppress(psutil.Error):
            parents[process.pid] = process.ppid()
    # A server that forked has a child with the same command line.
    return [p for p in found if parents.get(p.pid) not in pids]


def find_leftovers(state: Path, environment: Path) -> list[psutil.Process]:
    """Return processes that a server with state in ``state`` started, whether or not that server still lives.

    :param state: state folder of the server
    :param environment: virtual environment of the emulator; a program from elsewhere must carry :data:`MARK`
    :return: processes, the caller's own never among them
    """
    found = []
    for process in psutil.process_iter():
        if process.pid == os.getpid():
            continue
        with contextlib.suppress(psutil.Error, OSError):
            command = process.cmdline()
            if not command:
                continue
            marked = process.environ().get(MARK) == str(state)
            ours = command[0].startswith(f"{environment}{os.sep}")
            if marked or (ours and (_inside(state, [process.cwd(), *command]))):
                found.append(process)
    return found


def _inside(folder: Path, paths: Iterable[str]) -> bool:
    prefix = f"{folder}{os.sep}"
    return any(path == str(folder) or path.startswith(prefix) for path in paths)


def stop(processes: list[psutil.Process], seconds: float) -> None:
    """End processes: politely first, by force after ``seconds``.

    A process whose id was taken over by another program is left alone (psutil compares start times).
    """
    for process in processes:
        with contextlib.suppress(psutil.Error):
            process.terminate()
    _, alive = psutil.wait_procs(processes, timeout=seconds)
    for process in alive:
        with contextlib.suppress(psutil.Error):
            process.kill()
    psutil.wait_procs(alive, timeout=5)


def is_alive(process: psutil.Process) -> bool:
    """Return whether a process still runs: a zombie does not, nor does another program with its id."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


def tree(pid: int) -> list[psutil.Process]:
    """Return a process and everything below it; an empty list if it is gone."""
    try:
        process = psutil.Process(pid)
        return [process, *process.children(recursive=True)]
    except psutil.Error:
        return []


def memory(processes: Iterable[psutil.Process]) -> int:
    """Return the resident memory of processes in bytes; pages that they share count more than once."""
    total = 0
    for process in processes:
        with contextlib.suppress(psutil.Error):
            total += process.memory_info().rss
    return total


def port_is_free(host: str, port: int) -> bool:
    """Return whether a server could listen on ``host:port`` now.

    :raises OSError: if ``host`` is not an address of this machine, or the port needs rights that we lack
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        # macOS lets 127.0.0.1 be bound beside a listener on all interfaces, so binding alone does not tell.
        probe.settimeout(1)
        with contextlib.suppress(OSError):
            probe.connect(({"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host), port))
            return False
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                return False
            raise
        return True


def port_owner(port: int) -> str | None:
    """Return who listens on a TCP port, like ``python3 (process 4711)``; None if nobody says.

    Another user's processes cannot be seen without rights (on macOS: nobody's).
    """
    with contextlib.suppress(psutil.Error, OSError, RuntimeError):
        for connection in psutil.net_connections(kind="tcp"):
            address: Any = connection.laddr
            if connection.status == psutil.CONN_LISTEN and address.port == port and connection.pid:
                return f"{psutil.Process(connection.pid).name()} (process {connection.pid})"
    return None
