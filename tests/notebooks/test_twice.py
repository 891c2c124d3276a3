"""Labs do not get into each other's way: twice in one account, and all at once in one server."""

import os
import subprocess
import sys
import uuid

import pytest

from dva import labformat, notebooks, running

pytestmark = pytest.mark.full
LABS = notebooks.labs()

RUN = """
import sys
from dva import notebooks, running
running.solve(notebooks.find(sys.argv[1]), fork=sys.argv[2] == "fork")
"""


@pytest.mark.parametrize("info", LABS, ids=lambda info: info.name)
@pytest.mark.usefixtures("lab_server")
def test_lab_runs_twice_in_the_same_account(info: labformat.LabInfo) -> None:
    run = f"twice-{uuid.uuid4().hex[:8]}"
    running.solve(info, run=run)
    running.solve(info, run=run)


@pytest.mark.usefixtures("lab_server")
def test_all_labs_run_at_once_in_one_server() -> None:
    """Every lab two times in parallel, each in a process of its own."""
    started = [
        (name, subprocess.Popen([sys.executable, "-c", RUN, name, "fork"], env=os.environ, stderr=subprocess.PIPE))
        for name in [info.name for info in LABS] * 2
    ]
    failed = []
    for name, process in started:
        _, errors = process.communicate(timeout=1200)
        if process.returncode:
            failed.append(f"{name}: {errors.decode()[-2000:]}")
    assert not failed, "\n".join(failed)


@pytest.mark.parametrize("info", LABS, ids=lambda info: info.name)
@pytest.mark.usefixtures("lab_server")
def test_lab_runs_in_the_ordinary_kernel(info: labformat.LabInfo) -> None:
    """What the suite runs in forked kernels, learners run in kernels started afresh."""
    running.solve(info, fork=False)
