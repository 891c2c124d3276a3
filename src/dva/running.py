"""Run labs: solutions both ways, learners' notebooks for a grade, and wrong answers to see them fail."""

import copy
import os
import tempfile
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Literal

import nbformat
from nbformat import NotebookNode
from papermill import PapermillExecutionError, execute_notebook
from papermill.execute import ERROR_MARKER_TAG
from pydantic import BaseModel

from dva import labformat
from dva.engine import LabErrors

Progress = Callable[[int, int], None]
"""Called with the position of the cell that runs next, and the number of cells."""


class Outcome(BaseModel):
    """What became of one check of a learner's notebook."""

    check: str
    state: Literal["passed", "failed", "not reached"]
    hint: str = ""
    seen: str = ""


class Broken(BaseModel):
    """A cell of a learner's notebook that raised an error of its own."""

    cell: str
    """The cell's id."""
    line: str
    """The error in one line."""


class Grade(BaseModel):
    """What a learner's notebook achieves when it runs from top to bottom in a fresh account."""

    checks: list[Outcome]
    broken: list[Broken]
    problem: str = ""
    """Why nothing could be graded further: the kernel died, or time ran out."""

    @property
    def passed(self) -> bool:
        """Whether every check passed."""
        return bool(self.checks) and all(outcome.state == "passed" for outcome in self.checks)


def new_run() -> str:
    """Return a name for a run that no other run has, so that no two share an account."""
    return f"run-{uuid.uuid4().hex[:12]}"


def execute(
    nb: NotebookNode,
    *,
    mode: str = "both-ways",
    run: str | None = None,
    parameters: dict[str, Any] | None = None,
    cwd: Path | None = None,
    env: dict[str, str] | None = None,
    results: dict[str, dict[str, str]] | None = None,
    **options: Any,
) -> NotebookNode:
    """Run a notebook through papermill with the course's engine.

    :param nb: the notebook, which is left as it is
    :param mode: see :func:`dva.engine.execute_managed`
    :param run: names the account; default: a new one
    :param parameters: further values for the parameters cell
    :param cwd: working folder; default: an empty one that must be empty at the end
    :param env: variables on top of this process's environment
    :param results: filled with the outcome of each check, by cell id
    :param options: passed to the engine
    :return: a copy with outputs, without what papermill adds
    :raises LabErrors: with everything that is wrong
    """
    # ipykernel captures less where it thinks that it is itself under test.
    inherited = {name: value for name, value in os.environ.items() if name != "PYTEST_CURRENT_TEST"}
    settings = {**inherited, "DVA_PROGRESS": "off", **(env or {})}
    with tempfile.TemporaryDirectory(prefix="dva-lab-") as scratch:
        try:
            done = execute_notebook(
                copy.deepcopy(nb),
                None,
                parameters={**(parameters or {}), "run": run or new_run()},
                engine_name="dva-both-ways",
                kernel_name="dva",
                language="python",
                progress_bar=False,
                request_save_on_cell_execute=False,
                autosave_cell_every=0,
                mode=mode,
                folder=str(cwd or scratch),
                env=settings,
                results=results,
                **options,
            )
        except PapermillExecutionError:
            # In the modes that tolerate a failed check: papermill looks at outputs only, the engine has judged them.
            return nb
        if left := sorted(path.name for path in Path(scratch).iterdir()):
            raise LabErrors([f"left behind in the working folder: {', '.join(left)}"], done)
    return without_papermill(done)


def without_papermill(nb: NotebookNode) -> NotebookNode:
    """Remove what papermill adds to a notebook: its metadata, its parameters cell, its error markers."""
    added = {"injected-parameters", ERROR_MARKER_TAG}
    nb.cells = [cell for cell in nb.cells if not added & set(labformat.tags(cell))]
    nb.metadata.pop("papermill", None)
    for cell in nb.cells:
        cell.metadata.pop("papermill", None)
        cell.metadata.pop("execution", None)
        if cell.metadata.get("tags") == []:
            del cell.metadata["tags"]
    return nb


def solve(info: labformat.LabInfo, on_cell: Progress | None = None, **options: Any) -> NotebookNode:
    """Run a lab's solution both ways.

    :return: the solution with fresh outputs
    :raises LabErrors: if the format, a check or a solution is wrong
    """
    nb = labformat.read(info.solution)
    if found := labformat.lint(nb, info.solution):
        raise LabErrors(found, nb)
    return execute(nb, on_cell=on_cell, **options)


def store(info: labformat.LabInfo, done: NotebookNode) -> None:
    """Write a fresh run's outputs into the lab's solution, nothing else."""
    nb = labformat.read(info.solution)
    fresh = {cell.id: cell for cell in done.cells}
    count = 0
    for cell in nb.cells:
        if cell.cell_type == "code":
            count += 1
            cell.outputs = copy.deepcopy(fresh[cell.id].outputs)
            cell.execution_count = count
            for output in cell.outputs:
                if "execution_count" in output:
                    output.execution_count = count
    nb.metadata["language_info"] = nbformat.from_dict({"name": "python"})
    info.solution.write_text(labformat.dumps(nb))


