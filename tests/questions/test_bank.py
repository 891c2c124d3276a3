"""The course's own bank keeps to what the linter asks, and its anchors are those that the book makes."""

from pathlib import Path

from mdit_py_plugins.anchors.index import slugify

from dva import pages
from dva.questions import lint, load

ROOT = Path(__file__).resolve().parents[2]


def test_the_bank_has_nothing_to_mend() -> None:
    assert lint(load(ROOT), ROOT) == []


def test_every_chapter_has_questions() -> None:
    asked = {question.chapter for question in load(ROOT)}
    chapters = {
        path.relative_to(ROOT / "chapters").with_suffix("").as_posix() for path in ROOT.glob("chapters/[1-4]-*/*.md")
    }
    assert {chapter for chapter in chapters if not chapter.endswith("/index")} <= asked


def test_anchors_are_made_as_myst_makes_them() -> None:
    headings = [heading for page in pages.pages(ROOT) for heading in page.headings().values()]
    assert len(headings) > 50
    for heading in headings:
        assert pages.slug(heading) == slugify(heading)
