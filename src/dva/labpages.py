"""Labs in the book: how to run one, its solution out of the way, its plumbing folded, and a card in its chapter.

The notebooks stay as they are; all this is added while Sphinx reads them.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx

FOLDED = {"parameters": "Show the parameters", "setup": "Show the setup"}
"""Tags of cells that are folded on a page, with what opens them."""

SERVICES = {
    "dynamodb": "DynamoDB",
    "lambda": "Lambda",
    "logs": "CloudWatch Logs",
    "cloudwatch": "CloudWatch",
    "iam": "IAM",
    "s3": "S3",
    "sqs": "SQS",
    "sns": "SNS",
}
"""How AWS writes the services that boto3 names in lowercase; others are shown as boto3 names them."""

NEIGHBOR = re.compile(r"\]\(([\w-]+\.ipynb)\)")
"""A lab's link to another lab of its folder."""

DOCKER = "docker compose -f docker/compose.yaml up --detach --wait\nDVA_ENDPOINT=http://127.0.0.1:4566 make lab"
"""How the labs run on an emulator in Docker."""


def fold_plumbing(notebook: dict[str, Any]) -> dict[str, Any]:
    """Tag the cells that a reader can skip, so that myst-nb folds them.

    :param notebook: as JSON has it; changed in place
    :return: the same
    """
    for cell in notebook["cells"]:
        metadata = cell["metadata"]
        tag = next((tag for tag in FOLDED if tag in metadata.get("tags", [])), None)
        if tag is not None:
            metadata["tags"] = [*metadata["tags"], "hide-input"]
            metadata["mystnb"] = {"code_prompt_show": FOLDED[tag], "code_prompt_hide": "Hide"}
    return notebook


def named_solution(notebook: dict[str, Any]) -> dict[str, Any]:
    """Let a solution's title say that it is one: in search results the lab has the same.

    :param notebook: as JSON has it; changed in place
    :return: the same
    """
    first = notebook["cells"][0]
    text = "".join(first["source"])
    first["source"] = re.sub(r"\A# ", "# Solution: ", text)
    return notebook


def linked_to_labs(notebook: dict[str, Any], docname: str) -> dict[str, Any]:
    """Let a solution's links to neighbors lead to their labs: beside it are only solutions.

    :param notebook: as JSON has it; changed in place
    :param docname: the solution's page
    :return: the same
    """
    folder = docname.split("/")[1]
    for cell in notebook["cells"]:
        if cell["cell_type"] == "markdown":
            cell["source"] = NEIGHBOR.sub(rf"](../../labs/{folder}/\1)", "".join(cell["source"]))
    return notebook


def facts_of(notebook: dict[str, Any]) -> str:
    """Return what a card says about a lab: `45 minutes · intermediate · S3 · 8 tasks`."""
    about = notebook["metadata"]["dva"]
    tasks = sum("exercise" in cell["metadata"].get("tags", []) for cell in notebook["cells"])
    services = ", ".join(SERVICES.get(name, name) for name in about["services"])
    return f"{about['minutes']} minutes · {about['level']} · {services} · {tasks} tasks"


def _on_source(_app: Sphinx, docname: str, source: list[str]) -> None:
    if docname.startswith(("labs/", "solutions/")):
        notebook = fold_plumbing(json.loads(source[0]))
        if docname.startswith("solutions/"):
            notebook = linked_to_labs(named_solution(notebook), docname)
        source[0] = json.dumps(notebook)


def _to(docname: str, text: str) -> addnodes.pending_xref:
    """Return a link to a page of the book."""
    link = addnodes.pending_xref("", refdomain="std", reftype="doc", reftarget=f"/{docname}", refexplicit=True)
    link["refwarn"] = True
    link += nodes.inline("", text, classes=["doc"])
    return link


def _line(*parts: str | nodes.Node, classes: tuple[str, ...] = ()) -> nodes.paragraph:
    """Return a paragraph of texts and nodes."""
    return nodes.paragraph(
        "", "", *(nodes.Text(part) if isinstance(part, str) else part for part in parts), classes=list(classes)
    )


