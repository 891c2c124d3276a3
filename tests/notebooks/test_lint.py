"""The linter: a good lab passes; broken in one way, it gets exactly the sentence that says so."""

from collections.abc import Callable
from pathlib import Path

import nbformat
import pytest
from nbformat import NotebookNode

from dva import labformat, notebooks, scaffold

PATH = Path("solutions/1-development/notes-lab.ipynb")


def cell(nb: NotebookNode, name: str) -> NotebookNode:
    """Return the cell with an id."""
    return next(cell for cell in nb.cells if cell.id == name)


def source(name: str, old: str, new: str) -> Callable[[NotebookNode], None]:
    """Return a breakage that replaces text in a cell."""

    def breaks(nb: NotebookNode) -> None:
        assert old in cell(nb, name).source
        cell(nb, name).source = cell(nb, name).source.replace(old, new)

    return breaks


def meta(key: str, value: object) -> Callable[[NotebookNode], None]:
    """Return a breakage that changes the lab's metadata."""
    return lambda nb: nb.metadata["dva"].update({key: value})


def tag(name: str, *tags: str) -> Callable[[NotebookNode], None]:
    """Return a breakage that replaces a cell's tags."""
    return lambda nb: cell(nb, name).metadata.update(tags=list(tags))


def drop(name: str) -> Callable[[NotebookNode], None]:
    """Return a breakage that removes a cell."""
    return lambda nb: nb.cells.remove(cell(nb, name))


def add(after: str, text: str, *tags: str, **metadata: object) -> Callable[[NotebookNode], None]:
    """Return a breakage that adds a code cell called ``new``."""
    new = nbformat.v4.new_code_cell(text, id="new", metadata={"tags": list(tags), **metadata})
    return lambda nb: nb.cells.insert(nb.cells.index(cell(nb, after)) + 1, new)


def wrong(answers: object) -> Callable[[NotebookNode], None]:
    """Return a breakage that replaces the exercise's wrong answers."""
    return lambda nb: cell(nb, "task-1-exercise").metadata["dva"].update(wrong_answers=answers)


EXERCISE = "### BEGIN SOLUTION\nx = 1\n### END SOLUTION"
SOLUTION = 's3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})'

