"""The book for its readers: lab pages, accessibility (axe-core), keyboard, paper, and without a server."""

import json
from pathlib import Path
from typing import Any

import axe_playwright_python
import pytest
from bs4 import BeautifulSoup

from dva import accessible, labpages

ROOT = Path(__file__).parents[2]
AXE = Path(axe_playwright_python.__file__).parent / "axe.min.js"
RULES = {"preload": False, "resultTypes": ["violations"], "rules": {"label-content-name-mismatch": {"enabled": True}}}
SETTLE = """() => Promise.allSettled(document.getAnimations().map(animation => animation.finished))"""
"""Colors in the middle of a transition are nobody's colors."""

RUN = f"""async ([options, part]) => {{
  await ({SETTLE})();
  return (await axe.run(part ?? document, options)).violations
    .flatMap(v => v.nodes.map(n => `${{v.id}}: ${{n.target}} ${{n.html.slice(0, 120)}}`));
}}"""

KINDS = (
    "chapters/start/index.html",
    "chapters/1-development/dynamodb-keys-and-indexes.html",
    "labs/1-development/s3-object-store.html",
    "solutions/1-development/s3-object-store.html",
    "chapters/exams/mock-exam.html",
    "chapters/exams/dva-c03.html",
    "chapters/start/study-plans.html",
    "chapters/reference/limits.html",
    "chapters/reference/glossary.html",
    "search.html",
)
"""A page of each kind."""

STRIPES = 8
"""Into so many parts the pages are shared, so that workers share them too."""


def _labs(pages: dict[str, BeautifulSoup]) -> dict[str, BeautifulSoup]:
    return {name: page for name, page in pages.items() if name.startswith("labs/")}


def test_a_lab_says_how_to_run_it_and_folds_its_solution_away(pages: dict[str, BeautifulSoup]) -> None:
    labs = _labs(pages)
    assert len(labs) >= 4
    for name, page in labs.items():
        box = page.select_one("article .run-it")
        assert box is not None, name
        assert "make lab" in box.get_text(), name
        place = name.removeprefix("labs/").removesuffix(".html")
        assert f"work/{place}.ipynb" in box.get_text(), name
        assert (ROOT / f"labs/{place}.ipynb").is_file(), name
        stuck = page.select_one("article details.stuck")
        assert stuck is not None, name
        assert not stuck.has_attr("open"), name
        links = [str(link["href"]) for link in page.select("article a[href]") if "solutions/" in str(link["href"])]
        inside = [str(link["href"]) for link in stuck.select("a[href]")]
        assert [link for link in links if link not in inside and not link.startswith("#")] in ([], [links[-1]]), name
        assert any(link.endswith(f"solutions/{place}.html") for link in inside), name


def test_a_solution_sends_back_to_its_lab_first(pages: dict[str, BeautifulSoup]) -> None:
    for name, page in pages.items():
        if name.startswith("solutions/"):
            note = page.select_one("article .run-it")
            assert note is not None, name
            links = [str(link["href"]) for link in note.select("a[href]")]
            assert any(link.endswith(name.replace("solutions/", "labs/")) for link in links), name


def test_plumbing_is_folded_and_the_rest_is_not(pages: dict[str, BeautifulSoup]) -> None:
    for name, page in _labs(pages).items():
        assert len(page.select(".tag_parameters details, .tag_setup details")) == 2, name
        assert page.select(".tag_exercise"), name
        assert not page.select(".tag_exercise details, .tag_check details"), name


def test_a_chapter_with_a_lab_shows_its_card(pages: dict[str, BeautifulSoup]) -> None:
    seen = 0
    for name, page in pages.items():
        card = page.select_one("article .lab-card")
        if card is None:
            continue
        seen += 1
        assert "minutes" in card.get_text(), name
        assert card.select_one("a[href*='labs/']") is not None, name
    assert seen >= 4


def test_folding_leaves_other_cells_alone() -> None:
    cells = [{"metadata": {"tags": [tag]}, "source": ""} for tag in ("setup", "exercise")] + [{"metadata": {}}]
    folded = labpages.fold_plumbing(json.loads(json.dumps({"cells": cells})))["cells"]
    assert folded[0]["metadata"]["tags"] == ["setup", "hide-input"]
    assert folded[1:] == cells[1:]


def test_a_solution_leads_to_the_next_lab_and_not_to_its_solution() -> None:
    text = "[next](sqs-queues.ipynb), [chapter](../../chapters/1-development/sqs-queues.md)"
    notebook = {"cells": [{"cell_type": "markdown", "source": [text]}]}
    linked = labpages.linked_to_labs(notebook, "solutions/1-development/s3-object-store")
    assert linked["cells"][0]["source"] == text.replace("(sqs", "(../../labs/1-development/sqs")


def test_names_for_screen_readers() -> None:
    entry = '<a class="x" href="#">S3</a><details><summary><span></span></summary>'
    assert 'aria-label="Pages below S3"' in accessible.name_toggles(entry)
    assert accessible.mend_output("<tr><th></th><th>a</th></tr>") == "<tr><td></td><th>a</th></tr>"
    box = '<input class="task-list-item-checkbox" type="checkbox">'
    assert accessible.mend_output(box).startswith('<input aria-label="task" class=')


