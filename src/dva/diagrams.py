"""Diagrams: mermaid text in chapters and notebooks, drawn once as SVG and committed.

The text is the source: GitHub and JupyterLab draw it themselves. The book shows two committed files for each,
`chapters/_diagrams/<key>.light.svg` and `<key>.dark.svg`, so that building it needs neither Node nor a browser
and its pages need no JavaScript. The key is a hash of the text, the theme and mermaid's version, so a diagram
that was changed has no picture until it is drawn again.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from markdown_it import MarkdownIt

from dva.browser import open_browser

FOLDER = Path("chapters/_diagrams")
"""Where the pictures are committed, from the root of the project."""

MERMAID = "11.17.2"
"""Version of the npm package `mermaid`; JupyterLab 4.6 draws with the same major version."""

FONT = '"Helvetica Neue", Helvetica, Arial, "Liberation Sans", sans-serif'
"""Fonts of equal widths, one of which nearly every system has: the text fits its box everywhere."""

_PALETTES: dict[str, dict[str, str]] = {
    "light": {
        "ink": "#17222e",
        "fill": "#eaf3fa",
        "border": "#2b6a99",
        "line": "#4b5d6e",
        "panel": "#f5f7f9",
        "panel_border": "#b9c6d2",
        "label": "#ffffff",
        "note": "#fdf3d8",
        "note_border": "#a8741a",
        "good": "#e3f4e8",
        "good_border": "#25794a",
        "bad": "#fbe7e5",
        "bad_border": "#b3372b",
    },
    "dark": {
        "ink": "#e8eef4",
        "fill": "#1d3244",
        "border": "#6fb3e0",
        "line": "#a3b5c6",
        "panel": "#1a232c",
        "panel_border": "#46596a",
        "label": "#121212",
        "note": "#3b3016",
        "note_border": "#d8a748",
        "good": "#16382a",
        "good_border": "#5fc98c",
        "bad": "#43201d",
        "bad_border": "#f08b80",
    },
}

MODES = tuple(_PALETTES)


def _config(mode: str) -> dict[str, Any]:
    """Mermaid's configuration for `mode` ("light" or "dark"). Labels are SVG text, so they show in an `<img>`."""
    p = _PALETTES[mode]
    fixed = {"useMaxWidth": False}
    css = ".edgeLabel rect, .labelBkg { opacity: 1 !important; }" + "".join(
        f".node.{name} > * {{ fill: {p[name]} !important; stroke: {p[name + '_border']} !important; }}"
        f".node.{name} .label, .node.{name} .label > * {{ fill: {p['ink']} !important; stroke: none !important; }}"
        for name in ("good", "bad", "note")
    )
    return {
        "startOnLoad": False,
        "securityLevel": "strict",
        "theme": "base",
        "htmlLabels": False,
        "fontFamily": FONT,
        "fontSize": 16,
        "deterministicIds": True,
        "deterministicIDSeed": "dva",
        "themeCSS": css,
        "flowchart": {"htmlLabels": False, "padding": 10, "nodeSpacing": 32, "rankSpacing": 38, **fixed},
        "sequence": {
            "mirrorActors": False,
            "actorMargin": 30,
            "width": 130,
            "actorFontFamily": FONT,
            "messageFontFamily": FONT,
            **fixed,
        },
        "class": {"htmlLabels": False, **fixed},
        **dict.fromkeys(("state", "er", "gantt", "timeline", "journey", "pie", "quadrantChart", "block"), fixed),
        "themeVariables": {
            "darkMode": mode == "dark",
            "background": p["label"],
            "fontFamily": FONT,
            "fontSize": "16px",
            "primaryColor": p["fill"],
            "primaryTextColor": p["ink"],
            "primaryBorderColor": p["border"],
            "secondaryColor": p["panel"],
            "secondaryTextColor": p["ink"],
            "secondaryBorderColor": p["panel_border"],
            "tertiaryColor": p["panel"],
            "tertiaryTextColor": p["ink"],
            "tertiaryBorderColor": p["panel_border"],
            "lineColor": p["line"],
            "textColor": p["ink"],
            "titleColor": p["ink"],
            "clusterBkg": p["panel"],
            "clusterBorder": p["panel_border"],
            "edgeLabelBackground": p["label"],
            "labelBackgroundColor": p["label"],
            "noteBkgColor": p["note"],
            "noteBorderColor": p["note_border"],
            "noteTextColor": p["ink"],
            "actorLineColor": p["panel_border"],
            "signalColor": p["line"],
            "signalTextColor": p["ink"],
            "labelTextColor": p["ink"],
            "loopTextColor": p["ink"],
            "activationBkgColor": p["fill"],
            "activationBorderColor": p["border"],
            "sequenceNumberColor": p["label"],
        },
    }