BREAKAGES: dict[str, tuple[Callable[[NotebookNode], None], str]] = {
    "kernelspec": (
        lambda nb: nb.metadata["kernelspec"].update(name="python3"),
        f"metadata.kernelspec is not {labformat.KERNELSPEC}",
    ),
    "level": (
        meta("level", "easy"),
        "metadata.dva.level: string should match pattern '^(beginner|intermediate|advanced)$'",
    ),
    "unknown field": (meta("color", "red"), "metadata.dva.color: extra inputs are not permitted"),
    "other name": (
        meta("lab", "other-lab"),
        "metadata.dva.lab is 'other-lab', but the file is notes-lab.ipynb",
    ),
    "other domain": (meta("domain", 2), "metadata.dva.domain is 2, but the folder is 1-development"),
    "other chapter": (
        meta("chapter", "2-security/notes-lab"),
        "metadata.dva.chapter is '2-security/notes-lab', which is not in 1-development",
    ),
    "no skills": (meta("skills", {"DVA-C02": ["1.1.9"]}), "metadata.dva.skills must list DVA-C02 and DVA-C03"),
    "minutes": (meta("minutes", 45), "the header table's 'Time' is '20 minutes', but the metadata says 45 minutes"),
    "table level": (
        meta("level", "advanced"),
        "the header table's 'Level' is 'beginner', but the metadata says advanced",
    ),
    "table services": (
        meta("services", ["s3", "sqs"]),
        "the header table's 'Services' is 'Amazon S3', but the metadata says s3, sqs",
    ),
    "table skills": (
        meta("skills", {"DVA-C02": ["1.1.9", "1.1.2"], "DVA-C03": ["1.1.5"]}),
        "the header table's 'Skills DVA-C02' is '1.1.9', but the metadata says 1.1.9, 1.1.2",
    ),
    "table row": (source("header", "| Level | beginner |\n", ""), "the header table has no row 'Level'"),
    "title": (
        source("header", "# Notes lab", "# Notes"),
        "the first heading is 'Notes', but metadata.dva.title is 'Notes lab'",
    ),
    "no title": (source("header", "# Notes lab\n", ""), "the first cell does not begin with '# Title'"),
    "no goal": (
        source("header", "What you will build", "Goal"),
        "'What you will build' is missing before the first code cell",
    ),
    "no diagram": (source("header", "```mermaid", "```"), "a mermaid diagram is missing before the first code cell"),
    "no parameters": (tag("parameters"), "the first code cell is not tagged 'parameters'"),
    "no run": (source("parameters", "run =", "walk ="), "cell 'parameters': the parameters do not set run = \"mine\""),
    "no setup": (tag("setup"), "the second code cell is not tagged 'setup'"),
    "no lab": (
        source("setup", "run=run", 'run="mine"'),
        "cell 'setup': the setup does not call Lab(\"notes-lab\", run=run)",
    ),
    "two setups": (tag("task-1-check", "check", "setup"), "2 cells are tagged 'setup'; there must be one"),
    "id twice": (lambda nb: cell(nb, "cleanup").update(id="setup"), "cell id 'setup' is used 2 times"),
    "no id": (lambda nb: cell(nb, "challenge").pop("id"), "1 cells have no id"),
    "old format": (lambda nb: nb.update(nbformat_minor=4), "nbformat is 4.4; cell ids need 4.5"),
    "unknown tag": (tag("challenge", "hard"), "cell 'challenge': unknown tag 'hard'"),
    "raises-exception": (
        add("task-1", "1 / 0", "raises-exception"),
        "cell 'new': tag 'raises-exception'; catch the error and print its code instead",
    ),
    "two prices": (
        source("challenge", "Write", "It costs $3, not `$PATH` and not $5. Write"),
        "cell 'challenge': JupyterLab draws '$3, not  and not $' as a formula; write 'dollars'",
    ),
    "no end": (
        source("task-1-exercise", "### END SOLUTION", ""),
        "cell 'task-1-exercise': BEGIN SOLUTION and END SOLUTION do not match",
    ),
    "end before begin": (
        source("task-1-exercise", "### BEGIN SOLUTION", "### END SOLUTION\n### BEGIN SOLUTION\n#"),
        "cell 'task-1-exercise': BEGIN SOLUTION and END SOLUTION do not match",
    ),
    "two regions": (
        source("task-1-exercise", "### END SOLUTION", "### END SOLUTION\n" + EXERCISE),
        "cell 'task-1-exercise': an exercise has one solution region, not 2",
    ),
    "no region": (
        lambda nb: cell(nb, "task-1-exercise").update(source="bucket = 1", metadata={"tags": ["exercise"]}),
        "cell 'task-1-exercise': an exercise has one solution region, not 0",
    ),
    "empty region": (
        source("task-1-exercise", SOLUTION + "\n", ""),
        "cell 'task-1-exercise': the solution region is empty",
    ),
    "stray solution": (add("task-1", EXERCISE), "cell 'new': a solution region outside an exercise"),
    "no python": (add("task-1", "def"), "cell 'new': the code is not valid Python"),
    "sleep": (
        add("task-1", "import time\ntime.sleep(1)"),
        "cell 'new': time.sleep in given code; use wait_until or a waiter",
    ),
    "imported sleep": (
        add("task-1", "from time import sleep"),
        "cell 'new': time.sleep in given code; use wait_until or a waiter",
    ),
    "two checks in one": (
        source("task-1-check", "with check", 'with check("x", hint="y"):\n    assert 1\nwith check'),
        "cell 'task-1-check': a check cell has one `with check(\"…\")`, not 2",
    ),
    "nothing asserted": (
        source("task-1-check", "assert ", "_ = "),
        "cell 'task-1-check': the check asserts nothing",
    ),
    "no hint": (
        source("task-1-check", ', hint="put_bucket_versioning takes a VersioningConfiguration."', ""),
        "cell 'task-1-check': the check has no hint",
    ),
    "untagged check": (
        add("task-1-check", 'with check("x", hint="y"):\n    assert 1'),
        "cell 'new': a check in a cell that is not tagged 'check'",
    ),
    "check alone": (
        add("task-1", 'with check("x", hint="y"):\n    assert 1', "check"),
        "cell 'new': a check that follows no exercise",
    ),
    "second check": (
        add("task-1-check", 'with check("x", hint="y"):\n    assert 1', "check"),
        "cell 'new': a check that follows no exercise",
    ),
    "same name": (
        lambda nb: (
            add("task-1-check", cell(nb, "task-1-check").source, "check")(nb),
            cell(nb, "new").metadata.update(tags=["check"]),
        ),
        "2 checks are called 'versioning is on'",
    ),
    "no check": (drop("task-1-check"), "cell 'task-1-exercise': an exercise without a check"),
    "no exercise": (drop("task-1-exercise"), "Task 1 has 0 exercises; it must have one"),
    "two exercises": (add("task-1-check", EXERCISE, "exercise"), "Task 1 has 2 exercises; it must have one"),
    "numbering gap": (source("task-1", "Task 1", "Task 2"), "tasks are numbered 2"),
    "no task": (source("task-1", "## Task 1: ", "## "), "there is no '## Task 1: …'"),
    "no exam section": (drop("on-the-exam"), "'## On the exam' is missing after the last check"),
    "no differences": (drop("differs-from-aws"), "'## Differs from AWS' is missing after the last check"),
    "no challenge": (drop("challenge"), "'## Challenge' is missing after the last check"),
    "order of the end": (
        lambda nb: nb.cells.insert(8, nb.cells.pop(6)),
        "the closing sections are not in the order ## On the exam, ## Differs from AWS, ## Challenge",
    ),
    "no cleanup": (drop("cleanup"), "the last code cell is not tagged 'cleanup'"),
    "idle cleanup": (
        source("cleanup", "lab.cleanup()", "print('bye')"),
        "cell 'cleanup': the last code cell does not call lab.cleanup()",
    ),
    "wrong answers no list": (wrong({"why": "x"}), "cell 'task-1-exercise': wrong_answers is not a list"),
    "wrong answer no why": (
        wrong([{"code": "x = 1"}]),
        "cell 'task-1-exercise': wrong answer 1 needs 'why' and 'code', both text",
    ),
    "wrong answer no text": (
        wrong([{"why": "x", "code": ["x = 1"]}]),
        "cell 'task-1-exercise': wrong answer 1 needs 'why' and 'code', both text",
    ),
    "wrong answer no python": (
        wrong([{"why": "x", "code": "def"}]),
        "cell 'task-1-exercise': wrong answer 1 is not valid Python",
    ),
    "wrong answer is right": (
        wrong([{"why": "x", "code": SOLUTION}]),
        "cell 'task-1-exercise': wrong answer 1 is the solution",
    ),
    "volatile without reason": (
        add("task-1-exercise", "print(1)", "volatile"),
        "cell 'new': tag 'volatile' without metadata dva.volatile_reason",
    ),
    "volatile without check": (
        add("challenge", "print(1)", "volatile", dva={"volatile_reason": "a time"}),
        "cell 'new': tag 'volatile', but no assertion or check follows in its task",
    ),
}


@pytest.fixture
def lab() -> NotebookNode:
    """A notebook that keeps to the format."""
    return scaffold.new_solution("notes-lab", 1)


def test_good_lab_has_no_problems(lab: NotebookNode) -> None:
    assert notebooks.lint(lab, PATH) == []


@pytest.mark.parametrize(("breaks", "message"), BREAKAGES.values(), ids=BREAKAGES)
def test_breakage_is_named(lab: NotebookNode, breaks: Callable[[NotebookNode], None], message: str) -> None:
    breaks(lab)
    assert message in notebooks.lint(lab, PATH)


def test_allowed_variations(lab: NotebookNode) -> None:
    """Magics, a volatile cell with reason and check, and given cells between an exercise and its check."""
    add("task-1-exercise", "%time 1\n!true", "volatile", dva={"volatile_reason": "a time"})(lab)
    assert notebooks.lint(lab, PATH) == []


@pytest.mark.parametrize("info", notebooks.labs(), ids=lambda info: info.name)
def test_every_lab_keeps_to_the_format(info: labformat.LabInfo) -> None:
    assert notebooks.lint(labformat.read(info.solution), info.solution) == []
