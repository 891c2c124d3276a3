"""Where a function's folders are: mounted as Lambda has them where namespaces are allowed, else real paths."""

import functools
import logging
import os
import pwd
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from .packages import interpreter_folders, link_runtime, runtime_modules
from .process import command

LOG = logging.getLogger(__name__)

NEVER_HIDDEN = {"/", "/bin", "/dev", "/etc", "/lib", "/lib64", "/proc", "/sbin", "/sys", "/usr", "/var"}
"""Home directories of odd accounts that a process cannot do without."""


@dataclass(frozen=True)
class Folders:
    """The folders of one execution environment on this machine."""

    task: Path
    opt: Path
    tmp: Path
    runtime: Path


def pure_python() -> bool:
    """Say whether ``DVA_LAMBDA_PURE_PYTHON=1`` asks for our client of the Runtime API instead of AWS's."""
    return os.environ.get("DVA_LAMBDA_PURE_PYTHON") == "1"


def settings(folders: Folders, sandbox: bool) -> dict[str, object]:
    """Return what :mod:`.bootstrap` needs to know, apart from the watched pipe."""
    if not sandbox:
        return {"opt": str(folders.opt), "sandbox": None}
    return {
        "opt": "/opt",
        "sandbox": {
            "task": str(folders.task),
            "opt": str(folders.opt),
            "tmp": str(folders.tmp),
            "runtime": _modules(),
            "hide": _homes(),
            "keep": interpreter_folders(),
        },
    }


@functools.cache
def _modules() -> dict[str, str]:
    return runtime_modules(pure_python())


def _homes() -> list[str]:
    homes = {pwd.getpwuid(os.getuid()).pw_dir, os.environ.get("HOME", "")}
    homes |= {os.path.realpath(home) for home in homes if home}
    return sorted(home for home in homes if os.path.isdir(home) and home not in NEVER_HIDDEN)


@functools.cache
def available() -> bool:
    """Say whether processes can have their own mounts here; tried once, for real.

    ``DVA_LAMBDA_SANDBOX=0`` says no without trying.
    """
    if os.environ.get("DVA_LAMBDA_SANDBOX") == "0" or not hasattr(os, "unshare"):
        return False
    with tempfile.TemporaryDirectory() as folder:
        empty = Path(folder)
        probe = {**settings(Folders(empty, empty, empty, empty), sandbox=True), "probe": True}
        done = subprocess.run(
            command(probe), env={}, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
        )
    if done.returncode:
        reason = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        LOG.info("Lambda functions run without their own /var/task, /opt and /tmp: %s", reason)
    return done.returncode == 0


def prepare_runtime(folder: Path) -> None:
    """Put the runtime's packages below ``folder`` for functions that run without mounts."""
    link_runtime(folder, _modules())
