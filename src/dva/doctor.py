"""What can be wrong with a machine, a function for each: pure, so that each can be tested by itself."""

import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import psutil

from dva import emulator, endpoint, kernelspec, processes
from dva.errors import CourseError
from dva.paths import ROOT, state

DISK_NEEDED = 1_000_000_000
"""Bytes free below which packages, Lambda layers and the emulator's state run out of room."""

MEMORY_NEEDED = 1_000_000_000
"""Bytes available below which JupyterLab, a kernel and the emulator (about 450 MB after many services) get slow."""

UV_NEEDED = (0, 8)
"""The oldest uv that reads both locks."""

PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at."""

    name: str
    level: Literal["ok", "info", "bad"]
    message: str
    mend: str = ""


def python(version: tuple[int, int]) -> Finding:
    """Judge the running Python, given as (major, minor)."""
    shown = ".".join(map(str, version))
    if version == (3, 13):
        return Finding("Python", "ok", shown)
    return Finding("Python", "bad", f"{shown}, but the course needs 3.13", "Run `make setup`; it finds Python 3.13.")


def uv(version: str | None) -> Finding:
    """Judge uv by what ``uv --version`` prints; None: not found."""
    if version is None:
        return Finding("uv", "info", "not found", "`make setup` fetches it into the project when it is needed.")
    numbers = version.removeprefix("uv ").split(".")
    if len(numbers) > 1 and all(n.isdecimal() for n in numbers[:2]) and (int(numbers[0]), int(numbers[1])) < UV_NEEDED:
        return Finding("uv", "bad", f"{version} is too old", "Update it (`uv self update`), or remove it from PATH.")
    return Finding("uv", "ok", version)


def environment(name: str, project: Path, in_step: Callable[[Path], bool | None]) -> Finding:
    """Judge one of the two environments.

    :param name: what to call it
    :param project: folder with ``pyproject.toml``, ``uv.lock`` and ``.venv``
    :param in_step: tells whether a project's environment has what its lock says; None if that cannot be told
    """
    if not (project / ".venv/bin/python").exists():
        return Finding(name, "bad", f"{project / '.venv'} is missing", "Run `make setup`.")
    match in_step(project):
        case True:
            return Finding(name, "ok", "in step with its lock")
        case False:
            return Finding(name, "bad", "not what its lock says", "Run `make setup`.")
        case None:
            return Finding(name, "info", "present; without uv it cannot be compared with its lock")


def port(number: int, free: bool, owner: str | None, ours: bool) -> Finding:
    """Judge the emulator's port.

    :param number: the TCP port
    :param free: nobody listens on it
    :param owner: who does, if that can be told
    :param ours: the emulator does
    """
    if ours:
        return Finding("Port", "ok", f"{number}: the emulator listens")
    if free:
        return Finding("Port", "ok", f"{number} is free")
    return Finding(
        "Port",
        "bad",
        f"{number} is taken by {owner or 'another program'}",
        "Stop that program, or use another port: `dva up --port N` or DVA_PORT=N.",
    )


def server(status: emulator.Status, leftovers: int) -> Finding:
    """Judge the emulator: running, stopped, crashed, or stuck.

    :param status: what it says
    :param leftovers: processes of a server that no longer lives
    """
    if status.running:
        return Finding("Emulator", "ok", f"running at {status.url}")
    if status.pid:
        return Finding("Emulator", "bad", f"process {status.pid} runs but does not answer", "Run `dva down; dva up`.")
    if leftovers:
        return Finding(
            "Emulator", "bad", f"{leftovers} processes of a stopped emulator are left", "Run `dva down`; it ends them."
        )
    if "by itself" in status.note:
        return Finding("Emulator", "info", "it stopped by itself", "`dva logs` shows why; `dva up` starts it again.")
    return Finding("Emulator", "ok", "not running; `dva up` starts it")


def disk(free: int, folder: Path) -> Finding:
    """Judge the room on the disk of ``folder``, in bytes."""
    shown = f"{free / 1e9:.1f} GB free at {folder}"
    if free >= DISK_NEEDED:
        return Finding("Disk", "ok", shown)
    return Finding("Disk", "bad", shown, "Free 1 GB; `dva reset` deletes what the emulator stored.")


def memory(available: int) -> Finding:
    """Judge the memory that is available, in bytes."""
    shown = f"{available / 1e9:.1f} GB available"
    if available >= MEMORY_NEEDED:
        return Finding("Memory", "ok", shown)
    return Finding("Memory", "bad", shown, "Close programs until 1 GB is available; labs get slow or are killed.")


def proxies(environ: Mapping[str, str]) -> Finding:
    """Judge proxy variables: a proxy must not stand between a client and 127.0.0.1."""
    used = sorted({name.upper() for name, value in environ.items() if name.upper() in PROXIES and value})
    if not used:
        return Finding("Proxy", "ok", "none set")
    bypass = {part.strip().lower() for part in (environ.get("no_proxy") or environ.get("NO_PROXY") or "").split(",")}
    missing = [] if "*" in bypass else [host for host in ("localhost", "127.0.0.1") if host not in bypass]
    if not missing:
        return Finding("Proxy", "ok", f"{', '.join(used)} set, but not for this machine (NO_PROXY)")
    return Finding(
        "Proxy",
        "bad",
        f"{', '.join(used)} set, and NO_PROXY lacks {' and '.join(missing)}",
        "export NO_PROXY=localhost,127.0.0.1 in your shell's profile. Lab kernels do so by themselves; "
        "programs that you start in your own shell do not.",
    )


def writable(folder: Path) -> Finding:
    """Judge whether files can be made in ``folder`` (or, where it does not exist, where it would be made)."""
    place = folder
    while not place.exists() and place != place.parent:
        place = place.parent
    try:
        with tempfile.NamedTemporaryFile(dir=place, prefix=".dva-"):
            return Finding("Write permission", "ok", str(folder))
    except OSError as error:
        return Finding(
            "Write permission",
            "bad",
            f"{place} cannot be written ({error.strerror or error})",
            "Give yourself the right to write there, or clone the course into a folder of yours.",
        )


def kernel(installed: bool) -> Finding:
    """Judge whether Jupyter finds the labs' kernel."""
    if installed:
        return Finding("Jupyter kernel", "ok", kernelspec.DISPLAY_NAME)
    return Finding("Jupyter kernel", "info", "not installed yet, or for another Python", "`make lab` installs it.")


