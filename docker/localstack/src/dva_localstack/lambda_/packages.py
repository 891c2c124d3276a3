"""What a function can import besides its own code and layers: what Lambda's Python runtime brings, no more.

https://docs.aws.amazon.com/lambda/latest/dg/python-package.html#python-package-dependencies
"""

import importlib.metadata
import importlib.util
import os
import sys
from pathlib import Path

MODULES = (
    "boto3",
    "botocore",
    "s3transfer",
    "jmespath",
    "dateutil",
    "urllib3",
    "six",
    "awslambdaric",
    "simplejson",
    "snapshot_restore_py",
)
"""The SDK with its dependencies, and the runtime interface client with its own."""

DISTRIBUTIONS = ("boto3", "botocore", "s3transfer", "jmespath", "python-dateutil", "urllib3", "six")
"""Those whose metadata Lambda has too, for ``importlib.metadata.version("boto3")``."""


def runtime_modules(pure_python: bool = False) -> dict[str, str]:
    """Find the runtime's modules in this server's environment.

    :param pure_python: take our client of the Runtime API even where awslambdaric's native one is present
    :return: name in the runtime folder to path on this machine
    :raises ModuleNotFoundError: if one is missing, which means that the server's installation is broken
    """
    found = {}
    for name in MODULES:
        path = _origin(name)
        if path is None:
            raise ModuleNotFoundError(f"the Lambda runtime needs {name}, which is not installed", name=name)
        path = path.parent if path.name == "__init__.py" else path
        found[path.name] = str(path)
    for name in DISTRIBUTIONS:
        metadata = Path(str(importlib.metadata.distribution(name).locate_file("."))).resolve()
        for folder in metadata.glob(f"{name.replace('-', '_')}-*.dist-info"):
            found[folder.name] = str(folder)
    native = None if pure_python else _origin("runtime_client")
    client = native or Path(__file__).parent / "pure" / "runtime_client.py"
    return {**found, client.name: str(client)}


def link_runtime(folder: Path, modules: dict[str, str]) -> None:
    """Fill ``folder`` with links to ``modules``; for machines where nothing can be mounted."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, path in modules.items():
        link = folder / name
        if not link.is_symlink():
            link.symlink_to(path)


def interpreter() -> str:
    """Return the Python that the server's virtual environment was made from: it sees no packages of ours."""
    return getattr(sys, "_base_executable", None) or sys.executable


def interpreter_folders() -> list[str]:
    """Return the folders that :func:`interpreter` needs, by every name that leads to them."""
    named = {sys.base_prefix, sys.base_exec_prefix, str(Path(interpreter()).parent.parent)}
    return sorted(named | {os.path.realpath(folder) for folder in named})


def _origin(name: str) -> Path | None:
    spec = importlib.util.find_spec(name)
    return Path(spec.origin) if spec and spec.origin else None
