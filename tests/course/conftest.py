"""Labs under test run in this process: each test gets the environment back as it was."""

import os
from collections.abc import Iterator

import pytest

from dva.checks import check


@pytest.fixture
def lab_environment(emulator: str, tmp_path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Point ``Lab`` at the test emulator, with a state folder of its own."""
    before = dict(os.environ)
    monkeypatch.setenv("DVA_ENDPOINT", emulator)
    monkeypatch.setenv("DVA_STATE", str(tmp_path / "dva"))
    yield
    os.environ.clear()
    os.environ.update(before)
    check.lab = check.excuse = None
