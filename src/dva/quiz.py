"""``dva quiz``: the question bank in the terminal, and a record of what was answered."""

import json
import os
import re
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from filelock import FileLock
from rich.console import Console
from rich.markdown import Markdown
from rich.table import Table
from rich.text import Text
from rich.theme import Theme

from dva import blueprint, pages, progress
from dva.errors import CourseError
from dva.paths import ROOT, state
from dva.questions import LETTERS, Question, draw, load

COUNT = 10
"""Questions in a round, unless told otherwise."""

WIDTH = 100
"""Characters; longer lines are hard to read."""

BOOK = ROOT / "_build/html"
"""Where the book is, once it is built."""

NUMBERS = ("one letter", "two letters", "three letters", "four letters")


# -- the record -----------------------------------------------------------------------------------------------


def file() -> Path:
    """Return the record's file, ``quiz.json`` in the state folder."""
    return state() / "quiz.json"


def record() -> dict[str, dict[str, Any]]:
    """Read what was answered so far.

    :return: question id to ``{"right": times, "wrong": times, "last": whether the last answer was right, "when": ISO
        time}``. A file that cannot be read is moved aside, never deleted.
    """
    try:
        answered = json.loads(file().read_text(encoding="utf-8"))["questions"]
        if not isinstance(answered, dict) or not all(
            isinstance(one, dict) and {"right", "wrong", "last"} <= set(one) for one in answered.values()
        ):
            raise TypeError
        return answered
    except FileNotFoundError:
        return {}
    except (ValueError, KeyError, TypeError):
        progress.keep_aside(file(), "The record of your answers")
        return {}


def note(question: Question, right: bool) -> None:
    """Record one answer at once, so that nothing is lost when a round is broken off.

    Does nothing where ``DVA_PROGRESS=off``. A folder that cannot be written costs the record, not the round.
    """
    if os.environ.get("DVA_PROGRESS") == "off":
        return
    try:
        file().parent.mkdir(parents=True, exist_ok=True)
        with FileLock(file().with_suffix(".lock"), timeout=5):
            answered = record()
            entry = answered.setdefault(question.id, {"right": 0, "wrong": 0})
            entry["right" if right else "wrong"] += 1
            entry |= {"last": right, "when": datetime.now(UTC).isoformat(timespec="seconds")}
            draft = file().with_suffix(f".{os.getpid()}.tmp")
            draft.write_text(json.dumps({"questions": answered}, indent=1, sort_keys=True), encoding="utf-8")
            draft.replace(file())
    except (OSError, TimeoutError) as error:
        print(f"Your answer could not be saved ({error}); run `dva doctor`.")


# -- choosing -------------------------------------------------------------------------------------------------


def choose(
    exam: str,
    skill: str | None = None,
    domain: int | None = None,
    count: int = COUNT,
    missed: bool = False,
    bank: Sequence[Question] | None = None,
) -> list[Question]:
    """Choose the questions of a round: those answered least often first, mixed.

    :param exam: for example ``DVA-C03``
    :param skill: only questions on this skill, for example ``1.3.4``
    :param domain: only questions of this domain, 1 to 4
    :param count: how many questions at most
    :param missed: only questions whose last answer was wrong
    :param bank: the bank (default: the course's)
    :return: at least one question. Without a skill, domain or ``missed`` they are drawn by the exam's weights
    :raises CourseError: if no question is left, or the skill does not exist
    """
    if skill is not None:
        blueprint.skill(exam, skill)
    answered = record()
    fitting = [
        one
        for one in (load() if bank is None else bank)
        if one.domain(exam) is not None
        and (skill is None or skill in one.skills[exam])  # type: ignore[index]
        and (domain is None or any(number[0] == str(domain) for number in one.skills[exam]))  # type: ignore[index]
        and (not missed or answered.get(one.id, {}).get("last") is False)
    ]
    if not fitting:
        of = f" on {exam} {skill}" if skill else f" on domain {domain} of {exam}" if domain else f" on {exam}"
        if missed:
            raise CourseError(f"There is no question{of} whose last answer of yours was wrong.")
        raise CourseError(f"The bank has no question{of} yet.")
    times = {one.id: sum(answered.get(one.id, {}).get(kind, 0) for kind in ("right", "wrong")) for one in fitting}
    seed = sum(entry["right"] + entry["wrong"] for entry in answered.values())
    if skill is None and domain is None and not missed:
        fresh = [one for one in fitting if times[one.id] == min(times.values())]
        if len(fresh) >= count:
            return list(draw(fresh, exam, count, seed))
    mixed = draw(fitting, exam, len(fitting), seed)
    return sorted(mixed, key=lambda one: times[one.id])[:count]


# -- a round --------------------------------------------------------------------------------------------------


