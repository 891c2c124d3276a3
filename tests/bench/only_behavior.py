"""A pytest plugin for :mod:`compare`: leaves out what tests the course's own parts, and ends tests that hang."""

import signal
from collections.abc import Generator
from typing import Any

import pytest

LIMIT_SECONDS = 20
"""A test that takes longer fails. The slowest takes about ten against the course's emulator."""

OWN_FIXTURES = {"own_server", "running", "tmp_server"}
"""Fixtures that start the course's emulator itself."""


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Deselect tests that start an emulator of their own."""
    own = [item for item in items if OWN_FIXTURES & set(getattr(item, "fixturenames", ()))]
    config.hook.pytest_deselected(items=own)
    items[:] = [item for item in items if item not in own]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, Any, Any]:
    """Give each test, with its fixtures, its time."""

    def stop(*_: object) -> None:
        pytest.fail(f"took longer than {LIMIT_SECONDS} seconds", pytrace=False)

    previous = signal.signal(signal.SIGALRM, stop)
    signal.alarm(LIMIT_SECONDS)
    try:
        return (yield)
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, previous)
