"""The book's own Sphinx extension, and `python -m dva.book` for its authors.

It turns mermaid fences into committed pictures (see `dva.diagrams`), puts the skills that a chapter declares in its
front matter under its title, and keeps every page free of addresses outside the book.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective

from dva import diagrams

log = logging.getLogger(__name__)

COMMAND = "`make diagrams` (or `python -m dva.book diagrams`)"


class Mermaid(SphinxDirective):
    """A mermaid fence, shown as the light and the dark picture that were drawn from its text."""

    has_content = True

    def run(self) -> list[nodes.Node]:
        source = "\n".join(self.content)
        root = Path(self.env.srcdir)
        for fault in diagrams.lint(source):
            log.warning("diagram: %s", fault, location=self.get_location(), type="dva", subtype="diagram")
        files = diagrams.files_of(source, root)
        absent = [file.name for file in files.values() if not file.is_file()]
        if absent:
            log.warning(
                "diagram: it has no picture yet, or was changed since (%s): run %s and commit %s/",
                ", ".join(absent),
                COMMAND,
                diagrams.FOLDER,
                location=self.get_location(),
                type="dva",
                subtype="diagram",
            )
            return [nodes.literal_block(source, source)]
        holder = nodes.container(classes=["diagram"])
        for mode, file in files.items():
            width, height = diagrams.size_of(file)
            holder += nodes.image(
                uri=f"/{diagrams.FOLDER}/{file.name}",
                alt=diagrams.alt_text(source),
                classes=[f"only-{mode}"],
                width=f"{width}px",
                height=f"{height}px",
            )
        return [holder]


def _skills_line(app: Sphinx, doctree: nodes.document) -> None:
    """Put the skills of the page's front matter under its title."""
    skills: Any = app.env.metadata.get(app.env.docname, {}).get("skills")
    section = next(iter(doctree.findall(nodes.section)), None)
    if not skills or section is None:
        return
    if isinstance(skills, str):
        import json

        skills = json.loads(skills)
    line = nodes.paragraph(classes=["skills"])
    for exam, ids in skills.items():
        line += nodes.inline("", "", nodes.strong("", exam), nodes.Text(" " + " · ".join(ids)), classes=["exam"])
    section.insert(1, line)


def setup(app: Sphinx) -> dict[str, Any]:
    """What Sphinx calls to load the extension."""
    app.add_directive("mermaid", Mermaid)
    app.connect("doctree-read", _skills_line, priority=900)
    app.add_css_file("course.css")
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}


def main(arguments: list[str]) -> int:
    """`python -m dva.book diagrams [ROOT]`: draw what is missing, delete what is unused. Returns the exit status."""
    if not arguments or arguments[0] != "diagrams" or len(arguments) > 2:
        print("usage: python -m dva.book diagrams [ROOT]", file=sys.stderr)
        return 2
    root = Path(arguments[1] if len(arguments) == 2 else ".").resolve()
    if not (root / "chapters").is_dir():
        print(f"{root} has no chapters/: run this from the root of the project.", file=sys.stderr)
        return 2
    try:
        drawn, deleted = diagrams.draw(root)
    except (FileNotFoundError, ValueError) as error:
        print(error, file=sys.stderr)
        return 1
    for diagram in drawn:
        print(f"drawn    {diagram.key}  {diagram.place}")
    for file in deleted:
        print(f"deleted  {file.relative_to(root)}")
    if not drawn and not deleted:
        print("Every diagram has its pictures.")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
