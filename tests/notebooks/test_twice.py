"""Labs do not get into each other's way: twice in one account, and beside each other in one server."""

import subprocess
import sys
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest

from dva import labformat, notebooks, running

pytestmark = pytest.mark.full
LABS = notebooks.labs()

AT_ONCE = 6
"""Labs that share the server. Many more on two cores only show that cells have a time limit."""

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
def test_labs_run_beside_each_other_in_one_server() -> None:
    """Every lab two times, :data:`AT_ONCE` at a time, each in a process of its own."""

    def run(name: str) -> str:
        command = [sys.executable, "-c", RUN, name, "fork"]
        done = subprocess.run(command, stderr=subprocess.PIPE, text=True, timeout=600, check=False)
        return f"{name}: {done.stderr[-2000:]}" if done.returncode else ""

    with ThreadPoolExecutor(AT_ONCE) as pool:
        failed = list(filter(None, pool.map(run, [info.name for info in LABS for _ in range(2)])))
    assert not failed, "\n".join(failed)


@pytest.mark.parametrize("info", LABS, ids=lambda info: info.name)
@pytest.mark.usefixtures("lab_server")
def test_lab_runs_in_the_ordinary_kernel(info: labformat.LabInfo) -> None:
    """What the suite runs in forked kernels, learners run in kernels started afresh."""
    running.solve(info, fork=False)
