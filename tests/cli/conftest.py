"""Fixtures for tests of the ``dva`` command: a state folder and a port of their own."""

import json
import os
import signal
import socket
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest

ROOT = Path(__file__).resolve().parents[2]
DVA = ROOT / ".venv/bin/dva"


def unused_port() -> int:
    """Return a TCP port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Home:
    """A learner's machine, as far as ``dva`` sees it."""

    state: Path
    port: int

    @property
    def folder(self) -> Path:
        """The emulator's folder."""
        return self.state / "emulator"

    @property
    def record(self) -> dict[str, Any]:
        """What ``server.json`` says."""
        found: dict[str, Any] = json.loads((self.folder / "server.json").read_text())
        return found

    def environment(self, **changes: str) -> dict[str, str]:
        """Return the environment of the command: the port is given as a learner would give it."""
        dropped = ("DVA_", "PYTHONDONTWRITEBYTECODE")
        kept = {name: value for name, value in os.environ.items() if not name.startswith(dropped)}
        return kept | {"DVA_STATE": str(self.state), "DVA_PORT": str(self.port)} | changes

    def start(self, *arguments: str, **changes: str) -> subprocess.Popen[str]:
        """Start ``dva`` and do not wait for it."""
        return subprocess.Popen(
            [DVA, *arguments],
            env=self.environment(**changes),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def dva(self, *arguments: str, code: int = 0, **changes: str) -> str:
        """Run ``dva``; return what it printed on both streams. It must exit with ``code`` and without a traceback."""
        process = self.start(*arguments, **changes)
        out, err = process.communicate(timeout=120)
        assert "Traceback" not in err, err
        assert process.returncode == code, f"exit code {process.returncode}: {out}{err}"
        return out + err

    def status(self) -> dict[str, Any]:
        """Return ``dva status --json``, whether the emulator runs or not."""
        process = self.start("status", "--json")
        out, _ = process.communicate(timeout=60)
        found: dict[str, Any] = json.loads(out)
        assert process.returncode == (0 if found["running"] else 3)
        return found


def kill(pid: int) -> None:
    """Kill a process without a warning, and wait until it is gone."""
    process = psutil.Process(pid)
    os.kill(pid, signal.SIGKILL)
    psutil.wait_procs([process], timeout=10)


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    """A home with nothing in it; its emulator, if any, is stopped afterwards."""
    mine = Home(tmp_path / "dva", unused_port())
    yield mine
    if mine.folder.exists():
        mine.dva("down")


@pytest.fixture(scope="module")
def lasting_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    """A home that the tests of a module share, to save starts: each brings its emulator up first."""
    mine = Home(tmp_path_factory.mktemp("home") / "dva", unused_port())
    yield mine
    mine.dva("down")


@pytest.fixture
def running(lasting_home: Home) -> Home:
    """A home whose emulator runs."""
    lasting_home.dva("up")
    return lasting_home


@pytest.fixture
def fake_program(tmp_path: Path) -> Callable[[str, str], Path]:
    """Return a function that writes a shell script called ``name`` and returns the folder to put on PATH."""

    def write(name: str, body: str) -> Path:
        folder = tmp_path / "bin"
        folder.mkdir(exist_ok=True)
        (folder / name).write_text(f"#!/bin/sh\n{body}\n")
        (folder / name).chmod(0o755)
        return folder

    return write
