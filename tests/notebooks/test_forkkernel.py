"""Forked kernels behave as ordinary ones do, and neither they nor their template outlive who asked for them."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from jupyter_client.kernelspec import KernelSpec, KernelSpecManager
from jupyter_client.manager import KernelManager

from dva import forkkernel, kernelspec

pytestmark = [
    pytest.mark.usefixtures("no_server"),
    pytest.mark.skipif(sys.platform != "linux", reason="kernels are forked on Linux only"),
]


class Specs(KernelSpecManager):
    """The course's kernelspec with the provisioner under test."""

    def get_kernel_spec(self, kernel_name: str) -> KernelSpec:
        metadata = {"kernel_provisioner": {"provisioner_name": "dva-fork"}}
        return KernelSpec(**{**kernelspec.spec(), "metadata": metadata})


class Kernel:
    """A running kernel that evaluates expressions."""

    def __init__(self, folder: Path, **start: Any) -> None:
        folder.mkdir(exist_ok=True)
        file = str(folder / "k.json")
        self.manager = KernelManager(kernel_spec_manager=Specs(), transport="ipc", connection_file=file)
        self.manager.start_kernel(**start)
        self.client = self.manager.client()
        self.client.start_channels()
        self.client.wait_for_ready(timeout=60)

    @property
    def pid(self) -> int:
        return self.manager.provisioner.pid  # type: ignore[union-attr]

    def say(self, code: str) -> str:
        """Run ``code`` and return what it printed, or the name of the error that it raised."""
        said: list[str] = []

        def hear(message: dict[str, Any]) -> None:
            content = message["content"]
            said.append(content.get("text") or content.get("ename") or "")

        self.client.execute_interactive(code, output_hook=hear, timeout=30)
        return "".join(said).strip()

    def stop(self) -> None:
        self.client.stop_channels()
        self.manager.shutdown_kernel(now=True)


@pytest.fixture
def start(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Kernel]]:
    """Return a function that starts kernels, which the end of the test stops."""
    started: list[Kernel] = []

    def begin(**options: Any) -> Kernel:
        folder = Path(f"/tmp/dva-test-{os.getpid()}-{time.monotonic_ns()}")  # short enough for a socket's path
        started.append(Kernel(folder, **options))
        return started[-1]

    yield begin
    for kernel in started:
        kernel.stop()
        for left in (folder := Path(kernel.manager.connection_file).parent).iterdir():
            left.unlink()
        folder.rmdir()


@pytest.fixture
def short_folder() -> Iterator[Path]:
    """A new folder whose path leaves room for a socket's name; pytest's own grows with the number of runs."""
    with tempfile.TemporaryDirectory(prefix="dva-t", dir="/tmp") as folder:
        yield Path(folder)


def template_of(kernel: Kernel) -> psutil.Process:
    """Return the process that forked a kernel."""
    parent = psutil.Process(kernel.pid).parent()
    assert parent is not None
    return parent


def test_kernel_is_forked_from_a_template_of_one_thread(start: Callable[..., Kernel]) -> None:
    template = template_of(start())
    assert "dva.forkkernel" in " ".join(template.cmdline())
    assert template.num_threads() == 1


def test_two_kernels_share_the_template_and_nothing_else(start: Callable[..., Kernel]) -> None:
    one, other = start(), start()
    assert template_of(one).pid == template_of(other).pid
    assert one.pid != other.pid
    one.say("x = 1")
    assert other.say("print('x' in dir())") == "False"
    draw = "import random, numpy; print(random.random(), numpy.random.random())"
    mine, theirs = one.say(draw).split(), other.say(draw).split()
    assert mine[0] != theirs[0]
    assert mine[1] != theirs[1]


def test_kernel_has_the_environment_and_folder_that_were_asked_for(
    start: Callable[..., Kernel], tmp_path: Path
) -> None:
    env = os.environ | {"DVA_TEST_MARK": "here", "AWS_PROFILE": "production", "AWS_ACCESS_KEY_ID": "AKIAREALKEY"}
    kernel = start(env=env, cwd=str(tmp_path))
    assert kernel.say("import os; print(os.environ['DVA_TEST_MARK'], os.getcwd())") == f"here {tmp_path}"
    assert (
        kernel.say("print(os.environ.get('AWS_PROFILE'), os.environ['AWS_ENDPOINT_URL'])") == "None http://127.0.0.1:9"
    )
    assert "AKIAREALKEY" not in kernel.say("print(dict(os.environ))")


def test_environment_of_one_kernel_does_not_reach_the_next(start: Callable[..., Kernel]) -> None:
    start(env=os.environ | {"DVA_TEST_MARK": "first"})
    assert start().say("import os; print(os.environ.get('DVA_TEST_MARK'))") == "None"


