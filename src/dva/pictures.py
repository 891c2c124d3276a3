"""The landing page's picture: a real lab in JupyterLab with its ticks, light and dark.

Authors run `python -m dva.book pictures`. It starts the emulator and JupyterLab in a temporary folder, puts the
solution's code into a copy of a lab, runs it in a headless Chromium and photographs what a learner would see.
"""

from __future__ import annotations

import io
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import nbformat
import requests
from PIL import Image

from dva import browser, labformat

LAB = "1-development/s3-object-store"
END = "Task 3"
"""The task at which the copy of the lab ends; two ticks come before it."""

FOLDER = Path("chapters/_pictures")
SIZE = (1120, 760)
"""Pixels of the window; the picture has twice as many, for sharp screens."""

LIMIT = 200_000
"""Bytes that a picture may have."""

THEMES = {"light": "JupyterLab Light", "dark": "JupyterLab Dark"}


def _free_port() -> int:
    """Return a TCP port that nobody uses at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _solved(root: Path) -> nbformat.NotebookNode:
    """Return the solution without outputs and without the marks around its code."""
    notebook = labformat.read(root / f"solutions/{LAB}.ipynb")
    end = next(number for number, cell in enumerate(notebook.cells) if cell.source.startswith(f"## {END}"))
    del notebook.cells[end:]
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
            cell.source = "\n".join(line for line in cell.source.splitlines() if "SOLUTION" not in line)
    return notebook


@contextmanager
def _servers(root: Path, folder: Path, theme: str) -> Iterator[str]:
    """Start the emulator and JupyterLab with all their state in `folder`; give JupyterLab's address."""
    environ = os.environ | {"DVA_STATE": str(folder / "state")}
    dva = [sys.executable, "-m", "dva"]
    work = folder / "work"
    path = work / f"{LAB}.ipynb"
    path.parent.mkdir(parents=True)
    nbformat.write(_solved(root), path)
    settings = folder / "state/jupyter/config/lab/user-settings/@jupyterlab"
    # Without windowing every cell is in the page, so that its tick can be waited for.
    for name, value in {
        "apputils-extension/themes": {"theme": theme},
        "notebook-extension/tracker": {"windowingMode": "none"},
    }.items():
        file = settings / f"{name}.jupyterlab-settings"
        file.parent.mkdir(parents=True)
        file.write_text(json.dumps(value))
    subprocess.run([*dva, "up", "--port", str(_free_port())], env=environ, check=True)
    try:
        port, token = _free_port(), "picture"
        serve = (
            "import subprocess, sys; from pathlib import Path; from dva import endpoint, jupyterlab, kernelspec;"
            "kernelspec.install();"
            "sys.exit(subprocess.call(jupyterlab.command(Path(sys.argv[1]), int(sys.argv[2])),"
            "env=jupyterlab.environment(endpoint.resolve().url) | {'JUPYTER_TOKEN': sys.argv[3]}))"
        )
        process = subprocess.Popen([sys.executable, "-c", serve, work, str(port), token], env=environ)
        try:
            _wait(f"http://127.0.0.1:{port}/api/status?token={token}")
            yield f"http://127.0.0.1:{port}/lab/tree/{LAB}.ipynb?token={token}"
        finally:
            shut = f"http://127.0.0.1:{port}/api/shutdown?token={token}"
            requests.post(shut, timeout=20)
            process.wait(60)
    finally:
        subprocess.run([*dva, "down"], env=environ, check=True)


def _wait(address: str, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while True:
        try:
            if requests.get(address, timeout=5).ok:
                return
        except requests.ConnectionError:
            if time.monotonic() > deadline:
                raise
        time.sleep(0.2)


def take(root: Path) -> list[Path]:
    """Take the pictures anew.

    :param root: the project
    :return: the files
    :raises ValueError: if a picture would be larger than `LIMIT`
    """
    files = []
    (root / FOLDER).mkdir(parents=True, exist_ok=True)
    with browser.open_browser() as chromium:
        for mode, theme in THEMES.items():
            with tempfile.TemporaryDirectory() as folder, _servers(root, Path(folder), theme) as address:
                context = chromium.new_context(viewport={"width": SIZE[0], "height": SIZE[1]}, device_scale_factor=2)
                page = context.new_page()
                page.goto(address)
                page.locator(".jp-Notebook .jp-Cell").first.wait_for(timeout=60_000)
                page.get_by_text("DVA labs | Idle").wait_for(timeout=60_000)
                page.get_by_role("menuitem", name="Run", exact=True).click()
                page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
                page.locator(".dva-passed").nth(1).wait_for(timeout=120_000)
                page.keyboard.press("Control+b")
                tick = page.locator(".dva-passed").first
                page.locator(".jp-FileBrowser").wait_for(state="hidden")
                tick.evaluate("one => one.scrollIntoView({block: 'center'})")
                page.evaluate("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
                shot = page.screenshot()
                context.close()
            file = root / FOLDER / f"lab.{mode}.webp"
            Image.open(io.BytesIO(shot)).save(file, "WEBP", quality=82, method=6)
            if file.stat().st_size > LIMIT:
                raise ValueError(f"{file} has {file.stat().st_size} bytes; {LIMIT} are allowed.")
            files.append(file)
    return files
