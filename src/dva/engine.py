"""The papermill engine that proves a lab both ways in one pass.

At every exercise the cleared cell is tried first, in a forked child of the kernel (:mod:`dva.probe`), with the cells up
to its check: the check must fail, by its hint and nothing worse. Then the solution runs, and the check must pass.
"""

import ast
import asyncio
import json
import re
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from jupyter_client.kernelspec import KernelSpec, KernelSpecManager
from jupyter_client.manager import AsyncKernelManager
from jupyter_core.utils import run_sync
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from nbclient.util import ensure_async
from nbformat import NotebookNode
from papermill.clientwrap import PapermillNotebookClient

from dva import kernelspec, labformat

CELL_SECONDS = 120
"""Longest time of one cell, in seconds."""

NOTEBOOK_SECONDS = 600
"""Longest time of a whole notebook, in seconds."""

PROBE_SECONDS = 30
"""Longest time of a cleared cell with its check, in seconds of the wall clock (polls run on a virtual one)."""

_ANSI = re.compile(r"\x1b\[[0-9;]*m")


class LabErrors(Exception):
    """What is wrong with a lab, all of it; each error names its cell by its id."""

    def __init__(self, errors: list[str], nb: NotebookNode) -> None:
        super().__init__("\n".join(errors))
        self.errors, self.nb = errors, nb


class _CourseKernels(KernelSpecManager):
    """Start every kernel as the course's own, whether or not its kernelspec is installed."""

    fork: bool = True

    def get_kernel_spec(self, kernel_name: str) -> KernelSpec:
        provisioner = "dva-fork" if self.fork else "local-provisioner"
        metadata = {"kernel_provisioner": {"provisioner_name": provisioner, "config": {}}}
        return KernelSpec(**{**kernelspec.spec(), "metadata": metadata})


