"""The book on paper: every built page printed by Chromium and joined to one PDF.

Each page is printed from its HTML with the book's own print rules. What a page cannot know is added while they are
joined: page numbers, bookmarks, a table of contents, and links from page to page.
"""

from __future__ import annotations

import importlib.util
import io
from collections.abc import Callable
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

import yaml

from dva import browser, contents
from dva.contents import Entry
from dva.errors import CourseError
from dva.paths import ROOT

if TYPE_CHECKING:
    from playwright.sync_api import Browser
    from pypdf import PageObject, PdfReader, PdfWriter

NAME = "aws-developer-by-doing.pdf"

INTERACTIVE = ".exam-page"
"""A page with this is left out: without its script it says nothing."""

MARGINS = {"top": "16mm", "bottom": "18mm", "left": "17mm", "right": "17mm"}

SCALE = 0.8
"""The book's 17 px are large on paper; so printed, 100 characters of code fit a line."""

LINKED = """targets => {
  for (const target of targets) {
    const link = document.createElement('a');
    link.href = '#' + target;
    link.hidden = true;
    document.body.append(link);
  }
}"""
"""Chromium writes down where an element stands only if a link of the same page leads to it."""

Tell = Callable[[str, int, int], None]
"""Told what is being done, how many pages are done, and how many there are."""


@dataclass
class Printed:
    """A page of the book as PDF; ``start`` is the number of its first sheet, counted from 0."""

    entry: Entry
    title: str
    path: str
    reader: PdfReader
    start: int = 0
    places: dict[str, tuple[int, float]] = field(default_factory=dict)
    """Anchor to sheet (from 0, in this page) and height on it."""


def build(html: Path, output: Path, tell: Tell = lambda _what, _done, _all: None, root: Path = ROOT) -> int:
    """Print the book.

    :param html: folder of the built HTML
    :param output: the file to write
    :param tell: told of the progress
    :param root: the checkout, whose `_toc.yml` has the order
    :return: number of sheets
    :raises CourseError: if there is no Chromium, or the packages are not installed
    """
    require()
    with browser.open_browser() as chromium:
        return print_book(chromium, html, output, tell, root)


def require() -> None:
    """Say what is missing before anything is built.

    :raises CourseError: if there is no Chromium, or the packages are not installed
    """
    if importlib.util.find_spec("pypdf") is None or importlib.util.find_spec("playwright") is None:
        raise CourseError("The packages for a PDF are not installed; `make pdf` installs them.")
    if browser.find_browser() is None:
        raise CourseError(f"The PDF is printed by a browser. {browser.MISSING}")


def print_book(
    chromium: Browser, html: Path, output: Path, tell: Tell = lambda _what, _done, _all: None, root: Path = ROOT
) -> int:
    """Print the book in a browser that is open. As :func:`build`."""
    import pypdf

    title = yaml.safe_load((root / "_config.yml").read_text("utf-8"))["title"]
    entries = contents.entries(root)
    with chromium.new_context(color_scheme="light", viewport={"width": 794, "height": 1123}) as context:
        tab = context.new_page()
        printed = _print_all(tab, html, entries, tell)
        tell("page numbers", len(entries), len(entries))
        start = len(_front(tab, html, title, printed).pages)
        for one in printed:
            one.start = start
            start += len(one.reader.pages)
        front = _front(tab, html, title, printed)
        numbers = _pdf(tab, _numbers(title, printed, start))
    writer = pypdf.PdfWriter()
    for reader in [front, *(one.reader for one in printed)]:
        for page in reader.pages:
            writer.add_page(page)
    for page, number in zip(writer.pages, numbers.pages, strict=True):
        page.merge_page(number)
        page.compress_content_streams()
    _link(writer, html, printed)
    _bookmarks(writer, printed)
    writer.add_metadata({"/Title": title, "/Author": "The contributors"})
    writer.page_mode = "/UseOutlines"
    writer.compress_identical_objects()
    output.parent.mkdir(parents=True, exist_ok=True)
    writer.write(output)
    return len(writer.pages)


# -- printing ---------------------------------------------------------------------------------------------------