@dataclass(frozen=True)
class Diagram:
    """One mermaid fence: where it stands and what it says."""

    path: Path
    line: int
    source: str

    @property
    def key(self) -> str:
        """What its files are named by."""
        return key_of(self.source)

    @property
    def place(self) -> str:
        """Where to find it, as `file:line`."""
        return f"{self.path}:{self.line}"


def normalize(source: str) -> str:
    """The text without what does not matter: blank ends and trailing spaces."""
    return "\n".join(line.rstrip() for line in source.strip().splitlines())


def key_of(source: str) -> str:
    """16 hexadecimal digits for a diagram's text, the theme it is drawn in and mermaid's version."""
    style = json.dumps([MERMAID, {mode: _config(mode) for mode in MODES}], sort_keys=True)
    return hashlib.sha256(f"{style}\n{normalize(source)}".encode()).hexdigest()[:16]


def files_of(source: str, root: Path) -> dict[str, Path]:
    """The picture for each mode, whether it exists or not."""
    key = key_of(source)
    return {mode: root / FOLDER / f"{key}.{mode}.svg" for mode in MODES}


def size_of(file: Path) -> tuple[int, int]:
    """Width and height of a committed picture in CSS pixels."""
    head = file.read_text(encoding="utf-8")[:2000].split(">", 1)[0]
    width, height = (re.search(rf'\b{name}="(\d+)"', head) for name in ("width", "height"))
    if width is None or height is None:
        raise ValueError(f"{file} has no width and height: delete it and draw it again")
    return int(width[1]), int(height[1])


def alt_text(source: str) -> str:
    """What a screen reader says: mermaid's own `accTitle:` and `accDescr:` lines, or "" where there are none."""
    parts = []
    title = re.search(r"^\s*accTitle\s*:\s*(.+)$", source, re.M)
    if title:
        parts.append(title[1].strip().rstrip(".") + ".")
    described = re.search(r"^\s*accDescr\s*:\s*(.+)$", source, re.M) or re.search(
        r"^\s*accDescr\s*\{(.*?)\}", source, re.M | re.S
    )
    if described:
        parts.append(" ".join(described[1].split()))
    return " ".join(parts)


def lint(source: str) -> list[str]:
    """What is wrong with a diagram's text, a sentence each."""
    faults = []
    if not alt_text(source):
        faults.append("it has no alt text: add a line `accTitle: ...` or `accDescr: ...` below the first line")
    if re.search(r"^\s*(classDef|style|linkStyle)\b|^\s*%%\{\s*init", source, re.M) or source.strip().startswith("---"):
        faults.append(
            "it sets its own colors, which one of light and dark mode will not suit: "
            "leave classDef, style, linkStyle, front matter and %%{init}%% out; "
            "mark nodes with :::good, :::bad or :::note"
        )
    return faults


def _fences(text: str, first_line: int = 1) -> Iterator[tuple[int, str]]:
    for token in MarkdownIt("commonmark").enable("table").parse(text):
        if token.type != "fence" or token.map is None:
            continue
        info = token.info.strip()
        line = first_line + token.map[0]
        if info in ("mermaid", "{mermaid}"):
            yield line, normalize(token.content)
        elif info.startswith("{") and not info.startswith(("{code", "{literalinclude")):
            yield from _fences(token.content, line + 1)


def _texts(path: Path) -> Iterator[str]:
    if path.suffix == ".md":
        yield path.read_text(encoding="utf-8")
        return
    for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
        if cell["cell_type"] == "markdown":
            yield "".join(cell["source"])


