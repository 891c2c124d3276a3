"""Every judgment of ``dva doctor``, and one look at this machine."""

import json
from pathlib import Path

import pytest

from dva import doctor
from dva.emulator import Status

from .conftest import Home


def test_python() -> None:
    assert doctor.python((3, 13)).level == "ok"
    assert doctor.python((3, 12)).level == doctor.python((3, 14)).level == "bad"


@pytest.mark.parametrize(
    ("version", "level"),
    [("uv 0.13.9", "ok"), ("uv 0.8.0", "ok"), ("uv 1.0.0", "ok"), ("uv 0.7.22", "bad"), (None, "info")],
)
def test_uv(version: str | None, level: str) -> None:
    assert doctor.uv(version).level == level


@pytest.mark.parametrize(("answer", "level"), [(True, "ok"), (False, "bad"), (None, "info")])
def test_environment(tmp_path: Path, answer: bool | None, level: str) -> None:
    missing = doctor.environment("Course", tmp_path, lambda project: answer)
    assert (missing.level, missing.mend) == ("bad", "Run `make setup`.")
    (tmp_path / ".venv/bin").mkdir(parents=True)
    (tmp_path / ".venv/bin/python").touch()
    assert doctor.environment("Course", tmp_path, lambda project: answer).level == level


def test_port() -> None:
    assert doctor.port(4566, free=True, owner=None, ours=False).level == "ok"
    assert doctor.port(4566, free=False, owner=None, ours=True).level == "ok"
    taken = doctor.port(4566, free=False, owner="java (process 7)", ours=False)
    assert taken.level == "bad"
    assert "java (process 7)" in taken.message
    assert "DVA_PORT" in taken.mend


def test_server() -> None:
    url = "http://127.0.0.1:4566"
    assert doctor.server(Status(True, url, pid=1), 0).level == "ok"
    assert doctor.server(Status(False, url), 0).level == "ok"
    assert "dva down" in doctor.server(Status(False, url, pid=1), 0).mend
    assert doctor.server(Status(False, url), 2).level == "bad"
    assert doctor.server(Status(False, url, note="The emulator has stopped by itself"), 0).level == "info"


def test_disk_and_memory(tmp_path: Path) -> None:
    assert doctor.disk(2 * 10**9, tmp_path).level == doctor.memory(2 * 10**9).level == "ok"
    assert doctor.disk(10**8, tmp_path).level == doctor.memory(10**8).level == "bad"


@pytest.mark.parametrize(
    ("environ", "level"),
    [
        ({}, "ok"),
        ({"HTTP_PROXY": ""}, "ok"),
        ({"HTTP_PROXY": "http://proxy:3128"}, "bad"),
        ({"https_proxy": "http://proxy:3128", "NO_PROXY": "localhost"}, "bad"),
        ({"https_proxy": "http://proxy:3128", "NO_PROXY": "localhost, 127.0.0.1"}, "ok"),
        ({"ALL_PROXY": "socks5://proxy:1080", "no_proxy": "*"}, "ok"),
    ],
)
def test_proxies(environ: dict[str, str], level: str) -> None:
    finding = doctor.proxies(environ)
    assert finding.level == level
    assert bool(finding.mend) == (level == "bad")


def test_writable(tmp_path: Path) -> None:
    assert doctor.writable(tmp_path / "to/be/made").level == "ok"
    assert not list(tmp_path.iterdir())
    (tmp_path / "file").touch()
    assert doctor.writable(tmp_path / "file").level == "bad"


def test_kernel_and_aws_variables() -> None:
    assert doctor.kernel(True).level == "ok"
    assert doctor.kernel(False).level == "info"
    assert doctor.aws_variables({"HOME": "/"}).level == "ok"
    told = doctor.aws_variables({"AWS_PROFILE": "work"})
    assert told.level == "info"
    assert "AWS_PROFILE" in told.message


def test_other_server() -> None:
    given = {"DVA_ENDPOINT": "http://127.0.0.1:9"}
    assert doctor.other_server(given, lambda url: True).level == "ok"
    assert doctor.other_server(given, lambda url: False).level == "bad"
    assert doctor.other_server({"DVA_ENDPOINT": "nonsense"}, lambda url: True).level == "bad"


def test_whole_command(home: Home) -> None:
    proxy = {"HTTP_PROXY": "http://proxy:3128", "NO_PROXY": "", "no_proxy": ""}
    told = home.dva("doctor", code=1, **proxy)
    assert "✗ Proxy: HTTP_PROXY set, and NO_PROXY lacks localhost and 127.0.0.1" in told
    assert f"✓ Port: {home.port} is free" in told
    process = home.start("doctor", "--json", **proxy)
    findings = json.loads(process.communicate(timeout=60)[0])
    names = [finding["name"] for finding in findings]
    assert {"Python", "uv", "Course environment", "Emulator environment", "Disk", "Memory"} <= set(names)
