"""Diagrams: each text has its pictures, and nothing else is committed. No browser is needed."""

from pathlib import Path
from xml.etree import ElementTree

import nbformat
import pytest

from dva import diagrams

ROOT = Path(__file__).parents[2]
FLOW = "flowchart LR\n  accTitle: One\n  accDescr: A leads to B\n  A --> B"


def test_there_are_diagrams_to_look_at() -> None:
    assert len({d.key for d in diagrams.find_diagrams(ROOT)}) >= 6


def test_every_diagram_has_its_pictures() -> None:
    lacking = [d.place for d in diagrams.missing(diagrams.find_diagrams(ROOT), ROOT)]
    assert not lacking, f"run `python -m dva.book diagrams` and commit {diagrams.FOLDER}: {lacking}"


def test_no_picture_lost_its_diagram() -> None:
    unused = [file.name for file in diagrams.orphans(diagrams.find_diagrams(ROOT), ROOT)]
    assert not unused, f"run `python -m dva.book diagrams` and commit {diagrams.FOLDER}: {unused}"


def test_every_diagram_has_alt_text_and_no_colors_of_its_own() -> None:
    faults = [f"{d.place}: {fault}" for d in diagrams.find_diagrams(ROOT) for fault in diagrams.lint(d.source)]
    assert not faults


def test_pictures_show_in_an_image_element() -> None:
    """HTML inside SVG, scripts and addresses are dropped or blocked there; a size avoids a jumping page."""
    for file in sorted((ROOT / diagrams.FOLDER).glob("*.svg")):
        text = file.read_text("utf-8")
        tree = ElementTree.fromstring(text)
        names = {element.tag.rpartition("}")[2] for element in tree.iter()}
        assert not names & {"foreignObject", "script", "image"}, file.name
        assert "text" in names, file.name
        assert "url(http" not in text, file.name
        assert "@import" not in text, file.name
        assert min(diagrams.size_of(file)) > 20, file.name


@pytest.mark.parametrize(
    ("source", "alt"),
    [
        (FLOW, "One. A leads to B"),
        ("flowchart LR\n accTitle: Only a title", "Only a title."),
        ("flowchart LR\n accDescr {\n  Two\n  lines\n }\n A --> B", "Two lines"),
        ("flowchart LR\n A --> B", ""),
    ],
)
def test_alt_text(source: str, alt: str) -> None:
    assert diagrams.alt_text(source) == alt


@pytest.mark.parametrize(
    "line", ["classDef hot fill:#f00", "style A fill:#f00", "linkStyle 0 stroke:red", "%%{init: {'theme': 'dark'}}%%"]
)
def test_lint_refuses_colors(line: str) -> None:
    assert diagrams.lint(FLOW) == []
    assert len(diagrams.lint(f"{FLOW}\n  {line}")) == 1


def test_lint_wants_alt_text() -> None:
    assert "alt text" in diagrams.lint("flowchart LR\n A --> B")[0]


def test_key_follows_the_text_but_not_blank_ends() -> None:
    assert diagrams.key_of(FLOW) == diagrams.key_of(f"\n{FLOW}  \n\n")
    assert diagrams.key_of(FLOW) != diagrams.key_of(FLOW.replace("A --> B", "B --> A"))


def test_finds_fences_in_pages_and_notebooks(tmp_path: Path) -> None:
    (tmp_path / "chapters").mkdir()
    (tmp_path / "chapters/a.md").write_text(
        f"# A\n\n```mermaid\n{FLOW}\n```\n\n````{{note}}\n```mermaid\n{FLOW}\n  B --> C\n```\n````\n\n"
        f"`````md\n```mermaid\nnot a diagram\n```\n`````\n\n:::{{tip}}\n```{{mermaid}}\n{FLOW}\n  C --> D\n```\n:::\n"
    )
    (tmp_path / "solutions").mkdir()
    cells = [nbformat.v4.new_code_cell("x = 1"), nbformat.v4.new_markdown_cell(f"# L\n```mermaid\n{FLOW}\n```")]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), tmp_path / "solutions/l.ipynb")

    found = diagrams.find_diagrams(tmp_path)

    assert [(d.path.name, d.line) for d in found] == [("a.md", 3), ("a.md", 11), ("a.md", 27), ("l.ipynb", 2)]
    assert found[0].key == found[3].key
    assert len(diagrams.missing(found, tmp_path)) == 3


def test_draw_deletes_orphans_and_names_a_bad_diagram(tmp_path: Path) -> None:
    """Neither needs a browser, because nothing is left to draw."""
    (tmp_path / "chapters/_diagrams").mkdir(parents=True)
    orphan = tmp_path / "chapters/_diagrams/0123456789abcdef.light.svg"
    orphan.write_text("<svg/>")
    (tmp_path / "chapters/a.md").write_text("```mermaid\nflowchart LR\n A --> B\n```\n")
    with pytest.raises(ValueError, match=r"chapters/a\.md:1: it has no alt text"):
        diagrams.draw(tmp_path)
    assert not orphan.exists()
