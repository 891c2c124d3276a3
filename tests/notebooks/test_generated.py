"""labs/ is exactly what solutions/ generates, says nothing of the solutions, and learners' copies are never lost."""

import json
import os
import re
from pathlib import Path

import nbformat
import pytest

from dva import contents, labformat, notebooks
from dva.errors import CourseError


def test_labs_are_exactly_what_solutions_generate() -> None:
    assert notebooks.build(check=True) == []


@pytest.mark.parametrize("info", notebooks.labs(), ids=lambda info: info.name)
def test_learner_copy_says_nothing_of_the_solution(info: labformat.LabInfo) -> None:
    text = info.lab.read_text()
    assert "SOLUTION" not in text
    assert "wrong_answers" not in text
    solved, copy = labformat.read(info.solution), labformat.read(info.lab)
    for cell in copy.cells:
        assert not cell.get("outputs")
        assert cell.get("execution_count") is None
    for before, after in zip(solved.cells, copy.cells, strict=True):
        assert before.id == after.id
        if labformat.is_code(before, "exercise"):
            assert "..." in after.source
            kept = set(after.source.split("\n"))
            own = [line for line in labformat.solution_of(before.source).split("\n") if line.strip()]
            assert not [line for line in own if line in kept and line.strip() not in (")", "}", "]", "})", "],")]


@pytest.fixture
def course(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout with one lab."""
    monkeypatch.setenv("DVA_STATE", str(tmp_path / "state"))
    notebooks.new_lab("notes-lab", root=tmp_path)
    notebooks.build(root=tmp_path)
    return tmp_path


LAB = "labs/1-development/notes-lab.ipynb"


def test_generating_twice_gives_the_same_bytes(course: Path) -> None:
    before = (course / LAB).read_bytes()
    assert notebooks.build(root=course) == []
    (course / LAB).unlink()
    assert notebooks.build(root=course) == [f"{LAB} is missing for its solution"]
    assert (course / LAB).read_bytes() == before


def test_hand_edit_is_drift(course: Path) -> None:
    before = (course / LAB).read_text()
    (course / LAB).write_text(before.replace("Keep every version", "Keep each version"))
    assert notebooks.build(check=True, root=course) == [f"{LAB} differs from its solution"]
    assert "each version" in (course / LAB).read_text()
    assert notebooks.build(root=course) == [f"{LAB} differs from its solution"]
    assert (course / LAB).read_text() == before


def test_lab_whose_solution_is_gone_is_removed(course: Path) -> None:
    (course / "solutions/1-development/notes-lab.ipynb").unlink()
    assert notebooks.build(check=True, root=course) == [f"{LAB} has no solution"]
    assert (course / LAB).exists()
    notebooks.build(root=course)
    assert not (course / LAB).exists()


def test_outputs_of_a_solution_do_not_change_the_lab(course: Path) -> None:
    path = course / "solutions/1-development/notes-lab.ipynb"
    nb = labformat.read(path)
    nb.cells[-1].outputs = [nbformat.v4.new_output("stream", text="done")]
    nb.cells[-1].execution_count = 7
    path.write_text(labformat.dumps(nb))
    assert notebooks.build(check=True, root=course) == []


def test_stub_has_one_comment_and_an_ellipsis() -> None:
    region = "    ### BEGIN SOLUTION\n    x = 1\n    ### END SOLUTION"
    assert labformat.cleared(f"if a:\n{region}\nb") == "if a:\n    # Your code here\n    ...\nb"
    assert labformat.cleared(f"if a:\n    # Your code: set x\n{region}") == "if a:\n    # Your code: set x\n    ..."


@pytest.mark.parametrize(
    "source", ["### BEGIN SOLUTION\nx = 1", "### BEGIN SOLUTION\n### BEGIN SOLUTION\n### END SOLUTION"]
)
def test_solution_without_an_end_is_an_error(source: str) -> None:
    with pytest.raises(RuntimeError, match="solution statement"):
        labformat.cleared(source)


def test_wrong_answer_takes_the_place_and_the_indentation_of_the_solution() -> None:
    source = "if a:\n    ### BEGIN SOLUTION\n    x = 1\n    ### END SOLUTION\nb"
    assert labformat.with_solution(source, "if y:\n    x = 2\n") == "if a:\n    if y:\n        x = 2\nb"


def test_missing_labs_are_copied_and_nothing_is_overwritten(course: Path) -> None:
    (mine,) = notebooks.copy_missing(root=course)
    assert mine == course / "work/1-development/notes-lab.ipynb"
    mine.write_text("my work")
    assert notebooks.copy_missing(root=course) == []
    assert mine.read_text() == "my work"


def test_a_learners_copy_names_the_command_that_opens_its_chapter() -> None:
    """JupyterLab shows `work/` alone: a link out of it leads nowhere."""
    known = {entry.name for entry in contents.entries()}
    for info in notebooks.labs():
        texts = [cell["source"] for cell in json.loads(notebooks.handed_out(info.lab))["cells"]]
        text = "\n".join(one if isinstance(one, str) else "".join(one) for one in texts)
        assert "](../" not in text, info.name
        opened = re.findall(r"`dva book ([^`]+)`", text)
        assert opened, info.name
        assert {f"chapters/{page}" for page in opened} <= known, info.name


def test_reset_keeps_every_earlier_copy(course: Path) -> None:
    (mine,) = notebooks.copy_missing(root=course)
    backups = []
    for text in ("first", "second"):
        mine.write_text(text)
        backups.append(notebooks.reset_lab("notes-lab", root=course))
        assert mine.read_bytes() == notebooks.handed_out(course / LAB)
    assert [backup.read_text() for backup in backups if backup] == ["first", "second"]


def test_reset_without_a_copy_makes_one(course: Path) -> None:
    assert notebooks.reset_lab("notes-lab", root=course) is None
    assert (course / "work/1-development/notes-lab.ipynb").exists()


def test_unknown_lab_is_answered_with_the_names_that_there_are(course: Path) -> None:
    with pytest.raises(CourseError, match=r"There is no lab 'nope'. Labs: notes-lab."):
        notebooks.reset_lab("nope", root=course)


@pytest.mark.parametrize(("name", "domain"), [("Bad Name", 1), ("../x", 1), ("ok", 5), ("notes-lab", 1)])
def test_new_lab_refuses_what_it_cannot_use(course: Path, name: str, domain: int) -> None:
    before = sorted(course.rglob("*"))
    with pytest.raises(CourseError):
        notebooks.new_lab(name, domain, root=course)
    assert sorted(course.rglob("*")) == before


def test_notebook_that_is_no_lab_is_named(course: Path) -> None:
    (course / "solutions/1-development/stray.ipynb").write_text(labformat.dumps(nbformat.v4.new_notebook()))
    with pytest.raises(CourseError, match=f"solutions{os.sep}1-development{os.sep}stray.ipynb is not a lab"):
        notebooks.labs(course)


def test_two_labs_with_one_name_are_refused(course: Path) -> None:
    source = course / "solutions/1-development/notes-lab.ipynb"
    source.with_name("copy.ipynb").write_text(source.read_text())
    with pytest.raises(CourseError, match="Two labs are called notes-lab"):
        notebooks.labs(course)
