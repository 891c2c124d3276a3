"""The format of a lab notebook: what its metadata, cells and tags mean, and a linter that holds every lab to it."""

import ast
import re
from collections import Counter
from pathlib import Path
from typing import Any

import nbformat
from IPython.core.inputtransformer2 import TransformerManager
from nbformat import NotebookNode
from pydantic import BaseModel, ConfigDict, Field, ValidationError

DOMAIN_FOLDERS = {1: "1-development", 2: "2-security", 3: "3-deployment", 4: "4-troubleshooting"}
"""Folder of each exam domain, in ``solutions/``, ``labs/``, ``chapters/`` and ``work/``."""

KERNELSPEC = {"name": "dva", "display_name": "DVA labs", "language": "python"}
TAGS = {"parameters", "setup", "exercise", "check", "cleanup", "volatile"}
ROWS = ("Time", "Level", "Services", "Skills DVA-C02", "Skills DVA-C03", "Chapter")
CLOSING = ("## On the exam", "## Differs from AWS", "## Challenge")
BEGIN, END = "BEGIN SOLUTION", "END SOLUTION"
PROMPT = "# Your code"
"""A line above the solution region that starts so tells the learner what to write."""

_NUMBER = re.compile(r"\d+(?:\.\d+)+")
_CODE = re.compile(r"```.*?```|(`+).+?\1", re.DOTALL)
_MATH = re.compile(r"(?<!\\)\$(?:(?!\n\n)[^$])*(?<!\\)\$")
"""What JupyterLab draws as a formula, and the book does not."""


class LabMetadata(BaseModel):
    """What the notebook metadata says about a lab, under ``dva``."""

    model_config = ConfigDict(extra="forbid")

    lab: str = Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")
    title: str = Field(min_length=3)
    domain: int = Field(ge=1, le=4)
    minutes: int = Field(ge=5, le=90)
    level: str = Field(pattern=r"^(beginner|intermediate|advanced)$")
    services: list[str] = Field(min_length=1)
    chapter: str = Field(pattern=r"^[1-4]-[a-z]+/[a-z0-9-]+$")
    skills: dict[str, list[str]]


class LabInfo(BaseModel):
    """A lab: its metadata and the three places of its notebook."""

    name: str
    domain: int
    title: str
    minutes: int
    level: str
    services: list[str]
    chapter: str
    skills: dict[str, list[str]]
    solution: Path
    lab: Path
    work: Path


def read(path: Path) -> NotebookNode:
    """Read a notebook file."""
    return nbformat.read(path, as_version=4)


def dumps(nb: NotebookNode) -> str:
    """Return a notebook as text that is the same, byte for byte, for equal notebooks."""
    return nbformat.writes(nb, version=4, indent=1, sort_keys=True, ensure_ascii=False).rstrip("\n") + "\n"


def tags(cell: NotebookNode) -> list[str]:
    """Return a cell's tags."""
    return list(cell.metadata.get("tags", []))


def is_code(cell: NotebookNode, tag: str | None = None) -> bool:
    """Return whether ``cell`` holds code, and has ``tag`` if one is given."""
    return cell.cell_type == "code" and (tag is None or tag in tags(cell))


def label(cell: NotebookNode) -> str:
    """Name a cell in a message: by its id, since injected cells shift every index."""
    return f"cell '{cell.get('id', '?')}'"


def cleared(source: str) -> str:
    """Return an exercise's code as the learner gets it: a comment and ``...`` in place of the solution.

    :raises RuntimeError: if the markers are not balanced (from nbgrader)
    """
    from nbgrader.preprocessors import ClearSolutions

    nb = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source)])
    clear = ClearSolutions(enforce_metadata=False, code_stub={"python": f"{PROMPT} here\n..."})
    clear.log.disabled = True  # the exception says it all
    nb, _ = clear.preprocess(nb, {})
    lines: list[str] = []
    for line in nb.cells[0].source.split("\n"):
        prompted = lines and lines[-1].strip().startswith(PROMPT)
        if not (prompted and line.strip() == f"{PROMPT} here"):
            lines.append(line)
    return "\n".join(lines)


def with_solution(source: str, code: str) -> str:
    """Return an exercise's code with ``code`` in place of its solution region, indented as that was."""
    lines, inside = [], False
    for line in source.split("\n"):
        if BEGIN in line:
            inside = True
            indent = line[: len(line) - len(line.lstrip())]
            lines += [indent + row if row.strip() else row for row in code.strip("\n").split("\n")]
        elif END in line:
            inside = False
        elif not inside:
            lines.append(line)
    return "\n".join(lines)


