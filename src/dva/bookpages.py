"""Pages of the book that are made from data: blueprints, study plans, limits, glossary, services.

The directives write Markdown, which Sphinx reads like the rest of the page: it checks links and gives
headings their anchors.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any, ClassVar

import yaml
from docutils import nodes
from docutils.statemachine import StringList
from pydantic import BaseModel, ConfigDict, HttpUrl, TypeAdapter, field_validator
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from dva import blueprint, servicetable, studyplan
from dva.blueprint import Coverage, Domain, Exam, Skill
from dva.pages import slug
from dva.questions import load

DASH = "\N{EN DASH}"
"""Stands where there is nothing."""

LIMITS = "chapters/reference/limits.yaml"
GLOSSARY = "chapters/reference/glossary.yaml"
SOURCES = ("blueprint/*.yaml", "chapters/[1-4]-*/*.md", "solutions/*/*.ipynb", "questions/*/*.yaml", "_toc.yml")
"""What coverage and plans are made from: a page that shows them is built again when one changes."""


class Limit(BaseModel):
    """A figure that the exam likes. ``adjustable``: AWS raises it on request."""

    model_config = ConfigDict(extra="forbid")

    service: str
    what: str
    default: str = DASH
    limit: str
    adjustable: bool = False
    link: HttpUrl
    checked: dt.date

    @field_validator("link")
    @classmethod
    def _aws(cls, link: HttpUrl) -> HttpUrl:
        host = link.host or ""
        if link.scheme != "https" or not host.endswith("aws.amazon.com"):
            raise ValueError(f"{link} is not a page of AWS")
        return link


class Term(BaseModel):
    """A term of the glossary. ``see`` is ``page#anchor`` below ``chapters/``, or a page of AWS."""

    model_config = ConfigDict(extra="forbid")

    term: str
    text: str
    see: str
    label: str


def load_limits(root: Path) -> list[Limit]:
    """Return the limits in the file's order.

    :raises pydantic.ValidationError: if an entry is not what it should be
    """
    return TypeAdapter(list[Limit]).validate_python(_yaml(root / LIMITS))


def load_terms(root: Path) -> list[Term]:
    """Return the glossary's terms in the order of the alphabet.

    :raises pydantic.ValidationError: if an entry is not what it should be
    """
    terms = TypeAdapter(list[Term]).validate_python(_yaml(root / GLOSSARY))
    return sorted(terms, key=lambda one: one.term.casefold())


# -- Markdown -------------------------------------------------------------------------------------------------


def blueprint_markdown(exam: Exam, found: Coverage) -> str:
    """Return an exam's page: the domains, then each task with its skills and what the course has for them."""
    lines = ["## At a glance", "", "| Domain | In this course |", "| --- | --- |"]
    for domain in exam.domains:
        keys = [(exam.code, one.id) for one in domain.skills()]
        taught, practiced, asked = (
            sum(key in where for key in keys) for where in (found.taught, found.practiced, found.asked)
        )
        counts = f"{len(keys)} skills: {taught} taught, {practiced} practiced, {asked} asked"
        lines.append(f"| [{domain.id} · {domain.name}](#{_anchor(domain)}), {domain.weight}% | {counts} |")
    for domain in exam.domains:
        lines += ["", f"## {domain.id} · {domain.name}", "", f"{domain.weight}% of the scored questions."]
        lines.append(f"AWS's own list: [domain {domain.id}]({domain.guide}).")
        for task in domain.tasks:
            new = " (new)" if task.new else ""
            lines += ["", f"### {task.id} {task.name}{new}", "", "| Skill | In this course |", "| --- | --- |"]
            lines += [f"| {_skill(one)} | {_covered(exam.code, one, found)} |" for one in task.skills]
    return "\n".join(lines)


def _anchor(domain: Domain) -> str:
    return slug(f"{domain.id} · {domain.name}")


def _skill(skill: Skill) -> str:
    text = skill.text.replace("|", "\\|")
    return f"**{skill.id}** {text}" + (" *(new)*" if skill.new else "")


def _covered(code: str, skill: Skill, found: Coverage) -> str:
    key = (code, skill.id)
    sections, labs, questions = found.taught.get(key, []), found.practiced.get(key, []), found.asked.get(key, [])
    if not (sections or labs or questions):
        return DASH
    pages: dict[str, list[str]] = {}
    for section in sections:
        link = f"[{section.title}](/chapters/{section.page}.md{'#' if section.anchor else ''}{section.anchor})"
        pages.setdefault(_short(section.page), []).append(link)
    read = "; ".join(f"{page}: {', '.join(links)}" for page, links in pages.items())
    lab = ", ".join(f"[{one.title}](/{one.page}.ipynb)" for one in labs)
    return f"Read: {read or DASH}<br>Lab: {lab or DASH}<br>Questions: {len(questions) or DASH}"


