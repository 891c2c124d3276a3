"""The quiz in the terminal, with scripted answers."""

import io
import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from rich.console import Console

from dva import quiz
from dva.errors import CourseError
from dva.questions import Question, load

ROOT = Path(__file__).resolve().parents[2]
DVA = ROOT / ".venv/bin/dva"

MakeMany = Callable[..., list[Question]]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A state folder of its own."""
    monkeypatch.setenv("DVA_STATE", str(tmp_path / "state"))
    monkeypatch.delenv("DVA_PROGRESS", raising=False)
    return tmp_path / "state"


def play(questions: list[Question], *lines: str | type[BaseException]) -> tuple[tuple[int, int], str]:
    """Play a round with these answers; an exception among them is raised in their place."""
    given: Iterator[str | type[BaseException]] = iter(lines)

    def read(_: str) -> str:
        line = next(given, EOFError)
        if isinstance(line, str):
            return line
        raise line

    written = io.StringIO()
    score = quiz.play(questions, "DVA-C03", read, Console(file=written, width=100))
    return score, written.getvalue()


def wrong(question: Question) -> str:
    """Return a wrong answer with as many letters as are asked for."""
    letters = "ABCDEF"[: len(question.options)]
    return next(letter for letter in letters if letter not in question.answer()) + question.answer()[1:]


def test_right_and_wrong_answers_and_the_score(folder: Path, many: MakeMany) -> None:
    one, two = many(d1=2)
    score, text = play([one, two], one.answer().lower(), wrong(two))
    assert score == (1, 2)
    assert f"Right: {one.answer()}." in text
    assert f"The answer is {two.answer()}, not {wrong(two)}." in text
    assert all(option.why in text for question in (one, two) for option in question.options)
    assert "1 of 2 right (50%)" in text
    assert "DVA-C03 1.1.1" in text
    assert "1-development/queues" in text.partition("Sections:")[2]
    record = json.loads((folder / "quiz.json").read_text())["questions"]
    assert {key: (entry["right"], entry["wrong"], entry["last"]) for key, entry in record.items()} == {
        one.id: (1, 0, True),
        two.id: (0, 1, False),
    }


def test_nothing_to_read_again_when_all_is_right(folder: Path, many: MakeMany) -> None:
    (one,) = many(d2=1)
    score, text = play([one], one.answer())
    assert score == (1, 1)
    assert "read again:" not in text.partition("Result")[2]


def test_an_answer_that_is_none_is_asked_for_again(folder: Path, many: MakeMany) -> None:
    (one,) = many(d1=1)
    score, text = play([one], "", "x", "ab", "7", one.answer())
    assert score == (1, 1)
    assert text.count("Please type one letter from A to D.") == 4


@pytest.mark.parametrize("form", ["{0}{1}", "{1}{0}", "{0} {1}", " {1}, {0} ", "{0} and {1}", "{0}{0}{1}"])
def test_two_letters_in_any_form(form: str, folder: Path, question: Callable[..., Question]) -> None:
    options = [{"text": f"`Call{n}`", "right": n < 2, "why": f"Explains the call number {n} well."} for n in range(5)]
    one = question(options=options)
    score, text = play([one], "a", form.format(*one.answer().lower()))
    assert score == (1, 1)
    assert "Choose TWO." in text
    assert "Please type two letters from A to E." in text


@pytest.mark.parametrize("end", ["q", EOFError, KeyboardInterrupt])
def test_a_round_broken_off_keeps_what_was_answered(
    end: str | type[BaseException], folder: Path, many: MakeMany
) -> None:
    bank = many(d1=3)
    score, text = play(bank, bank[0].answer(), end)
    assert score == (1, 1)
    assert "1 of 1 right (100%)" in text
    assert list(quiz.record()) == [bank[0].id]


def test_no_answer_at_all(folder: Path, many: MakeMany) -> None:
    score, text = play(many(d1=1), KeyboardInterrupt)
    assert score == (0, 0)
    assert "No question was answered." in text
    assert not folder.exists()


def test_missed_asks_what_was_wrong_the_last_time(folder: Path, many: MakeMany) -> None:
    bank = many(d1=5)
    with pytest.raises(CourseError, match="no question on DVA-C03 whose last answer of yours was wrong"):
        quiz.choose("DVA-C03", missed=True, bank=bank)
    play(bank[:3], wrong(bank[0]), wrong(bank[1]), bank[2].answer())
    play([bank[0]], bank[0].answer())
    assert [one.id for one in quiz.choose("DVA-C03", missed=True, bank=bank)] == [bank[1].id]


def test_questions_answered_least_often_come_first(folder: Path, many: MakeMany) -> None:
    bank = many(d1=6)
    play(bank[:4], *(one.answer() for one in bank[:4]))
    chosen = quiz.choose("DVA-C03", domain=1, count=3, bank=bank)
    assert {one.id for one in chosen[:2]} == {bank[4].id, bank[5].id}
    assert len(chosen) == 3


def test_a_round_follows_the_weights(folder: Path, many: MakeMany) -> None:
    chosen = quiz.choose("DVA-C03", count=20, bank=many(d1=20, d2=20, d3=20, d4=20))
    assert sorted(one.domain("DVA-C03") or 0 for one in chosen) == [1] * 6 + [2] * 5 + [3] * 5 + [4] * 4


def test_skill_and_domain_narrow_the_choice(folder: Path, many: MakeMany) -> None:
    bank = many(d1=4, d2=3)
    assert len(quiz.choose("DVA-C02", skill="2.1.1", bank=bank)) == 3
    assert len(quiz.choose("DVA-C02", domain=1, bank=bank)) == 4
    with pytest.raises(CourseError, match=r"The bank has no question on DVA-C02 1\.3\.4 yet"):
        quiz.choose("DVA-C02", skill="1.3.4", bank=bank)
    with pytest.raises(CourseError, match=r"DVA-C02 has no skill '9\.9\.9'"):
        quiz.choose("DVA-C02", skill="9.9.9", bank=bank)
    with pytest.raises(CourseError, match="no question on domain 4 of DVA-C03 yet"):
        quiz.choose("DVA-C03", domain=4, bank=bank)


@pytest.mark.parametrize("content", ["{", "[]", '{"questions": []}', '{"questions": {"a": 1}}'])
def test_a_record_that_cannot_be_read_is_kept_aside(content: str, folder: Path, many: MakeMany) -> None:
    folder.mkdir()
    (folder / "quiz.json").write_text(content)
    (one,) = many(d1=1)
    play([one], one.answer())
    assert list(quiz.record()) == [one.id]
    (aside,) = folder.glob("quiz.unreadable-*.json")
    assert aside.read_text() == content


def test_nothing_is_recorded_where_progress_is_off(
    folder: Path, many: MakeMany, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DVA_PROGRESS", "off")
    (one,) = many(d1=1)
    assert play([one], one.answer())[0] == (1, 1)
    assert not folder.exists()


def test_the_section_is_named_and_found() -> None:
    one = next(question for question in load() if question.id == "s3-undelete-same-version")
    assert quiz.place(one) == "S3 objects > Versions and delete markers"
    assert quiz.address(one).endswith("#versions-and-delete-markers")


# -- the command ----------------------------------------------------------------------------------------------


def environment(folder: Path) -> dict[str, str]:
    """Return the environment of the command with a state folder of its own."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("DVA_")}
    return kept | {"DVA_STATE": str(folder), "COLUMNS": "100"}


