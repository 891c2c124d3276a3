"""Which service is served by which backend: the table in ``services.toml``."""

import tomllib
from dataclasses import dataclass
from pathlib import Path

LOCALSTACK = "localstack"
MINISTACK = "ministack"
COURSE = "course"
"""LocalStack's own provider with a part of it replaced."""
MOTO = "moto"


@dataclass(frozen=True)
class Service:
    """One row of the table."""

    name: str
    """The service's name in botocore, for example ``cognito-idp``."""
    title: str
    """What AWS calls it."""
    backend: str
    """One of the four names above."""
    lacks: tuple[str, ...] = ()
    """What it does not do, a sentence each."""


def services() -> list[Service]:
    """Return every service of the course, by name."""
    with Path(__file__).with_name("services.toml").open("rb") as file:
        rows = tomllib.load(file)
    return [
        Service(name, row["title"], row["backend"], tuple(row.get("lacks", ()))) for name, row in sorted(rows.items())
    ]


def provider_overrides() -> dict[str, str]:
    """Return LocalStack's ``PROVIDER_OVERRIDE_*`` settings for the services that are not its own."""
    return {
        f"PROVIDER_OVERRIDE_{service.name.upper().replace('-', '_')}": service.backend
        for service in services()
        if service.backend != LOCALSTACK
    }


def on_ministack() -> list[str]:
    """Return the names of the services that MiniStack serves."""
    return [service.name for service in services() if service.backend == MINISTACK]