def _short(page: str) -> str:
    """What a page is called in a table: its service, from the file's name."""
    service = page.rpartition("/")[2].split("-")[0]
    return {"s3": "S3", "sqs": "SQS", "sns": "SNS", "iam": "IAM", "kms": "KMS", "dynamodb": "DynamoDB"}.get(
        service, service.capitalize()
    )


def plan_markdown(plan: studyplan.Plan) -> str:
    """Return a study plan as a table: days, and what to do on them."""
    lines = ["| Days | What |", "| --- | --- |"]
    for block in plan.blocks:
        what = [f"**{block.title}**"]
        for unit in block.units:
            what.append(f"[{unit.title}](/{unit.file}), {unit.minutes} min")
        if block.units:
            what.append(f"In all {_hours(block.minutes)}.")
        if block.missing:
            topics = _many(len(block.missing), "topic")
            what.append(f"*{topics} of this domain {'is' if len(block.missing) == 1 else 'are'} not written yet.*")
        if block.note:
            what.append(block.note)
        lines.append(f"| {block.days} | {'<br>'.join(what)} |")
    return "\n".join(lines)


def _hours(minutes: int) -> str:
    hours, rest = divmod(minutes, 60)
    return f"{hours} h {rest} min" if hours else f"{rest} min"


def standing_markdown(root: Path) -> str:
    """Return what is written in each domain as a table, and what follows from it for the reader.

    :param root: the checkout
    """
    written, missing, done = studyplan.units(root), studyplan.missing(root), blueprint.load_written(root).domains
    questions = Counter(question.domain(studyplan.EXAM) for question in load(root))
    lines = ["| Domain | In this course |", "| --- | --- |"]
    domains = blueprint.exam(studyplan.EXAM).domains
    for domain in domains:
        labs = sum(unit.lab for unit in written.get(domain.id, []))
        counts = [
            _many(len(written.get(domain.id, [])) - labs, "chapter"),
            _many(labs, "lab"),
            _many(questions[domain.id], "question"),
        ]
        said = ", ".join(one for one in counts if one) or "Nothing yet"
        if domain.id not in done and (left := missing.get(domain.id)):
            said += f"; {_many(len(left), 'topic')} to come"
        lines.append(f"| [{domain.name}](/{_domain_page(domain.id, root)}) | {said} |")
    if len(done) < len(domains):
        lines += ["", "So this is not yet enough to pass the exam. Each domain's page lists what is missing."]
    return "\n".join(lines)


def contents_markdown(domain: int, root: Path) -> str:
    """Return what is written of a domain as a table, and what is not yet as a list.

    :param domain: its number
    :param root: the checkout
    """
    units = studyplan.units(root).get(domain, [])
    lines = []
    if units:
        lines += ["## What is written", "", "| Chapter | Lab |", "| --- | --- |"]
        rows: list[list[str]] = []
        for unit in units:
            link = f"[{unit.title.removeprefix('Lab: ')}](/{unit.file}), {unit.minutes} min"
            if unit.lab and rows:
                rows[-1][1] += ("<br>" if rows[-1][1] else "") + link
            else:
                rows.append([link, ""])
        lines += [f"| {chapter} | {lab or DASH} |" for chapter, lab in rows]
    if left := studyplan.missing(root).get(domain):
        lines += ["", "## What is not written yet", "", "\n".join(f"- {title}" for title in left)]
    return "\n".join(lines)


def _many(count: int, one: str) -> str:
    return f"{count} {one}{'' if count == 1 else 's'}" if count else ""


def _domain_page(domain: int, root: Path) -> str:
    return next((root / "chapters").glob(f"{domain}-*/index.md")).relative_to(root).as_posix()


def limits_markdown(limits: Iterable[Limit]) -> str:
    """Return the limits, a table for each service, in the order in which services first appear."""
    services: dict[str, list[Limit]] = {}
    for one in limits:
        services.setdefault(one.service, []).append(one)
    lines: list[str] = []
    for service, rows in services.items():
        oldest = min(row.checked for row in rows)
        lines += ["", f"## {service}", "", f"Checked on {oldest:%B} {oldest.day}, {oldest.year}.", ""]
        lines += ["| What | Default | Limit |", "| --- | --- | --- |"]
        for row in rows:
            raised = " (can be raised)" if row.adjustable else ""
            when = (
                "" if row.checked == oldest else f" (checked on {row.checked:%B} {row.checked.day}, {row.checked.year})"
            )
            lines.append(f"| [{row.what}]({row.link}){when} | {row.default} | {row.limit}{raised} |")
    return "\n".join(lines)


