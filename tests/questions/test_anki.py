"""The deck is a file that Anki reads, and a later one finds the same cards again."""

import json
import sqlite3
import zipfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

from dva import anki
from dva.questions import Question, load

Rows = list[tuple[str, int, str, str]]


def read(path: Path, folder: Path) -> tuple[Rows, dict[str, Any], dict[str, Any]]:
    """Return a deck's notes (guid, model, fields, tags), note types and decks."""
    with zipfile.ZipFile(path) as package:
        assert package.testzip() is None
        package.extract("collection.anki2", folder)
    with closing(sqlite3.connect(folder / "collection.anki2")) as database:
        assert database.execute("pragma integrity_check").fetchone() == ("ok",)
        notes = database.execute("select guid, mid, flds, tags from notes order by guid").fetchall()
        cards = database.execute("select count(*) from cards").fetchone()[0]
        models, decks = database.execute("select models, decks from col").fetchone()
    assert cards == len(notes)
    return notes, json.loads(models), json.loads(decks)


def test_two_builds_have_the_same_identities(tmp_path: Path) -> None:
    bank = load()
    assert anki.build(bank, tmp_path / "one/deck.apkg") == len(bank)
    anki.build(list(reversed(bank)), tmp_path / "two/deck.apkg")
    first, models, decks = read(tmp_path / "one/deck.apkg", tmp_path / "one")
    second, again, others = read(tmp_path / "two/deck.apkg", tmp_path / "two")
    assert first == second
    assert len({guid for guid, *_ in first}) == len(bank)
    assert list(models) == list(again) == [str(anki.MODEL)]
    assert str(anki.DECK) in decks
    assert set(decks) == set(others)


def test_a_changed_text_keeps_the_note(tmp_path: Path, question: Callable[..., Question]) -> None:
    anki.build([question()], tmp_path / "one.apkg")
    anki.build([question(ask="Which call did the worker forget?", difficulty="hard")], tmp_path / "two.apkg")
    (old,), _, _ = read(tmp_path / "one.apkg", tmp_path)
    (new,), _, _ = read(tmp_path / "two.apkg", tmp_path)
    assert old[:2] == new[:2]
    assert old[2] != new[2]


def test_identities_never_change() -> None:
    # What is in learners' collections: another number would double every card.
    assert (anki.NAME, anki.MODEL, anki.DECK) == ("AWS Developer by Doing", 1548630217, 1902447361)


def test_a_card_shows_question_answer_and_every_why(tmp_path: Path, question: Callable[..., Question]) -> None:
    one = question(scenario="A header says `<b>` & nothing else.")
    anki.build([one], tmp_path / "deck.apkg")
    ((_, _, text, tags),), models, _ = read(tmp_path / "deck.apkg", tmp_path)
    fields = dict(zip([f["name"] for f in models[str(anki.MODEL)]["flds"]], text.split("\x1f"), strict=True))
    assert fields["Id"] == "queue-grows"
    assert "<code>&lt;b&gt;</code> &amp; nothing" in fields["Scenario"]
    assert fields["Ask"] == "Which call is missing?"
    assert fields["Answer"] == f"{one.answer()}. <code>DeleteMessage</code>"
    assert fields["Options"].count("<li>") == fields["Whys"].count("<li>") == 4
    assert fields["Whys"].count("Right:") == 1
    assert all(option.why in fields["Whys"] for option in one.options)
    assert one.reference in fields["Source"]
    assert tags.split() == ["DVA-C02::1.1.8", "DVA-C03::1.1.8", "easy", "1-development::queues"]
    shown = "".join(template["qfmt"] + template["afmt"] for template in models[str(anki.MODEL)]["tmpls"])
    assert all("{{" + name + "}}" in shown for name in fields if name != "Id")
