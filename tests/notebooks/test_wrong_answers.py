"""Every stored wrong answer, run in a fresh account up to its check, is refused by that check."""

from pathlib import Path

import pytest
from notebooks import tiny

from dva import labformat, notebooks, running
from dva.labformat import LabInfo


@pytest.mark.full
@pytest.mark.parametrize("info", notebooks.labs(), ids=lambda info: info.name)
@pytest.mark.usefixtures("lab_server")
def test_wrong_answers_are_refused(info: LabInfo) -> None:
    proofs = running.prove(info)
    assert proofs, "a lab without any wrong answer"
    assert [f"{proof.exercise}: {proof.why}: {proof.problem}" for proof in proofs if proof.problem] == []


class TestWhatIsWrongIsFound:
    """`prove` itself, on wrong answers that are not refused."""

    pytestmark = pytest.mark.usefixtures("no_server")

    def prove(self, folder: Path, *answers: str, first: int = 1) -> list[str]:
        wrong = {"wrong_answers": [{"why": "guess", "code": code} for code in answers]}
        nb = tiny.notebook(
            tiny.exercise("first", f'state["first"] = {first}'),
            tiny.check("first is set", 'state.get("first") == 1'),
            tiny.exercise("second", 'state["second"] = 2', dva=wrong),
            tiny.code("between", "print(state)"),
            tiny.check("second is set", 'state.get("second") == 2'),
            tiny.code("after", "raise SystemError('not to be reached')"),
        )
        path = folder / "lab.ipynb"
        path.write_text(labformat.dumps(nb))
        fields = dict.fromkeys(("name", "title", "level", "chapter"), "x")
        info = LabInfo.model_validate(
            {**fields, "domain": 1, "minutes": 5, "services": [], "skills": {}}
            | dict.fromkeys(("solution", "lab", "work"), path)
        )
        return [proof.problem for proof in running.prove(info)]

    def test_refused(self, tmp_path: Path) -> None:
        assert self.prove(tmp_path, "pass", "1 / 0", 'state["second"] = 3') == ["", "", ""]

    def test_check_that_a_wrong_answer_satisfies(self, tmp_path: Path) -> None:
        assert self.prove(tmp_path, 'state["second"] = 2.0') == ["its check passes"]

    def test_each_starts_afresh(self, tmp_path: Path) -> None:
        """The second answer would pass if it saw what the first has left."""
        assert self.prove(tmp_path, 'state["x"] = 2', 'state["second"] = state.get("x")') == ["", ""]

    def test_check_that_breaks(self, tmp_path: Path) -> None:
        (found,) = self.prove(tmp_path, "state = None")
        assert found == "its check is broken: 'NoneType' object has no attribute 'get'"

    def test_earlier_cells_must_work(self, tmp_path: Path) -> None:
        (found,) = self.prove(tmp_path, "pass", first=2)
        assert found.startswith("cell 'first-is-set', which comes before the exercise, does not work: ")