def glossary_markdown(terms: Iterable[Term]) -> str:
    """Return the terms as Sphinx's glossary, so that the role ``term`` finds them."""
    lines = [":::{glossary}"]
    for one in terms:
        if one.see.startswith("https://"):
            target = one.see
        else:
            page, _, anchor = one.see.partition("#")
            target = f"/chapters/{page}.md{'#' if anchor else ''}{anchor}"
        lines += [one.term, f"  {one.text} See [{one.label}]({target}).", ""]
    return "\n".join([*lines, ":::"])


# -- directives -----------------------------------------------------------------------------------------------


class _Generated(SphinxDirective):
    """A directive that stands for Markdown. Where that has headings, it begins with one, and ends the page."""

    sources: ClassVar[tuple[str, ...]] = ()

    def root(self) -> Path:
        """The checkout that is being built."""
        return Path(self.env.srcdir)

    def markdown(self) -> str:
        """Return what the directive stands for."""
        raise NotImplementedError

    def run(self) -> list[nodes.Node]:
        for pattern in self.sources:
            for path in self.root().glob(pattern):
                self.env.note_dependency(str(path))
        place = f"{self.get_source_info()[0]}:{self.lineno}"
        holder = nodes.Element()
        holder.document = self.state.document
        lines = StringList(self.markdown().splitlines(), source=place)
        self.state.nested_parse(lines, self.content_offset, holder, match_titles=True)
        return holder.children


class ExamBlueprint(_Generated):
    """``{exam-blueprint} DVA-C03``: skill by skill, where it is taught, practiced and asked."""

    required_arguments = 1
    sources = SOURCES

    def markdown(self) -> str:
        """The tables of one exam."""
        return blueprint_markdown(blueprint.exam(self.arguments[0]), blueprint.coverage(self.root()))


class StudyPlan(_Generated):
    """``{study-plan} 4``: a plan of so many weeks by the exam's weights, from what is written."""

    required_arguments = 1
    sources = SOURCES

    def markdown(self) -> str:
        """The table of one plan."""
        return plan_markdown(studyplan.plan(int(self.arguments[0]), self.root()))


class Standing(_Generated):
    """``{standing}``: how much of each domain is written."""

    sources = SOURCES

    def markdown(self) -> str:
        """The table of the domains."""
        return standing_markdown(self.root())


class DomainContents(_Generated):
    """``{domain-contents} 1``: the chapters and labs of a domain, and what is to come."""

    required_arguments = 1
    sources = SOURCES

    def markdown(self) -> str:
        """The table and the list of one domain."""
        return contents_markdown(int(self.arguments[0]), self.root())


class Limits(_Generated):
    """``{limits}``: every figure of ``limits.yaml``."""

    sources = (LIMITS,)

    def markdown(self) -> str:
        """The tables of all services."""
        return limits_markdown(load_limits(self.root()))


class Glossary(_Generated):
    """``{glossary-terms}``: every term of ``glossary.yaml``."""

    sources = (GLOSSARY,)

    def markdown(self) -> str:
        """The glossary."""
        return glossary_markdown(load_terms(self.root()))


class EmulatorServices(_Generated):
    """``{emulator-services}``: which backend answers each service, and what it does not do."""

    sources = (servicetable.SERVICES,)

    def markdown(self) -> str:
        """The tables of all services."""
        return servicetable.services_markdown(servicetable.load_services(self.root()))


class EmulatorComparison(_Generated):
    """``{emulator-comparison}``: how many tests of the behavior suite each emulator passes."""

    sources = (servicetable.COMPARISON, servicetable.SERVICES)

    def markdown(self) -> str:
        """The table, or a sentence as long as nothing was measured."""
        found = servicetable.load_comparison(self.root())
        if found is None:
            return "Not measured yet."
        return servicetable.comparison_markdown(found, servicetable.load_services(self.root()))


def connect(app: Sphinx) -> None:
    """Tell Sphinx of the directives."""
    app.add_directive("exam-blueprint", ExamBlueprint)
    app.add_directive("study-plan", StudyPlan)
    app.add_directive("standing", Standing)
    app.add_directive("domain-contents", DomainContents)
    app.add_directive("limits", Limits)
    app.add_directive("glossary-terms", Glossary)
    app.add_directive("emulator-services", EmulatorServices)
    app.add_directive("emulator-comparison", EmulatorComparison)


def _yaml(path: Path) -> Any:
    return yaml.safe_load(path.read_text("utf-8"))
