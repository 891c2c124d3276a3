"""LocalStack's index of all services' operations, made once for each installation of the emulator.

To make it LocalStack reads every service model of botocore. Left alone it does so at the first call that reaches a
server with a new state folder, in the server's own process: seconds of waiting, and hundreds of megabytes that the
process never gives back. So it is made in a process of its own, kept beside the installed packages, and linked to
where LocalStack looks first.
"""

import os
import subprocess
import sys
import tempfile
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path

FOLDER = Path(sys.prefix) / "share" / "dva-localstack"
"""Inside the virtual environment: it disappears with it, and every server of this installation shares it."""

BUILD = "import sys; from localstack.aws.spec import build_service_index_cache as build; build(sys.argv[1])"


def file_name() -> str:
    """Return the name that LocalStack gives the index (``_get_catalog_filename`` in ``localstack/aws/spec.py``)."""
    versions = [version(package).replace(".", "_") for package in ("localstack-core", "botocore")]
    return f"service-catalog-{versions[0]}-{versions[1]}.dill"


def prepare(folder: Path = FOLDER) -> Path:
    """Make the index unless it is there; takes some seconds.

    :param folder: where it is kept
    :return: its path
    :raises OSError: if the folder cannot be written
    :raises subprocess.CalledProcessError: if LocalStack cannot make it
    """
    index = folder / file_name()
    if index.exists():
        return index
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder) as draft:
        made = Path(draft) / index.name
        # LocalStack creates its folders while it is imported; these go with the draft.
        environment = {**os.environ, "OVERRIDE_IN_DOCKER": "0", "FILESYSTEM_ROOT": draft, "XDG_CACHE_HOME": draft}
        subprocess.run([sys.executable, "-c", BUILD, made], check=True, capture_output=True, env=environment)
        made.replace(index)
    return index


def link_into(state: Path, folder: Path = FOLDER) -> None:
    """Put the index where a server looks for it; without it the server makes its own, only later.

    :param state: the server's state folder (``FILESYSTEM_ROOT``)
    :param folder: where the index is kept
    """
    with suppress(OSError, subprocess.CalledProcessError):
        index = prepare(folder)
        link = state / "usr/lib/localstack" / index.name
        link.parent.mkdir(parents=True, exist_ok=True)
        if not link.exists():
            link.unlink(missing_ok=True)
            link.symlink_to(index)