def first_stop(nb: NotebookNode, **options: Any) -> list[str]:
    """Run a learner's untouched notebook and say what is wrong with where it stops.

    :param nb: a generated lab
    :return: problems; an empty list means that it stopped at its first check with a hint and nothing worse
    """
    results: dict[str, dict[str, str]] = {}
    try:
        execute(nb, mode="learner", results=results, **options)
    except LabErrors as error:
        return error.errors
    first = next(cell for cell in nb.cells if labformat.is_code(cell, "check"))
    told = results.get(first.id)
    if told is None or list(results) != [first.id]:
        return [f"did not stop at its first check, {labformat.label(first)}: {results}"]
    if told["outcome"] != "failed":
        return [f"{labformat.label(first)}: the first check passes in an untouched notebook"]
    return [] if told["hint"] else [f"{labformat.label(first)}: the first check fails without a hint"]


def grade(path: Path, on_cell: Progress | None = None, **options: Any) -> Grade:
    """Run a learner's notebook from top to bottom in a fresh account, past failed checks and broken cells.

    :param path: the learner's copy, which is not changed
    :return: the outcome of each check, and the learner's own broken cells
    """
    nb = labformat.read(path)
    for number, cell in enumerate(nb.cells, 1):
        cell.setdefault("id", f"cell-{number}")
    results: dict[str, dict[str, str]] = {}
    problem = ""
    if not any(labformat.is_code(cell, "parameters") for cell in nb.cells):
        problem = "The cell that sets `run` is missing, so it cannot run apart from your own work."
    else:
        try:
            recorded = os.environ.get("DVA_PROGRESS", "")
            options = {"env": {"DVA_PROGRESS": recorded}, "fork": False, **options}
            execute(nb, mode="grade", cwd=path.parent, results=results, on_cell=on_cell, **options)
        except LabErrors as error:
            problem = error.errors[-1]
    outcomes = []
    for cell in nb.cells:
        if not labformat.is_code(cell, "check"):
            continue
        told = results.get(cell.id, {"outcome": "not reached"})
        state = "failed" if told["outcome"] == "broken" else told["outcome"]
        name = "".join(labformat.check_names(cell.source)[:1]) or cell.id
        seen = told.get("seen", told.get("text", "")).split("\n")[0]
        fields = {"check": name, "state": state, "hint": told.get("hint", ""), "seen": seen}
        outcomes.append(Outcome.model_validate(fields))
    broken = [
        Broken(cell=name, line=f"{told['error']}: {told['text']}".split("\n")[0])
        for name, told in results.items()
        if told["outcome"] == "broken"
    ]
    return Grade(checks=outcomes, broken=broken, problem=problem)


class Proof(BaseModel):
    """What became of one wrong answer."""

    exercise: str
    why: str
    problem: str = ""
    """Empty if its check failed, as it must."""


def prove(
    info: labformat.LabInfo, on_answer: Callable[[Proof], None] | None = None, jobs: int = 4, **options: Any
) -> list[Proof]:
    """Run every wrong answer of a lab in a fresh account up to its check, which must fail.

    :param on_answer: called after each wrong answer
    :param jobs: how many run at the same time; most of a lab's time is waiting
    :return: one entry per wrong answer
    """
    nb = labformat.read(info.solution)

    def one(case: tuple[int, int | None, dict[str, str]]) -> Proof:
        index, check, answer = case
        problem = _why_not_refused(nb, index, check, answer["code"], options)
        return Proof(exercise=nb.cells[index].id, why=answer["why"], problem=problem)

    cases = [
        (index, check, answer)
        for index, check in labformat.exercise_check_pairs(nb)
        for answer in labformat.wrong_answers(nb.cells[index])
    ]
    proofs = []
    with ThreadPoolExecutor(jobs) as pool:
        for proof in pool.map(one, cases):
            proofs.append(proof)
            if on_answer:
                on_answer(proof)
    return proofs


def _why_not_refused(nb: NotebookNode, index: int, check: int | None, code: str, options: dict[str, Any]) -> str:
    if check is None:
        return "the exercise has no check"
    trial = copy.deepcopy(nb)
    trial.cells = trial.cells[: check + 1]
    trial.cells[index].source = labformat.with_solution(trial.cells[index].source, code)
    results: dict[str, dict[str, str]] = {}
    try:
        execute(trial, mode="grade", results=results, **options)
    except LabErrors as error:
        return error.errors[0]
    for cell in trial.cells[:index]:
        if results.get(cell.id, {"outcome": "passed"})["outcome"] != "passed":
            said = results[cell.id]["text"]
            return f"{labformat.label(cell)}, which comes before the exercise, does not work: {said}"
    told = results.get(trial.cells[check].id, {"outcome": "not reached"})
    if told["outcome"] == "passed":
        return "its check passes"
    return "" if told["outcome"] == "failed" else f"its check is {told['outcome']}: {told.get('text', '')}"
