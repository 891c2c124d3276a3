"""What lab notebooks import: a session on the local server, checks, waiting, a server that misbehaves, tests of tests.

The names are loaded at their first use, so that the ``dva`` command starts without boto3.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dva.checks import CheckFailed, check
    from dva.faults import FaultyServer
    from dva.lab import Lab
    from dva.mutants import Variant, weaknesses
    from dva.waiting import WaitTimeout, wait_until

__all__ = ["CheckFailed", "FaultyServer", "Lab", "Variant", "WaitTimeout", "check", "wait_until", "weaknesses"]

_HOME = {
    "CheckFailed": "dva.checks",
    "FaultyServer": "dva.faults",
    "Lab": "dva.lab",
    "Variant": "dva.mutants",
    "WaitTimeout": "dva.waiting",
    "check": "dva.checks",
    "wait_until": "dva.waiting",
    "weaknesses": "dva.mutants",
}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'dva' has no attribute {name!r}")
    return getattr(import_module(_HOME[name]), name)