def solution_of(source: str) -> str:
    """Return what stands between the solution markers, or an empty string."""
    found = re.search(rf"^[^\n]*{BEGIN}[^\n]*\n(.*?)^[^\n]*{END}", source, re.DOTALL | re.MULTILINE)
    return found.group(1) if found else ""


def wrong_answers(cell: NotebookNode) -> list[dict[str, str]]:
    """Return the wrong answers stored with an exercise: ``why`` and ``code`` of each."""
    stored = cell.metadata.get("dva", {}).get("wrong_answers", [])
    return list(stored)


def check_names(source: str) -> list[str]:
    """Return the names of the checks (``with check("name")``) in a code cell, in order."""
    tree = parse(source)
    if tree is None:
        return []
    return [
        call.args[0].value
        for node in ast.walk(tree)
        if isinstance(node, ast.With)
        for item in node.items
        if isinstance(call := item.context_expr, ast.Call)
        and isinstance(call.func, ast.Name)
        and call.func.id == "check"
        and call.args
        and isinstance(call.args[0], ast.Constant)
        and isinstance(call.args[0].value, str)
    ]


def parse(source: str) -> ast.Module | None:
    """Parse a code cell (IPython's magics included); return None where it is not Python."""
    try:
        return ast.parse(TransformerManager().transform_cell(source))
    except (SyntaxError, ValueError):
        return None


def exercise_check_pairs(nb: NotebookNode) -> list[tuple[int, int | None]]:
    """Return for each exercise its index and that of its check: the first check before the next exercise."""
    pairs: list[tuple[int, int | None]] = []
    for index, cell in enumerate(nb.cells):
        if is_code(cell, "exercise"):
            pairs.append((index, None))
        elif is_code(cell, "check") and pairs and pairs[-1][1] is None:
            pairs[-1] = (pairs[-1][0], index)
    return pairs


def lint(nb: NotebookNode, path: Path | None = None) -> list[str]:
    """Say in what a solved notebook breaks the format; an empty list means that it does not.

    :param nb: the notebook
    :param path: its file, if its name and folder are to be compared with its metadata
    :return: one sentence per problem
    """
    meta, found = _metadata(nb, path)
    found += _ids(nb)
    found += _opening(nb, meta)
    found += _cells(nb)
    found += _tasks(nb)
    found += _closing(nb)
    return found


def _metadata(nb: NotebookNode, path: Path | None) -> tuple[LabMetadata | None, list[str]]:
    found = []
    if nb.metadata.get("kernelspec") != KERNELSPEC:
        found.append(f"metadata.kernelspec is not {KERNELSPEC}")
    try:
        meta = LabMetadata.model_validate(nb.metadata.get("dva", {}))
    except ValidationError as error:
        wrong = [f"metadata.dva.{'.'.join(map(str, e['loc']))}: {e['msg'].lower()}" for e in error.errors()]
        return None, found + wrong
    if set(meta.skills) != {"DVA-C02", "DVA-C03"}:
        found.append("metadata.dva.skills must list DVA-C02 and DVA-C03")
    if path is not None and path.stem != meta.lab:
        found.append(f"metadata.dva.lab is '{meta.lab}', but the file is {path.name}")
    if path is not None and path.parent.name != DOMAIN_FOLDERS[meta.domain]:
        found.append(f"metadata.dva.domain is {meta.domain}, but the folder is {path.parent.name}")
    if meta.chapter.split("/")[0] != DOMAIN_FOLDERS[meta.domain]:
        found.append(f"metadata.dva.chapter is '{meta.chapter}', which is not in {DOMAIN_FOLDERS[meta.domain]}")
    return meta, found


def _ids(nb: NotebookNode) -> list[str]:
    if (nb.nbformat, nb.nbformat_minor) < (4, 5):
        return [f"nbformat is {nb.nbformat}.{nb.nbformat_minor}; cell ids need 4.5"]
    counts = Counter(cell.get("id") for cell in nb.cells)
    found = [f"cell id '{name}' is used {n} times" for name, n in counts.items() if name and n > 1]
    if counts[None]:
        found.append(f"{counts[None]} cells have no id")
    return found


