"""The book, built once for all workers, and a browser to look at it."""

import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from bs4 import BeautifulSoup
from filelock import FileLock

from dva import browser

ROOT = Path(__file__).parents[2]


Build = Callable[[Path, Path], tuple[int, str]]


@pytest.fixture(scope="session")
def build_book() -> Build:
    """Builds a project's book into a folder, with warnings as errors; gives the exit code and what was said."""

    def build(project: Path, output: Path) -> tuple[int, str]:
        command = [str(Path(sys.executable).parent / "jupyter-book"), "build", str(project)]
        command += ["--path-output", str(output), "-W", "-n", "--keep-going", "-q"]
        done = subprocess.run(
            command, cwd=output.parent, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
        )
        return done.returncode, done.stdout

    return build


@pytest.fixture(scope="session")
def html(build_book: Build, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of the built HTML; the first worker that wants it builds it, with warnings as errors."""
    shared = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent
    output, status, log = shared / "book", shared / "book.status", shared / "book.log"
    with FileLock(shared / "book.lock"):
        if not status.exists():
            code, said = build_book(ROOT, output)
            log.write_text(said, encoding="utf-8")
            status.write_text(str(code))
    assert status.read_text() == "0", log.read_text("utf-8")
    return output / "_build/html"


@pytest.fixture(scope="session")
def pages(html: Path) -> dict[str, BeautifulSoup]:
    """Every page that belongs to the table of contents, parsed, by its path below the HTML folder."""
    found = sorted(path for folder in ("chapters", "labs", "solutions") for path in (html / folder).rglob("*.html"))
    return {path.relative_to(html).as_posix(): BeautifulSoup(path.read_text("utf-8"), "html.parser") for path in found}


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture(scope="session")
def site(html: Path) -> Iterator[str]:
    """Address of a web server that serves the book."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(html)))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    """A headless browser. Without one: skipped, or failed where DVA_REQUIRE_BROWSER is set."""
    if browser.find_browser() is None:
        if os.environ.get("DVA_REQUIRE_BROWSER"):
            pytest.fail(browser.MISSING)
        pytest.skip(browser.MISSING)
    with browser.open_browser() as one:
        yield one


class Visit:
    """A browser tab that lets nothing out and remembers what went wrong.

    Args:
        browser: Playwright's browser.
        allowed: the beginning of every address that may be loaded.
        options: for Playwright's `new_context`.
    """

    def __init__(self, browser: Any, allowed: str, **options: Any) -> None:
        self.outside: list[str] = []
        self.errors: list[str] = []
        self.context = browser.new_context(**{"viewport": {"width": 1280, "height": 900}, **options})
        self.page = self.context.new_page()
        self.page.on("console", lambda said: self.errors.append(said.text) if said.type == "error" else None)
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))

        def gate(route: Any) -> None:
            url = route.request.url
            if url.startswith((allowed, "data:", "blob:")):
                route.continue_()
            else:
                self.outside.append(url)
                route.abort()

        self.context.route("**/*", gate)

    def __enter__(self) -> "Visit":
        return self

    def __exit__(self, *_: object) -> None:
        self.context.close()


@pytest.fixture
def visit(chromium: Any) -> Any:
    """`with visit(allowed, **context options) as tab:` opens a tab of the browser."""
    return partial(Visit, chromium)
