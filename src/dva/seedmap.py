"""The study notes that the course grew from: where the course teaches each of their facts.

``blueprint/seed_map.yaml`` has the facts by section, ``blueprint/coverage.yaml`` an entry for each of them.
"""

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from dva.errors import CourseError
from dva.pages import pages
from dva.paths import ROOT

FATES = ("taught", "taught in part", "planned", "left out")


class Entry(BaseModel):
    """What became of one fact: taught (in part, if something is still planned), planned, or left out."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    places: list[str] = Field(default=[], alias="in")
    planned: str | None = None
    out: str | None = None

    @model_validator(mode="after")
    def _one_fate(self) -> Self:
        if self.out is not None and (self.places or self.planned):
            raise ValueError("left out, and taught or planned as well")
        if not (self.places or self.planned or self.out):
            raise ValueError("neither taught nor planned nor left out with a reason")
        return self

    @property
    def fate(self) -> str:
        """One of :data:`FATES`."""
        if self.places:
            return "taught in part" if self.planned else "taught"
        return "planned" if self.planned else "left out"


@dataclass
class SeedReport:
    """How the facts stand: counts by fate, planned pages with their number of facts, and what is wrong."""

    sections: int = 0
    fates: Counter[str] = field(default_factory=Counter)
    planned: Counter[str] = field(default_factory=Counter)
    titles: dict[str, str] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)


def seed_gaps(root: Path = ROOT) -> list[str]:
    """Return what is wrong with ``blueprint/coverage.yaml``: facts without an entry, pages and anchors that are absent.

    :param root: the checkout
    :return: a sentence for each; empty if every fact is accounted for
    """
    return seed_report(root).faults


def seed_report(root: Path = ROOT) -> SeedReport:
    """Read both files and compare them with the pages that there are.

    :param root: the checkout
    :raises CourseError: if a file has not the form that it should have
    """
    folder = root / "blueprint"
    facts = {key: section["facts"] for key, section in _mapping(folder / "seed_map.yaml").items()}
    coverage = _mapping(folder / "coverage.yaml")
    if set(coverage) != {"planned", "facts"}:
        raise CourseError(f"{folder / 'coverage.yaml'} must have the keys 'planned' and 'facts'.")
    report = SeedReport(sections=len(facts), titles=dict(coverage["planned"] or {}))
    anchors = {page.name: set(page.headings()) for page in pages(root)}
    written = _domains_written(folder / "written.yaml")
    for key in coverage["facts"]:
        if key not in facts:
            report.faults.append(f"{key}: seed_map.yaml has no such section")
    for key, there in facts.items():
        given = coverage["facts"].get(key, [])
        if len(given) != len(there):
            report.faults.append(f"{key}: {len(there)} facts, {len(given)} entries")
        for number, raw in enumerate(given, 1):
            _examine(f"{key}, fact {number}", raw, anchors, written, report)
    for page in report.titles:
        if page in anchors:
            report.faults.append(f"{page} is written: say of its facts which section teaches them")
        elif page not in report.planned:
            report.faults.append(f"{page} is in the list of planned pages, and no fact needs it")
    return report


def _examine(where: str, raw: Any, anchors: dict[str, set[str]], written: set[int], report: SeedReport) -> None:
    try:
        entry = Entry.model_validate(raw)
    except ValidationError as error:
        report.faults.append(f"{where}: {error.errors()[0]['msg']}")
        return
    report.fates[entry.fate] += 1
    for place in entry.places:
        page, _, anchor = place.partition("#")
        if page not in anchors:
            report.faults.append(f"{where}: there is no page {page}")
        elif anchor not in anchors[page]:
            report.faults.append(f"{where}: {page} has no section {anchor!r}")
    if entry.planned:
        report.planned[entry.planned] += 1
        if entry.planned not in report.titles:
            report.faults.append(f"{where}: {entry.planned} is not in the list of planned pages")
        if entry.planned[:1].isdigit() and int(entry.planned[0]) in written:
            report.faults.append(f"{where}: still planned, though its domain counts as written")


def _domains_written(path: Path) -> set[int]:
    return set((_mapping(path) if path.exists() else {}).get("domains", []))


def _mapping(path: Path) -> dict[str, Any]:
    found = yaml.safe_load(path.read_text("utf-8")) or {}
    if not isinstance(found, dict):
        raise CourseError(f"{path} is not a mapping.")
    return found