def _code(text: str) -> nodes.literal:
    return nodes.literal(text, text)


def _item(*parts: str | nodes.Node) -> nodes.list_item:
    return nodes.list_item("", _line(*parts))


def _run_box(docname: str) -> list[nodes.Node]:
    """Return the box at the top of a lab, and below it the way to its solution."""
    place = docname.removeprefix("labs/")
    box = nodes.container(classes=["run-it"])
    box += _line(nodes.strong("", "Run this lab"), classes=("run-it-title",))
    box += nodes.enumerated_list(
        "",
        _item("In the course's folder run ", _code("make lab"), ". It starts the emulator and opens JupyterLab."),
        _item("Open ", _code(f"{place}.ipynb"), " there. Your copy is ", _code(f"work/{place}.ipynb"), "."),
    )
    box += _line("Nothing installed yet? ", _to("chapters/start/setup", "Set up"), ".")
    box += nodes.raw("", "<details><summary>With the emulator in Docker</summary>", format="html")
    box += nodes.literal_block(DOCKER, DOCKER, language="sh")
    box += nodes.raw("", "</details>", format="html")
    return [
        box,
        nodes.raw("", '<details class="stuck"><summary>Stuck? The solution with its outputs</summary>', format="html"),
        _line(
            "Run your check once more and read its hint first. Then: ",
            _to(f"solutions/{place}", "the finished notebook"),
            ".",
        ),
        nodes.raw("", "</details>", format="html"),
    ]


def _solution_note(docname: str) -> list[nodes.Node]:
    """Return the note at the top of a solution."""
    note = nodes.container(classes=["run-it"])
    note += _line(nodes.strong("", "This is the solution"), classes=("run-it-title",))
    note += _line(
        "The finished notebook, with the outputs of a real run. You learn more if you try ",
        _to(docname.replace("solutions/", "labs/", 1), "the lab"),
        " first.",
    )
    return [note]


def _card(app: Sphinx, lab: str) -> nodes.container | None:
    """Return the card of a chapter's lab, or None where its notebook is missing (the link check tells)."""
    path = Path(app.srcdir) / f"labs/{lab}.ipynb"
    app.env.note_dependency(str(path))
    if not path.is_file():
        return None
    notebook = json.loads(path.read_text(encoding="utf-8"))
    card = nodes.container(classes=["lab-card"])
    card += _line(_to(f"labs/{lab}", notebook["metadata"]["dva"]["title"]), classes=("lab-card-title",))
    card += _line(facts_of(notebook), classes=("lab-card-facts",))
    return card


def _after_its_link(doctree: nodes.document, section: nodes.section, lab: str, card: nodes.container) -> None:
    """Put the card after the last paragraph of the chapter that links to the lab, else at its end."""
    links = [one for one in doctree.findall(addnodes.pending_xref) if f"labs/{lab}" in one.get("reftarget", "")]
    place: nodes.Element | None = links[-1] if links else None
    while place is not None and not isinstance(place.parent, nodes.section):
        place = place.parent
    if place is None or place.parent is None:
        section += card
    else:
        place.parent.insert(place.parent.index(place) + 1, card)


def _on_doctree(app: Sphinx, doctree: nodes.document) -> None:
    docname = app.env.docname
    section = next(iter(doctree.findall(nodes.section)), None)
    if section is None:
        return
    if docname.startswith("labs/"):
        section[1:1] = _run_box(docname)
    elif docname.startswith("solutions/"):
        section[1:1] = _solution_note(docname)
    elif lab := app.env.metadata.get(docname, {}).get("lab"):
        card = _card(app, str(lab))
        if card is not None:
            _after_its_link(doctree, section, str(lab), card)


def connect(app: Sphinx) -> None:
    """Add all this to a build of the book."""
    app.connect("source-read", _on_source)
    app.connect("doctree-read", _on_doctree, priority=910)
