"""Each way to get a question's form wrong is named in one sentence, with the file and the question's id."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dva.errors import CourseError
from dva.questions import Question, load, load_file

FILE = "questions/1-development/queues.yaml"


def said(root: Path) -> str:
    """Return what loading a broken bank says."""
    with pytest.raises(CourseError) as caught:
        load(root)
    return str(caught.value)


def test_a_good_file_loads(course: Callable[..., Path], good: dict[str, Any]) -> None:
    root = course(good)
    (one,) = load(root)
    assert (one.id, one.chapter, one.file) == ("queue-grows", "1-development/queues", "1-development/queues")
    assert [option.right for option in one.options] == [False, True, False, False]
    assert load_file(root / FILE) == [one]


BREAKAGES: dict[str, tuple[Callable[[dict[str, Any]], object], str]] = {
    "missing field": (lambda q: q.pop("ask"), "ask: it is missing."),
    "unknown field": (lambda q: q.update(hint="look"), "hint: there is no such field."),
    "unknown option field": (lambda q: q["options"][2].update(wrong=True), "options[3].wrong: there is no such field."),
    "no why": (lambda q: q["options"][0].pop("why"), "options[1].why: it is missing."),
    "empty why": (
        lambda q: q["options"][0].update(why="  "),
        "options[1].why: String should have at least",
    ),
    "text that is a number": (lambda q: q["options"][3].update(text=5), "options[4].text: Input should be a valid"),
    "right that is a word": (
        lambda q: q["options"][1].update(right="yes"),
        "options[2].right: Input should be",
    ),
    "id in capitals": (lambda q: q.update(id="Queue_Grows"), "id: 'Queue_Grows' has another form than"),
    "unknown difficulty": (lambda q: q.update(difficulty="nasty"), "difficulty: Input should be 'easy', 'medium' or"),
    "unknown exam": (lambda q: q["skills"].update({"SAA-C03": ["1.1.1"]}), "skills.SAA-C03"),
    "skill that is a task": (
        lambda q: q["skills"].update({"DVA-C02": ["1.1"]}),
        "skills.DVA-C02[1]: '1.1' has",
    ),
    "no skill": (lambda q: q.update(skills={"DVA-C02": []}), "it names no skill of any exam."),
    "date that is text": (lambda q: q.update(checked="20 November"), "checked: Input should be a valid date"),
    "three options": (lambda q: q["options"].pop(), "multiple choice has 4 or 5 options, not 3."),
    "nothing right": (lambda q: q["options"][1].pop("right"), "no option is marked `right: true`."),
    "two of four right": (
        lambda q: q["options"][0].update(right=True),
        "multiple response (2 right) has 5 or 6 options, not 4.",
    ),
    "four of five right": (
        lambda q: (
            [option.update(right=True) for option in q["options"]],
            q["options"].append({"text": "`AddPermission`", "why": "Nothing was refused."}),
        ),
        "4 of 5 options are right: leave at least two wrong ones.",
    ),
}


@pytest.mark.parametrize("name", BREAKAGES)
def test_one_broken_thing_is_one_sentence(name: str, course: Callable[..., Path], good: dict[str, Any]) -> None:
    breaks, sentence = BREAKAGES[name]
    identity = "Queue_Grows" if name == "id in capitals" else "queue-grows"
    breaks(good)
    message = said(course(good))
    assert "\n" not in message
    assert message.startswith(f"{FILE}: {identity}: ")
    assert sentence in message


def test_every_broken_question_is_named(course: Callable[..., Path], good: dict[str, Any]) -> None:
    first, second = good | {"ask": ""}, good | {"id": "another", "section": "No Slug"}
    assert [line.split(": ")[1] for line in said(course(first, second)).splitlines()] == ["queue-grows", "another"]


def test_a_question_without_id_is_named_by_its_file(course: Callable[..., Path], good: dict[str, Any]) -> None:
    del good["id"]
    assert said(course(good)) == f"{FILE}: a question without id: id: it is missing."


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("chapter: [", "this is no YAML"),
        ("chapter: a\nchapter: b\nquestions: []\n", "'chapter' stands twice"),
        ("questions: []\n", "it has the two keys `chapter` and `questions`, and no others."),
        ("chapter: a\nquestions: {}\n", "`chapter` is a page's name and `questions` a list."),
        ("chapter: a\nquestions: [text]\n", "an entry of `questions` has other fields than a question: text."),
    ],
)
def test_a_broken_file_is_named(text: str, sentence: str, course: Callable[..., Path], good: dict[str, Any]) -> None:
    root = course(good)
    (root / FILE).write_text(text)
    message = said(root)
    assert message.startswith(f"{FILE}: ")
    assert sentence in message


def test_a_field_that_stands_twice_in_a_question_is_not_lost(course: Callable[..., Path], good: dict[str, Any]) -> None:
    root = course(good)
    path = root / FILE
    path.write_text(path.read_text().replace("- ask: Which", "- ask: What?\n  ask: Which"))
    assert "'ask' stands twice" in said(root)


def test_the_order_on_screen_follows_from_id_and_texts_alone(question: Callable[..., Question]) -> None:
    one = question()
    turned = question(options=[option.model_dump() for option in reversed(one.options)])
    assert turned.shown() == one.shown()
    letter = one.answer()
    assert one.shown()["ABCD".index(letter)].text == "`DeleteMessage`"
    firsts = {question(id=f"queue-{number}").shown()[0].text for number in range(40)}
    assert len(firsts) == 4
