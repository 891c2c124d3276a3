"""The labs: find them, generate the learner's copies, hand them out, run them.

``python -m dva.notebooks {lint,build,run,prove,grade} [NAME...]`` is the author's tool.
"""

import re
import shutil
import sys
import time
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode

from dva import labformat, running, scaffold
from dva.errors import CourseError
from dva.labformat import LabInfo, lint
from dva.paths import ROOT, state
from dva.running import Grade, Progress, Proof

__all__ = [
    "Grade",
    "LabInfo",
    "build",
    "copy_missing",
    "find",
    "grade",
    "labs",
    "learner_copy",
    "lint",
    "new_lab",
    "prove",
    "reset_lab",
    "run",
]


CHAPTER_LINK = re.compile(r"\[([^\]]+)\]\(\.\./\.\./chapters/([\w/-]+)\.md(?:#[\w-]+)?\)")
"""A lab's link to its chapter: text and page."""


def labs(root: Path = ROOT) -> list[LabInfo]:
    """Return every lab of the course, by domain and name.

    :param root: the checkout
    :raises CourseError: if a notebook in ``solutions/`` has no usable metadata, or two labs share a name
    """
    found: dict[str, LabInfo] = {}
    for path in sorted((root / "solutions").glob("*/*.ipynb")):
        try:
            meta = labformat.LabMetadata.model_validate(labformat.read(path).metadata.get("dva", {}))
        except ValueError as error:  # pydantic's and nbformat's errors both are
            raise CourseError(f"{path.relative_to(root)} is not a lab: {error}") from None
        if meta.lab in found:
            raise CourseError(f"Two labs are called {meta.lab}: {found[meta.lab].solution} and {path}")
        place = path.relative_to(root / "solutions")
        found[meta.lab] = LabInfo(
            name=meta.lab,
            **meta.model_dump(exclude={"lab"}),
            solution=path,
            lab=root / "labs" / place,
            work=root / "work" / place,
        )
    return list(found.values())


def find(name: str, root: Path = ROOT) -> LabInfo:
    """Return the lab called ``name``.

    :raises CourseError: if there is none; the sentence lists the names that there are
    """
    known = {info.name: info for info in labs(root)}
    if name not in known:
        raise CourseError(f"There is no lab {name!r}. Labs: {', '.join(known) or 'none yet'}.")
    return known[name]


def learner_copy(solved: NotebookNode) -> NotebookNode:
    """Return what a learner gets of a solved notebook: no solutions, no wrong answers, no outputs."""
    nb = nbformat.from_dict(solved)
    nb = nbformat.reads(nbformat.writes(nb), as_version=4)
    for cell in nb.cells:
        if cell.cell_type == "code":
            cell.source = labformat.cleared(cell.source)
            cell.outputs, cell.execution_count = [], None
        cell.metadata.get("dva", {}).pop("wrong_answers", None)
        if not cell.metadata.get("dva", {"": ""}):
            del cell.metadata["dva"]
        for noise in ("execution", "papermill", "collapsed", "scrolled"):
            cell.metadata.pop(noise, None)
    kept = {"kernelspec", "dva"}
    nb.metadata = nbformat.from_dict({key: nb.metadata[key] for key in kept if key in nb.metadata})
    nb.metadata["language_info"] = nbformat.from_dict({"name": "python"})
    return nb


def build(check: bool = False, root: Path = ROOT) -> list[str]:
    """Generate ``labs/`` from ``solutions/``.

    :param check: only report what differs
    :param root: the checkout
    :return: one line for each file that was (or would be) written or removed; empty if all was in place
    """
    changes = []
    wanted = {info.lab: labformat.dumps(learner_copy(labformat.read(info.solution))) for info in labs(root)}
    for path, text in wanted.items():
        if not path.exists() or path.read_bytes() != text.encode():
            verb = "differs from" if path.exists() else "is missing for"
            changes.append(f"{path.relative_to(root)} {verb} its solution")
            if not check:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(text.encode())
    for path in sorted((root / "labs").glob("**/*.ipynb")):
        if path not in wanted and ".ipynb_checkpoints" not in path.parts:
            changes.append(f"{path.relative_to(root)} has no solution")
            if not check:
                path.unlink()
    return changes


