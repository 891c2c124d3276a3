"""The Makefile: setting up, skipping what is done, and its sentences. `uv` is a stand-in that notes its calls."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from .conftest import ROOT

LOCKS = (
    "pyproject.toml",
    "uv.lock",
    ".python-version",
    "docker/localstack/pyproject.toml",
    "docker/localstack/uv.lock",
)

UV = """
echo "$@" >> "{calls}"
case "$1 $2" in
"--version ") echo "uv {version}" ;;
"sync "*) mkdir -p .venv/bin docker/localstack/.venv/bin
    touch .venv/bin/dva docker/localstack/.venv/bin/dva-localstack
    chmod +x docker/localstack/.venv/bin/dva-localstack ;;
"python find") exit {found} ;;
"python install") exit {found} ;;
esac
"""


class Clone:
    """A checkout with only what the Makefile looks at, and a PATH with only what we put there."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "clone"
        self.calls = folder / "calls"
        self.bin = folder / "bin"
        self.bin.mkdir()
        for tool in ("sh", "make", "awk", "cat", "mkdir", "rm", "sort", "echo", "touch", "chmod"):
            (self.bin / tool).symlink_to(shutil.which(tool) or tool)
        for name in ("Makefile", *LOCKS):
            (self.folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, self.folder / name)

    def add_uv(self, version: str = "0.13.9", found: int = 0) -> None:
        """Put a uv on PATH; ``found``: exit code of its search for Python 3.13."""
        text = UV.format(calls=self.calls, version=version, found=found)
        (self.bin / "uv").write_text(f"#!/bin/sh\n{text}")
        (self.bin / "uv").chmod(0o755)

    def make(self, *arguments: str, code: int = 0, **changes: str) -> str:
        """Run make; return its output."""
        environment = {"PATH": str(self.bin), "HOME": str(self.folder)} | changes
        done = subprocess.run(
            ["make", *arguments], cwd=self.folder, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout + done.stderr

    @property
    def syncs(self) -> list[str]:
        """The calls of ``uv sync`` so far."""
        lines = self.calls.read_text().splitlines() if self.calls.exists() else []
        return [line for line in lines if line.startswith("sync")]


@pytest.fixture
def clone(tmp_path: Path) -> Clone:
    """A fresh checkout."""
    return Clone(tmp_path)


def test_help_is_the_default(clone: Clone) -> None:
    clone.add_uv()
    told = clone.make()
    for target in ("setup", "lab", "test", "test-full", "book", "up", "down", "labs", "lint", "clean"):
        assert f"make {target} " in told


def test_setup_installs_both_environments_once(clone: Clone) -> None:
    clone.add_uv()
    clone.make("setup")
    assert clone.syncs == ["sync --quiet --frozen --inexact", "sync --quiet --frozen --project docker/localstack"]
    clone.make("setup")
    assert len(clone.syncs) == 2


@pytest.mark.parametrize("lock", LOCKS)
def test_setup_again_after_a_lock_changed(clone: Clone, lock: str) -> None:
    clone.add_uv()
    clone.make("setup")
    future = (clone.folder / ".dva/setup-learner.stamp").stat().st_mtime + 5
    os.utime(clone.folder / lock, (future, future))
    clone.make("setup")
    assert len(clone.syncs) == 4


def test_setup_again_after_an_environment_was_deleted(clone: Clone) -> None:
    clone.add_uv()
    clone.make("setup")
    shutil.rmtree(clone.folder / "docker/localstack/.venv")
    clone.make("setup")
    assert len(clone.syncs) == 4


def test_setup_anew_after_the_folder_was_moved(clone: Clone) -> None:
    clone.add_uv()
    clone.make("setup")
    (clone.folder / ".venv/old").touch()
    clone.folder = clone.folder.rename(clone.folder.with_name("moved"))
    assert "was moved" in clone.make("setup")
    assert not (clone.folder / ".venv/old").exists()
    clone.make("setup")
    assert len(clone.syncs) == 4


def test_python_missing(clone: Clone) -> None:
    clone.add_uv(found=1)
    told = clone.make("setup", code=2)
    assert "Python 3.13 is missing: install it" in told
    assert clone.syncs == []
    assert not (clone.folder / ".dva/setup-learner.stamp").exists()


def test_python_of_pyenv_is_found(clone: Clone) -> None:
    clone.add_uv(found=1)
    prefix = clone.bin.parent / "pyenv"
    (prefix / "bin").mkdir(parents=True)
    (prefix / "bin/python3.13").touch(0o755)
    (clone.bin / "pyenv").write_text(f'#!/bin/sh\n[ "$1 $2" = "prefix 3.13" ] && echo "{prefix}"\n')
    (clone.bin / "pyenv").chmod(0o755)
    clone.make("setup")
    assert len(clone.syncs) == 2


@pytest.mark.parametrize("version", [None, "0.7.22"])
def test_uv_is_fetched_where_it_is_missing_or_old(clone: Clone, version: str | None) -> None:
    """A stand-in for Python 3.13 makes the environment and installs a stand-in for uv."""
    clone.add_uv()
    uv = (clone.bin / "uv").rename(clone.bin.parent / "fetched-uv")
    if version:
        clone.add_uv(version)
    (clone.bin / "cp").symlink_to(shutil.which("cp") or "cp")
    (clone.bin / "python3.13").write_text(
        '#!/bin/sh\n[ "$2" = venv ] && mkdir -p "$3/bin" && cp "$0" "$3/bin/python" && exit\n'
        f'[ "$2" = pip ] && cp "{uv}" .dva/tools/uv/bin/uv && echo "$@" >> "{clone.calls}"\n'
    )
    (clone.bin / "python3.13").chmod(0o755)
    assert "Fetching uv" in clone.make("setup")
    assert "-m pip install --quiet --disable-pip-version-check uv==" in clone.calls.read_text()
    assert len(clone.syncs) == 2
    clone.make("setup")
    assert len(clone.syncs) == 2


def test_neither_uv_nor_python(clone: Clone) -> None:
    assert "uv could not be fetched" in clone.make("setup", "PYTHONS=python3.13", code=2)
    assert not (clone.folder / ".dva/tools/uv").exists()


def test_windows_is_sent_to_wsl_or_docker(clone: Clone) -> None:
    told = clone.make("lab", code=2, OS="Windows_NT")
    assert "WSL 2" in told
    assert "Docker" in told


@pytest.mark.full
def test_uv_is_really_fetched(clone: Clone) -> None:
    """With pip and the machine's own index."""
    python = shutil.which("python3.13") or shutil.which("python3")
    assert python
    pip = {name: value for name, value in os.environ.items() if name.startswith(("PIP_", "SSL_", "HTTPS_", "https_"))}
    # pyenv's shims need tools that a bare PATH lacks.
    path = f"{clone.bin}:{Path(python).parent}:/usr/bin:/bin"
    clone.make(".dva/tools/uv/bin/uv", PATH=path, **pip)
    fetched = clone.folder / ".dva/tools/uv/bin/uv"
    done = subprocess.run([fetched, "--version"], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("uv ")
