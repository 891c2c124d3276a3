"""Try a learner's tests: they have to pass with code that is right, and to fail with code that is not.

Run as a script this file is also the child process that runs pytest, so it imports nothing of the course. The child
has pytest and boto3 loaded, which takes longer than most tests, and forks for each call, so that no call finds what an
earlier one left.
"""

import importlib
import json
import os
import select
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory


@dataclass(frozen=True)
class Variant:
    """One version of the code under test, or of what it runs against."""

    files: Mapping[str, str] = field(default_factory=dict)
    """Files that take the place of the learner's: their names and texts."""

    environ: Mapping[str, str] = field(default_factory=dict)
    """Environment variables of this run, added to those of the notebook."""

    backwards: bool = False
    """Whether the tests run in reverse order."""


@dataclass(frozen=True)
class Outcome:
    """How a run of pytest ended."""

    code: int
    """pytest's exit code: https://docs.pytest.org/en/stable/reference/exit-codes.html"""

    why: str
    """The first failure in one line; empty if there was none."""


def weaknesses(
    test: Path, right: Mapping[str, Variant], broken: Mapping[str, Variant], timeout: float = 120
) -> list[str]:
    """Say what a file of tests gets wrong; an empty list means that it tells right from broken.

    :param test: file of the tests; the files beside it are there when they run
    :param right: variants with which every test must pass; a name completes "the tests fail ..."
    :param broken: variants with which a test must fail; a name completes "the tests also pass ..."
    :param timeout: longest time for all right variants together, and for all broken ones, in seconds
    :return: one sentence for each variant that was taken for the wrong kind; of broken ones only if all right ones pass
    """
    late = f"the tests did not come to an end within {timeout:g} seconds"
    passing = run_each(test, right, timeout)
    if passing is None:
        return [late]
    if any(run.code == 5 for run in passing.values()):
        return [f"there is no test in {test.name}"]
    found = [f"the tests fail {name}: {run.why}" for name, run in passing.items() if run.code != 0]
    if found:
        return found
    failing = run_each(test, broken, timeout)
    if failing is None:
        return [late]
    return [f"the tests also pass {name}" for name, run in failing.items() if run.code == 0]


def run_each(test: Path, variants: Mapping[str, Variant], timeout: float = 120) -> dict[str, Outcome] | None:
    """Run a file of tests once with each variant, one after the other.

    :param test: file of the tests
    :param variants: what to run it with, by name
    :param timeout: longest time for all of them, in seconds
    :return: the outcomes by name; None if they took longer
    """
    if not variants:
        return {}
    with TemporaryDirectory(prefix="dva-tests-") as place:
        folders = []
        for number, variant in enumerate(variants.values()):
            folder = Path(place) / str(number)
            shutil.copytree(test.parent, folder, ignore=shutil.ignore_patterns("__pycache__"))
            for name, text in variant.files.items():
                (folder / name).write_text(text)
            (folder / ".variant.json").write_text(json.dumps({"test": test.name, **asdict(variant)}))
            folders.append(folder)
        if not _bench.run(folders, timeout):
            return None
        return {name: _outcome(folder) for name, folder in zip(variants, folders, strict=True)}


def _outcome(folder: Path) -> Outcome:
    try:
        return Outcome(**json.loads((folder / ".outcome.json").read_text()))
    except FileNotFoundError:
        return Outcome(3, "they ended the process in which they ran")


class _Bench:
    """The child process, from its first use on. It ends with this process, whose end closes its input."""

    def __init__(self) -> None:
        self.child: subprocess.Popen[str] | None = None

    def run(self, folders: Sequence[Path], timeout: float) -> bool:
        """Have pytest run in each folder; return whether it came to an end within ``timeout`` seconds."""
        if self.child is None or self.child.poll() is not None:
            command = [sys.executable, "-P", __file__]
            pipe = subprocess.PIPE
            self.child = subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, start_new_session=True)
        asked, answered = self.child.stdin, self.child.stdout
        assert asked is not None
        assert answered is not None
        request = {"folders": [str(folder) for folder in folders], "environ": dict(os.environ)}
        print(json.dumps(request), file=asked, flush=True)
        if not select.select([answered], [], [], timeout)[0]:
            os.killpg(self.child.pid, signal.SIGKILL)
            self.child.wait()
            self.child = None
            return False
        if answered.readline() != "done\n":
            raise RuntimeError("the process that runs pytest has died")
        return True


_bench = _Bench()


class _Observer:
    """A plugin of pytest that remembers the first failure, and turns the order around if asked to."""

    def __init__(self, backwards: bool) -> None:
        self.backwards, self.why = backwards, ""

    def pytest_collection_modifyitems(self, items: list[object]) -> None:
        if self.backwards:
            items.reverse()

    def pytest_runtest_logreport(self, report: object) -> None:
        self._remember(report)

    def pytest_collectreport(self, report: object) -> None:
        self._remember(report)

    def _remember(self, report: object) -> None:
        if not getattr(report, "failed", False) or self.why:
            return
        crash = getattr(getattr(report, "longrepr", None), "reprcrash", None)
        said = crash.message if crash else str(getattr(report, "longrepr", ""))
        lines = [line.strip() for line in said.splitlines() if line.strip()] or ["no reason given"]
        # A file that cannot be imported ends with the reason, a failed assertion begins with it.
        self.why = f"{getattr(report, 'nodeid', '')}: {lines[0] if crash else lines[-1]}"


def _run(folder: Path) -> Outcome:
    """Run pytest in a folder, in this process, and leave no trace of it."""
    import pytest

    variant = json.loads((folder / ".variant.json").read_text())
    kept = dict(os.environ), list(sys.path), os.getcwd()
    os.environ.update(variant["environ"])
    os.chdir(folder)
    sys.path.insert(0, str(folder))
    observer = _Observer(variant["backwards"])
    try:
        code = int(pytest.main([variant["test"]], plugins=[observer]))
    finally:
        os.environ.clear()
        os.environ.update(kept[0])
        sys.path[:] = kept[1]
        os.chdir(kept[2])
        for name, module in list(sys.modules.items()):
            if str(getattr(module, "__file__", None) or "").startswith(f"{folder}{os.sep}"):
                del sys.modules[name]
    return Outcome(code, observer.why)


def _serve() -> None:
    """Answer each line of folders and environment with a line, once pytest has run in all of them."""
    sys.dont_write_bytecode = True
    for name in ("pytest", "boto3", "botocore.client", "botocore.httpsession", "botocore.stub", "unittest.mock"):
        importlib.import_module(name)
    answers = os.fdopen(os.dup(1), "w")
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    for line in sys.stdin:
        request = json.loads(line)
        pid = os.fork()
        if pid == 0:
            try:
                os.environ.clear()
                os.environ.update(request["environ"])
                for folder in map(Path, request["folders"]):
                    (folder / ".outcome.json").write_text(json.dumps(asdict(_run(folder.resolve()))))
            finally:
                os._exit(0)
        os.waitpid(pid, 0)
        print("done", file=answers, flush=True)


if __name__ == "__main__":
    _serve()