class LabClient(PapermillNotebookClient):
    """Runs a notebook's cells in the course's kernel and keeps its own list of errors."""

    def __init__(
        self,
        nb_man: Any,
        *,
        mode: str = "both-ways",
        fork: bool = True,
        notebook_timeout: float = NOTEBOOK_SECONDS,
        probe_timeout: float = PROBE_SECONDS,
        on_cell: Callable[[int, int], None] | None = None,
        **kw: Any,
    ) -> None:
        """Parameters are those of :func:`execute_managed`."""
        super().__init__(nb_man, **kw)
        self.mode, self.fork = mode, fork
        self.probe_timeout, self.notebook_timeout = probe_timeout, notebook_timeout
        self.on_progress = on_cell
        self.errors: list[str] = []
        self.results: dict[str, dict[str, str]] = {}
        self.cleaned = False
        self.sockets = tempfile.TemporaryDirectory(prefix="dva-", ignore_cleanup_errors=True)
        self.deadline = time.monotonic() + notebook_timeout
        limit = self.timeout or CELL_SECONDS
        self.timeout_func = lambda cell: max(1, int(min(limit, self.deadline - time.monotonic())))
        self.shutdown_kernel = "immediate"

    def create_kernel_manager(self) -> Any:
        """Return a manager that starts the course's kernel, forked from a warm template where that is possible."""
        (kernelspec.folder() / "ipython").mkdir(parents=True, exist_ok=True)
        specs = _CourseKernels()
        specs.fork = self.fork
        # Sockets in a folder of its own: TCP ports picked by kernels that start at the same time can collide.
        self.km = AsyncKernelManager(
            kernel_name="dva",
            kernel_spec_manager=specs,
            transport="ipc",
            connection_file=f"{self.sockets.name}/k.json",
        )
        return self.km

    def execute(self, **kwargs: Any) -> NotebookNode:
        """Start a kernel, run the cells in it, and stop it; ``kwargs`` go to the kernel manager."""
        self.reset_execution_trackers()
        with self.sockets, self.setup_kernel(**kwargs):
            self.papermill_execute_cells()
        return self.nb

    def papermill_execute_cells(self) -> None:
        """Run the cells up to an error that makes the rest meaningless; then empty the lab's accounts."""
        total = len(self.nb.cells)
        current, limit = NotebookNode(), 0
        try:
            for index, cell in enumerate(self.nb.cells):
                current, limit = cell, self.timeout_func(cell)
                if self.on_progress:
                    self.on_progress(index, total)
                if time.monotonic() > self.deadline:
                    self.errors.append(f"{labformat.label(cell)}: not reached in {self.notebook_timeout:g} s")
                    break
                self.nb_man.cell_start(cell, index)
                goes_on = self._step(cell, index)
                self.nb_man.cell_complete(cell, cell_index=index)
                if not goes_on:
                    break
            if not self.cleaned:
                self._empty_lab()
        except DeadKernelError:
            self.errors.append(f"{labformat.label(current)}: the kernel died")
        except CellTimeoutError:
            self.errors.append(f"{labformat.label(current)}: still running after {limit} s")
            run_sync(self.km.interrupt_kernel)()
            self._empty_lab()

    def _empty_lab(self) -> None:
        """Delete what a notebook that stopped early has left in its accounts."""
        with suppress(DeadKernelError):
            self._ask("__import__('dva.probe').probe.empty_lab(get_ipython().user_ns)")

    def _step(self, cell: NotebookNode, index: int) -> bool:
        """Run one cell in the way of this client's mode; return whether to go on."""
        if self.mode == "both-ways" and labformat.is_code(cell, "exercise"):
            self._probe(index)
        try:
            self.execute_cell(cell, index)
        except CellExecutionError as error:
            return self._failed(cell, error)
        if labformat.is_code(cell, "check"):
            self.results[cell.id] = {"outcome": "passed"}
        self.cleaned = self.cleaned or labformat.is_code(cell, "cleanup")
        return True

    def _failed(self, cell: NotebookNode, error: CellExecutionError) -> bool:
        told = self._ask("__import__('dva.probe').probe.last_error()") or {}
        if told.get("error") != error.ename:
            told = {"error": error.ename, "text": error.evalue}
        name = labformat.label(cell)
        if told["error"] == "CheckFailed":
            self.results[cell.id] = {"outcome": "failed", **told}
            if self.mode == "both-ways":
                self.errors.append(
                    f'{name}: check "{told["name"]}" fails on the solution: {told["seen"] or told["text"]}'
                )
            return self.mode != "learner"
        self.results[cell.id] = {"outcome": "broken", **told}
        if self.mode == "grade":
            return "setup" not in labformat.tags(cell)
        trace = "\n".join(_ANSI.sub("", line) for line in _traceback(cell)) or str(error)
        self.errors.append(f"{name}: raises {told['error']}: {told['text']}\n{trace}")
        # The rest of a solution can still be judged after a broken exercise, not after broken given code.
        return self.mode == "both-ways" and labformat.is_code(cell, "exercise")

    def _probe(self, index: int) -> None:
        """Try the cleared exercise with everything up to its check; the check must fail, and nothing else."""
        exercise = self.nb.cells[index]
        pairs = dict(labformat.exercise_check_pairs(self.nb))
        check = pairs[index]
        if check is None:
            self.errors.append(f"{labformat.label(exercise)}: an exercise without a check")
            return
        cells = [c for c in self.nb.cells[index : check + 1] if labformat.is_code(c)]
        sources = [labformat.cleared(exercise.source), *(c.source for c in cells[1:])]
        told = self._ask(
            f"__import__('dva.probe').probe.attempt({sources!r}, {float(self.probe_timeout)})",
            self.probe_timeout + 10,
        )
        if problem := judge(told, cells, self.nb.cells[check]):
            self.errors.append(problem)

    def _ask(self, expression: str, seconds: float = 60) -> dict[str, Any]:
        """Evaluate an expression in the kernel without leaving a trace; it returns a JSON object."""
        reply = run_sync(self._reply_to)(expression, seconds)
        answer = reply["content"].get("user_expressions", {}).get("dva", {})
        if answer.get("status") != "ok":
            raise RuntimeError(f"the kernel could not evaluate the engine's question: {answer or reply['content']}")
        found: dict[str, Any] = json.loads(ast.literal_eval(answer["data"]["text/plain"]))
        return found

    async def _reply_to(self, expression: str, seconds: float) -> dict[str, Any]:
        assert self.kc is not None
        sent = self.kc.execute("", silent=True, store_history=False, user_expressions={"dva": expression})
        deadline = time.monotonic() + seconds
        while True:
            try:
                reply: dict[str, Any] = await ensure_async(self.kc.shell_channel.get_msg(timeout=1))
            except Exception as error:  # queue.Empty: nothing came yet
                if type(error).__name__ != "Empty":
                    raise
                await self._async_check_alive()
                if time.monotonic() > deadline:
                    raise DeadKernelError("the kernel does not answer") from None
                continue
            if reply["parent_header"].get("msg_id") != sent:
                continue
            if reply["content"]["status"] != "aborted":
                return reply
            # For a moment after an error a kernel drops what it is asked.
            await asyncio.sleep(0.05)
            sent = self.kc.execute("", silent=True, store_history=False, user_expressions={"dva": expression})


