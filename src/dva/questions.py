"""The question bank: ``questions/<domain>/<topic>.yaml``, what a good question is, and what a mock exam draws.

A chapter's quiz, the mock exams, ``dva quiz`` and the Anki deck all read the bank through this module. Its form is in
:class:`Question`; :func:`lint` says what a schema cannot.
"""

import datetime as dt
import hashlib
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import yaml
from markdown_it import MarkdownIt
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator

from dva.errors import CourseError
from dva.paths import ROOT

LETTERS = "ABCDEF"
"""What options are called on a screen, in the order of :meth:`Question.shown`."""

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
Slug = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")]
SkillNumber = Annotated[str, StringConstraints(pattern=r"^\d\.\d\.\d+$")]

_markdown = MarkdownIt("commonmark", {"html": False})


class Strict(BaseModel):
    """A model that converts nothing and refuses fields it does not know."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Option(Strict):
    """One answer to choose from, and why it is right or wrong (both Markdown)."""

    text: Text
    right: bool = False
    why: Text


class Question(Strict):
    """One question. Scenario, ask, options and their whys are Markdown."""

    id: Slug
    skills: dict[Literal["DVA-C02", "DVA-C03"], list[SkillNumber]]
    difficulty: Literal["easy", "medium", "hard"]
    section: Slug
    scenario: Text
    ask: Text
    options: list[Option]
    reference: Text
    checked: dt.date
    chapter: Text = Field(description="page that teaches it: a file below chapters/, without .md")
    file: Text = Field(description="where the question is: a file below questions/, without .yaml")

    @model_validator(mode="after")
    def _answerable(self) -> Self:
        right = self.choose
        if not right:
            raise ValueError("no option is marked `right: true`")
        if right == 1 and len(self.options) not in (4, 5):
            raise ValueError(f"multiple choice has 4 or 5 options, not {len(self.options)}")
        if right > 1 and len(self.options) not in (5, 6):
            raise ValueError(f"multiple response ({right} right) has 5 or 6 options, not {len(self.options)}")
        if right > 1 and right > len(self.options) - 2:
            raise ValueError(f"{right} of {len(self.options)} options are right: leave at least two wrong ones")
        if not any(self.skills.values()):
            raise ValueError("it names no skill of any exam")
        return self

    @property
    def choose(self) -> int:
        """How many options are right."""
        return sum(option.right for option in self.options)

    @property
    def instruction(self) -> str:
        """``Choose TWO.`` where more than one option is right, otherwise nothing."""
        return "" if self.choose == 1 else f"Choose {('TWO', 'THREE', 'FOUR')[self.choose - 2]}."

    def domain(self, exam: str) -> int | None:
        """Return the exam's domain that the question counts for: the one of its first skill.

        :param exam: for example ``DVA-C03``
        :return: 1 to 4, or None where the exam does not ask this
        """
        numbers = self.skills.get(exam, [])  # type: ignore[call-overload]
        return int(numbers[0][0]) if numbers else None

    def shown(self) -> list[Option]:
        """Return the options in the order in which every reader sees them.

        The order follows from the question's id and the options' texts alone, so it is the same on a page, in the
        terminal and on a card, and an author's habit of writing the right answer first never shows.
        """
        return sorted(self.options, key=lambda option: _hash(self.id, option.text))

    def answer(self) -> str:
        """Return the letters of the right options as shown, for example ``B`` or ``AD``."""
        return "".join(letter for letter, option in zip(LETTERS, self.shown(), strict=False) if option.right)


class Draw(list[Question]):
    """Questions drawn for a mock exam, in their order.

    ``preview`` is true where the bank is too small for an honest draw by the exam's weights; ``note`` then says why in
    one sentence.
    """

    preview: bool = False
    note: str = ""


# -- reading --------------------------------------------------------------------------------------------------


class _Loader(yaml.CSafeLoader):
    """YAML in which a key that stands twice is an error, not a silent loss."""


def _mapping(loader: _Loader, node: yaml.MappingNode) -> dict[Any, Any]:
    keys = [loader.construct_object(key) for key, _ in node.value]
    for key in keys:
        if keys.count(key) > 1:
            raise CourseError(f"{key!r} stands twice in the entry on line {node.start_mark.line + 1}")
    return {key: loader.construct_object(value, deep=True) for key, (_, value) in zip(keys, node.value, strict=True)}


_Loader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _mapping)


def load(root: Path = ROOT) -> list[Question]:
    """Read the bank.

    :param root: the checkout; the bank is its ``questions`` folder
    :return: all questions, by file and then as they stand there
    :raises CourseError: one sentence for each thing that is not as it should be, with file and question id
    """
    folder = root / "questions"
    return _load(sorted(folder.rglob("*.yaml")), folder)


def load_file(path: Path) -> list[Question]:
    """Read one file of a bank.

    :param path: a file somewhere below a folder named ``questions``
    :return: its questions, as they stand there
    :raises CourseError: as :func:`load`
    """
    return _load([path], next(folder for folder in path.parents if folder.name == "questions"))


def _load(paths: list[Path], folder: Path) -> list[Question]:
    found: list[Question] = []
    faults: list[str] = []
    for path in paths:
        for entry in _entries(path, folder, faults):
            try:
                found.append(Question.model_validate(entry))
            except ValidationError as error:
                name = entry.get("id") or "a question without id"
                faults += [f"{_name(path, folder)}: {name}: {_sentence(one)}." for one in error.errors()]
    if faults:
        raise CourseError("\n".join(faults))
    return found


def _entries(path: Path, folder: Path, faults: list[str]) -> list[dict[str, Any]]:
    name = _name(path, folder)
    try:
        content = yaml.load(path.read_text(encoding="utf-8"), _Loader)
    except yaml.YAMLError as error:
        faults.append(f"{name}: this is no YAML: {' '.join(str(error).split())}.")
        return []
    except CourseError as error:
        faults.append(f"{name}: {error}.")
        return []
    if not isinstance(content, dict) or set(content) != {"chapter", "questions"}:
        faults.append(f"{name}: it has the two keys `chapter` and `questions`, and no others.")
        return []
    chapter, entries = content["chapter"], content["questions"]
    if not isinstance(chapter, str) or not isinstance(entries, list):
        faults.append(f"{name}: `chapter` is a page's name and `questions` a list.")
        return []
    topic = path.relative_to(folder).with_suffix("").as_posix()
    if wrong := [entry for entry in entries if not isinstance(entry, dict) or {"chapter", "file"} & set(entry)]:
        faults.append(f"{name}: an entry of `questions` has other fields than a question: {str(wrong[0])[:60]}.")
        return []
    return [entry | {"chapter": chapter, "file": topic} for entry in entries]


def _name(path: Path, folder: Path) -> str:
    return path.relative_to(folder.parent).as_posix()


def _sentence(error: Any) -> str:
    where = ""
    for part in error["loc"]:
        where += f"[{part + 1}]" if isinstance(part, int) else f".{part}"
    said = error["msg"].removeprefix("Value error, ")
    match error["type"]:
        case "extra_forbidden":
            said = "there is no such field"
        case "missing":
            said = "it is missing"
        case "string_pattern_mismatch":
            said = f"{error['input']!r} has another form than {error['ctx']['pattern']}"
    return f"{where.lstrip('.')}: {said}" if where else said


# -- drawing --------------------------------------------------------------------------------------------------


def shares(exam: str, count: int) -> dict[int, int]:
    """Split a number of questions among the exam's domains by their weights, with largest remainders.

    :param exam: for example ``DVA-C03``
    :param count: questions in all
    :return: domain to number of questions; they add up to ``count``
    """
    weights = {domain.id: Fraction(domain.weight, 100) for domain in _exam(exam).domains}
    exact = {domain: weight * count for domain, weight in weights.items()}
    seats = {domain: int(value) for domain, value in exact.items()}
    by_remainder = sorted(exact, key=lambda domain: (seats[domain] - exact[domain], domain))
    for domain in by_remainder[: count - sum(seats.values())]:
        seats[domain] += 1
    return seats


def draw(questions: Sequence[Question], exam: str, count: int, seed: int | str) -> Draw:
    """Draw a mock exam by the exam's domain weights.

    :param questions: the bank, or a part of it
    :param exam: for example ``DVA-C03``; questions without a skill of it are left out
    :param count: how many questions, 65 in the real exam
    :param seed: the same seed draws the same questions in the same order
    :return: the questions; where a domain has too few, others fill its places, and ``preview`` is set
    :raises CourseError: if there is no such exam
    """
    stock: dict[int, list[Question]] = {domain.id: [] for domain in _exam(exam).domains}
    for question in sorted(questions, key=lambda one: _hash(seed, one.id)):
        if (domain := question.domain(exam)) is not None:
            stock[domain].append(question)
    wanted = shares(exam, count)
    chosen = [question for domain, seats in wanted.items() for question in stock[domain][:seats]]
    rest = [question for domain, seats in wanted.items() for question in stock[domain][seats:]]
    chosen += sorted(rest, key=lambda one: _hash(seed, "rest", one.id))[: count - len(chosen)]
    drawn = Draw(sorted(chosen, key=lambda one: _hash(seed, "order", one.id)))
    short = [
        f"{len(stock[domain])} of {seats} in domain {domain}"
        for domain, seats in wanted.items()
        if len(stock[domain]) < seats
    ]
    if short:
        drawn.preview = True
        drawn.note = f"This is a preview: the bank has too few questions for {exam} yet ({', '.join(short)})."
    return drawn


def _exam(code: str) -> Any:
    # Imported here, as the blueprint's coverage reads the bank.
    from dva import blueprint

    if code not in blueprint.exams():
        raise CourseError(f"There is no exam {code!r}; the course knows {' and '.join(blueprint.exams())}.")
    return blueprint.exams()[code]


def _hash(*parts: object) -> str:
    return hashlib.sha256("\n".join(map(str, parts)).encode()).hexdigest()


# -- for pages ------------------------------------------------------------------------------------------------


def inline_html(markdown: str) -> str:
    """Return a line of Markdown as HTML without a paragraph around it; HTML in it is escaped."""
    rendered: str = _markdown.renderInline(markdown)
    return rendered


def block_html(markdown: str) -> str:
    """Return Markdown as HTML with paragraphs, lists and code blocks; HTML in it is escaped."""
    rendered: str = _markdown.render(markdown)
    return rendered


def to_json(questions: Sequence[Question]) -> list[dict[str, Any]]:
    """Return questions as a page's script needs them: texts are HTML, options stand in the order to show them.

    Each is ``{id, file, chapter, section, skills, domains, difficulty, choose, instruction, scenario, ask, options,
    reference, checked}``: ``chapter`` and ``section`` give the address ``chapters/<chapter>.html#<section>``,
    ``domains`` maps an exam to the domain that the question counts for, ``choose`` is how many options are right, and
    an option is ``{text, right, why}``.
    """
    return [
        {
            "id": one.id,
            "file": one.file,
            "chapter": one.chapter,
            "section": one.section,
            "skills": {exam: list(numbers) for exam, numbers in one.skills.items()},
            "domains": {exam: one.domain(exam) for exam, numbers in one.skills.items() if numbers},
            "difficulty": one.difficulty,
            "choose": one.choose,
            "instruction": one.instruction,
            "scenario": block_html(one.scenario),
            "ask": inline_html(one.ask),
            "options": [
                {"text": inline_html(option.text), "right": option.right, "why": inline_html(option.why)}
                for option in one.shown()
            ],
            "reference": one.reference,
            "checked": one.checked.isoformat(),
        }
        for one in questions
    ]


def lint(questions: Sequence[Question], root: Path = ROOT) -> list[str]:
    """Say what is wrong with the bank, in one sentence each with file and question id. See :mod:`dva.questionlint`.

    :param questions: the whole bank: balance and likeness are judged over all of it
    :param root: the checkout, whose chapters the questions point to
    """
    from dva import questionlint

    return questionlint.lint(questions, root)
