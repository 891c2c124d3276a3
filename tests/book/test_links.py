"""Every link and anchor inside the book resolves; every link out of it is a well-formed https address."""

from pathlib import Path
from urllib.parse import unquote, urlsplit

from bs4 import BeautifulSoup


def _links(page: BeautifulSoup) -> list[str]:
    article = page.find("article")
    return [str(link["href"]) for link in (article or page).find_all("a", href=True)]


def test_links_inside_the_book_resolve(html: Path, pages: dict[str, BeautifulSoup]) -> None:
    ids = {name: {str(tag["id"]) for tag in page.find_all(id=True)} for name, page in pages.items()}
    dead = []
    checked = 0
    for name, page in pages.items():
        for link in [str(tag["href"]) for tag in page.find_all("a", href=True)]:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            checked += 1
            target = (html / name).parent / unquote(parts.path) if parts.path else html / name
            target = target.resolve()
            if not target.is_file():
                dead.append(f"{name}: {link}")
                continue
            known = ids.get(target.relative_to(html.resolve()).as_posix())
            if parts.fragment and known is not None and unquote(parts.fragment) not in known:
                dead.append(f"{name}: {link}")
    assert checked > 100
    assert not dead


def test_links_out_of_the_book_are_well_formed(pages: dict[str, BeautifulSoup]) -> None:
    bad = []
    for name, page in pages.items():
        for link in _links(page):
            parts = urlsplit(link)
            if not parts.scheme:
                continue
            host = parts.hostname or ""
            if parts.scheme == "https" and "." in host and " " not in link:
                continue
            bad.append(f"{name}: {link}")
    assert not bad


def test_images_exist_and_have_alt_text(html: Path, pages: dict[str, BeautifulSoup]) -> None:
    seen = 0
    for name, page in pages.items():
        for image in page.find_all("img"):
            source = str(image["src"])
            if image.find_parent("article") is not None:
                seen += 1
                assert str(image.get("alt", "")).strip(), f"{name}: {source}"
            if not source.startswith("data:"):
                assert ((html / name).parent / source).resolve().is_file(), f"{name}: {source}"
    assert seen >= 12


def test_every_diagram_is_a_pair(pages: dict[str, BeautifulSoup]) -> None:
    for name, page in pages.items():
        for holder in page.select(".diagram"):
            classes = [set(image.get("class") or []) & {"only-light", "only-dark"} for image in holder.find_all("img")]
            assert classes == [{"only-light"}, {"only-dark"}], name


def test_nothing_is_loaded_from_elsewhere(html: Path, pages: dict[str, BeautifulSoup]) -> None:
    """By what the pages say; the browser tests look at what they do."""
    extra = {n: BeautifulSoup((html / n).read_text("utf-8"), "html.parser") for n in ("search.html", "genindex.html")}
    for name, page in {**pages, **extra}.items():
        for tag in page.find_all(["script", "img", "iframe", "source", "video", "audio"], src=True):
            assert not urlsplit(str(tag["src"])).netloc, f"{name}: {tag['src']}"
        for tag in page.find_all("link", href=True):
            assert not urlsplit(str(tag["href"])).netloc, f"{name}: {tag['href']}"
        scripts = " ".join(
            tag.get_text() for tag in page.find_all(["script", "style"]) if tag.get("type") != "application/json"
        )
        assert "https://" not in scripts, name


def test_stylesheets_load_nothing_from_elsewhere(html: Path) -> None:
    for sheet in html.rglob("*.css"):
        text = sheet.read_text("utf-8")
        for remote in ("url(http", "url('http", 'url("http', "url(//", '@import "http', "@import 'http", '@import "//'):
            assert remote not in text, f"{sheet.name}: {remote}"