def test_the_command_works_in_a_pipe(folder: Path) -> None:
    answer = subprocess.run(
        [DVA, "quiz", "--skill", "1.3.4", "--count", "2"],
        input="zz\na\nab\nb\nbc\n",
        env=environment(folder),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert answer.returncode == 0, answer.stderr
    assert "Question 2 of 2" in answer.stdout
    assert "of 2 right" in answer.stdout
    assert "\x1b" not in answer.stdout
    assert len(json.loads((folder / "quiz.json").read_text())["questions"]) == 2


def test_the_command_survives_ctrl_c(folder: Path) -> None:
    process = subprocess.Popen(
        [DVA, "quiz", "--skill", "1.3.4", "--count", "2"],
        env=environment(folder),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdin
    try:
        process.stdin.write("a\n")
        process.stdin.flush()
        deadline = time.monotonic() + 60
        while not (folder / "quiz.json").exists() and time.monotonic() < deadline and process.poll() is None:
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        text, errors = process.communicate(timeout=30)
    finally:
        process.kill()
    assert "Traceback" not in errors
    assert "of 1 right" in text
    assert len(json.loads((folder / "quiz.json").read_text())["questions"]) == 1


def test_what_the_command_refuses(folder: Path) -> None:
    answer = subprocess.run(
        [DVA, "quiz", "--skill", "7.7.7"], env=environment(folder), capture_output=True, text=True, timeout=60
    )
    assert answer.returncode == 1
    assert answer.stderr.strip() == "DVA-C03 has no skill '7.7.7'."


def test_the_anki_command_writes_a_deck(folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "new/deck.apkg"
    answer = subprocess.run(
        [DVA, "anki", "-o", path], env=environment(folder), capture_output=True, text=True, timeout=60
    )
    assert answer.returncode == 0, answer.stderr
    assert answer.stdout.strip() == f"{len(load())} cards in {path}; in Anki: File, Import."
    assert path.stat().st_size > 1000


def test_the_anki_command_names_what_it_cannot_write(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    answer = subprocess.run(
        [DVA, "anki", "-o", tmp_path / "file/deck.apkg"],
        env=environment(folder),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert answer.returncode == 1
    assert "could not be written" in answer.stderr
    assert "Traceback" not in answer.stderr
