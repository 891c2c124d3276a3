"""LocalStack as it comes, from the course's environment: of the course's plugin only the loopback server is seen.

LocalStack by itself listens on every interface, whatever ``GATEWAY_LISTEN`` says; a comparison needs no such thing.
"""

import importlib.metadata
import runpy
from typing import Any

from plux.runtime import metadata

KEPT = "dva_localstack.server:"

resolve = metadata.resolve_entry_points


def others(*arguments: Any, **named: Any) -> list[importlib.metadata.EntryPoint]:
    """Return the entry points of the environment without the course's."""
    found = resolve(*arguments, **named)
    return [point for point in found if not point.value.startswith("dva_localstack") or point.value.startswith(KEPT)]


metadata.resolve_entry_points = others
runpy.run_module("localstack.runtime.main", run_name="__main__")