def _pdf(tab: Any, html: str | None = None) -> PdfReader:
    """Print what a tab shows, or a text of HTML."""
    from pypdf import PdfReader

    if html is not None:
        tab.set_content(html)
        return PdfReader(io.BytesIO(tab.pdf(format="A4", print_background=True)))
    return PdfReader(io.BytesIO(tab.pdf(format="A4", margin=MARGINS, print_background=True, scale=SCALE)))


def _print_all(tab: Any, html: Path, entries: list[Entry], tell: Tell) -> list[Printed]:
    """Print every page that is more than a script, with the places that any page links to."""
    wanted = _linked(html, entries)
    printed = []
    for done, entry in enumerate(entries):
        tell(entry.name, done, len(entries))
        path = f"{entry.name}.html"
        tab.goto((html / path).resolve().as_uri())
        if tab.locator(INTERACTIVE).count():
            continue
        tab.evaluate("document.documentElement.classList.add('book-pdf')")
        tab.evaluate(LINKED, sorted(wanted.get(path, ())))
        tab.evaluate("dispatchEvent(new Event('beforeprint'))")
        heading = tab.locator("article h1").first
        title = entry.title or heading.evaluate("one => one.firstChild.textContent.trim()")
        one = Printed(entry, title, path, _pdf(tab))
        one.places = _places(one.reader)
        printed.append(one)
    return printed


def _linked(html: Path, entries: list[Entry]) -> dict[str, set[str]]:
    """Anchors that pages of the book link to, by the page where they stand."""
    from bs4 import BeautifulSoup

    found: dict[str, set[str]] = {}
    for entry in entries:
        page = html / f"{entry.name}.html"
        article = BeautifulSoup(page.read_text("utf-8"), "html.parser").find("article")
        for link in article.find_all("a", href=True) if article else []:
            parts = urlsplit(str(link["href"]))
            if parts.fragment and not parts.scheme:
                target = (page.parent / unquote(parts.path)).resolve() if parts.path else page.resolve()
                if target.is_relative_to(html.resolve()):
                    found.setdefault(target.relative_to(html.resolve()).as_posix(), set()).add(unquote(parts.fragment))
    return found


def _places(reader: PdfReader) -> dict[str, tuple[int, float]]:
    found = {}
    for name, place in reader.named_destinations.items():
        sheet = reader.get_destination_page_number(place)
        if sheet is not None:
            found[unquote(name.removeprefix("/"))] = (sheet, float(place.top or 0))
    return found


# -- what pages cannot know -------------------------------------------------------------------------------------

FRONT_STYLE = """
  body { font: 10.5pt/1.5 system-ui, "Segoe UI", Roboto, "DejaVu Sans", sans-serif; margin: 0; color: #1c2733; }
  h1 { font-size: 30pt; letter-spacing: -0.02em; line-height: 1.15; margin: 70mm 0 6mm; }
  .lead { color: #55616d; font-size: 13pt; max-width: 120mm; }
  .contents { break-before: page; }
  h2 { font-size: 18pt; margin: 0 0 6mm; }
  h3 { break-after: avoid; font-size: 11pt; margin: 5mm 0 1mm; }
  p.line { break-inside: avoid; display: flex; gap: 4mm; justify-content: space-between; margin: 0; }
  p.line a { color: inherit; text-decoration: none; }
  p.deep { color: #55616d; }
"""


def _front(tab: Any, html: Path, title: str, printed: list[Printed]) -> PdfReader:
    """The title and the table of contents, with the numbers that are known by now."""
    lines: list[str] = []
    part = ""
    for one in printed:
        if one.entry.part != part:
            part = one.entry.part
            lines.append(f"<h3>{escape(part)}</h3>")
        address = (html / one.path).resolve().as_uri()
        deep = (
            f' class="line deep" style="padding-left: {5 * one.entry.depth}mm"' if one.entry.depth else ' class="line"'
        )
        link = f'<a href="{escape(address)}">{escape(one.title)}</a>'
        lines.append(f"<p{deep}>{link}<span>{one.start + 1}</span></p>")
    lead = "A book with executable labs for the AWS Certified Developer \N{EN DASH} Associate exam."
    note = "The labs run on your own machine. Mock exam, drill and repetition need a browser and are not in this PDF."
    tab.set_content(
        f'<html lang="en"><head><title>{escape(title)}</title><style>{FRONT_STYLE}</style></head><body>'
        f'<h1>{escape(title)}</h1><p class="lead">{lead}</p><p class="lead">{note}</p>'
        f'<div class="contents"><h2>Contents</h2>{"".join(lines)}</div></body></html>'
    )
    return _pdf(tab)