def play(
    questions: Sequence[Question],
    exam: str,
    read: Callable[[str], str] | None = None,
    console: Console | None = None,
) -> tuple[int, int]:
    """Ask one question after the other, explain every option after each answer, and tell the score.

    The end of the input, Ctrl-C and ``q`` end the round; what was answered counts.

    :param questions: what to ask
    :param exam: whose skills the result names
    :param read: shows a prompt and returns a line; raises EOFError at the end of the input (default: standard input)
    :param console: where to write (default: standard output)
    :return: how many answers were right, and how many there were
    """
    console = console or Console(highlight=False, theme=Theme({"markdown.code": "cyan"}))
    console.width = min(console.width, WIDTH)
    results: list[tuple[Question, bool]] = []
    try:
        for number, question in enumerate(questions, 1):
            _show(console, question, number, len(questions))
            given = _answer(console, question, read or _line)
            if given is None:
                break
            right = given == question.answer()
            note(question, right)
            results.append((question, right))
            _explain(console, question, given)
    except (KeyboardInterrupt, EOFError):
        console.print()
    _score(console, results, exam)
    return sum(right for _, right in results), len(results)


def _show(console: Console, question: Question, number: int, of: int) -> None:
    console.print()
    console.rule(f"[bold]Question {number} of {of}[/] · {question.difficulty}", align="left", characters="─")
    console.print(Markdown(question.scenario))
    console.print()
    console.print(Markdown(f"**{question.ask}** {question.instruction}"))
    console.print()
    options = Table.grid(padding=(0, 1))
    for letter, option in zip(LETTERS, question.shown(), strict=False):
        options.add_row(f"  [bold]{letter}[/]", Markdown(option.text))
    console.print(options)
    console.print()


def _line(prompt: str) -> str:
    given = input(prompt)
    if not sys.stdin.isatty():
        print(given)
    return given


def _answer(console: Console, question: Question, read: Callable[[str], str]) -> str | None:
    last = LETTERS[len(question.options) - 1]
    wanted = NUMBERS[question.choose - 1]
    while True:
        given = "".join(sorted(set(re.sub(r"[\s,;.)]|and", "", read(f"Your answer ({wanted}, q to stop): ").lower()))))
        if given == "q":
            return None
        if len(given) == question.choose and all("A" <= letter <= last for letter in given.upper()):
            return given.upper()
        console.print(f"Please type {wanted} from A to {last}.")


def _explain(console: Console, question: Question, given: str) -> None:
    answer = question.answer()
    console.print()
    if given == answer:
        console.print(f"[bold green]Right: {' and '.join(answer)}.[/]")
    else:
        console.print(
            f"[bold red]Not right.[/] [bold]The answer is {' and '.join(answer)}[/], not {' and '.join(given)}."
        )
    whys = Table.grid(padding=(0, 1))
    for letter, option in zip(LETTERS, question.shown(), strict=False):
        mark = "[green]✓[/]" if option.right else "[red]✗[/]"
        whys.add_row(f"{mark} {'[bold]' + letter + '[/]' if letter in given else letter}", Markdown(option.why))
    console.print(whys)
    console.print(f"Read again: {place(question)}", markup=False)
    console.print(f"AWS: {question.reference}", markup=False, soft_wrap=True)


def _score(console: Console, results: list[tuple[Question, bool]], exam: str) -> None:
    console.print()
    console.rule("[bold]Result[/]", align="left", characters="─")
    if not results:
        console.print("No question was answered.")
        return
    right = sum(good for _, good in results)
    console.print(f"[bold]{right} of {len(results)} right ({100 * right / len(results):.0f}%)[/]")
    wrong = [question for question, good in results if not good]
    if not wrong:
        return
    skills = blueprint.exams()[exam].skills()
    console.print("\nSkills to read again:")
    numbers = {number for question in wrong for number in question.skills[exam]}  # type: ignore[index]
    table = Table.grid(padding=(0, 2, 0, 0), pad_edge=True)
    for number in sorted(numbers, key=lambda one: [int(part) for part in one.split(".")]):
        table.add_row(f"  {exam} {number}", Text(skills[number].text))
    console.print(table)
    console.print("\nSections:")
    for line in dict.fromkeys(f"  {place(question)}\n    {address(question)}" for question in wrong):
        console.print(line, markup=False, soft_wrap=True)
    console.print("\n`dva quiz --missed` asks these questions again.", markup=False)


def place(question: Question) -> str:
    """Return the titles of the chapter and the section that teach a question."""
    page = pages.Page(question.chapter, ROOT / "chapters" / f"{question.chapter}.md")
    try:
        return f"{page.title} > {page.headings().get(question.section, question.section)}"
    except FileNotFoundError:
        return question.chapter


def address(question: Question) -> str:
    """Return where the section can be read: in the built book, or else in the source."""
    built = BOOK / "chapters" / f"{question.chapter}.html"
    if built.is_file():
        return f"{built.as_uri()}#{question.section}"
    return f"chapters/{question.chapter}.md#{question.section}"
