"""The parent of the emulator in the background: keeps its log small and its record true, and tidies up after it.

Nothing depends on it: the server writes to its log by itself, so it outlives a keeper that was killed.
"""

import argparse
import contextlib
import json
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path
from types import FrameType

import psutil

from dva import processes

LOG_LIMIT = 5_000_000
"""Bytes of a log before it is rotated."""

LOGS_KEPT = 3
"""Rotated logs that are kept: ``emulator.log.1`` is the newest."""

PAUSE = 2.0
"""Seconds between two looks at the log."""


def rotate(log: Path) -> None:
    """Copy a log to ``<log>.1``, shift older ones, and empty it in place: its writer appends and keeps it open."""
    for number in range(LOGS_KEPT - 1, 0, -1):
        older = log.with_name(f"{log.name}.{number}")
        if older.exists():
            older.replace(log.with_name(f"{log.name}.{number + 1}"))
    shutil.copyfile(log, log.with_name(f"{log.name}.1"))
    os.truncate(log, 0)


def rotate_if_large(log: Path, limit: int = LOG_LIMIT) -> None:
    """Rotate a log of more than ``limit`` bytes; a full disk or a missing file must not end the keeper."""
    with contextlib.suppress(OSError):
        if log.stat().st_size > limit:
            rotate(log)


def write_record(path: Path, record: dict[str, object]) -> None:
    """Write a record as JSON in one step, so that no reader ever sees half of it."""
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    draft.write_text(json.dumps(record, indent=1) + "\n")
    draft.replace(path)


def url_of(host: str, port: int) -> str:
    """Return the URL by which this machine reaches a server that binds ``host:port``."""
    shown = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)
    return f"http://{shown}:{port}"


def record_of(process: psutil.Process, host: str, port: int) -> dict[str, object]:
    """Return the record of a server."""
    return {
        "engine": "embedded",
        "url": url_of(host, port),
        "host": host,
        "port": port,
        "pid": process.pid,
        "created": process.create_time(),
    }


def mark_stopped(path: Path, pid: int, code: int) -> None:
    """Note in the record of server ``pid`` that it ended with ``code``; a record of another server is left alone."""
    with contextlib.suppress(OSError, ValueError):
        record = json.loads(path.read_text())
        if record.get("pid") == pid:
            write_record(path, record | {"stopped": {"code": code, "at": time.time()}})


def keep(folder: Path, server: Path, host: str, port: int) -> int:
    """Run a server until it ends.

    :param folder: holds ``state``, ``emulator.log`` and ``server.json``
    :param server: path of ``dva-localstack``
    :param host: address to bind
    :param port: TCP port to bind
    :return: the server's exit code; negative: the signal that ended it
    """
    state, log, record = folder / "state", folder / "emulator.log", folder / "server.json"
    with contextlib.suppress(OSError):
        if log.stat().st_size:
            rotate(log)
    with log.open("ab") as output:
        process = subprocess.Popen(
            [server, "--host", host, "--port", str(port), "--state", str(state)],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            env=os.environ | {processes.MARK: str(state)},
        )

    def forward(number: int, _frame: FrameType | None) -> None:
        process.send_signal(signal.SIGTERM)

    signal.signal(signal.SIGTERM, forward)
    signal.signal(signal.SIGINT, forward)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    write_record(record, record_of(psutil.Process(process.pid), host, port) | {"keeper": os.getpid()})
    children: list[psutil.Process] = []
    while True:
        try:
            code = process.wait(timeout=PAUSE)
            break
        except subprocess.TimeoutExpired:
            rotate_if_large(log)
            children = processes.tree(process.pid)[1:] or children
    leftovers = {p.pid: p for p in processes.find_leftovers(state, server.parent.parent)}
    leftovers |= {p.pid: p for p in children if p.is_running()}
    processes.stop(list(leftovers.values()), seconds=2)
    mark_stopped(record, process.pid, code)
    return code


def main() -> None:
    """Parse the command line and keep one server."""
    parser = argparse.ArgumentParser(prog="dva.keeper", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("server", type=Path)
    parser.add_argument("host")
    parser.add_argument("port", type=int)
    options = parser.parse_args()
    keep(options.folder, options.server, options.host, options.port)


if __name__ == "__main__":
    main()
