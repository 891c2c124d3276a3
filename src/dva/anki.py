"""``dva anki``: the question bank as an Anki deck that a later import updates in place."""

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import genanki

from dva.paths import ROOT
from dva.questions import LETTERS, Question, block_html, inline_html
from dva.quiz import place

NAME = "AWS Developer by Doing"

MODEL = 1_548_630_217
"""Anki knows a note type by this number; it must never change."""

DECK = 1_902_447_361
"""Anki knows a deck by this number; it must never change."""

FILE = ROOT / "_build/aws-developer-by-doing.apkg"
"""Where the deck goes, unless told otherwise."""

CSS = """
.card { font: 18px/1.45 system-ui, sans-serif; max-width: 42em; margin: 0 auto; text-align: left; color: #1c2733;
  background: #fff; }
code { font: .92em ui-monospace, monospace; background: #eef1f4; padding: 0 .2em; border-radius: 3px;
  overflow-wrap: anywhere; }
ol { padding-left: 1.6em; } li { margin: .35em 0; }
.ask { font-weight: 600; } .right { color: #17652b; font-weight: 600; } .wrong { color: #9a2421; font-weight: 600; }
.source { font-size: .85em; }
.nightMode.card, .night_mode.card { color: #e4e9ee; background: #1d2126; }
.nightMode code, .night_mode code { background: #343b43; }
.nightMode .right, .night_mode .right { color: #7fd892; } .nightMode .wrong, .night_mode .wrong { color: #ff9d97; }
.nightMode a, .night_mode a { color: #8ec7ff; }
"""

FRONT = """{{Scenario}}<p class="ask">{{Ask}}</p><ol type="A">{{Options}}</ol>"""

BACK = """{{FrontSide}}<hr id="answer"><p class="right">{{Answer}}</p><ol type="A">{{Whys}}</ol>
<p class="source">{{Source}}</p>"""


def model() -> genanki.Model:
    """Return the note type."""
    fields = ["Id", "Scenario", "Ask", "Options", "Answer", "Whys", "Source"]
    return genanki.Model(
        MODEL,
        f"{NAME} question",
        fields=[{"name": name} for name in fields],
        templates=[{"name": "Question", "qfmt": FRONT, "afmt": BACK}],
        css=CSS,
        sort_field_index=0,
    )


def build(questions: Sequence[Question], path: Path = FILE) -> int:
    """Write the deck.

    :param questions: the bank
    :param path: the .apkg file; its folder is made
    :return: how many notes it has
    """
    deck = genanki.Deck(
        DECK, NAME, "Questions on the AWS Certified Developer - Associate exams, each option explained."
    )
    kind = model()
    for question in questions:
        guid = genanki.guid_for(NAME, question.id)
        deck.add_note(genanki.Note(kind, _fields(question), guid=guid, tags=_tags(question)))
    path.parent.mkdir(parents=True, exist_ok=True)
    with _temporary_files():
        genanki.Package(deck).write_to_file(path)
    return len(deck.notes)


@contextmanager
def _temporary_files() -> Iterator[None]:
    """Delete what is made for a moment: genanki 0.13.1 leaves its database in the temporary folder."""
    before = tempfile.tempdir
    with tempfile.TemporaryDirectory() as folder:
        tempfile.tempdir = folder
        try:
            yield
        finally:
            tempfile.tempdir = before


def _fields(question: Question) -> list[str]:
    shown = question.shown()
    lettered = list(zip(LETTERS, shown, strict=False))
    whys = [
        f'<li><span class="{"right" if option.right else "wrong"}">{"Right" if option.right else "Wrong"}:</span> '
        f"{inline_html(option.why)}</li>"
        for option in shown
    ]
    right = [f"{letter}. {inline_html(option.text)}" for letter, option in lettered if option.right]
    return [
        question.id,
        block_html(question.scenario),
        f"{inline_html(question.ask)} {question.instruction}".strip(),
        "".join(f"<li>{inline_html(option.text)}</li>" for option in shown),
        "<br>".join(right),
        "".join(whys),
        f'Read again: {inline_html(place(question))}. <a href="{question.reference}">AWS documentation</a>, '
        f"checked on {question.checked}.",
    ]


def _tags(question: Question) -> list[str]:
    skills = [f"{exam}::{number}" for exam, numbers in question.skills.items() for number in numbers]
    return [*skills, question.difficulty, question.file.replace("/", "::")]
