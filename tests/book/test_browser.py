"""The book in a real browser: nothing leaves the machine, nothing fails, both modes, a phone, search, a file."""

from pathlib import Path
from typing import Any

import pytest
from bs4 import BeautifulSoup

LAPTOP = {"width": 1280, "height": 900}
PHONE = {"width": 390, "height": 844}
STRIPES = 4
"""Into so many parts the pages are shared, so that workers share them too."""


@pytest.fixture(params=["http", "file"])
def base(request: pytest.FixtureRequest, html: Path) -> str:
    """Where the book is read from: a web server, or the folder itself."""
    return request.getfixturevalue("site") if request.param == "http" else html.as_uri() + "/"


BROKEN = "[...document.images].filter(i => i.getClientRects().length && !i.naturalWidth).map(i => i.src)"


def _look(visit: Any, base: str, names: list[str]) -> None:
    """Each page is whole, fits a phone and asks nobody else."""
    with visit(base) as tab:
        for name in names:
            tab.page.goto(base + name)
            assert tab.outside == [], name
            assert tab.page.evaluate(BROKEN) == [], name
            assert tab.errors == [], name
            assert tab.failed == [], name
            tab.page.set_viewport_size(PHONE)
            assert tab.page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"], name
            tab.page.set_viewport_size(LAPTOP)


@pytest.mark.parametrize("stripe", range(STRIPES))
def test_every_page_is_whole_without_a_server(
    visit: Any, html: Path, pages: dict[str, BeautifulSoup], stripe: int
) -> None:
    """The stricter of the two ways to read: browsers refuse a page from a folder what a server may give."""
    _look(visit, html.as_uri() + "/", [*pages][stripe::STRIPES])


@pytest.mark.full
def test_every_page_is_whole_from_a_server(visit: Any, site: str, pages: dict[str, BeautifulSoup]) -> None:
    _look(visit, site, [*pages])


def test_pages_of_each_kind_are_whole_from_a_server(visit: Any, site: str, pages: dict[str, BeautifulSoup]) -> None:
    """One page of each folder."""
    _look(visit, site, list({name.rpartition("/")[0]: name for name in pages}.values()))


@pytest.mark.parametrize(("scheme", "shown", "hidden"), [("light", "light", "dark"), ("dark", "dark", "light")])
def test_diagrams_follow_the_mode(visit: Any, site: str, scheme: str, shown: str, hidden: str) -> None:
    with visit(site, color_scheme=scheme) as tab:
        tab.page.goto(site + "chapters/start/index.html")
        assert tab.page.locator(f".diagram img.only-{shown}").first.is_visible()
        assert not tab.page.locator(f".diagram img.only-{hidden}").first.is_visible()


def test_print_shows_the_light_diagram_in_dark_mode(visit: Any, site: str) -> None:
    with visit(site, color_scheme="dark") as tab:
        tab.page.goto(site + "chapters/start/index.html")
        tab.page.emulate_media(media="print")
        assert tab.page.locator(".diagram img.only-light").first.is_visible()
        assert not tab.page.locator(".diagram img.only-dark").first.is_visible()


@pytest.mark.parametrize("word", ["visibility", "emulator"])
def test_search_finds_a_page(visit: Any, base: str, word: str) -> None:
    with visit(base) as tab:
        tab.page.goto(f"{base}search.html?q={word}")
        tab.page.locator("#search-results li a").first.wait_for(timeout=10_000)
        assert tab.outside == []
        assert tab.errors == []


def test_landing_page_leads_on_by_keyboard(visit: Any, site: str) -> None:
    with visit(site) as tab:
        tab.page.goto(site)
        tab.page.wait_for_url("**/chapters/start/index.html")
        tab.page.get_by_role("link", name="Set up", exact=True).first.focus()
        tab.page.keyboard.press("Enter")
        tab.page.wait_for_url("**/chapters/start/setup.html")
        assert tab.page.get_by_role("heading", level=1).inner_text().startswith("Set up")
