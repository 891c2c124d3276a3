"""A headless Chromium, for drawing diagrams and for looking at the book.

Learners never need it. Authors do for `python -m dva.book diagrams`, and the browser tests use it where there is one.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Browser

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
"""Commands under which Linux distributions install Chromium or Chrome."""

MAC_APPS = (
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
)

FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--font-render-hinting=none",
)
"""Flags that keep Chromium itself from calling home, and let it run as root in a container."""

MISSING = (
    "Chromium was not found: install it (Debian and Ubuntu: `apt-get install chromium`), "
    "or name one with DVA_CHROMIUM=/path/to/chromium."
)


def find_browser() -> str | None:
    """Path of an installed Chromium or Chrome, or None.

    `DVA_CHROMIUM` wins; then what is on PATH; then the usual places of macOS.
    """
    named = os.environ.get("DVA_CHROMIUM")
    if named:
        return named if Path(named).is_file() else None
    for name in NAMES:
        found = shutil.which(name)
        if found:
            return found
    return next((app for app in MAC_APPS if Path(app).is_file()), None)


@contextmanager
def open_browser() -> Iterator[Browser]:
    """Start a headless browser with a fresh profile and close it afterward.

    Raises:
        FileNotFoundError: no Chromium on this machine; the message says how to get one.
    """
    executable = find_browser()
    if executable is None:
        raise FileNotFoundError(MISSING)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=executable, args=list(FLAGS))
        try:
            yield browser
        finally:
            browser.close()
