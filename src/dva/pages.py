"""The book's Markdown pages: their front matter and their headings, read without building the book."""

import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

from dva.paths import ROOT

FRONT = re.compile(r"\A---\n(.*?)\n---\n", re.DOTALL)
FENCE = re.compile(r"^\s*(`{3,}|:{3,}|~{3,})")
HEADING = re.compile(r"^(#{1,4}) +(.+?)\s*#*$")
"""Levels 1 to 4 get an anchor: ``myst_heading_anchors`` in ``_config.yml``."""


@dataclass(frozen=True)
class Page:
    """A page below ``chapters/``; ``name`` is its path there, without ``.md``."""

    name: str
    path: Path

    @cached_property
    def text(self) -> str:
        """The whole file."""
        return self.path.read_text("utf-8")

    @cached_property
    def front(self) -> dict[str, Any]:
        """The front matter; empty if there is none."""
        match = FRONT.match(self.text)
        return (yaml.safe_load(match[1]) or {}) if match else {}

    @property
    def title(self) -> str:
        """The first heading, or the front matter's title."""
        return next(iter(self.headings().values()), None) or str(self.front.get("title", self.name))

    def headings(self) -> dict[str, str]:
        """Return the headings by anchor, in order. Code and directives have none."""
        found: dict[str, str] = {}
        fence = ""
        for line in FRONT.sub("", self.text).splitlines():
            if fence:
                if line.strip().startswith(fence) and not line.strip().strip(fence[0]):
                    fence = ""
            elif mark := FENCE.match(line):
                fence = mark[1]
            elif heading := HEADING.match(line):
                anchor = plain = slug(heading[2])
                number = 0
                while anchor in found:
                    number += 1
                    anchor = f"{plain}-{number}"
                found[anchor] = re.sub(r"[`*]", "", heading[2])
        return found


def slug(heading: str) -> str:
    """Return the anchor that MyST gives a heading, which is GitHub's way."""
    text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading)
    return re.sub(r"[^\w\- ]", "", text.strip().lower()).replace(" ", "-")


def pages(root: Path = ROOT) -> list[Page]:
    """Return every Markdown page below ``chapters/``, by name.

    :param root: the checkout
    """
    folder = root / "chapters"
    return [
        Page(path.relative_to(folder).with_suffix("").as_posix(), path)
        for path in sorted(folder.rglob("*.md"))
        if not any(part.startswith("_") for part in path.relative_to(folder).parts)
    ]