def test_output_of_child_processes_is_seen(start: Callable[..., Kernel], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PYTEST_CURRENT_TEST")  # ipykernel looks at it, and then captures less
    assert start().say("import subprocess; _ = subprocess.run(['echo', 'from a child'])") == "from a child"


def test_pictures_are_drawn_inline(start: Callable[..., Kernel]) -> None:
    kernel = start()
    kernel.say("import matplotlib.pyplot as plt; _ = plt.plot([1, 2])")
    assert "matplotlib_inline" in kernel.say("print(plt.get_backend(), __import__('os').environ['MPLBACKEND'])")


def test_interrupt_reaches_the_cell(start: Callable[..., Kernel]) -> None:
    kernel = start()
    kernel.client.execute("import time; print('running', flush=True); time.sleep(60)")
    while kernel.client.get_iopub_msg(timeout=30)["msg_type"] != "stream":
        pass
    kernel.manager.interrupt_kernel()
    reply = kernel.client.get_shell_msg(timeout=30)
    assert reply["content"]["ename"] == "KeyboardInterrupt"


def test_restart_gives_a_fresh_process(start: Callable[..., Kernel]) -> None:
    kernel = start()
    before = kernel.pid
    kernel.say("x = 1")
    kernel.manager.restart_kernel(now=True)
    kernel.client.wait_for_ready(timeout=60)
    assert kernel.pid != before
    assert kernel.say("print('x' in dir())") == "False"


def test_death_is_noticed_with_its_exit_code(start: Callable[..., Kernel]) -> None:
    kernel = start()
    process = kernel.manager.provisioner.process  # type: ignore[union-attr]
    assert process.poll() is None
    kernel.client.execute("import os; os._exit(7)")
    assert process.wait(timeout=10) == 7
    assert not kernel.manager.is_alive()


def test_shutdown_ends_the_processes_that_a_cell_started(start: Callable[..., Kernel]) -> None:
    kernel = start()
    child = psutil.Process(int(kernel.say("import subprocess; p = subprocess.Popen(['sleep', '60']); print(p.pid)")))
    kernel.manager.shutdown_kernel(now=True)
    psutil.wait_procs([child], timeout=5)
    assert not child.is_running() or child.status() == psutil.STATUS_ZOMBIE


ASKS = """
import sys
from dva import forkkernel
process = forkkernel._fork({"options": ["-f", sys.argv[1]], "env": {}, "cwd": "/"})
print(process.pid, flush=True)
sys.stdin.read()
"""


def test_kernels_and_template_end_with_those_who_asked(
    short_folder: Path, monkeypatch: pytest.MonkeyPatch, eventually: Callable[..., Any]
) -> None:
    """However the asking process ends: it is killed here."""
    monkeypatch.setenv("TMPDIR", str(short_folder))  # a template of its own
    asking = [
        subprocess.Popen(
            [sys.executable, "-c", ASKS, str(short_folder / f"k{n}.json")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        for n in range(2)
    ]
    kernels = [psutil.Process(int(process.stdout.readline())) for process in asking if process.stdout]
    templates = {kernel.ppid() for kernel in kernels}
    assert len(templates) == 1
    template = psutil.Process(templates.pop())
    asking[0].kill()
    asking[0].wait()
    eventually(lambda: not kernels[0].is_running())
    assert kernels[1].is_running()
    assert template.is_running()
    asking[1].kill()
    asking[1].wait()
    eventually(lambda: not kernels[1].is_running() and not template.is_running())
    assert list(short_folder.glob("**/*.sock")) == []


def test_dead_template_is_replaced(
    start: Callable[..., Kernel], short_folder: Path, monkeypatch: pytest.MonkeyPatch, eventually: Callable[..., Any]
) -> None:
    monkeypatch.setattr(forkkernel, "_lease", None)
    monkeypatch.setattr(forkkernel.tempfile, "gettempdir", lambda: str(short_folder))
    first = start()
    template = template_of(first)
    template.kill()
    eventually(lambda: not template.is_running() or template.status() == psutil.STATUS_ZOMBIE)
    eventually(lambda: not first.manager.is_alive())
    assert template_of(start()).pid != template.pid


def test_folder_too_long_for_a_socket_is_told_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The ordinary kernel starts then, without waiting for a template that cannot listen."""
    long = tmp_path / ("long" * 30)
    long.mkdir()
    monkeypatch.setattr(forkkernel, "_lease", None)
    monkeypatch.setattr(forkkernel.tempfile, "gettempdir", lambda: str(long))
    with pytest.raises(OSError, match="too long for a socket"):
        forkkernel._template()


def test_ordinary_kernel_starts_where_no_template_can(
    start: Callable[..., Kernel], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(request: dict[str, Any]) -> None:
        raise OSError("no template")

    monkeypatch.setattr(forkkernel, "_fork", fails)
    kernel = start()
    assert kernel.say("print(1 + 1)") == "2"
    assert "dva.kernel" in psutil.Process(kernel.pid).cmdline()
