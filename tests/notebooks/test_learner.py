"""Every learner's notebook, untouched and run from the top, stops at its first check with a hint and nothing worse."""

import pytest
from notebooks import tiny

from dva import labformat, notebooks, running


@pytest.mark.parametrize("info", notebooks.labs(), ids=lambda info: info.name)
@pytest.mark.usefixtures("lab_server")
def test_learner_copy_stops_at_its_first_check(info: labformat.LabInfo) -> None:
    assert running.first_stop(labformat.read(info.lab)) == []


class TestWhatIsWrongIsFound:
    """`first_stop` itself, on notebooks that stop in some other way."""

    pytestmark = pytest.mark.usefixtures("no_server")

    def test_good(self) -> None:
        nb = tiny.notebook(tiny.code("stub", "...", "exercise"), tiny.check("a", 'state.get("a")'))
        assert running.first_stop(nb) == []

    def test_ordinary_error(self) -> None:
        nb = tiny.notebook(tiny.code("given", "1 / 0"), tiny.check("a", 'state.get("a")'))
        (found,) = running.first_stop(nb)
        assert found.startswith("cell 'given': raises ZeroDivisionError")

    def test_first_check_passes(self) -> None:
        nb = tiny.notebook(tiny.check("a", "True"), tiny.check("b", "False"))
        (found,) = running.first_stop(nb)
        assert found.startswith("did not stop at its first check, cell 'a'")

    def test_no_hint(self) -> None:
        nb = tiny.notebook(tiny.check("a", "False", hint=""))
        assert running.first_stop(nb) == ["cell 'a': the first check fails without a hint"]

    def test_no_check_fails(self) -> None:
        nb = tiny.notebook(tiny.check("a", "True"))
        assert running.first_stop(nb) == ["cell 'a': the first check passes in an untouched notebook"]
