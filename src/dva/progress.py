"""What a learner has solved so far, in one small file that survives a crash of anything."""

import json
import os
import time
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from filelock import FileLock

from dva.paths import state


def file() -> Path:
    """Return the progress file, ``progress.json`` in the state folder."""
    return state() / "progress.json"


def load() -> dict[str, dict[str, dict[str, Any]]]:
    """Read the progress.

    :return: lab name to check name to ``{"passed": bool, "attempts": int, "first_passed": ISO time or None}``.
        A file that cannot be read as progress is moved aside, never deleted.
    """
    try:
        labs = json.loads(file().read_text())["labs"]
        if not isinstance(labs, dict):
            raise TypeError
        return labs
    except FileNotFoundError:
        return {}
    except (ValueError, KeyError, TypeError):
        keep_aside(file(), "The progress file")
        return {}


def keep_aside(path: Path, what: str) -> None:
    """Move a file that cannot be read out of the way, and say so.

    :param path: a JSON file
    :param what: what it is, as the beginning of a sentence
    """
    aside = path.with_suffix(f".unreadable-{time.strftime('%Y%m%d-%H%M%S')}.json")
    with suppress(OSError):
        path.replace(aside)
        print(f"{what} could not be read; it is kept as {aside} and a new one begins.")


def record(lab: str, check: str, passed: bool) -> None:
    """Note the outcome of one check; a check that once passed stays passed.

    Does nothing where ``DVA_PROGRESS=off``. A folder that cannot be written costs the record, not the lab.
    """
    if os.environ.get("DVA_PROGRESS") == "off":
        return
    try:
        file().parent.mkdir(parents=True, exist_ok=True)
        with FileLock(file().with_suffix(".lock"), timeout=5):
            labs = load()
            entry = labs.setdefault(lab, {}).setdefault(check, {"passed": False, "attempts": 0, "first_passed": None})
            entry["attempts"] += 1
            if passed and not entry["passed"]:
                entry |= {"passed": True, "first_passed": datetime.now(UTC).isoformat(timespec="seconds")}
            _write(labs)
    except (OSError, TimeoutError) as error:
        print(f"Your progress could not be saved ({error}); run `dva doctor`.")


def forget(lab: str) -> None:
    """Drop what is recorded of one lab."""
    with FileLock(file().with_suffix(".lock"), timeout=5):
        labs = load()
        if labs.pop(lab, None) is not None:
            _write(labs)


def _write(labs: dict[str, Any]) -> None:
    draft = file().with_suffix(f".{os.getpid()}.tmp")
    draft.write_text(json.dumps({"labs": labs}, indent=1, sort_keys=True))
    draft.replace(file())
