"""Study plans: so many weeks, shared out by the exam's weights, filled with what is written."""

import re
from dataclasses import dataclass, field
from pathlib import Path

from dva import blueprint, contents, notebooks, pages
from dva.errors import CourseError
from dva.paths import ROOT

WORDS_PER_MINUTE = 130
"""Reading with attention to tables and code; slower than the usual 200 or so for prose."""

EXAM = "DVA-C03"
"""Its weights share out the days."""

REVIEW_DAYS = {2: 2, 4: 4, 8: 8}
"""Days at the end for mock exams and for what they show, by weeks."""


@dataclass(frozen=True)
class Unit:
    """A chapter to read or a lab to do; ``file`` is its path in the project."""

    title: str
    file: str
    minutes: int

    @property
    def lab(self) -> bool:
        """Whether it is a lab."""
        return self.file.startswith("labs/")


@dataclass
class Block:
    """Some days in a row on one domain, or on review."""

    title: str
    first: int
    last: int
    units: list[Unit] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    note: str = ""

    @property
    def days(self) -> str:
        """The days as text, for example from 1 to 8."""
        return f"{self.first}\N{EN DASH}{self.last}" if self.last > self.first else str(self.first)

    @property
    def minutes(self) -> int:
        """Minutes of all that is written for it."""
        return sum(unit.minutes for unit in self.units)


@dataclass
class Plan:
    """A plan of some weeks of seven days."""

    weeks: int
    blocks: list[Block]


def plan(weeks: int, root: Path = ROOT) -> Plan:
    """Return the plan of so many weeks.

    :param weeks: 2, 4 or 8
    :param root: the checkout
    :raises CourseError: if there is no plan of that length
    """
    if weeks not in REVIEW_DAYS:
        raise CourseError(f"There is no plan of {weeks} weeks; there are {', '.join(map(str, REVIEW_DAYS))}.")
    domains = blueprint.exam(EXAM).domains
    total, review = 7 * weeks, REVIEW_DAYS[weeks]
    days = share(total - review, [domain.weight for domain in domains])
    written = units(root)
    lacking = missing(root)
    blocks, first = [], 1
    for domain, count in zip(domains, days, strict=True):
        blocks.append(
            Block(
                f"{domain.id} · {domain.name} ({domain.weight}%)",
                first,
                first + count - 1,
                written.get(domain.id, []),
                lacking.get(domain.id, []),
            )
        )
        first += count
    note = "A mock exam, then the sections that its report names, then another."
    blocks.append(Block("Review", first, total, note=note))
    return Plan(weeks, blocks)


def share(days: int, weights: list[int]) -> list[int]:
    """Return whole days in proportion to the weights; what rounding leaves goes to the largest remainders.

    :param days: days to share out
    :param weights: percent each
    """
    exact = [days * weight / sum(weights) for weight in weights]
    result = [int(value) for value in exact]
    order = sorted(range(len(weights)), key=lambda n: (result[n] - exact[n], n))
    for n in order[: days - sum(result)]:
        result[n] += 1
    return result


def units(root: Path = ROOT) -> dict[int, list[Unit]]:
    """Return what is written in each domain, in the order of ``_toc.yml``.

    :param root: the checkout
    """
    labs = {lab.lab.relative_to(root).with_suffix("").as_posix(): lab for lab in notebooks.labs(root)}
    chapters = {f"chapters/{page.name}": page for page in pages.pages(root)}
    found: dict[int, list[Unit]] = {}
    for name in (entry.name for entry in contents.entries(root)):
        place = re.match(r"(chapters|labs)/([1-4])-[^/]+/(?!index$)", name)
        if place is None:
            continue
        if place[1] == "labs":
            unit = Unit(f"Lab: {labs[name].title}", f"{name}.ipynb", labs[name].minutes)
        else:
            unit = Unit(chapters[name].title, f"{name}.md", reading_minutes(chapters[name].text))
        found.setdefault(int(place[2]), []).append(unit)
    return found


def missing(root: Path = ROOT) -> dict[int, list[str]]:
    """Return the topics of each domain that are planned and not written.

    :param root: the checkout
    """
    found: dict[int, list[str]] = {}
    for page, title in blueprint.seed_report(root).titles.items():
        found.setdefault(int(page[0]), []).append(title)
    return found


def reading_minutes(text: str) -> int:
    """Return minutes to read a page with attention, to the next five.

    :param text: Markdown; front matter and addresses do not count
    """
    plain = re.sub(r"\]\([^)]*\)", "]", pages.FRONT.sub("", text))
    minutes = len(re.findall(r"\w+", plain)) / WORDS_PER_MINUTE
    return max(5, 5 * round(minutes / 5))
