"""What a learner has solved, lab by lab and by exam domain."""

from dataclasses import dataclass

from dva import labformat, notebooks, progress
from dva.labformat import LabInfo

DOMAINS = {
    1: "Development with AWS Services",
    2: "Security",
    3: "Deployment",
    4: "Troubleshooting and Optimization",
}
"""The exam's domains (DVA-C03 calls the third "Testing and Deployment")."""


@dataclass(frozen=True)
class Row:
    """One lab."""

    domain: int
    lab: str
    title: str
    passed: int
    checks: int

    @property
    def state(self) -> str:
        """``done``, ``begun`` or nothing."""
        if self.checks and self.passed >= self.checks:
            return "done"
        return "begun" if self.passed else ""


def rows() -> list[Row]:
    """Return a row for each lab, by domain."""
    solved = progress.load()
    result = []
    for lab in notebooks.labs():
        names = check_names(lab)
        passed = sum(1 for name in names if solved.get(lab.name, {}).get(name, {}).get("passed"))
        result.append(Row(lab.domain, lab.name, lab.title, passed, len(names)))
    return sorted(result, key=lambda row: (row.domain, row.lab))


def check_names(lab: LabInfo) -> list[str]:
    """Return the names of a lab's checks, each once, in their order."""
    cells = labformat.read(lab.solution).cells
    found = [name for cell in cells if labformat.is_code(cell, "check") for name in labformat.check_names(cell.source)]
    return list(dict.fromkeys(found))
