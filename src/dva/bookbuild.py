"""Build the book's HTML, serve it on this machine, print it."""

import difflib
import functools
import http.server
import importlib.util
import subprocess
import sys
import webbrowser
from collections.abc import Callable
from pathlib import Path

from dva import contents, jupyterlab
from dva.errors import CourseError
from dva.paths import ROOT

HTML = ROOT / "_build/html"


def build() -> Path:
    """Build the book; a warning is an error.

    :return: folder of the HTML
    :raises CourseError: if its packages are missing, or the build fails
    """
    if importlib.util.find_spec("jupyter_book") is None:
        raise CourseError("The book's packages are not installed; `make book` installs them and builds it.")
    command = [str(Path(sys.executable).parent / "jupyter-book"), "build", "-W", "-n", "--keep-going", str(ROOT)]
    if subprocess.run(command, cwd=ROOT, check=False).returncode:
        raise CourseError("The book was not built; the warnings above say what to mend.")
    return HTML


def page(name: str, root: Path = ROOT) -> Path:
    """Return the built page of a name; builds the book first if that was never done.

    :param name: a page below `chapters/`, or its path in the project, without suffix
    :param root: the checkout
    :raises CourseError: if the book has no such page, or cannot be built
    """
    known = [entry.name for entry in contents.entries(root)]
    wanted = name.removesuffix(".md").removesuffix(".html").strip("/")
    found = next((one for one in (wanted, f"chapters/{wanted}") if one in known), None)
    if found is None:
        end = wanted.rpartition("/")[2]
        last = [one.rpartition("/")[2] for one in known]
        near = [one for one in last if one.startswith(end)] or difflib.get_close_matches(end, last, 3, 0.5)
        like = [one.removeprefix("chapters/") for one in known if one.rpartition("/")[2] in near]
        raise CourseError(f"The book has no page {name!r}." + (f" Is it {' or '.join(like[:3])}?" if like else ""))
    file = root / f"_build/html/{found}.html"
    if not file.is_file():
        build()
    return file


def show(file: Path) -> None:
    """Open a page in a browser, if there is one with a window; pages need no server."""
    if jupyterlab.has_browser():
        webbrowser.open(file.as_uri())


def require_pdf() -> None:
    """Say what a PDF needs and is not here, before minutes are spent.

    :raises CourseError: if there is no Chromium, or the packages are missing
    """
    from dva import pdf

    pdf.require()


def print_pdf(html: Path, tell: Callable[[str, int, int], None]) -> tuple[Path, int]:
    """Print the built book to one PDF in `_build/`.

    :param html: folder of the HTML
    :param tell: told what is printed, how many pages are done, and how many there are
    :return: the file and its number of pages
    :raises CourseError: if there is no Chromium, or the packages are missing
    """
    from dva import pdf

    file = html.parent / pdf.NAME
    return file, pdf.build(html, file, tell)


def serve(html: Path, port: int, say: Callable[[str], None]) -> None:
    """Serve a folder on 127.0.0.1 until Ctrl-C.

    :param port: TCP port; the next free one of twenty if it is taken
    :param say: told the address
    :raises CourseError: if none is free
    """
    handler = functools.partial(Quiet, directory=str(html))
    for candidate in range(port, port + 20):
        try:
            server = http.server.ThreadingHTTPServer(("127.0.0.1", candidate), handler)
        except OSError:
            continue
        with server:
            say(f"The book is at http://127.0.0.1:{server.server_port}/  (Ctrl-C stops it)")
            server.serve_forever()
    raise CourseError(f"Ports {port} to {port + 19} are all taken; use another with `dva book --serve --port N`.")


class Quiet(http.server.SimpleHTTPRequestHandler):
    """Serve files without a line on the terminal for each."""

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""
