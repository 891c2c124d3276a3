"""What the two exams ask, and where the course teaches, practices and asks it.

The guides' skills are in ``blueprint/exam_guide.yaml``. Chapters declare theirs in their front matter (``skills``, and
``sections``: anchor to skills), labs in their metadata, questions in their ``skills``. ``blueprint/written.yaml`` names
the domains that are finished, in which nothing may be missing.
"""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Self

import yaml
from pydantic import BaseModel, ConfigDict, model_validator

from dva.errors import CourseError
from dva.pages import Page, pages
from dva.paths import ROOT
from dva.seedmap import FATES, SeedReport, seed_gaps, seed_report

__all__ = [
    "Coverage",
    "Domain",
    "Exam",
    "Gap",
    "SeedReport",
    "Skill",
    "Task",
    "coverage",
    "exam",
    "exams",
    "faults",
    "gap_rows",
    "gaps",
    "rows",
    "seed_gaps",
    "seed_report",
    "seed_rows",
    "skill",
]

SkillKey = tuple[str, str]
"""An exam's code and a skill's number, for example ``("DVA-C03", "1.3.4")``."""


class Strict(BaseModel):
    """A model that refuses fields it does not know."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Skill(Strict):
    """One numbered skill of a guide, in our words."""

    id: str
    text: str
    new: bool = False


class Task(Strict):
    """A task statement with its skills."""

    id: str
    name: str
    new: bool = False
    skills: list[Skill]

    @model_validator(mode="after")
    def _numbers(self) -> Self:
        wanted = [f"{self.id}.{number}" for number in range(1, len(self.skills) + 1)]
        if [one.id for one in self.skills] != wanted:
            raise ValueError(f"the skills of task {self.id} are not numbered {wanted[0]} to {wanted[-1]}")
        return self


class Domain(Strict):
    """A domain with its share of the scored questions in percent."""

    id: int
    name: str
    weight: int
    guide: str
    tasks: list[Task]

    @model_validator(mode="after")
    def _numbers(self) -> Self:
        if [task.id for task in self.tasks] != [f"{self.id}.{n}" for n in range(1, len(self.tasks) + 1)]:
            raise ValueError(f"the tasks of domain {self.id} are not numbered {self.id}.1 and on")
        return self

    def skills(self) -> list[Skill]:
        """Return the domain's skills in order."""
        return [one for task in self.tasks for one in task.skills]


class QuestionCount(Strict):
    """How many questions an exam has."""

    total: int
    scored: int
    unscored: int


class Exam(Strict):
    """One exam: its frame and its domains."""

    code: str
    name: str
    guide: str
    changes: str
    version: str | None = None
    published: dt.date | None = None
    first_day: dt.date | None = None
    last_day: dt.date | None = None
    questions: QuestionCount
    minutes: int
    pass_mark: int
    scale: tuple[int, int]
    price_usd: int
    checked: dt.date
    domains: list[Domain]
    services: dict[str, list[str]]
    out_of_scope: list[str]

    @model_validator(mode="after")
    def _sums(self) -> Self:
        if total := sum(domain.weight for domain in self.domains) - 100:
            raise ValueError(f"the weights of {self.code} miss 100% by {total}")
        if self.questions.scored + self.questions.unscored != self.questions.total:
            raise ValueError(f"the questions of {self.code} do not add up")
        return self

    def skills(self) -> dict[str, Skill]:
        """Return every skill by its number, in order."""
        return {one.id: one for domain in self.domains for one in domain.skills()}


class Written(Strict):
    """``blueprint/written.yaml``: the finished domains, and skills that need no lab, with the reason."""

    domains: list[int] = []
    without_lab: dict[str, dict[str, str]] = {}