def _numbers(title: str, printed: list[Printed], total: int) -> str:
    """Sheets with nothing but the title of the page and the number, to lay over the printed ones."""
    running = [""] * total
    for one in printed:
        for sheet in range(one.start, one.start + len(one.reader.pages)):
            running[sheet] = one.title
    sheets = "".join(
        "<div></div>"
        if number == 0
        else f"<div><p><span>{escape(text or title)}</span><span>{number + 1}</span></p></div>"
        for number, text in enumerate(running)
    )
    return (
        "<style>@page { size: A4; margin: 0 } body { margin: 0; font: 8.5pt system-ui, 'DejaVu Sans', sans-serif }"
        "div { height: 297mm; position: relative; break-after: page; overflow: hidden }"
        "div:last-child { break-after: auto }"
        "p { position: absolute; left: 17mm; right: 17mm; bottom: 8mm; margin: 0; display: flex;"
        " justify-content: space-between; color: #55616d }</style>" + sheets
    )


def _link(writer: PdfWriter, html: Path, printed: list[Printed]) -> None:
    """Lead links to other pages of the book, and to other places of a page, to where these are printed now."""
    base = html.resolve().as_uri() + "/"
    by_path = {one.path: one for one in printed}
    owners: list[Printed | None] = [None] * len(writer.pages)
    for one in printed:
        owners[one.start : one.start + len(one.reader.pages)] = [one] * len(one.reader.pages)
    for page, owner in zip(writer.pages, owners, strict=True):
        if "/Annots" not in page:
            continue
        kept = []
        for reference in page["/Annots"]:  # type: ignore[attr-defined]
            annotation = reference.get_object()
            target, anchor = _target(annotation, base, by_path, owner)
            if target is not None:
                annotation.pop("/A", None)
                annotation[_key("/Dest")] = _place(writer, target, anchor)
            elif "/Dest" in annotation or str(annotation.get("/A", {}).get("/URI", "")).startswith("file:"):
                continue  # to a page that is not printed
            kept.append(reference)
        _set_annotations(page, kept)


def _target(
    annotation: Any, base: str, by_path: dict[str, Printed], owner: Printed | None
) -> tuple[Printed | None, str]:
    """The page of the book to which a link leads, and the anchor; None where it leads elsewhere."""
    if "/Dest" in annotation:
        return owner, unquote(str(annotation["/Dest"]).removeprefix("/"))
    address = str(annotation.get("/A", {}).get("/URI", ""))
    if not address.startswith(base):
        return None, ""
    parts = urlsplit(address[len(base) :])
    path = unquote(parts.path)
    return by_path.get(path), unquote(parts.fragment)


def _place(writer: PdfWriter, target: Printed, anchor: str) -> Any:
    from pypdf.generic import ArrayObject, FloatObject, NameObject, NullObject

    sheet, top = target.places.get(anchor, (0, 842.0))
    page: PageObject = writer.pages[target.start + sheet]
    return ArrayObject(
        [page.indirect_reference, NameObject("/XYZ"), NullObject(), FloatObject(top), NullObject()]  # type: ignore[list-item]
    )


def _key(name: str) -> Any:
    from pypdf.generic import NameObject

    return NameObject(name)


def _set_annotations(page: PageObject, kept: list[Any]) -> None:
    from pypdf.generic import ArrayObject

    page[_key("/Annots")] = ArrayObject(kept)


def _bookmarks(writer: PdfWriter, printed: list[Printed]) -> None:
    """Parts, and below them the pages as deep as `_toc.yml` has them."""
    part = ""
    above: list[Any] = []
    top = None
    for one in printed:
        if one.entry.part != part:
            part = one.entry.part
            top = writer.add_outline_item(part, one.start, is_open=False)
            above = []
        del above[one.entry.depth :]
        parent = above[-1] if above else top
        above.append(writer.add_outline_item(one.title, one.start, parent=parent, is_open=False))
