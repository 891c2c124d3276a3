"""The book's page of services: which backend answers each, what it does not do, and how emulators compare.

The directives write Markdown, as those of :mod:`dva.bookpages` do.
"""

from __future__ import annotations

import datetime as dt
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, TypeAdapter

SERVICES = "docker/localstack/src/dva_localstack/services.toml"
COMPARISON = "chapters/reference/comparison.json"

BACKENDS = {
    "localstack": "LocalStack",
    "course": "LocalStack, with parts of ours",
    "ministack": "MiniStack",
    "moto": "Moto",
}
"""Names of the backends in ``services.toml`` to what readers see."""

SERVERS = {"course": "This course", "localstack": "LocalStack", "ministack": "MiniStack"}
"""What is compared, in the order of the columns."""


class Service(BaseModel):
    """A row of ``services.toml``."""

    model_config = ConfigDict(extra="forbid")

    title: str
    backend: str
    lacks: list[str] = []


class Comparison(BaseModel):
    """What ``tests/bench/compare.py`` wrote. ``services``: to each server, tests that passed and tests that ran."""

    model_config = ConfigDict(extra="forbid")

    date: dt.date
    command: str
    versions: dict[str, str]
    services: dict[str, dict[str, tuple[int, int]]]


def load_services(root: Path) -> dict[str, Service]:
    """Return the services by their names in boto3.

    :raises pydantic.ValidationError: if a row is not what it should be
    """
    rows: Any = tomllib.loads((root / SERVICES).read_text("utf-8"))
    return TypeAdapter(dict[str, Service]).validate_python(rows)


def load_comparison(root: Path) -> Comparison | None:
    """Return the comparison, None as long as there is none.

    :raises pydantic.ValidationError: if the file is not what it should be
    """
    path = root / COMPARISON
    return Comparison.model_validate_json(path.read_text("utf-8")) if path.exists() else None


def services_markdown(services: Mapping[str, Service]) -> str:
    """Return a table of backends, and below it for each service what it lacks."""
    ordered = sorted(services.items(), key=lambda item: item[1].title.lower())
    lines = ["## Which backend answers", "", "| Service, and its name in boto3 | Answered by |", "| --- | --- |"]
    lines += [f"| {row.title}: `{name}` | {BACKENDS[row.backend]} |" for name, row in ordered]
    lines += ["", "## What they do not do", ""]
    for _, row in ordered:
        if row.lacks:
            lines += [f"**{row.title}**", "", *(f"- {one}" for one in row.lacks), ""]
    return "\n".join(lines)


def comparison_markdown(comparison: Comparison, services: Mapping[str, Service]) -> str:
    """Return a table of tests that passed, a row for each service and a sum."""
    servers = [server for server in SERVERS if any(server in row for row in comparison.services.values())]
    lines = ["| Service (tests) | " + " | ".join(SERVERS[server] for server in servers) + " |"]
    lines.append("| --- |" + " --: |" * len(servers))
    passed = dict.fromkeys(servers, 0)
    total = 0
    for name, row in sorted(comparison.services.items(), key=lambda item: services[item[0]].title.lower()):
        ran = max(count for _, count in row.values())
        total += ran
        for server in servers:
            passed[server] += row[server][0]
        cells = " | ".join(str(row[server][0]) for server in servers)
        lines.append(f"| {services[name].title} ({ran}) | {cells} |")
    lines.append(f"| **All ({total})** | " + " | ".join(f"**{passed[server]}**" for server in servers) + " |")
    versions = f"LocalStack {comparison.versions['localstack']}, MiniStack {comparison.versions['ministack']}"
    date = f"{comparison.date:%B} {comparison.date.day}, {comparison.date.year}"
    lines += ["", f"Measured on {date} with {versions} by `{comparison.command}`."]
    return "\n".join(lines)
