"""Every solution runs both ways, shows what its stored outputs show, and leaves nothing behind.

The engine tries each exercise without its solution first. The cleanup cell, which the linter wants last, raises if
anything is left in the lab's accounts; the run's working folder must be empty at the end.
"""

import pytest

from dva import labformat, masks, notebooks, running

LABS = notebooks.labs()


def test_there_are_labs() -> None:
    assert LABS


@pytest.mark.parametrize("info", LABS, ids=lambda info: info.name)
@pytest.mark.usefixtures("lab_server")
def test_solution_both_ways(info: labformat.LabInfo) -> None:
    done = running.solve(info)
    different = masks.differences(labformat.read(info.solution), done)
    if different:
        mend = f"`python -m dva.notebooks run {info.name}` stores the new outputs, if they are as they should be"
        pytest.fail(f"{mend}:\n{different}", pytrace=False)