def aws_variables(environ: Mapping[str, str]) -> Finding:
    """Tell of AWS variables: labs ignore them."""
    names = sorted(name for name in environ if name.upper().startswith("AWS_"))
    if "DVA_KERNEL" in environ or not names:
        return Finding("AWS variables", "ok", "none of yours reaches a lab")
    return Finding("AWS variables", "info", f"{', '.join(names)} set; labs ignore them and never use your account")


def other_server(environ: Mapping[str, str], healthy: Callable[[str], bool]) -> Finding:
    """Judge ``DVA_ENDPOINT``."""
    try:
        url = endpoint.resolve(environ).url
    except CourseError as error:
        return Finding("DVA_ENDPOINT", "bad", str(error), "Mend or unset DVA_ENDPOINT.")
    if healthy(url):
        return Finding("DVA_ENDPOINT", "ok", f"{url} is healthy; `dva up` starts nothing")
    return Finding("DVA_ENDPOINT", "bad", f"{url} does not answer", "Start that server, or unset DVA_ENDPOINT.")


# -- looking --------------------------------------------------------------------------------------------------


def examine(environ: Mapping[str, str] = os.environ) -> list[Finding]:
    """Look at this machine."""
    program = _uv()
    in_step = _compare_with(program)
    return [
        python(sys.version_info[:2]),
        uv(_output([program, "--version"]) if program else None),
        environment("Course environment", ROOT, in_step),
        environment("Emulator environment", ROOT / "docker/localstack", in_step),
        *_server_findings(environ),
        disk(shutil.disk_usage(ROOT).free, ROOT),
        memory(psutil.virtual_memory().available),
        proxies(environ),
        writable(state()),
        writable(ROOT / "work"),
        kernel(kernelspec.is_installed()),
        aws_variables(environ),
    ]


def _server_findings(environ: Mapping[str, str]) -> Iterable[Finding]:
    if environ.get("DVA_ENDPOINT", "").strip():
        yield other_server(environ, lambda url: emulator.health(url) is not None)
        return
    mine = emulator.Emulator()
    status = mine.status()
    left = [] if status.pid else processes.find_leftovers(mine.state, mine.server.parent.parent)
    yield server(status, len(left))
    try:
        wanted = emulator.port_from(environ) or mine.record().get("port") or emulator.DEFAULT_PORT
    except CourseError as error:
        yield Finding("Port", "bad", str(error), "Mend or unset DVA_PORT.")
        return
    ours = status.running and status.url.endswith(f":{wanted}")
    with contextlib.suppress(OSError):
        free = processes.port_is_free("127.0.0.1", wanted)
        yield port(wanted, free, None if free or ours else processes.port_owner(wanted), ours)


def _uv() -> str | None:
    own = ROOT / ".dva/tools/uv/bin/uv"
    return shutil.which("uv") or (str(own) if own.exists() else None)


def _compare_with(program: str | None) -> Callable[[Path], bool | None]:
    def in_step(project: Path) -> bool | None:
        if program is None:
            return None
        command = [program, "sync", "--project", str(project), "--frozen", "--inexact", "--check", "--offline", "-q"]
        # The environment of the project itself is meant, whatever is active in this shell.
        environ = {k: v for k, v in os.environ.items() if k not in ("VIRTUAL_ENV", "UV_PROJECT_ENVIRONMENT")}
        return subprocess.run(command, capture_output=True, check=False, env=environ).returncode == 0

    return in_step


def _output(command: list[str]) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return " ".join(done.stdout.split()[:2])
