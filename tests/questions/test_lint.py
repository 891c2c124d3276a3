"""The linter says nothing about a good bank, and each fault is found alone."""

import datetime as dt
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dva.questions import Question, lint, load

MakeMany = Callable[..., list[Question]]


def test_a_good_question_has_no_fault(course: Callable[..., Path], good: dict[str, Any]) -> None:
    root = course(good)
    assert lint(load(root), root) == []


def option(number: int, **changes: Any) -> Callable[[dict[str, Any]], object]:
    """Return a change of one option."""
    return lambda q: q["options"][number].update(changes)


def field(**changes: Any) -> Callable[[dict[str, Any]], object]:
    """Return a change of a question's fields."""
    return lambda q: q.update(changes)


BREAKAGES: dict[str, tuple[Callable[[dict[str, Any]], object], str]] = {
    "two asks": (field(ask="Which call is missing? And why?"), "`ask` is one question"),
    "no question mark": (field(ask="The missing call is"), "`ask` ends in a question mark"),
    "long ask": (field(ask=f"Which call is missing {'here ' * 40}?"), "belong into the scenario."),
    "choose in the ask": (field(ask="Which call is missing (choose one)?"), "repeats what is shown by itself"),
    "two asks by the scenario": (field(scenario="It comes again. Why does it?"), "the scenario asks something, too"),
    "which two, one right": (field(ask="Which two calls are missing?"), "`ask` says two, but 1 options are right."),
    "short why": (option(0, why="It is wrong."), "option 1: the why explains nothing in 12 characters."),
    "why repeats option": (
        option(0, text="It purges the whole queue at once", why="It purges the whole queue at once."),
        "option 1: the why only repeats the option.",
    ),
    "copied why": (
        option(3, why="It empties the whole queue, with all that nobody has read."),
        "options 1 and 4: one why is a copy of the other.",
    ),
    "same option twice": (option(3, text="`PurgeQueue`"), "options 1 and 4 are the same."),
    "all of the above": (option(3, text="All of the above"), "no 'All of the above'"),
    "none of these": (option(3, text="None of these calls"), "no 'None of these'"),
    "both letters": (option(3, text="Both A and C"), "its text says 'A and C'"),
    "letter in a why": (option(3, why="Option B deletes what was read."), "its why says 'Option B'"),
    "place in a why": (option(3, why="Unlike the first option it deletes nothing."), "its why says 'first option'"),
    "unknown skill": (field(skills={"DVA-C03": ["1.3.99"]}), "DVA-C03 has no skill 1.3.99."),
    "skill twice": (field(skills={"DVA-C03": ["1.1.8", "1.1.8"]}), "a skill of DVA-C03 stands twice."),
    "skill of the other exam": (field(skills={"DVA-C03": ["1.1.13"]}), "DVA-C03 has no skill 1.1.13."),
    "http": (field(reference="http://docs.aws.amazon.com/sqs/"), "is no page below"),
    "other site": (field(reference="https://docs.aws.amazon.com.example.org/sqs"), "is no page below"),
    "link to nothing": (field(reference="https://docs.aws.amazon.com/"), "is no page below"),
    "checked tomorrow": (
        lambda q: q.update(checked=dt.date.today() + dt.timedelta(days=2)),
        "which is still to come.",
    ),
    "no such section": (field(section="no-heading"), "chapters/1-development/queues.md has no section #no-heading."),
    "section on a third copy": (field(section="twice-2"), "has no section #twice-2."),
    "two paragraphs": (
        option(3, why="The worker knows the address.\n\nIt received something."),
        "option 4: its why has more than one paragraph",
    ),
    "half a code span": (option(3, why="The worker has `QueueUrl: it received something."), "a ` without its partner."),
    "British": (option(2, why="Its behaviour is another: it puts messages in."), "behavior, not behaviour."),
}


@pytest.mark.parametrize("name", BREAKAGES)
def test_one_fault_is_one_sentence(name: str, course: Callable[..., Path], good: dict[str, Any]) -> None:
    breaks, sentence = BREAKAGES[name]
    breaks(good)
    root = course(good)
    faults = lint(load(root), root)
    assert len(faults) == 1
    assert faults[0].startswith("questions/1-development/queues.yaml: queue-grows: ")
    assert sentence in faults[0]


