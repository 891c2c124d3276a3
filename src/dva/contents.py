"""The book's order: what `_toc.yml` says."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from dva.paths import ROOT


@dataclass(frozen=True)
class Entry:
    """A page of the book.

    ``name`` is its path without suffix, ``title`` what the table of contents calls it (empty: as the page does),
    ``part`` the caption above it, ``depth`` 0 for a chapter and 1 and more for what stands below one.
    """

    name: str
    title: str
    part: str
    depth: int


def entries(root: Path = ROOT) -> list[Entry]:
    """Return every page in reading order; the first is the landing page.

    :param root: the checkout
    """
    toc = yaml.safe_load((root / "_toc.yml").read_text("utf-8"))
    found = [Entry(toc["root"], "", "", 0)]
    for part in toc.get("parts", [toc]):
        found += _below(part, part.get("caption", ""), 0)
    return found


def _below(entry: dict[str, Any], part: str, depth: int) -> Iterator[Entry]:
    for key in ("chapters", "sections"):
        for child in entry.get(key, []):
            yield Entry(child["file"], child.get("title", ""), part, depth)
            yield from _below(child, part, depth + 1)