def copy_missing(work: Path | None = None, root: Path = ROOT) -> list[Path]:
    """Copy the labs that a learner does not have yet; never overwrite one.

    :param work: the learner's folder; default ``work/`` in the checkout
    :return: the new files
    """
    target = work or root / "work"
    copied = []
    for path in sorted((root / "labs").glob("*/*.ipynb")):
        place = target / path.relative_to(root / "labs")
        if not place.exists():
            place.parent.mkdir(parents=True, exist_ok=True)
            draft = place.with_suffix(".copying")
            draft.write_bytes(handed_out(path))
            draft.replace(place)
            copied.append(place)
    return copied


def reset_lab(name: str, work: Path | None = None, root: Path = ROOT) -> Path | None:
    """Give the learner a fresh copy of a lab and keep the old one.

    :param name: the lab's name
    :param work: the learner's folder; default ``work/`` in the checkout
    :return: the backup of the learner's copy, in ``backups/`` of the state folder; None if there was no copy
    :raises CourseError: if there is no such lab
    """
    info = find(name, root)
    place = info.work if work is None else work / info.lab.relative_to(root / "labs")
    backup = None
    if place.exists():
        stamp = time.strftime("%Y%m%d-%H%M%S")
        folder = state() / "backups"
        folder.mkdir(parents=True, exist_ok=True)
        backup = folder / f"{name}-{stamp}.ipynb"
        count = 1
        while backup.exists():
            count += 1
            backup = folder / f"{name}-{stamp}-{count}.ipynb"
        shutil.copy2(place, backup)
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(handed_out(info.lab))
    return backup


def handed_out(lab: Path) -> bytes:
    """Return a lab as a learner gets it in ``work/``.

    JupyterLab shows that folder alone, so a link to a chapter would lead nowhere: it becomes the command that opens
    the chapter in a browser.

    :param lab: a notebook below ``labs/``
    """
    nb = labformat.read(lab)
    for cell in nb.cells:
        if cell.cell_type == "markdown":
            cell.source = CHAPTER_LINK.sub(r"\1: `dva book \2` in a terminal opens it", cell.source)
    return labformat.dumps(nb).encode()


def new_lab(name: str, domain: int = 1, root: Path = ROOT) -> Path:
    """Write a new solved notebook that passes the linter and runs both ways, for its author to change.

    :param name: lower-case words joined by hyphens
    :param domain: exam domain, 1 to 4
    :return: the new file
    :raises CourseError: if the name or the domain is not usable, or the lab exists
    """
    if domain not in labformat.DOMAIN_FOLDERS:
        raise CourseError(f"{domain} is not an exam domain; give a number from 1 to 4.")
    path = root / "solutions" / labformat.DOMAIN_FOLDERS[domain] / f"{name}.ipynb"
    if path.exists():
        raise CourseError(f"{path.relative_to(root)} exists already.")
    nb = scaffold.new_solution(name, domain)
    if found := lint(nb, path):
        raise CourseError(f"{name!r} is not a name for a lab: {found[0]}. Use lower-case words joined by hyphens.")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(labformat.dumps(nb))
    return path


def grade(name: str, on_cell: Progress | None = None, root: Path = ROOT) -> Grade:
    """Run the learner's copy of a lab from top to bottom in a fresh account and grade its checks.

    :raises CourseError: if there is no such lab or no copy of it
    """
    info = find(name, root)
    if not info.work.exists():
        raise CourseError(f"You have no copy of {name} yet; `make lab` makes one.")
    return running.grade(info.work, on_cell)


def run(name: str, on_cell: Progress | None = None, root: Path = ROOT, **options: Any) -> None:
    """Prove a solution both ways and store its real outputs in place.

    :raises LabErrors: with everything that is wrong; the file is then left as it is
    """
    info = find(name, root)
    running.store(info, running.solve(info, on_cell, **options))


def prove(name: str, root: Path = ROOT, **options: Any) -> list[Proof]:
    """Run every wrong answer of a lab in a fresh account up to its check, which must fail."""
    return running.prove(find(name, root), **options)


if __name__ == "__main__":
    from dva.authoring import main

    sys.exit(main(sys.argv[1:]))