@pytest.mark.parametrize("change", [{"ask": "Name the call that is missing."}, {"section": "twice-1"}])
def test_what_is_allowed(change: dict[str, str], course: Callable[..., Path], good: dict[str, Any]) -> None:
    root = course(good | change)
    assert lint(load(root), root) == []


def test_code_may_hold_what_prose_may_not(course: Callable[..., Path], good: dict[str, Any]) -> None:
    good["scenario"] = "The service calls `/orders?colour=red` with the header `behaviour`."
    good["options"][0]["why"] = "It empties the queue; `Behaviour: all of the above` is a header."
    root = course(good)
    assert not [fault for fault in lint(load(root), root) if "asks" in fault or "no 'all" in fault]


def test_a_chapter_that_is_not_there(course: Callable[..., Path], good: dict[str, Any]) -> None:
    root = course(good, chapter="1-development/topics")
    assert [fault.split(": ", 2)[2] for fault in lint(load(root), root)] == [
        "there is no page chapters/1-development/topics.md."
    ]


def test_an_id_that_stands_twice(course: Callable[..., Path], many: MakeMany) -> None:
    first, second = many(d1=2)
    faults = lint([first, second.model_copy(update={"id": first.id})], course())
    assert faults == ["questions/1-development/queues.yaml: question-0: the id stands 2 times."]


def test_two_questions_alike_in_their_story(course: Callable[..., Path], many: MakeMany) -> None:
    first, second = many(d1=2)
    words = first.scenario.split()
    alike = second.model_copy(update={"scenario": " ".join([*words[:-2], "another", "end"]), "ask": first.ask})
    assert lint([first, second], course()) == []
    (fault,) = lint([first, alike], course())
    assert "question-0: it is too like question-1" in fault
    assert fault.endswith("in scenario and ask.")


def test_two_questions_alike_in_their_options(course: Callable[..., Path], many: MakeMany) -> None:
    first, second = many(d1=2)
    (fault,) = lint([first, second.model_copy(update={"options": first.options})], course())
    assert fault.endswith("in its options, with the same right answer.")
    other = [option.model_copy(update={"right": place == 2}) for place, option in enumerate(first.options)]
    assert lint([first, second.model_copy(update={"options": other})], course()) == []


def test_a_fair_bank(course: Callable[..., Path], many: MakeMany) -> None:
    assert lint(many(d1=60), course()) == []


def test_right_answers_that_often_stand_first(course: Callable[..., Path], odd: Callable[..., Question]) -> None:
    skills = {"DVA-C03": ["1.1.8"]}
    bank = [odd(number, 0 if number % 2 else number // 2 % 4, skills) for number in range(60)]
    faults = lint(bank, course())
    assert faults[0] == (
        "the bank: as written, answer A is right 38 times, 15 would be chance (fair: 9 to 21): reorder options."
    )
    assert all("as written" in fault for fault in faults)


@pytest.mark.parametrize(("words", "extreme"), [(9, "longest"), (1, "shortest")])
def test_right_answers_that_length_gives_away(
    words: int, extreme: str, course: Callable[..., Path], odd: Callable[..., Question]
) -> None:
    bank = []
    for number in range(40):
        special = number % 4 if number % 2 else (number + 1) % 4
        lengths = tuple(words if place == special else 4 + place % 2 for place in range(4))
        bank.append(odd(number, number % 4, {"DVA-C03": ["1.1.8"]}, lengths))
    (fault,) = lint(bank, course())
    assert f"the {extreme} option is right 20 times of 40, 10 would be chance (at most 15)" in fault
    assert "question-1, " in fault


def test_a_bank_of_two_hundred_is_checked_in_seconds(course: Callable[..., Path], many: MakeMany) -> None:
    bank = many(d1=200)
    root = course()
    begin = time.perf_counter()
    assert lint(bank, root) == []
    assert time.perf_counter() - begin < 20