@cache
def exams(root: Path = ROOT) -> dict[str, Exam]:
    """Return the exams by code.

    :param root: the checkout
    :raises CourseError: if ``blueprint/exam_guide.yaml`` is not what it should be
    """
    path = root / "blueprint/exam_guide.yaml"
    try:
        found = {code: Exam.model_validate(entry) for code, entry in _yaml(path).items()}
    except ValueError as error:
        raise CourseError(f"{path}: {error}") from None
    for code, exam in found.items():
        if exam.code != code:
            raise CourseError(f"{path}: the entry {code} says that it is {exam.code}")
    return found


def exam(code: str) -> Exam:
    """Return one exam.

    :param code: for example ``DVA-C03``
    :raises CourseError: if there is no such exam
    """
    if code not in exams():
        raise CourseError(f"There is no exam {code!r}; the course knows {' and '.join(exams())}.")
    return exams()[code]


def skill(code: str, number: str) -> Skill:
    """Return one skill.

    :param code: the exam, for example ``DVA-C03``
    :param number: as AWS counts, for example ``1.3.4``
    :raises CourseError: if there is no such exam or skill
    """
    found = exam(code).skills().get(number)
    if found is None:
        raise CourseError(f"{code} has no skill {number!r}.")
    return found


@dataclass(frozen=True)
class Section:
    """A section of a chapter; an empty anchor is the whole page."""

    page: str
    anchor: str
    title: str


@dataclass(frozen=True)
class Practice:
    """A lab, as the tables show it."""

    page: str
    title: str
    minutes: int


@dataclass
class Coverage:
    """What the course has for each skill, and what is wrong with what it declares."""

    taught: dict[SkillKey, list[Section]] = field(default_factory=dict)
    practiced: dict[SkillKey, list[Practice]] = field(default_factory=dict)
    asked: dict[SkillKey, list[str]] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Gap:
    """A skill that lacks something."""

    exam: str
    skill: Skill
    missing: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.exam} {self.skill.id} ({self.skill.text}): no {', no '.join(self.missing)}"


def coverage(root: Path = ROOT) -> Coverage:
    """Collect what chapters, labs and questions declare.

    :param root: the checkout whose chapters, labs and questions are read; the guide is always the course's own
    :return: sections, labs and questions for each skill; ``faults`` has a sentence for each unknown id or anchor
    """
    found = Coverage()
    for page in pages(root):
        _collect_page(page, found)
    _collect_labs(root, found)
    for question in _questions(root):
        for key in _known(question.skills, f"question {question.id}", found):
            found.asked.setdefault(key, []).append(question.id)
    return found


def _collect_page(page: Page, found: Coverage) -> None:
    declared = list(_known(page.front.get("skills", {}), page.name, found))
    headings = page.headings()
    inside: set[SkillKey] = set()
    for anchor, skills in page.front.get("sections", {}).items():
        place = f"{page.name}#{anchor}"
        if anchor not in headings:
            found.faults.append(f"{page.name}: its front matter names the section {anchor!r}, which is not there")
            continue
        for key in _known(skills, place, found):
            inside.add(key)
            found.taught.setdefault(key, []).append(Section(page.name, anchor, headings[anchor]))
            if key not in declared:
                found.faults.append(f"{place}: {key[0]} {key[1]} is not among the page's skills")
    for key in declared:
        if key in inside:
            continue
        found.taught.setdefault(key, []).append(Section(page.name, "", page.title))
        if "sections" in page.front:
            found.faults.append(f"{page.name}: none of its sections teaches {key[0]} {key[1]}, which the page declares")


def _collect_labs(root: Path, found: Coverage) -> None:
    if not (root / "solutions").is_dir():
        return
    from dva import notebooks

    for lab in notebooks.labs(root):
        page = lab.lab.relative_to(root).with_suffix("").as_posix()
        for key in _known(lab.skills, f"lab {lab.name}", found):
            found.practiced.setdefault(key, []).append(Practice(page, lab.title, lab.minutes))


def _questions(root: Path) -> list[Any]:
    if not (root / "questions").is_dir():
        return []
    from dva import questions

    return list(questions.load(root))


