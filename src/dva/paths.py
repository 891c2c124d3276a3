"""Where the course's files are."""

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
"""The checkout: the folder that holds ``_toc.yml``."""


def state() -> Path:
    """Return the folder for everything that is written while learning: ``DVA_STATE`` or ``.dva`` in the project."""
    return Path(os.environ.get("DVA_STATE") or ROOT / ".dva").resolve()
