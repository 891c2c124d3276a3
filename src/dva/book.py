"""The book's own Sphinx extension, and `python -m dva.book` for its authors.

It turns mermaid fences into committed pictures (see `dva.diagrams`), puts the skills that a chapter declares in its
front matter under its title, and keeps every page free of addresses outside the book.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective

from dva import accessible, bookpages, diagrams, labpages, quizpages

log = logging.getLogger(__name__)

WIDE = 840
"""Pixels from which a diagram shrinks visibly in the book's column, which is about 690 wide on a laptop."""

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
                classes=[f"only-{mode}", "no-scaled-link"],
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
        skills = json.loads(skills)
    line = nodes.paragraph(classes=["skills"])
    for exam, ids in skills.items():
        line += nodes.inline("", "", nodes.strong("", exam), nodes.Text(" " + " · ".join(ids)), classes=["exam"])
    section.insert(1, line)


def _without_thebe(app: Sphinx, _config: Config) -> None:
    """Jupyter Book always loads sphinx-thebe, whose scripts name a CDN on every page; nothing here uses it."""
    for listeners in app.events.listeners.values():
        listeners[:] = [one for one in listeners if not one.handler.__module__.startswith("sphinx_thebe")]
    sheets = app.registry.css_files
    sheets[:] = [sheet for sheet in sheets if sheet[0] != "sphinx-thebe.css"]


def _fingerprint(app: Sphinx) -> str:
    """A hash of the code, scripts, sheets and templates that pages are made with.

    Sphinx notices changed pages alone: with this as the environment's version it builds all pages again.
    """
    folders = [Path(__file__).parent, *(Path(app.srcdir) / "chapters" / name for name in ("_static", "_templates"))]
    found = hashlib.sha256()
    for folder in folders:
        for path in sorted(folder.rglob("*.*")):
            if path.is_file() and path.suffix != ".pyc":
                found.update(path.read_bytes())
    return found.hexdigest()


def setup(app: Sphinx) -> dict[str, Any]:
    """What Sphinx calls to load the extension."""
    app.connect("config-inited", _without_thebe, priority=1)
    app.add_directive("mermaid", Mermaid)
    app.connect("doctree-read", _skills_line, priority=900)
    labpages.connect(app)
    accessible.connect(app)
    bookpages.connect(app)
    quizpages.connect(app)
    app.add_css_file("course.css")
    app.add_css_file("print.css", media="print", priority=900)
    return {"version": "1", "env_version": _fingerprint(app), "parallel_read_safe": True, "parallel_write_safe": True}


def _diagrams(root: Path) -> int:
    """Draw what is missing, delete what is unused, and say so."""
    try:
        drawn, deleted = diagrams.draw(root)
    except (FileNotFoundError, ValueError) as error:
        print(error, file=sys.stderr)
        return 1
    for diagram in drawn:
        width, _ = diagrams.size_of(diagrams.files_of(diagram.source, root)["light"])
        note = f"  {width} px wide: its text will be small, stack it or shorten it" if width > WIDE else ""
        print(f"drawn    {diagram.key}  {diagram.place}{note}")
    for file in deleted:
        print(f"deleted  {file.relative_to(root)}")
    if not drawn and not deleted:
        print("Every diagram has its pictures.")
    return 0


def main(arguments: list[str] | None = None) -> int:
    """`python -m dva.book diagrams|pictures [ROOT]`: draw or photograph. Returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m dva.book", description="For authors of the book.")
    parser.add_argument(
        "command", choices=["diagrams", "pictures"], help="draw changed diagrams, or photograph a lab anew"
    )
    parser.add_argument("root", nargs="?", type=Path, default=Path("."), help="the project (default: this folder)")
    options = parser.parse_args(arguments)
    root = options.root.resolve()
    if not (root / "_toc.yml").is_file():
        print(f"{root} has no _toc.yml: run this from the root of the project.", file=sys.stderr)
        return 2
    if options.command == "pictures":
        from dva import pictures

        for file in pictures.take(root):
            print(f"taken    {file.relative_to(root)}  {file.stat().st_size // 1000} KB")
        return 0
    return _diagrams(root)


if __name__ == "__main__":
    sys.exit(main())
