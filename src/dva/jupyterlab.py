"""JupyterLab on the learner's labs."""

import json
import os
import secrets
import signal
import subprocess
import sys
import time
import webbrowser
from collections.abc import Callable, Mapping
from pathlib import Path
from types import FrameType

from dva import endpoint, kernelspec, processes
from dva.errors import CourseError

PORT = 8888
"""JupyterLab's default; the next free one is used where it is taken."""


def environment(url: str) -> dict[str, str]:
    """Return JupyterLab's environment: clean, so that its terminals and other kernels stay on this machine too.

    :param url: the emulator
    """
    clean = kernelspec.environment(endpoint.clean_environment(url))
    tools = str(Path(sys.executable).parent)
    return clean | {"PATH": os.pathsep.join([tools, clean.get("PATH", os.defpath)])}


def command(work: Path, port: int = PORT) -> list[str]:
    """Return the command that serves ``work`` on 127.0.0.1."""
    return [
        *(sys.executable, "-P", "-m", "jupyterlab", "--no-browser"),
        "--Application.log_level=ERROR",
        "--ServerApp.ip=127.0.0.1",
        f"--ServerApp.port={port}",
        "--ServerApp.port_retries=50",
        f"--ServerApp.root_dir={work}",
        f"--MappingKernelManager.default_kernel_name={kernelspec.NAME}",
        *(["--allow-root"] if os.geteuid() == 0 else []),
    ]


def running(work: Path) -> str | None:
    """Return the URL of a JupyterLab of ours that serves ``work`` already; None if there is none."""
    for path in (kernelspec.folder() / "runtime").glob("jpserver-*.json"):
        try:
            server = json.loads(path.read_text())
            same = Path(server["root_dir"]) == work
            if same and "jupyterlab" in processes.command_of(int(server["pid"])):
                return url_of(server)
        except (OSError, ValueError, KeyError, TypeError):
            continue
    return None


def url_of(server: Mapping[str, object]) -> str:
    """Return the address to open, token included, of a server that Jupyter describes."""
    return f"http://127.0.0.1:{server['port']}/lab?token={server['token']}"


def has_browser(environ: Mapping[str, str] = os.environ) -> bool:
    """Return whether a browser with a window can be opened here; a text browser would take the terminal over."""
    if sys.platform != "darwin" and not (environ.get("DISPLAY") or environ.get("WAYLAND_DISPLAY")):
        return False
    try:
        webbrowser.get()
    except webbrowser.Error:
        return False
    return True


def serve(work: Path, url: str, say: Callable[[str], None], *, browser: bool = True) -> int:
    """Run JupyterLab until it is stopped.

    :param work: folder to serve
    :param url: the emulator
    :param say: told the address
    :param browser: open it in a browser, if there is one
    :return: its exit code
    :raises CourseError: if it does not start
    """
    address = running(work)
    if address:
        say(f"JupyterLab runs already: {address}")
        _open(address, browser)
        return 0
    process = subprocess.Popen(command(work), env=environment(url) | {"JUPYTER_TOKEN": secrets.token_hex(24)})

    def forward(number: int, _frame: FrameType | None) -> None:
        process.send_signal(number)

    # Ctrl-C reaches JupyterLab by itself, and JupyterLab asks whether it is meant.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, forward)
    described = kernelspec.folder() / "runtime" / f"jpserver-{process.pid}.json"
    while not described.exists() and process.poll() is None:
        time.sleep(0.05)
    if process.poll() is not None:
        raise CourseError(f"JupyterLab ended while it started, with exit code {process.returncode} (see above).")
    address = url_of(json.loads(described.read_text()))
    say(f"JupyterLab: {address}\nCtrl-C here stops it.")
    _open(address, browser)
    return process.wait()


def _open(address: str, browser: bool) -> None:
    if browser and has_browser():
        webbrowser.open(address)
