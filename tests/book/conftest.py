"""The book, built once for all workers, and a browser to look at it."""

import hashlib
import json
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
    """Folder of the built HTML; the first worker that wants it builds it, with warnings as errors.

    The build must not touch the project.
    """
    shared = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent
    output, result = shared / "book", shared / "book.json"
    with FileLock(shared / "book.lock"):
        if not result.exists():
            before = _sources()
            code, said = build_book(ROOT, output)
            after = _sources()
            changed = sorted(name for name in {*before, *after} if before.get(name) != after.get(name))
            result.write_text(json.dumps({"code": code, "said": said, "changed": changed}), encoding="utf-8")
    built = json.loads(result.read_text("utf-8"))
    assert built["code"] == 0, built["said"]
    assert not built["changed"], "the build changed the project"
    return output / "_build/html"


def _sources() -> dict[str, str]:
    """What the book is made of, with a hash of each file, and the names at the top of the project."""
    files = [path for folder in ("chapters", "labs", "solutions") for path in (ROOT / folder).rglob("*")]
    files += [ROOT / "_config.yml", ROOT / "_toc.yml"]
    hashes = {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in files if path.is_file()}
    return hashes | {name: "" for name in ("_build", "conf.py") if (ROOT / name).exists()}


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
    """A headless browser. Without one: skipped, or failed where CI or DVA_REQUIRE_BROWSER is set."""
    if browser.find_browser() is None:
        if os.environ.get("DVA_REQUIRE_BROWSER") or os.environ.get("CI", "false") not in ("", "false"):
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
        self.failed: list[str] = []
        self.context = browser.new_context(**{"viewport": {"width": 1280, "height": 900}, **options})
        self.page = self.context.new_page()
        self.page.on("console", lambda said: self.errors.append(said.text) if said.type == "error" else None)
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("requestfailed", self._failed)

        def gate(route: Any) -> None:
            url = route.request.url
            if url.startswith((allowed, "data:", "blob:")):
                route.continue_()
            else:
                self.outside.append(url)
                route.abort()

        self.context.route("**/*", gate)

    def _failed(self, request: Any) -> None:
        if request.failure != "net::ERR_ABORTED":  # what going to the next page does to an icon on its way
            self.failed.append(request.url)

    def __enter__(self) -> "Visit":
        return self

    def __exit__(self, *_: object) -> None:
        self.context.close()


@pytest.fixture
def visit(chromium: Any) -> Any:
    """`with visit(allowed, **context options) as tab:` opens a tab of the browser."""
    return partial(Visit, chromium)
