"""The book as one PDF: its order, numbers and links, and what paper shows."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from dva import browser, contents, pdf
from dva.errors import CourseError

pypdf = pytest.importorskip("pypdf")

ROOT = Path(__file__).parents[2]
SOME = [
    {"file": "chapters/1-development/s3-objects", "title": "S3 objects"},
    {"file": "chapters/exams/drill"},
    {"file": "solutions/1-development/s3-object-store"},
]


def _outline(reader: Any, items: Any = None, depth: int = 0) -> list[tuple[int, str, int]]:
    """Depth, title and sheet (from 0) of each bookmark."""
    found: list[tuple[int, str, int]] = []
    for item in reader.outline if items is None else items:
        if isinstance(item, list):
            found += _outline(reader, item, depth + 1)
        else:
            found.append((depth, item.title, reader.get_destination_page_number(item)))
    return found


def _links(reader: Any, sheet: int) -> list[Any]:
    return [one.get_object() for one in reader.pages[sheet].get("/Annots", [])]


@pytest.fixture(scope="module")
def printed(html: Path, chromium: Any, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Some pages of the book, printed."""
    folder = tmp_path_factory.mktemp("pdf")
    toc = {"root": "chapters/start/index", "parts": [{"caption": "Some", "chapters": SOME}]}
    (folder / "_toc.yml").write_text(yaml.safe_dump(toc), encoding="utf-8")
    (folder / "_config.yml").write_text("title: Some of the Book\n", encoding="utf-8")
    count = pdf.print_book(chromium, html, folder / "out/some.pdf", root=folder)
    reader = pypdf.PdfReader(folder / "out/some.pdf")
    assert count == len(reader.pages)
    return reader


@pytest.fixture(scope="module")
def texts(printed: Any) -> list[str]:
    """The text of each sheet."""
    return [page.extract_text().strip() for page in printed.pages]


def test_bookmarks_and_contents_name_the_sheets_where_pages_begin(printed: Any, texts: list[str]) -> None:
    bookmarks = _outline(printed)
    assert [(depth, title) for depth, title, _ in bookmarks] == [
        (0, "AWS Developer by Doing"),
        (0, "Some"),
        (1, "S3 objects"),
        (1, "Solution: S3: a settings store for two services"),
    ]
    for _, title, sheet in bookmarks:
        if title != "Some":
            assert texts[sheet].startswith(title)
            assert str(sheet + 1) in texts[1]
    starts = {sheet for _, _, sheet in bookmarks}
    linked = {printed.get_page_number(one["/Dest"][0].get_object()) for one in _links(printed, 1)}
    assert linked == starts


def test_every_sheet_but_the_title_has_its_number(texts: list[str]) -> None:
    assert not texts[0].endswith("1")
    for number, text in enumerate(texts[1:], 2):
        assert text.endswith(str(number)), number


def test_links_lead_into_the_pdf_or_to_the_web(printed: Any) -> None:
    inside = outside = 0
    for sheet in range(len(printed.pages)):
        for link in _links(printed, sheet):
            if "/Dest" in link:
                assert printed.get_page_number(link["/Dest"][0].get_object()) is not None
                inside += 1
            else:
                assert str(link["/A"]["/URI"]).startswith("https://"), link
                outside += 1
    assert inside > 10
    assert outside > 10


def test_paper_shows_what_is_folded_and_no_navigation(texts: list[str]) -> None:
    text = "\n".join(texts)
    assert "Answer key" in text
    assert "lab = Lab(" in text  # the folded setup
    assert "### BEGIN SOLUTION" in text
    for word in ("Skip to main content", "Try again", "Show the setup", "This page needs JavaScript"):
        assert word not in text, word


def test_without_chromium_it_says_what_to_install(html: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(browser, "find_browser", lambda: None)
    with pytest.raises(CourseError, match="install it"):
        pdf.build(html, tmp_path / "book.pdf")
    assert not (tmp_path / "book.pdf").exists()


@pytest.mark.full
def test_the_whole_book_is_printed_in_order(html: Path, chromium: Any, tmp_path: Path) -> None:
    told: list[tuple[str, int, int]] = []
    pdf.print_book(chromium, html, tmp_path / "book.pdf", lambda *what: told.append(what))
    bookmarks = _outline(pypdf.PdfReader(tmp_path / "book.pdf"))
    sheets = [sheet for _, _, sheet in bookmarks]
    assert sheets == sorted(sheets)
    pages = [
        one for one in contents.entries(ROOT) if one.name.rpartition("/")[2] not in ("mock-exam", "drill", "repetition")
    ]
    parts = {one.part for one in pages if one.part}
    assert len(bookmarks) == len(pages) + len(parts)
    assert [done for _, done, _ in told] == [*range(len(told) - 1), told[-1][2]]