def find_diagrams(root: Path) -> list[Diagram]:
    """Every mermaid fence in the book: `chapters/**/*.md`, `solutions/**/*.ipynb` and `labs/**/*.ipynb`.

    In a notebook the line counts from the start of its cell.
    """
    paths = [
        *sorted((root / "chapters").rglob("*.md")),
        *sorted((root / "solutions").rglob("*.ipynb")),
        *sorted((root / "labs").rglob("*.ipynb")),
    ]
    return [
        Diagram(path.relative_to(root), line, source)
        for path in paths
        if ".ipynb_checkpoints" not in path.parts
        for text in _texts(path)
        for line, source in _fences(text)
    ]


def missing(diagrams: Iterable[Diagram], root: Path) -> list[Diagram]:
    """The diagrams that lack a picture, one for each key."""
    found = {d.key: d for d in diagrams if not all(f.is_file() for f in files_of(d.source, root).values())}
    return list(found.values())


def orphans(diagrams: Iterable[Diagram], root: Path) -> list[Path]:
    """Committed pictures that no diagram uses."""
    used = {file for d in diagrams for file in files_of(d.source, root).values()}
    return sorted(file for file in (root / FOLDER).glob("*.svg") if file not in used)


def _mermaid_script(cache: Path) -> Path:
    """Mermaid's browser bundle, fetched once by npm into `cache`."""
    script = cache / f"mermaid-{MERMAID}.min.js"
    if script.is_file():
        return script
    npm = shutil.which("npm")
    if npm is None:
        raise FileNotFoundError(
            "npm was not found: drawing diagrams needs Node once, to fetch mermaid. Reading does not."
        )
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(
            [npm, "pack", "--silent", f"mermaid@{MERMAID}"], cwd=folder, check=True, stdout=subprocess.DEVNULL
        )
        shutil.unpack_archive(next(Path(folder).glob("*.tgz")), folder, format="gztar", filter="data")
        cache.mkdir(parents=True, exist_ok=True)
        shutil.copy(Path(folder) / "package/dist/mermaid.min.js", script)
    return script


_DRAW = """
async ([source, config, id]) => {
  mermaid.initialize(config);
  const { svg } = await mermaid.render(id, source);
  const holder = document.createElement("div");
  holder.innerHTML = svg;
  const root = holder.querySelector("svg");
  if (root.querySelector("foreignObject")) throw new Error("a label is HTML, which an <img> does not show");
  const box = root.viewBox.baseVal;
  root.setAttribute("width", Math.ceil(box.width));
  root.setAttribute("height", Math.ceil(box.height));
  root.removeAttribute("style");
  return new XMLSerializer().serializeToString(root);
}
"""


def draw(root: Path) -> tuple[list[Diagram], list[Path]]:
    """Draw the diagrams that lack a picture and delete the pictures that lost their diagram.

    Needs Chromium, and npm the first time. Nothing is fetched or started when nothing is missing.

    Returns:
        The diagrams that were drawn and the files that were deleted.

    Raises:
        FileNotFoundError: Chromium or npm is missing; the message says so.
        ValueError: mermaid refuses a diagram, or `lint` does; the message names file and line.
    """
    diagrams = find_diagrams(root)
    faults = [f"{d.place}: {fault}" for d in diagrams for fault in lint(d.source)]
    todo = [d for d in missing(diagrams, root) if not lint(d.source)]
    drawn = []
    if todo:
        script = _mermaid_script(root / ".dva/tools")
        (root / FOLDER).mkdir(parents=True, exist_ok=True)
        with open_browser() as browser:
            page = browser.new_page()
            page.set_content("<!doctype html><meta charset='utf-8'><body></body>")
            page.add_script_tag(path=script)
            for diagram in todo:
                try:
                    svgs = {
                        mode: page.evaluate(_DRAW, [diagram.source, _config(mode), f"d{diagram.key}"]) for mode in MODES
                    }
                except Exception as error:
                    faults.append(f"{diagram.place}: mermaid says: {str(error).splitlines()[0]}")
                    continue
                for mode, file in files_of(diagram.source, root).items():
                    file.write_text(svgs[mode] + "\n", encoding="utf-8")
                drawn.append(diagram)
    unused = orphans(diagrams, root)
    for file in unused:
        file.unlink()
    if faults:
        raise ValueError("\n".join(faults))
    return drawn, unused
