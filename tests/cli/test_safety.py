"""Nothing that a learner types reaches real AWS by accident, whatever the machine is set up for."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import netwatch
import pytest

from dva import endpoint, jupyterlab

from .conftest import ROOT, unused_port
from .hostile import KEY, make_hostile


def test_hostile_machine(tmp_path: Path) -> None:
    """One run for all: it starts an emulator and a kernel in a network of their own (see hostile.py)."""
    if reason := netwatch.why_not_offline():
        pytest.skip(reason)
    script = Path(__file__).with_name("hostile.py")
    ran = netwatch.run_offline([sys.executable, script, tmp_path, str(unused_port())], timeout=240)
    lines = [line for line in ran.output.splitlines() if line.startswith("REPORT")]
    assert lines, ran.output
    report: dict[str, Any] = json.loads(lines[0].removeprefix("REPORT"))

    control_code, control_connections = report["control"]
    assert control_code != 0
    assert control_connections > 0, "without our kernel the same call must go astray, or the canary proves nothing"

    assert report["canary"] == 0, "somebody used the learner's profile, endpoint, proxy or credential source"
    assert ran.attempts == 0, "somebody tried to leave the loopback"
    for caller, seen in report["seen"].items():
        assert isinstance(seen, dict), f"{caller}: {seen}"
        assert seen["key"] == seen["account"] != KEY, caller
        assert len(seen["account"]) == 12, caller
        assert seen["leaked"] == [], caller
        for service in ("s3", "sqs", "dynamodb", "sts"):
            assert seen[service] == [report["url"], 200], caller
    assert set(report["seen"]) == {"kernel", "child", "shell", "threads"}


def test_environment_of_jupyterlab_and_its_terminals(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    url = "http://127.0.0.1:4566"
    for name, value in make_hostile(tmp_path, 9).items():
        monkeypatch.setenv(name, value)
    clean = jupyterlab.environment(url)
    ours = {name: value for name, value in clean.items() if name.startswith("AWS_")}
    assert ours == {name: v for name, v in endpoint.clean_environment(url).items() if name.startswith("AWS_")}
    assert KEY not in str(clean)
    assert not any("127.0.0.2" in value for name, value in ours.items())
    assert "127.0.0.1" in clean["NO_PROXY"].split(",")
    assert clean["PATH"].split(":")[0] == str(Path(sys.executable).parent)
    assert "--ServerApp.ip=127.0.0.1" in jupyterlab.command(tmp_path)


def test_kernel_starts_even_where_the_endpoint_is_refused(tmp_path: Path) -> None:
    code = "from dva.kernel import prepare; prepare(); import os; print(os.environ['AWS_ENDPOINT_URL'])"
    environment = make_hostile(tmp_path, 9) | {"DVA_ENDPOINT": "https://sqs.us-east-1.amazonaws.com"}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, cwd=ROOT, check=True
    )
    assert done.stdout.strip() == endpoint.DEFAULT_URL
    assert "real AWS" in done.stderr