def _known(skills: dict[str, list[str]], where: str, found: Coverage) -> Iterator[SkillKey]:
    """Yield the keys that the guides know; note the others as faults."""
    for code, numbers in skills.items():
        for number in numbers:
            try:
                skill(code, number)
            except CourseError as error:
                found.faults.append(f"{where}: {error}")
            else:
                yield code, number


def gaps(code: str, root: Path = ROOT, found: Coverage | None = None) -> list[Gap]:
    """Return the skills of an exam that lack a section, a lab or a question.

    :param code: the exam
    :param root: the checkout
    :param found: what :func:`coverage` returned for it, if you have it
    """
    found = found or coverage(root)
    excused = load_written(root).without_lab.get(code, {})
    result = []
    for number, one in exam(code).skills().items():
        key = (code, number)
        missing = [] if key in found.taught else ["section"]
        missing += [] if key in found.practiced or number in excused else ["lab"]
        missing += [] if key in found.asked else ["question"]
        if missing:
            result.append(Gap(code, one, tuple(missing)))
    return result


def faults(root: Path = ROOT) -> list[str]:
    """Return everything that must not be: unknown ids and anchors, and gaps in a domain that counts as written.

    :param root: the checkout
    :return: a sentence for each; empty if all is well
    """
    found = coverage(root)
    written = load_written(root)
    result = list(found.faults)
    for code in exams():
        if code in written.without_lab:
            known = exam(code).skills()
            result += [f"written.yaml: {code} has no skill {n}" for n in written.without_lab[code] if n not in known]
        for gap in gaps(code, root, found):
            if int(gap.skill.id.partition(".")[0]) in written.domains:
                result.append(f"{gap}, though its domain counts as written")
    return result + [f"written.yaml: there is no exam {code}" for code in written.without_lab if code not in exams()]


def rows(codes: list[str], root: Path = ROOT) -> list[dict[str, str | int]]:
    """Return how much of each domain is taught, practiced and asked.

    :param codes: the exams
    :param root: the checkout
    :return: a row for each domain, with the columns as keys
    """
    found = coverage(root)
    result: list[dict[str, str | int]] = []
    for code in codes:
        for domain in exam(code).domains:
            keys = [(code, one.id) for one in domain.skills()]
            result.append(
                {
                    "Exam": code,
                    "Domain": f"{domain.id}. {domain.name}",
                    "Weight": f"{domain.weight}%",
                    "Skills": len(keys),
                    "Taught": sum(key in found.taught for key in keys),
                    "Practiced": sum(key in found.practiced for key in keys),
                    "Asked": sum(key in found.asked for key in keys),
                }
            )
    return result


def gap_rows(codes: list[str], root: Path = ROOT) -> list[dict[str, str | int]]:
    """Return the gaps of the exams as rows, with the columns as keys.

    :param codes: the exams
    :param root: the checkout
    """
    found = coverage(root)
    return [
        {"Exam": gap.exam, "Skill": gap.skill.id, "Missing": ", ".join(gap.missing), "Text": gap.skill.text}
        for code in codes
        for gap in gaps(code, root, found)
    ]


def seed_rows(root: Path = ROOT) -> list[dict[str, str | int]]:
    """Return what became of the notes' facts, as rows with the columns as keys.

    :param root: the checkout
    """
    report = seed_report(root)
    result: list[dict[str, str | int]] = [{"Facts": report.fates[fate], "What became of them": fate} for fate in FATES]
    planned = sorted(report.planned.items(), key=lambda item: (item[0][0], -item[1]))
    return result + [{"Facts": n, "What became of them": f"   planned for {page}"} for page, n in planned]


def load_written(root: Path = ROOT) -> Written:
    """Return which domains are finished.

    :param root: the checkout
    :raises CourseError: if ``blueprint/written.yaml`` is not what it should be
    """
    path = root / "blueprint/written.yaml"
    try:
        return Written.model_validate((_yaml(path) or {}) if path.exists() else {})
    except ValueError as error:
        raise CourseError(f"{path}: {error}") from None


def _yaml(path: Path) -> Any:
    return yaml.safe_load(path.read_text("utf-8"))
