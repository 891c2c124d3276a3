"""Tiny notebooks for tests of the tooling, built in code."""

import nbformat
from nbformat import NotebookNode


def code(name: str, source: str, *tags: str, **metadata: object) -> NotebookNode:
    """Return a code cell."""
    return nbformat.v4.new_code_cell(source, id=name, metadata={"tags": list(tags), **metadata})


def exercise(name: str, solution: str, before: str = "", **metadata: object) -> NotebookNode:
    """Return an exercise cell whose solution region is ``solution``."""
    region = f"### BEGIN SOLUTION\n{solution}\n### END SOLUTION"
    return code(name, f"{before}\n{region}".lstrip("\n"), "exercise", **metadata)


def check(name: str, assertion: str, hint: str = "think again") -> NotebookNode:
    """Return a check cell called ``name`` that asserts ``assertion``."""
    return code(name.replace(" ", "-"), f'with check("{name}", hint="{hint}"):\n    assert {assertion}', "check")


def notebook(*cells: NotebookNode) -> NotebookNode:
    """Return a notebook of ``cells`` after a parameters cell and a setup cell."""
    start = [
        code("parameters", 'run = "mine"', "parameters"),
        code("setup", "import time\nfrom dva import check, wait_until\nstate = {}", "setup"),
    ]
    return nbformat.v4.new_notebook(cells=[*start, *cells])
