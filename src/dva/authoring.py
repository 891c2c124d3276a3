"""The author's commands: lint, build, run, prove, grade."""

import argparse
from collections.abc import Callable

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from dva import labformat, notebooks, running
from dva.engine import LabErrors
from dva.errors import CourseError

console = Console(highlight=False, markup=False, soft_wrap=True)


def main(arguments: list[str]) -> int:
    """Run one command on the named labs, or on all.

    :param arguments: ``[command, *names]``
    :return: exit code: 0 if all is well, 1 if something is wrong with a lab, 2 for a mistake in the call
    """
    commands: dict[str, Callable[[labformat.LabInfo], list[str]]] = {
        "lint": _lint,
        "run": _run,
        "prove": _prove,
        "grade": _grade,
    }
    parser = argparse.ArgumentParser(prog="python -m dva.notebooks", description=__doc__)
    parser.add_argument("command", choices=[*commands, "build"])
    parser.add_argument("names", nargs="*", metavar="NAME", help="labs; default: all")
    parser.add_argument("--check", action="store_true", help="build: only report what differs")
    given = parser.parse_args(arguments)
    try:
        if given.command == "build":
            changes = notebooks.build(check=given.check)
            for line in changes:
                console.print(line if given.check else f"{line}: done")
            return int(given.check and bool(changes))
        chosen = [notebooks.find(name) for name in given.names] or notebooks.labs()
        problems = 0
        for info in chosen:
            found = commands[given.command](info)
            problems += len(found)
            for line in found:
                console.print(f"✗ {info.name}: {line}", style="red")
        return int(problems > 0)
    except CourseError as error:
        console.print(str(error))
        return 2


def _lint(info: labformat.LabInfo) -> list[str]:
    return labformat.lint(labformat.read(info.solution), info.solution)


def _run(info: labformat.LabInfo) -> list[str]:
    with _bar(info.name) as on_cell:
        try:
            notebooks.run(info.name, on_cell)
        except LabErrors as error:
            return error.errors
    console.print(f"✓ {info.name}: every check fails without its solution and passes with it; outputs stored")
    return []


def _prove(info: labformat.LabInfo) -> list[str]:
    def show(proof: running.Proof) -> None:
        console.print(f"{'✗' if proof.problem else '✓'} {info.name}: {proof.exercise}: {proof.why}")

    proofs = running.prove(info, show)
    return [f"{proof.exercise}: wrong answer '{proof.why}': {proof.problem}" for proof in proofs if proof.problem]


def _grade(info: labformat.LabInfo) -> list[str]:
    with _bar(info.name) as on_cell:
        result = notebooks.grade(info.name, on_cell)
    console.print(info.name, style="bold")
    for outcome in result.checks:
        if outcome.state == "passed":
            console.print(f"✓ {outcome.check}", style="green")
            continue
        console.print(f"✗ {outcome.check}{' (not reached)' if outcome.state == 'not reached' else ''}", style="red")
        if outcome.seen:
            console.print(f"    {outcome.seen}")
        if outcome.hint:
            console.print(f"    Hint: {outcome.hint}")
    for broken in result.broken:
        console.print(f"  cell '{broken.cell}' ended with {broken.line}")
    failed = sum(outcome.state != "passed" for outcome in result.checks)
    problems = [f"{failed} of {len(result.checks)} checks do not pass yet"] if failed else []
    return problems + ([result.problem] if result.problem else [])


class _bar:
    """A progress bar by cells, shown only in a terminal."""

    def __init__(self, name: str) -> None:
        columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
        self._progress = Progress(*columns, console=console, transient=True, disable=not console.is_terminal)
        self._name = name

    def __enter__(self) -> running.Progress:
        self._progress.start()
        task = self._progress.add_task(self._name)
        return lambda done, total: self._progress.update(task, completed=done, total=total)

    def __exit__(self, *_: object) -> None:
        self._progress.stop()
