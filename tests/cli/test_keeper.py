"""The emulator's log stays small and its record true; what the server gets of the learner's environment."""

import json
from pathlib import Path

import pytest

from dva import keeper, processes
from dva.emulator import server_environment, tail


def test_rotation_keeps_the_writer_writing(tmp_path: Path) -> None:
    log = tmp_path / "emulator.log"
    with log.open("ab", buffering=0) as writer:
        for number in range(6):
            writer.write(b"%d\n" % number)
            keeper.rotate_if_large(log, limit=1)
        writer.write(b"last\n")
    assert log.read_text() == "last\n"
    assert [(tmp_path / f"emulator.log.{n}").read_text() for n in (1, 2, 3)] == ["5\n", "4\n", "3\n"]
    assert len(list(tmp_path.iterdir())) == 1 + keeper.LOGS_KEPT


def test_small_log_and_missing_log_are_left_alone(tmp_path: Path) -> None:
    log = tmp_path / "emulator.log"
    keeper.rotate_if_large(log, limit=1)
    log.write_text("x")
    keeper.rotate_if_large(log, limit=1)
    assert [path.name for path in tmp_path.iterdir()] == ["emulator.log"]


def test_only_its_own_record_is_marked(tmp_path: Path) -> None:
    path = tmp_path / "server.json"
    keeper.mark_stopped(path, 1, -9)
    assert not path.exists()
    keeper.write_record(path, {"pid": 1})
    keeper.mark_stopped(path, 2, -9)
    assert json.loads(path.read_text()) == {"pid": 1}
    keeper.mark_stopped(path, 1, -9)
    assert json.loads(path.read_text())["stopped"]["code"] == -9
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("127.0.0.1", "http://127.0.0.1:1"),
        ("0.0.0.0", "http://127.0.0.1:1"),
        ("::1", "http://[::1]:1"),
        ("192.0.2.7", "http://192.0.2.7:1"),
    ],
)
def test_url(host: str, url: str) -> None:
    assert keeper.url_of(host, 1) == url


def test_server_gets_nothing_that_would_change_it() -> None:
    given = {"PATH": "/bin", "DVA_STATE": "/s", "LC_ALL": "C", "AWS_PROFILE": "x", "DEBUG": "1", "HTTP_PROXY": "p"}
    assert server_environment(given) == {"PATH": "/bin", "DVA_STATE": "/s", "LC_ALL": "C"}


def test_server_is_told_by_its_command_line() -> None:
    command = ["/c/.venv/bin/python", "/c/.venv/bin/dva-localstack", "--port", "1", "--state", "/s"]
    assert processes.is_server(command, Path("/s"))
    assert not processes.is_server(command, Path("/other"))
    assert not processes.is_server(["less", "/s/emulator.log"], Path("/s"))
    assert not processes.is_server([], Path("/s"))


def test_tail(tmp_path: Path) -> None:
    (tmp_path / "log").write_text("1\n2\n3\n")
    assert tail(tmp_path / "log", 2) == "2\n3"
    assert tail(tmp_path / "missing", 2) == ""
