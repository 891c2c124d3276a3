"""Labs under test talk to the test emulator and keep their state in a folder of the test."""

from pathlib import Path

import pytest


@pytest.fixture
def lab_server(emulator: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """URL of the test emulator, which notebooks run by this test use."""
    monkeypatch.setenv("DVA_ENDPOINT", emulator)
    monkeypatch.setenv("DVA_STATE", str(tmp_path / "state"))
    return emulator


@pytest.fixture
def no_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Notebooks run by this test need no server: the address is one where nothing listens."""
    monkeypatch.setenv("DVA_ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setenv("DVA_STATE", str(tmp_path / "state"))
