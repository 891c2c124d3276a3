"""What goes wrong at the command line says so in one sentence."""

import os
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from dva import emulator
from dva.emulator import Emulator
from dva.errors import CourseError

from .conftest import DVA, Home

FakeProgram = Callable[[str, str], Path]


def test_port_taken_names_who_has_it(home: Home) -> None:
    code = (
        f"import socket, time; s = socket.create_server(('127.0.0.1', {home.port})); print(flush=True); time.sleep(99)"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as squatter:
        assert squatter.stdout
        squatter.stdout.readline()
        told = home.dva("up", code=1)
        squatter.kill()
    assert f"Port {home.port} is taken by " in told
    assert f"(process {squatter.pid})" in told
    assert "dva up --port N" in told
    assert not (home.folder / "server.json").exists()


def test_port_taken_by_nobody_that_can_be_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(emulator.processes, "port_owner", lambda port: None)
    assert "taken by another program" in str(emulator.port_taken(4566))


def test_folder_that_cannot_be_written(home: Home) -> None:
    home.state.mkdir(parents=True)
    if os.geteuid() == 0:
        # Permissions do not bind root; a read-only mount does.
        script = (
            f'mount --bind "{home.state}" "{home.state}" && mount -o remount,ro,bind "{home.state}" && exec "{DVA}" up'
        )
        command = ["unshare", "-rm", "sh", "-c", script]
        if subprocess.run(["unshare", "-rm", "true"], capture_output=True, check=False).returncode:
            pytest.skip("root without user namespaces can write everywhere")
    else:
        home.state.chmod(0o555)
        command = [str(DVA), "up"]
    done = subprocess.run(command, env=home.environment(), capture_output=True, text=True, check=False)
    home.state.chmod(0o755)
    assert done.returncode == 1, done.stderr
    assert f"Cannot write to {home.state}" in done.stderr
    assert "DVA_STATE" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_environment_missing(tmp_path: Path) -> None:
    with pytest.raises(CourseError, match="`make setup` installs it"):
        Emulator(tmp_path / "emulator", server=tmp_path / "missing").up(port=1024)


def test_server_that_ends_at_once_shows_its_last_words(tmp_path: Path, fake_program: FakeProgram, home: Home) -> None:
    server = fake_program("dva-localstack", "echo it is broken; exit 7") / "dva-localstack"
    with pytest.raises(CourseError, match=r"(?s)ended while it started.*it is broken"):
        Emulator(tmp_path / "emulator", server=server).up(port=home.port)


@pytest.mark.parametrize(
    ("arguments", "changes", "code", "sentence"),
    [
        (["up"], {"DVA_PORT": "many"}, 1, "DVA_PORT=many is not a port number"),
        (["up"], {"DVA_PORT": "70000"}, 1, "DVA_PORT=70000 is not a port number"),
        (["up", "--port", "0"], {}, 2, "--port"),
        (["up", "--host", "my-laptop"], {}, 1, "--host my-laptop is not an IP address"),
        (["up", "--host", "203.0.113.9"], {}, 1, "203.0.113.9 cannot be listened on"),
        (["up", "--engine", "podman"], {}, 2, "podman"),
        (["up"], {"DVA_ENDPOINT": "http://127.0.0.1:9"}, 1, "http://127.0.0.1:9 does not answer as LocalStack does"),
        (["up"], {"DVA_ENDPOINT": "http://203.0.113.9:4566"}, 1, "203.0.113.9 is not this machine"),
        (["up"], {"DVA_ENDPOINT": "https://s3.amazonaws.com"}, 1, "real AWS"),
        (["status"], {"DVA_ENDPOINT": "http://127.0.0.1:9"}, 3, "http://127.0.0.1:9 does not answer"),
        (["upp"], {}, 2, "No such command 'upp'"),
        (["lab", "reset", "no-such-lab"], {}, 1, "There is no lab 'no-such-lab'"),
        (["check", "no-such-lab"], {}, 2, "There is no lab 'no-such-lab'"),
        (["new", "lab", "Not A Name"], {}, 1, "is not a name for a lab"),
    ],
)
def test_bad_input(home: Home, arguments: list[str], changes: dict[str, str], code: int, sentence: str) -> None:
    assert sentence in home.dva(*arguments, code=code, **changes)


@pytest.mark.parametrize(
    "command",
    [
        *("", "up", "down", "status", "logs", "reset", "doctor", "check", "progress", "book", "lab list", "lab copy"),
        *("lab open", "lab reset", "new lab", "author build", "author run", "author prove", "author lint"),
    ],
)
def test_help(command: str) -> None:
    from typer.testing import CliRunner

    from dva.cli import app

    result = CliRunner().invoke(app, [*command.split(), "--help"])
    assert result.exit_code == 0
    assert "Usage:" in result.output


def test_class_is_warned() -> None:
    assert emulator.host_warning("127.0.0.1") is None
    assert "runs on this machine" in (emulator.host_warning("0.0.0.0") or "")


def test_server_of_somebody_else(home: Home, emulator: str) -> None:
    told = home.dva("up", DVA_ENDPOINT=emulator)
    assert "nothing is started here" in told
    assert "It is healthy" in told
    assert f"Address:       {emulator}" in home.dva("status", DVA_ENDPOINT=emulator)
    assert not home.folder.exists()


def test_docker_missing(home: Home, tmp_path: Path) -> None:
    assert "Docker is not installed" in home.dva("up", "--engine", "docker", code=1, PATH=str(tmp_path))


def test_docker_not_running(home: Home, fake_program: FakeProgram) -> None:
    path = str(fake_program("docker", "exit 1"))
    assert "not running; start it" in home.dva("up", "--engine", "docker", code=1, PATH=path)


def test_docker_without_compose(home: Home, fake_program: FakeProgram) -> None:
    path = str(fake_program("docker", '[ "$1" = info ]'))
    assert "no `docker compose`" in home.dva("up", "--engine", "docker", code=1, PATH=path)


def test_docker_is_asked_for_the_right_thing(
    home: Home, fake_program: FakeProgram, emulator: str, tmp_path: Path
) -> None:
    """A stand-in for docker notes its calls; another emulator answers in the container's place."""
    calls = tmp_path / "calls"
    path = str(fake_program("docker", f'echo "$DVA_PORT $@" >> "{calls}"'))
    port = emulator.rpartition(":")[2]
    assert emulator in home.dva("up", "--engine", "docker", "--port", port, PATH=path)
    assert calls.read_text().splitlines()[-1].startswith(f"{port} compose -f ")
    assert calls.read_text().splitlines()[-1].endswith("docker/compose.yaml up -d --build --wait")
    assert "Engine:        docker" in home.dva("status")
    assert "runs already at" in (answer := home.dva("up", DVA_PORT=port))
    assert "(in Docker)" in answer
    home.dva("down", PATH=path)
    assert calls.read_text().splitlines()[-1].endswith("compose.yaml down")
    assert not home.folder.joinpath("server.json").exists()


def test_port_is_free_sees_a_listener() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        assert not emulator.processes.port_is_free("127.0.0.1", port)
        assert not emulator.processes.port_is_free("0.0.0.0", port)
    assert emulator.processes.port_is_free("127.0.0.1", port)
