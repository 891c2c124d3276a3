"""JupyterLab as `make lab` starts it."""

import json
import os
import re
import select
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
import requests

from dva import jupyterlab, kernelspec

SERVE = """
import sys
from pathlib import Path
from dva import jupyterlab, kernelspec
kernelspec.install()
sys.exit(jupyterlab.serve(Path(sys.argv[1]), "http://127.0.0.1:4566", lambda s: print(s, flush=True), browser=False))
"""


def read_until(process: subprocess.Popen[str], pattern: str, seconds: float = 60) -> re.Match[str]:
    """Read a process's output until a line matches."""
    assert process.stdout
    deadline, text = time.monotonic() + seconds, ""
    while time.monotonic() < deadline:
        if select.select([process.stdout], [], [], 0.2)[0]:
            line = process.stdout.readline()
            text += line
            if found := re.search(pattern, line):
                return found
            if not line:
                break
    pytest.fail(f"no {pattern} in {text}")


def test_jupyterlab(tmp_path: Path) -> None:
    work = tmp_path / "work"
    work.mkdir()
    state = str(tmp_path / "dva")
    command = [sys.executable, "-c", SERVE, str(work)]
    environment = {n: v for n, v in os.environ.items() if not n.startswith("DVA_")} | {"DVA_STATE": state}
    # The preferred port is taken on purpose, unless somebody else took it already.
    taken = socket.socket()
    taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        taken.bind(("127.0.0.1", jupyterlab.PORT))
        taken.listen()
    except OSError:
        pass
    process = subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, text=True
    )
    try:
        url = read_until(process, r"JupyterLab: (http://127\.0\.0\.1:(\d+)/lab\?token=\S+)")
        assert int(url[2]) != jupyterlab.PORT
        base, token = f"http://127.0.0.1:{url[2]}", url[1].rpartition("=")[2]
        page = requests.get(url[1], timeout=30).text
        settings = json.loads(page.split('<script id="jupyter-config-data" type="application/json">')[1].split("<")[0])
        assert {"@jupyter/nbgrader", "@jupyterlab/apputils-extension:announcements"} <= set(
            settings["disabledExtensions"]
        )
        specs = requests.get(f"{base}/api/kernelspecs?token={token}", timeout=30).json()
        assert specs["default"] == kernelspec.NAME
        assert specs["kernelspecs"][kernelspec.NAME]["spec"]["display_name"] == "DVA labs"
        assert "custom/custom.css" in page
        style = requests.get(f"{base}/custom/custom.css?token={token}", timeout=30)
        assert style.text == kernelspec.CUSTOM_CSS, "diagrams on a dark page"
        assert requests.get(f"{base}/api/contents", timeout=30).status_code == 403, "without the token"
        # A second `make lab` shows the same one.
        again = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=True)
        assert f"runs already: {url[1]}" in again.stdout
    finally:
        taken.close()
        process.send_signal(signal.SIGTERM)
        process.wait(30)
    assert not list((tmp_path / "dva/jupyter/runtime").glob("jpserver-*.json"))


def test_no_browser_without_a_display(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    assert not jupyterlab.has_browser({})


def test_kernelspec_is_rewritten_for_another_interpreter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DVA_STATE", str(tmp_path))
    assert not kernelspec.is_installed()
    path = kernelspec.install() / "kernel.json"
    assert kernelspec.is_installed()
    path.write_text(json.dumps(kernelspec.spec("/elsewhere/python")))
    assert not kernelspec.is_installed()
    kernelspec.install()
    assert json.loads(path.read_text())["argv"][0] == sys.executable