def _opening(nb: NotebookNode, meta: LabMetadata | None) -> list[str]:
    first = next((i for i, cell in enumerate(nb.cells) if cell.cell_type == "code"), len(nb.cells))
    head = "\n".join(cell.source for cell in nb.cells[:first])
    code = [cell for cell in nb.cells if cell.cell_type == "code"]
    found = []
    title = head.split("\n", 1)[0]
    if not title.startswith("# "):
        found.append("the first cell does not begin with '# Title'")
    elif meta and title[2:].strip() != meta.title:
        found.append(f"the first heading is '{title[2:].strip()}', but metadata.dva.title is '{meta.title}'")
    if "What you will build" not in head:
        found.append("'What you will build' is missing before the first code cell")
    if "```mermaid" not in head:
        found.append("a mermaid diagram is missing before the first code cell")
    found += _table(head, meta)
    if not code or "parameters" not in tags(code[0]):
        found.append("the first code cell is not tagged 'parameters'")
    elif not re.search(r'^run = "mine"', code[0].source, re.MULTILINE):
        found.append(f'{label(code[0])}: the parameters do not set run = "mine"')
    if len(code) < 2 or "setup" not in tags(code[1]):
        found.append("the second code cell is not tagged 'setup'")
    elif meta and not re.search(rf'Lab\(\s*"{meta.lab}",\s*run=run\b', code[1].source):
        found.append(f'{label(code[1])}: the setup does not call Lab("{meta.lab}", run=run)')
    for tag in ("parameters", "setup", "cleanup"):
        if (n := sum(tag in tags(cell) for cell in nb.cells)) > 1:
            found.append(f"{n} cells are tagged '{tag}'; there must be one")
    return found


def _table(head: str, meta: LabMetadata | None) -> list[str]:
    rows = header_table(head)
    found = [f"the header table has no row '{row}'" for row in ROWS if row not in rows]
    if meta is None:
        return found
    expected: list[tuple[str, bool, str]] = [
        ("Time", str(meta.minutes) in re.findall(r"\d+", rows.get("Time", "")), f"{meta.minutes} minutes"),
        ("Level", rows.get("Level", "").lower() == meta.level, meta.level),
        ("Chapter", meta.chapter in rows.get("Chapter", ""), meta.chapter),
    ]
    told = re.sub(r"[^a-z0-9]", "", rows.get("Services", "").lower())
    missing = [name for name in meta.services if re.sub(r"[^a-z0-9]", "", name.lower()) not in told]
    expected.append(("Services", not missing, ", ".join(meta.services)))
    for exam, skills in meta.skills.items():
        told_skills = _NUMBER.findall(rows.get(f"Skills {exam}", ""))
        expected.append((f"Skills {exam}", sorted(told_skills) == sorted(skills), ", ".join(skills)))
    return found + [
        f"the header table's '{row}' is '{rows[row]}', but the metadata says {value}"
        for row, agrees, value in expected
        if row in rows and not agrees
    ]


def header_table(text: str) -> dict[str, str]:
    """Return the rows of the first cell's table, which has a name in its first column and a value in its second."""
    rows = {}
    for line in text.split("\n"):
        if line.strip().startswith("|"):
            columns = [column.strip().strip("*") for column in line.strip().strip("|").split("|")]
            if len(columns) == 2 and columns[0] in ROWS:
                rows[columns[0]] = columns[1]
    return rows


def _cells(nb: NotebookNode) -> list[str]:
    found = []
    for index, cell in enumerate(nb.cells):
        name, own = label(cell), tags(cell)
        if "raises-exception" in own:
            found.append(f"{name}: tag 'raises-exception'; catch the error and print its code instead")
        found += [f"{name}: unknown tag '{tag}'" for tag in own if tag not in TAGS | {"raises-exception"}]
        begins, ends = cell.source.count(BEGIN), cell.source.count(END)
        if begins != ends or (begins and cell.source.index(BEGIN) > cell.source.index(END)):
            found.append(f"{name}: BEGIN SOLUTION and END SOLUTION do not match")
        elif "exercise" in own and begins != 1:
            found.append(f"{name}: an exercise has one solution region, not {begins}")
        elif "exercise" not in own and begins:
            found.append(f"{name}: a solution region outside an exercise")
        elif "exercise" in own and not solution_of(cell.source).strip():
            found.append(f"{name}: the solution region is empty")
        elif cell.cell_type == "code":
            found += _code(cell)
        elif formula := _MATH.search(_CODE.sub("", cell.source)):
            found.append(f"{name}: JupyterLab draws '{formula[0]}' as a formula; write 'dollars'")
        if "volatile" in own:
            found += _volatile(nb, index)
    return found


def _code(cell: NotebookNode) -> list[str]:
    name, own = label(cell), tags(cell)
    found = []
    if parse(cell.source) is None:
        return [f"{name}: the code is not valid Python"]
    if re.search(r"\btime\.sleep\(|\bfrom time import [^\n]*\bsleep\b", with_solution(cell.source, "...")):
        found.append(f"{name}: time.sleep in given code; use wait_until or a waiter")
    if "check" in own:
        checks = check_names(cell.source)
        if len(checks) != 1:
            found.append(f'{name}: a check cell has one `with check("…")`, not {len(checks)}')
        if "assert " not in cell.source and "wait_until(" not in cell.source:
            found.append(f"{name}: the check asserts nothing")
        if "hint=" not in cell.source:
            found.append(f"{name}: the check has no hint")
    elif check_names(cell.source):
        found.append(f"{name}: a check in a cell that is not tagged 'check'")
    if "exercise" in own:
        found += _wrong_answers(cell)
    return found