@pytest.mark.full
@pytest.mark.parametrize("stripe", range(STRIPES))
def test_axe_finds_nothing_in_the_text_of_any_page(
    visit: Any, site: str, pages: dict[str, BeautifulSoup], stripe: int
) -> None:
    """What stands around the text is the same on all pages; the next test looks at it on a page of each kind."""
    found: dict[str, list[str]] = {}
    with visit(site) as tab:
        for name in [*pages][stripe::STRIPES]:
            tab.page.goto(site + name)
            tab.page.add_script_tag(path=AXE)
            if violations := tab.page.evaluate(RUN, [RULES, "article"]):
                found[name] = violations
    assert not found, json.dumps(found, indent=1)


@pytest.mark.parametrize("name", KINDS)
def test_axe_finds_nothing_on_a_page_of_each_kind(visit: Any, site: str, name: str) -> None:
    with visit(site) as tab:
        tab.page.goto(site + name)
        tab.page.add_script_tag(path=AXE)
        assert tab.page.evaluate(RUN, [RULES, None]) == []


@pytest.mark.parametrize("options", [{"color_scheme": "dark"}, {"viewport": {"width": 390, "height": 844}}])
def test_axe_finds_nothing_in_dark_mode_and_on_a_phone(visit: Any, site: str, options: dict[str, Any]) -> None:
    with visit(site, **options) as tab:
        for name in KINDS[:4]:
            tab.page.goto(site + name)
            tab.page.add_script_tag(path=AXE)
            assert tab.page.evaluate(RUN, [RULES, None]) == [], name


def test_axe_would_find_something(visit: Any, site: str) -> None:
    with visit(site) as tab:
        tab.page.goto(site + KINDS[0])
        tab.page.add_script_tag(path=AXE)
        tab.page.evaluate("document.querySelector('article').append(document.createElement('button'))")
        assert any(one.startswith("button-name") for one in tab.page.evaluate(RUN, [RULES, None]))


def test_the_first_tab_stop_skips_to_the_text(visit: Any, site: str) -> None:
    with visit(site) as tab:
        tab.page.goto(site + KINDS[1])
        tab.page.keyboard.press("Tab")
        assert tab.page.evaluate("document.activeElement.textContent.trim()") == "Skip to main content"
        tab.page.wait_for_function("document.activeElement.getBoundingClientRect().top >= 0")  # it slides in
        tab.page.keyboard.press("Enter")
        assert tab.page.url.endswith("#main-content")


def test_a_solution_opens_by_keyboard(visit: Any, site: str) -> None:
    with visit(site) as tab:
        tab.page.goto(site + KINDS[2])
        link = tab.page.locator("details.stuck a")
        assert not link.is_visible()
        tab.page.locator("details.stuck summary").focus()
        tab.page.keyboard.press("Enter")
        link.focus()
        tab.page.keyboard.press("Enter")
        tab.page.wait_for_url("**/solutions/1-development/s3-object-store.html")


def test_a_hundred_characters_of_code_fit_a_laptop(visit: Any, site: str) -> None:
    with visit(site) as tab:
        tab.page.goto(site + KINDS[2])
        room = tab.page.evaluate(
            """() => {
              const pre = document.querySelector(".tag_check pre");
              const style = getComputedStyle(pre);
              const probe = document.createElement("span");
              probe.textContent = "x".repeat(100);
              pre.append(probe);
              return pre.clientWidth - parseFloat(style.paddingLeft) - probe.getBoundingClientRect().width;
            }"""
        )
        assert room >= 0


def test_paper_shows_the_text_alone_and_what_was_folded(visit: Any, site: str) -> None:
    with visit(site) as tab:
        tab.page.goto(site + KINDS[2])
        tab.page.emulate_media(media="print")
        for hidden in (".bd-sidebar-primary", ".bd-header-article", ".prev-next-footer", "details.stuck"):
            assert not tab.page.locator(hidden).first.is_visible(), hidden
        tab.page.evaluate("dispatchEvent(new Event('beforeprint'))")
        assert tab.page.locator(".tag_setup pre").first.is_visible()
        tab.page.evaluate("dispatchEvent(new Event('afterprint'))")
        assert not tab.page.locator(".tag_setup details").first.evaluate("one => one.open")


def test_icons_show_without_a_server(visit: Any, html: Path) -> None:
    base = html.as_uri() + "/"
    with visit(base) as tab:
        tab.page.goto(base + KINDS[0])
        assert tab.page.evaluate(
            "document.fonts.load('900 16px \"Font Awesome 6 Free\"', '\\uf0c9').then(f => f.length)"
        )


def test_search_without_a_server_says_what_it_cannot_do(visit: Any, html: Path, site: str) -> None:
    base = html.as_uri() + "/"
    with visit(base) as tab:
        tab.page.goto(base + "search.html?q=visibility")
        tab.page.locator("#search-results li a").first.wait_for(timeout=10_000)
        assert tab.page.locator("#search-from-file").is_visible()
        assert tab.errors == []
    with visit(site) as tab:
        tab.page.goto(site + "search.html?q=visibility")
        tab.page.locator("#search-results li p.context").first.wait_for(timeout=10_000)
        assert not tab.page.locator("#search-from-file").is_visible()


def test_the_landing_page_shows_a_lab(visit: Any, site: str) -> None:
    files = sorted((ROOT / "chapters/_pictures").glob("lab.*.webp"))
    assert [file.name for file in files] == ["lab.dark.webp", "lab.light.webp"]
    assert all(file.stat().st_size < 200_000 for file in files)
    for scheme, other in (("light", "dark"), ("dark", "light")):
        with visit(site, color_scheme=scheme) as tab:
            tab.page.goto(site + KINDS[0])
            assert tab.page.locator(f".picture img.only-{scheme}").is_visible()
            assert not tab.page.locator(f".picture img.only-{other}").is_visible()