def judge(told: dict[str, Any], cells: list[NotebookNode], check: NotebookNode) -> str | None:
    """Say what is wrong with the outcome of a cleared exercise, if anything is.

    :param told: what :func:`dva.probe.attempt` returned
    :param cells: the cells that it was given
    :param check: the last of them
    """
    exercise = labformat.label(cells[0])
    if told["outcome"] == "hung":
        return f"{exercise}: hangs while its solution is removed (stopped after {told['limit']:g} s)"
    if told["outcome"] == "died":
        return f"{exercise}: ends the process while its solution is removed"
    name = "".join(labformat.check_names(check.source)[:1]) or "?"
    if told["outcome"] == "passed":
        return f'{labformat.label(check)}: check "{name}" passes although the solution of {exercise} is removed'
    where = cells[told["cell"]]
    if told["error"] != "CheckFailed":
        return (
            f"{labformat.label(where)}: raises {told['error']} while the solution of {exercise} is removed, "
            f"where only the check should fail: {told['text']}"
        )
    if not told["hint"]:
        return f'{labformat.label(check)}: check "{name}" fails without a hint'
    return None


def _traceback(cell: NotebookNode) -> list[str]:
    return [line for out in cell.outputs if out.output_type == "error" for line in out.traceback]


def execute_managed(
    nb_man: Any,
    log_output: bool = False,
    stdout_file: Any = None,
    stderr_file: Any = None,
    start_timeout: float = 60,
    execution_timeout: int | None = None,
    **kwargs: Any,
) -> None:
    """Run a lab's notebook.

    :param nb_man: papermill's wrapper of the notebook
    :param start_timeout: longest time until the kernel is ready, in seconds
    :param execution_timeout: longest time of one cell, in seconds; default :data:`CELL_SECONDS`
    :param mode: ``both-ways``; ``plain`` runs up to the first error; ``learner`` up to the first failed check;
        ``grade`` goes on after failed checks and broken cells
    :param fork: fork the kernel from a warm template, where that is possible
    :param notebook_timeout: longest time of the whole notebook, in seconds
    :param probe_timeout: longest time of one cleared exercise, in seconds
    :param env: environment of the kernel
    :param folder: working folder of the kernel; papermill's own ``cwd`` would change this whole process's
    :param on_cell: called with the position of each cell and the number of cells before it runs
    :param results: filled with the outcome of each check and each broken cell, by cell id
    :raises LabErrors: with everything that is wrong
    """
    start = {name: kwargs[given] for given, name in (("env", "env"), ("folder", "cwd")) if kwargs.get(given)}
    results = kwargs.get("results")
    ours = ("mode", "fork", "notebook_timeout", "probe_timeout", "on_cell")
    client = LabClient(
        nb_man,
        timeout=execution_timeout or CELL_SECONDS,
        startup_timeout=int(start_timeout),
        log_output=log_output,
        stdout_file=stdout_file,
        stderr_file=stderr_file,
        **{name: kwargs[name] for name in ours if name in kwargs},
    )
    try:
        client.execute(**start)
    except DeadKernelError:
        if not client.errors:
            client.errors.append("the kernel died")
    finally:
        if results is not None:
            results.update(client.results)
    if client.errors:
        raise LabErrors(client.errors, nb_man.nb)