def _wrong_answers(cell: NotebookNode) -> list[str]:
    name = label(cell)
    stored: Any = cell.metadata.get("dva", {}).get("wrong_answers", [])
    if not isinstance(stored, list):
        return [f"{name}: wrong_answers is not a list"]
    found = []
    for number, answer in enumerate(stored, 1):
        said = f"{name}: wrong answer {number}"
        fields = set(answer) if isinstance(answer, dict) else set()
        if fields != {"why", "code"} or not all(isinstance(v, str) and v.strip() for v in answer.values()):
            found.append(f"{said} needs 'why' and 'code', both text")
        elif parse(with_solution(cell.source, answer["code"])) is None:
            found.append(f"{said} is not valid Python")
        elif answer["code"].strip() == _dedent(solution_of(cell.source)):
            found.append(f"{said} is the solution")
    return found


def _dedent(text: str) -> str:
    import textwrap

    return textwrap.dedent(text).strip()


def _volatile(nb: NotebookNode, index: int) -> list[str]:
    cell = nb.cells[index]
    found = []
    if not str(cell.metadata.get("dva", {}).get("volatile_reason", "")).strip():
        found.append(f"{label(cell)}: tag 'volatile' without metadata dva.volatile_reason")
    following = []
    for later in nb.cells[index:]:
        if later.cell_type == "markdown" and later.source.startswith("## ") and later is not cell:
            break
        following.append(later)
    if not any(is_code(c) and (is_code(c, "check") or "assert " in c.source) for c in following):
        found.append(f"{label(cell)}: tag 'volatile', but no assertion or check follows in its task")
    return found


def _tasks(nb: NotebookNode) -> list[str]:
    found = []
    numbers: list[int] = []
    open_exercise: NotebookNode | None = None
    waiting = False
    exercises = 0
    for cell in [*nb.cells, None]:
        heading = None
        if cell is not None and cell.cell_type == "markdown":
            heading = re.match(r"## (Task (\d+): \S|\S)", cell.source)
        if cell is None or heading:
            if numbers and exercises != 1 and (cell is None or numbers):
                found.append(f"Task {numbers[-1]} has {exercises} exercises; it must have one")
            if waiting and open_exercise is not None:
                found.append(f"{label(open_exercise)}: an exercise without a check")
            waiting, exercises = False, 0
            if heading and heading.group(2):
                numbers.append(int(heading.group(2)))
            elif numbers:
                break
        elif is_code(cell, "exercise"):
            if waiting and open_exercise is not None:
                found.append(f"{label(open_exercise)}: an exercise without a check")
            open_exercise, waiting = cell, True
            exercises += 1
        elif is_code(cell, "check"):
            if not waiting:
                found.append(f"{label(cell)}: a check that follows no exercise")
            waiting = False
    if not numbers:
        found.append("there is no '## Task 1: …'")
    elif numbers != list(range(1, len(numbers) + 1)):
        found.append(f"tasks are numbered {', '.join(map(str, numbers))}")
    names = [name for cell in nb.cells if is_code(cell, "check") for name in check_names(cell.source)]
    found += [f"{n} checks are called '{name}'" for name, n in Counter(names).items() if n > 1]
    return found


def _closing(nb: NotebookNode) -> list[str]:
    found = []
    last_check = max((i for i, cell in enumerate(nb.cells) if is_code(cell, "check")), default=-1)
    text = "\n".join(cell.source for cell in nb.cells[last_check + 1 :] if cell.cell_type == "markdown")
    places = [re.search(rf"^{re.escape(heading)}\s*$", text, re.MULTILINE) for heading in CLOSING]
    found += [f"'{h}' is missing after the last check" for h, place in zip(CLOSING, places, strict=True) if not place]
    starts = [place.start() for place in places if place]
    if starts != sorted(starts):
        found.append(f"the closing sections are not in the order {', '.join(CLOSING)}")
    code = [cell for cell in nb.cells if cell.cell_type == "code"]
    if not code or "cleanup" not in tags(code[-1]):
        found.append("the last code cell is not tagged 'cleanup'")
    elif "lab.cleanup()" not in code[-1].source:
        found.append(f"{label(code[-1])}: the last code cell does not call lab.cleanup()")
    return found
