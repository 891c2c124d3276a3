"""The pages that are made from data: blueprints, study plans, limits, glossary."""

from pathlib import Path
from typing import Any

from bs4 import BeautifulSoup

from dva import blueprint, bookpages

ROOT = Path(__file__).parents[2]
GENERATED = [
    "chapters/exams/dva-c03.html",
    "chapters/exams/dva-c02.html",
    "chapters/start/study-plans.html",
    "chapters/reference/limits.html",
    "chapters/reference/glossary.html",
    "chapters/reference/services.html",
]


def test_each_exam_has_a_row_for_every_skill_below_a_summary(pages: dict[str, BeautifulSoup]) -> None:
    for code, exam in blueprint.exams().items():
        article = pages[f"chapters/exams/{code.lower()}.html"].find("article")
        assert article is not None
        headings = [heading.get_text().rstrip("#") for heading in article.find_all("h2")]
        assert headings == ["At a glance", *(f"{domain.id} · {domain.name}" for domain in exam.domains)]
        shown = [cell.get_text() for cell in article.select("td:first-child strong")]
        assert shown == list(exam.skills())
        tables = article.find_all("table")
        assert len(tables) == 1 + sum(len(domain.tasks) for domain in exam.domains)
        assert "skills:" in tables[0].get_text()


def test_study_plans_lead_to_every_lab(pages: dict[str, BeautifulSoup]) -> None:
    tables = pages["chapters/start/study-plans.html"].select("article table")
    assert len(tables) == 3
    labs = {name for name in pages if name.startswith("labs/")}
    for table in tables:
        links = [str(link["href"]).replace("../../", "") for link in table.find_all("a")]
        assert {link for link in links if link.startswith("labs/")} == labs


def test_every_limit_is_shown_with_its_link(pages: dict[str, BeautifulSoup]) -> None:
    rows = pages["chapters/reference/limits.html"].select("article tbody tr")
    limits = bookpages.load_limits(ROOT)
    assert len(rows) == len(limits)
    assert {row.a["href"] for row in rows if row.a} == {str(one.link) for one in limits}


def test_every_term_can_be_referred_to(pages: dict[str, BeautifulSoup]) -> None:
    terms = pages["chapters/reference/glossary.html"].select("article dl.glossary > dt")
    assert len(terms) == len(bookpages.load_terms(ROOT))
    assert all(str(term.get("id", "")).startswith("term-") for term in terms)
    reference = pages["chapters/exams/dva-c03.html"].select_one("article a[href*='glossary.html#term-skill']")
    assert reference is not None


def test_no_table_is_wider_than_a_phone(visit: Any, site: str) -> None:
    with visit(site, viewport={"width": 390, "height": 844}) as tab:
        for name in GENERATED:
            tab.page.goto(site + name)
            wide = tab.page.evaluate(
                "[...document.querySelectorAll('article table')].filter("
                "one => one.parentElement.scrollWidth > one.parentElement.clientWidth + 1).length"
            )
            assert wide == 0, name
        assert tab.errors == []
        assert tab.outside == []
