"""Every fact of the notes has its place, and a place that is not there is found."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from dva import blueprint

ROOT = Path(__file__).parents[2]
Change = Callable[[dict], None]


def test_every_fact_of_every_section_is_accounted_for() -> None:
    report = blueprint.seed_report(ROOT)
    assert report.faults == []
    assert report.sections == 277
    assert report.fates.total() == 373
    assert report.fates["taught"] >= 45


@pytest.fixture
def change(tmp_path: Path) -> Callable[[Change], list[str]]:
    """Changes a copy of coverage.yaml and returns what is then wrong."""
    shutil.copytree(ROOT / "blueprint", tmp_path / "blueprint")
    shutil.copytree(ROOT / "chapters", tmp_path / "chapters", ignore=shutil.ignore_patterns("_*"))

    def changed(how: Change) -> list[str]:
        path = tmp_path / "blueprint/coverage.yaml"
        coverage = yaml.safe_load(path.read_text("utf-8"))
        how(coverage)
        path.write_text(yaml.safe_dump(coverage, sort_keys=False), "utf-8")
        return blueprint.seed_gaps(tmp_path)

    return changed


def _set(section: str, entry: dict) -> Change:
    def how(coverage: dict) -> None:
        assert len(coverage["facts"][section]) == 1
        coverage["facts"][section] = [entry]

    return how


def test_the_copy_is_well(change: Callable[[Change], list[str]]) -> None:
    assert change(lambda coverage: None) == []


@pytest.mark.parametrize(
    ("how", "said"),
    [
        (lambda c: c["facts"].pop("s3/versioning"), "s3/versioning: 1 facts, 0 entries"),
        (lambda c: c["facts"]["lambda/concepts"].pop(), "lambda/concepts: 11 facts, 10 entries"),
        (lambda c: c["facts"].update(nothing=[{"out": "?"}]), "nothing: seed_map.yaml has no such section"),
        (
            _set("s3/versioning", {"in": ["1-development/s3#x"]}),
            "s3/versioning, fact 1: there is no page 1-development/s3",
        ),
        (
            _set("s3/versioning", {"in": ["1-development/s3-objects#gone"]}),
            "1-development/s3-objects has no section 'gone'",
        ),
        (_set("s3/versioning", {"in": ["1-development/s3-objects"]}), "1-development/s3-objects has no section ''"),
        (_set("s3/versioning", {"planned": "1-development/none"}), "none is not in the list of planned pages"),
        (_set("s3/versioning", {"out": ""}), "neither taught nor planned nor left out"),
        (_set("s3/versioning", {"out": "ended", "planned": "2-security/iam"}), "left out, and taught or planned"),
        (_set("s3/versioning", {"inn": []}), "s3/versioning, fact 1: Extra inputs"),
        (lambda c: c["planned"].update({"2-security/unused": "?"}), "2-security/unused is in the list"),
        (lambda c: c["planned"].update({"1-development/s3-objects": "?"}), "1-development/s3-objects is written"),
    ],
)
def test_what_is_wrong_is_said(change: Callable[[Change], list[str]], how: Change, said: str) -> None:
    found = change(how)
    assert len(found) == 1
    assert said in found[0]


def test_an_anchor_goes_with_its_heading(change: Callable[[Change], list[str]], tmp_path: Path) -> None:
    page = tmp_path / "chapters/1-development/s3-objects.md"
    text = page.read_text("utf-8")
    page.write_text(text.replace("### Presigned URLs", "### Links for a time"), "utf-8")
    assert change(lambda coverage: None) == [
        "s3/pre-signed-urls, fact 1: 1-development/s3-objects has no section 'presigned-urls'"
    ]


def test_nothing_is_planned_in_a_written_domain(change: Callable[[Change], list[str]], tmp_path: Path) -> None:
    (tmp_path / "blueprint/written.yaml").write_text("domains: [4]\n")
    found = change(lambda coverage: None)
    assert found
    assert all("still planned, though its domain counts as written" in fault for fault in found)
