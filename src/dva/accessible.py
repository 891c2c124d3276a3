"""What the theme and the notebooks' outputs lack for readers who do not see the page, added while it is built."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx

_ENTRY = re.compile(r"(<a [^>]*>)([^<]*)(</a>\s*<details[^>]*>\s*<summary)>")
_CHECKBOX = re.compile(r'<input([^>]*class="task-list-item-checkbox"[^>]*)>')


def name_toggles(html: str) -> str:
    """Give each arrow of the table of contents a name: the page whose children it shows."""
    return _ENTRY.sub(r'\1\2\3 aria-label="Pages below \2">', html)


def mend_output(html: str) -> str:
    """Make the empty corner of a pandas table a plain cell, and name the boxes of a task list."""
    html = html.replace("<th></th>", "<td></td>")
    return _CHECKBOX.sub(r'<input aria-label="task"\1>', html)


def mend_tables(doctree: nodes.document) -> None:
    """Drop heading rows without a heading, and name a single empty heading for screen readers.

    A table without headings is a list of facts: its first column then heads its rows.
    """
    for table in list(doctree.findall(nodes.table)):
        head = next(iter(table.findall(nodes.thead)), None)
        if head is None:
            continue
        entries = list(head.findall(nodes.entry))
        empty = [entry for entry in entries if not entry.astext().strip()]
        if len(empty) == len(entries):
            head.parent.remove(head)
            next(iter(table.findall(nodes.colspec)))["stub"] = 1
            continue
        for entry in empty:
            entry.clear()
            entry += nodes.paragraph("", "", nodes.inline("", "What", classes=["for-screen-readers"]))


def inline_icon_font(sheet: Path) -> None:
    """Put the theme's icon font into its style sheet: browsers refuse a font file to a page read from a folder.

    :param sheet: `all.min.css` of Font Awesome, changed in place; does nothing where it is absent or done
    """
    if not sheet.is_file():
        return
    text = sheet.read_text(encoding="utf-8")
    font = sheet.parent / "../webfonts/fa-solid-900.woff2"
    address = "url(../webfonts/fa-solid-900.woff2)"
    if address in text and font.is_file():
        data = base64.b64encode(font.read_bytes()).decode()
        sheet.write_text(text.replace(address, f"url(data:font/woff2;base64,{data})"), encoding="utf-8")


def _on_doctree(_app: Sphinx, doctree: nodes.document) -> None:
    mend_tables(doctree)
    for raw in list(doctree.findall(nodes.raw)):
        if raw.get("format") == "html":
            mended = mend_output(raw.astext())
            raw.rawsource = mended
            raw.children = [nodes.Text(mended)]


def _on_page(app: Sphinx, _page: str, _template: str, context: dict[str, Any], _doctree: object) -> None:
    if "body" in context:
        # myst-nb's name for a folded cell hides the words that it shows.
        context["body"] = context["body"].replace('<summary aria-label="Toggle hidden content">', "<summary>")
    generate: Callable[..., Any] | None = context.get("generate_toctree_html")
    if generate is not None:
        context["generate_toctree_html"] = lambda *args, **named: name_toggles(str(generate(*args, **named)))


def _on_finish(app: Sphinx, error: Exception | None) -> None:
    if error is None and app.builder.format == "html":
        for sheet in (Path(app.outdir) / "_static/vendor/fontawesome").glob("*/css/all.min.css"):
            inline_icon_font(sheet)


def connect(app: Sphinx) -> None:
    """Add all this to a build of the book."""
    app.connect("doctree-read", _on_doctree, priority=920)
    app.connect("html-page-context", _on_page, priority=950)
    app.connect("build-finished", _on_finish)
    app.add_js_file("course.js")
