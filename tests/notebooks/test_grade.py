"""Grading a learner's notebook: every check gets a verdict, and broken cells are named in one line."""

import json
from pathlib import Path

import pytest
from nbformat import NotebookNode
from notebooks import tiny

from dva import authoring, labformat, notebooks, running
from dva.errors import CourseError

pytestmark = pytest.mark.usefixtures("no_server")


def graded(folder: Path, *cells: NotebookNode, nb: NotebookNode | None = None, **options: object) -> running.Grade:
    """Grade a notebook of ``cells``."""
    path = folder / "mine.ipynb"
    path.write_text(labformat.dumps(nb or tiny.notebook(*cells)))
    before = path.read_bytes()
    result = running.grade(path, fork=True, **options)
    assert path.read_bytes() == before
    return result


def states(result: running.Grade) -> dict[str, str]:
    """Return check name to verdict."""
    return {outcome.check: outcome.state for outcome in result.checks}


def test_goes_on_after_a_failed_check(tmp_path: Path) -> None:
    result = graded(
        tmp_path,
        tiny.code("one", 'state["a"] = 1', "exercise"),
        tiny.check("a", 'state["a"] == 1'),
        tiny.code("two", "...", "exercise"),
        tiny.check("b", 'state.get("b") == 2', hint="set b"),
        tiny.code("three", 'state["c"] = 3', "exercise"),
        tiny.check("c", 'state["c"] == 3'),
    )
    assert states(result) == {"a": "passed", "b": "failed", "c": "passed"}
    assert result.checks[1].hint == "set b"
    assert result.checks[1].seen == 'not true: state.get("b") == 2'
    assert not result.passed
    assert not result.broken
    assert not result.problem


def test_all_passed(tmp_path: Path) -> None:
    result = graded(tmp_path, tiny.code("one", 'state["a"] = 1', "exercise"), tiny.check("a", 'state["a"] == 1'))
    assert result.passed


def test_no_check_is_not_passed(tmp_path: Path) -> None:
    assert not graded(tmp_path, tiny.code("one", "1")).passed


def test_broken_cell_is_one_line_with_its_cell(tmp_path: Path) -> None:
    result = graded(
        tmp_path,
        tiny.code("mine", 'raise ValueError("first line\\nsecond line")', "exercise"),
        tiny.check("a", 'state.get("a")'),
        tiny.code("syntax", "def", "exercise"),
        tiny.check("b", 'state.get("b")'),
    )
    assert result.broken[0].cell == "mine"
    assert result.broken[0].line == "ValueError: first line"
    assert result.broken[1].cell == "syntax"
    assert result.broken[1].line.startswith("SyntaxError: ")
    assert states(result) == {"a": "failed", "b": "failed"}


def test_dead_kernel_leaves_the_rest_unreached(tmp_path: Path) -> None:
    result = graded(
        tmp_path,
        tiny.check("a", "True"),
        tiny.code("dies", "import os; os._exit(1)"),
        tiny.check("b", "True"),
    )
    assert states(result) == {"a": "passed", "b": "not reached"}
    assert result.problem == "cell 'dies': the kernel died"


def test_endless_loop_leaves_the_rest_unreached(tmp_path: Path) -> None:
    loop = tiny.code("loop", "while True: pass")
    result = graded(tmp_path, tiny.check("a", "True"), loop, tiny.check("b", "True"), execution_timeout=1)
    assert states(result) == {"a": "passed", "b": "not reached"}
    assert result.problem == "cell 'loop': still running after 1 s"


def test_broken_setup_stops(tmp_path: Path) -> None:
    nb = tiny.notebook(tiny.check("a", "True"))
    nb.cells[1].source = "import nowhere"
    result = graded(tmp_path, nb=nb)
    assert states(result) == {"a": "not reached"}
    assert result.broken[0].line == "ModuleNotFoundError: No module named 'nowhere'"


def test_without_its_parameters_a_notebook_is_not_run(tmp_path: Path) -> None:
    """It would run in the account of the learner's own work, and clean that up."""
    nb = tiny.notebook(tiny.check("a", "True"))
    del nb.cells[0]
    result = graded(tmp_path, nb=nb)
    assert states(result) == {"a": "not reached"}
    assert "`run` is missing" in result.problem


def test_unknown_lab_and_missing_copy_are_said(tmp_path: Path) -> None:
    notebooks.new_lab("notes-lab", root=tmp_path)
    with pytest.raises(CourseError, match="There is no lab 'nope'"):
        notebooks.grade("nope", root=tmp_path)
    with pytest.raises(CourseError, match="You have no copy of notes-lab yet"):
        notebooks.grade("notes-lab", root=tmp_path)


def test_new_lab_from_scaffold_to_grade(emulator: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A scaffolded lab runs both ways, its wrong answer is refused, and a learner's copy is graded."""
    monkeypatch.setenv("DVA_ENDPOINT", emulator)
    notebooks.new_lab("notes-lab", root=tmp_path)
    notebooks.run("notes-lab", root=tmp_path)
    info = notebooks.find("notes-lab", tmp_path)
    stored = labformat.read(info.solution)
    assert stored.cells[-1].outputs[0].text == "notes-lab: everything deleted, nothing left behind.\n"
    assert notebooks.lint(stored, info.solution) == []
    assert [proof.problem for proof in notebooks.prove("notes-lab", root=tmp_path)] == [""]
    notebooks.build(root=tmp_path)
    notebooks.copy_missing(root=tmp_path)
    assert states(notebooks.grade("notes-lab", root=tmp_path)) == {"versioning is on": "failed"}
    mine = labformat.read(info.work)
    solution = labformat.solution_of(labformat.read(info.solution).cells[4].source)
    mine.cells[4].source = mine.cells[4].source.replace("...", solution)
    info.work.write_text(labformat.dumps(mine))
    assert notebooks.grade("notes-lab", root=tmp_path).passed
    progress = json.loads((tmp_path / "state/progress.json").read_text())["labs"]["notes-lab"]["versioning is on"]
    assert (progress["passed"], progress["attempts"]) == (True, 2)


def test_the_terminal_shows_each_check_with_its_hint(monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    info = notebooks.labs()[0]
    checks = [
        running.Outcome(check="one", state="passed"),
        running.Outcome(check="two", state="failed", seen="saw None", hint="look here"),
        running.Outcome(check="three", state="not reached"),
    ]
    broken = [running.Broken(cell="mine", line="ValueError: no")]
    monkeypatch.setattr(notebooks, "grade", lambda *_: running.Grade(checks=checks, broken=broken))
    assert authoring.main(["grade", info.name]) == 1
    assert capsys.readouterr().out.splitlines() == [
        info.name,
        "✓ one",
        "✗ two",
        "    saw None",
        "    Hint: look here",
        "✗ three (not reached)",
        "  cell 'mine' ended with ValueError: no",
        f"✗ {info.name}: 2 of 3 checks do not pass yet",
    ]
    monkeypatch.setattr(notebooks, "grade", lambda *_: running.Grade(checks=checks[:1], broken=[]))
    assert authoring.main(["grade", info.name]) == 0
