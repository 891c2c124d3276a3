"""Headings and anchors as MyST makes them; study plans; limits and glossary."""

import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from pydantic import ValidationError

from dva import blueprint, bookpages, notebooks, pages, studyplan
from dva.errors import CourseError

ROOT = Path(__file__).parents[2]


def test_anchors_are_those_that_myst_gives() -> None:
    slugify = pytest.importorskip("myst_parser.mdit_to_docutils.base").default_slugify
    seen = [title for page in pages.pages(ROOT) for title in page.headings().values()]
    assert len(seen) > 60
    for title in [*seen, "Life cycle: cold and warm", "What's *new*?", "Ä ö-_x", "2 · Security"]:
        assert pages.slug(title) == slugify(title)


def test_headings_leave_out_code_and_number_what_repeats(tmp_path: Path) -> None:
    path = tmp_path / "page.md"
    path.write_text(
        "---\ntitle: T\n---\n# A `b`\n\n```sh\n# no heading\n```\n\n## C\n\n:::{note}\n## no\n:::\n\n## C\n"
    )
    assert pages.Page("page", path).headings() == {"a-b": "A b", "c": "C", "c-1": "C"}


@pytest.mark.parametrize("weeks", [2, 4, 8])
def test_a_plan_fills_its_weeks_without_overlap(weeks: int) -> None:
    blocks = studyplan.plan(weeks, ROOT).blocks
    days = [day for block in blocks for day in range(block.first, block.last + 1)]
    assert days == list(range(1, 7 * weeks + 1))
    planned = {unit.file for block in blocks for unit in block.units if unit.file.startswith("labs/")}
    assert planned == {lab.lab.relative_to(ROOT).as_posix() for lab in notebooks.labs(ROOT)}
    minutes = sum(u.minutes for block in blocks for u in block.units if u.file.startswith("labs/"))
    assert minutes == sum(lab.minutes for lab in notebooks.labs(ROOT))
    titles = blueprint.seed_report(ROOT).titles
    assert sum(len(block.missing) for block in blocks) == len(titles)


def test_days_follow_the_weights() -> None:
    assert studyplan.share(48, [30, 26, 22, 22]) == [14, 12, 11, 11]
    assert studyplan.share(10, [50, 50]) == [5, 5]
    assert sum(studyplan.share(13, [30, 26, 22, 22])) == 13
    with pytest.raises(CourseError, match="no plan of 3 weeks"):
        studyplan.plan(3, ROOT)


def test_reading_time_counts_words_and_no_addresses() -> None:
    assert studyplan.reading_minutes("word " * 1300) == 10
    assert studyplan.reading_minutes("[word](https://example.com/a/b/c/d/e/f/g) " * 1300) == 10
    assert studyplan.reading_minutes("short") == 5


def test_limits_are_many_dated_and_linked_once_each() -> None:
    limits = bookpages.load_limits(ROOT)
    assert len(limits) >= 40
    names = [(one.service, one.what) for one in limits]
    assert len(names) == len(set(names))


@pytest.mark.parametrize(
    "broken", [{"link": "https://example.com/x"}, {"link": "http://docs.aws.amazon.com/"}, {"checked": "soon"}]
)
def test_a_limit_without_a_page_of_aws_or_a_date_is_refused(broken: dict) -> None:
    good = {
        "service": "S3",
        "what": "x",
        "limit": "1",
        "link": "https://docs.aws.amazon.com/x.html",
        "checked": "2026-11-23",
    }
    bookpages.Limit.model_validate(good)
    with pytest.raises(ValidationError):
        bookpages.Limit.model_validate(good | broken)


def test_limits_say_when_they_were_checked() -> None:
    good = {"service": "S3", "limit": "1", "link": "https://docs.aws.amazon.com/x.html"}
    rows = [
        bookpages.Limit.model_validate(good | {"what": "a", "checked": "2026-11-23"}),
        bookpages.Limit.model_validate(good | {"what": "b", "checked": "2026-12-02", "adjustable": True}),
    ]
    text = bookpages.limits_markdown(rows)
    assert "Checked on November 23, 2026." in text
    assert "| [b](https://docs.aws.amazon.com/x.html) (checked on December 2, 2026) |" in text
    assert "1 (can be raised)" in text


def test_terms_are_many_different_and_lead_to_sections_that_are_there() -> None:
    terms = bookpages.load_terms(ROOT)
    assert len(terms) >= 60
    assert len({one.term.casefold() for one in terms}) == len(terms)
    there = {page.name: page.headings() for page in pages.pages(ROOT)}
    for one in terms:
        assert one.text.endswith("."), one.term
        if one.see.startswith("https://"):
            assert one.see.startswith("https://docs.aws.amazon.com/"), one.term
            continue
        page, _, anchor = one.see.partition("#")
        assert page in there, one.term
        assert not anchor or anchor in there[page], one.term


def test_a_blueprint_page_has_every_skill_and_dashes_where_nothing_is() -> None:
    exam = blueprint.exam("DVA-C03")
    text = bookpages.blueprint_markdown(exam, blueprint.Coverage())
    rows = [line for line in text.splitlines() if line.startswith("| **")]
    assert len(rows) == 72
    assert all(row.endswith("| \N{EN DASH} |") for row in rows)
    full = bookpages.blueprint_markdown(exam, blueprint.coverage(ROOT))
    (row,) = [line for line in full.splitlines() if line.startswith("| **1.3.4**")]
    assert "/chapters/1-development/dynamodb-keys-and-indexes.md#write-sharding" in row
    assert "/labs/1-development/dynamodb-keys-and-indexes.ipynb" in row


def test_the_command_prints_counts_and_gaps() -> None:
    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [str(Path(sys.executable).parent / "dva"), "blueprint", *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    told = yaml.safe_load(run("--json", "--exam", "dva-c02").stdout)
    assert [row["Skills"] for row in told["rows"]] == [29, 21, 27, 24]
    assert told["faults"] == []
    gaps = yaml.safe_load(run("--json", "--gaps").stdout)["rows"]
    assert {"DVA-C02", "DVA-C03"} == {row["Exam"] for row in gaps}
    seed = yaml.safe_load(run("--json", "--seed").stdout)["rows"]
    assert sum(row["Facts"] for row in seed[:4]) == 373
    wrong = run("--exam", "nothing")
    assert wrong.returncode == 1
    assert "There is no exam" in wrong.stderr
