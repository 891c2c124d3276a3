"""The course's kernelspec, and the environment in which Jupyter finds it and nothing of the learner's own."""

import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path

from dva.keeper import write_record
from dva.paths import state

NAME = "dva"
DISPLAY_NAME = "DVA labs"

PAGE_CONFIG: dict[str, object] = {
    # nbgrader is for authors; the news need the internet.
    "disabledExtensions": {"@jupyter/nbgrader": True, "@jupyterlab/apputils-extension:announcements": True}
}
SERVER_CONFIG: dict[str, object] = {
    "ServerApp": {
        "jpserver_extensions": {
            f"nbgrader.server_extensions.{name}": False
            for name in ("formgrader", "validate_assignment", "assignment_list", "course_list")
        }
    },
    "LabApp": {
        "custom_css": True,
        "news_url": None,
        "check_for_updates_class": "jupyterlab.handlers.announcements.NeverCheckForUpdate",
        "extension_manager": "readonly",
    },
}

CUSTOM_CSS = """\
/* jupyterlab-myst draws diagrams with dark lines in every theme. */
[data-jp-theme-light="false"] .myst svg[aria-roledescription] {
  background: #fff;
  border-radius: 4px;
  padding: 8px;
}
"""


def folder() -> Path:
    """Return the folder of everything that Jupyter reads and writes for this course."""
    return state() / "jupyter"


def spec(python: str = sys.executable) -> dict[str, object]:
    """Return the content of ``kernel.json``.

    :param python: interpreter of the course's environment
    """
    return {
        "argv": [python, "-P", "-m", "dva.kernel", "-f", "{connection_file}"],
        "display_name": DISPLAY_NAME,
        "language": "python",
        "env": {"IPYTHONDIR": str(folder() / "ipython")},
        "metadata": {"debugger": True},
    }


def install() -> Path:
    """Write the kernelspec and Jupyter's settings, where they differ.

    :return: folder of the kernelspec
    """
    home = folder()
    _write(home / "kernels" / NAME / "kernel.json", spec())
    _write(home / "config" / "labconfig" / "page_config.json", PAGE_CONFIG)
    _write(home / "config" / "jupyter_server_config.json", SERVER_CONFIG)
    style = home / "config" / "custom" / "custom.css"
    style.parent.mkdir(parents=True, exist_ok=True)
    style.write_text(CUSTOM_CSS)
    for name in ("ipython", "runtime"):
        (home / name).mkdir(parents=True, exist_ok=True)
    return home / "kernels" / NAME


def is_installed() -> bool:
    """Return whether the kernelspec is there and names this interpreter."""
    try:
        return bool(json.loads((folder() / "kernels" / NAME / "kernel.json").read_text()) == spec())
    except (OSError, ValueError):
        return False


def environment(environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Return an environment in which Jupyter uses the course's folders only.

    The learner's own settings, kernels and extensions stay out: labs look and run the same everywhere.

    :param environ: environment to start from
    """
    home = folder()
    dropped = ("JUPYTER_", "JUPYTERLAB_", "IPYTHON")
    return {name: value for name, value in environ.items() if not name.startswith(dropped)} | {
        "JUPYTER_PATH": str(home),
        "JUPYTER_DATA_DIR": str(home / "data"),
        "JUPYTER_CONFIG_DIR": str(home / "config"),
        "JUPYTER_RUNTIME_DIR": str(home / "runtime"),
        "JUPYTER_PLATFORM_DIRS": "1",
        "IPYTHONDIR": str(home / "ipython"),
    }


def _write(path: Path, content: dict[str, object]) -> None:
    try:
        if json.loads(path.read_text()) == content:
            return
    except (OSError, ValueError):
        pass
    path.parent.mkdir(parents=True, exist_ok=True)
    write_record(path, content)
