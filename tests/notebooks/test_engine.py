"""The both-ways engine finds what is wrong with a lab, names it, and leaves no trace of its probes.

The "server" of these notebooks is a dictionary, so a probe in a child process can never change it.
"""

import re
import subprocess
import sys
from typing import Any

import papermill
import pytest
from nbformat import NotebookNode
from notebooks import tiny

from dva import engine, running

pytestmark = pytest.mark.usefixtures("no_server")

GOOD = (tiny.exercise("set-a", 'state["a"] = 1'), tiny.check("a is set", 'state.get("a") == 1'))


def errors(*cells: NotebookNode, **options: Any) -> list[str]:
    """Run a notebook both ways and return the engine's errors."""
    try:
        running.execute(tiny.notebook(*cells), **options)
    except engine.LabErrors as found:
        return found.errors
    return []


def outputs(nb: NotebookNode, name: str) -> str:
    """Return what a cell printed."""
    cell = next(cell for cell in nb.cells if cell.id == name)
    return "".join(out.get("text") or out.get("data", {}).get("text/plain", "") for out in cell.outputs)


def test_good_lab_passes_and_looks_as_if_only_the_solution_had_run() -> None:
    count = tiny.code("count", 'state["runs"] = state.get("runs", 0) + 1\nprint("given", state)\nlen(_ih)')
    done = running.execute(tiny.notebook(tiny.exercise("set-a", 'state["a"] = 1\nstate'), count, GOOD[1]))
    assert outputs(done, "count").startswith("given {'a': 1, 'runs': 1}")
    counts = [cell.execution_count for cell in done.cells]
    # The injected parameters are cell 2.
    assert counts == [1, 3, 4, 5, 6]
    assert outputs(done, "a-is-set") == "✓ a is set"
    assert "papermill" not in done.metadata
    assert [cell.id for cell in done.cells] == ["parameters", "setup", "set-a", "count", "a-is-set"]


def test_engine_is_papermills_by_entry_point() -> None:
    with pytest.raises(engine.LabErrors, match="passes although"):
        papermill.execute_notebook(
            tiny.notebook(GOOD[0], tiny.check("always", "True")),
            None,
            engine_name="dva-both-ways",
            kernel_name="dva",
            language="python",
            progress_bar=False,
        )


@pytest.mark.parametrize("module", ["papermill", "dva.engine", "dva.running", "dva.notebooks", "dva.authoring"])
def test_modules_can_be_imported_in_any_order(module: str) -> None:
    """papermill loads our engine while it is itself being imported."""
    subprocess.run([sys.executable, "-c", f"import {module}, papermill, dva.engine"], check=True)


def test_check_that_always_passes_is_named() -> None:
    assert errors(GOOD[0], tiny.check("always", "True")) == [
        "cell 'always': check \"always\" passes although the solution of cell 'set-a' is removed"
    ]


def test_broken_solution_is_named_with_what_was_seen() -> None:
    (found,) = errors(tiny.exercise("set-a", 'state["a"] = 2'), GOOD[1])
    assert found.startswith('cell \'a-is-set\': check "a is set" fails on the solution: not true: state.get("a") == 1')


def test_all_errors_of_a_lab_are_listed() -> None:
    found = errors(
        tiny.exercise("first", "x = 1"),
        tiny.check("always", "True"),
        tiny.exercise("second", 'state["b"] = 2'),
        tiny.check("b is set", 'state.get("b") == 3'),
        *GOOD,
    )
    assert len(found) == 2
    assert "'always'" in found[0]
    assert "'b-is-set'" in found[1]


def test_exercise_without_a_check() -> None:
    assert errors(tiny.exercise("alone", "x = 1"), *GOOD) == ["cell 'alone': an exercise without a check"]


def test_error_in_given_code_shows_whole_and_ends_the_run() -> None:
    (found,) = errors(tiny.code("given", "def divide():\n    return 1 / 0\ndivide()"), *GOOD)
    assert found.startswith("cell 'given': raises ZeroDivisionError: division by zero\n")
    assert "return 1 / 0" in found
    assert "\x1b" not in found


def test_error_in_a_solution_is_listed_and_the_rest_is_still_judged() -> None:
    found = errors(tiny.exercise("broken", "1 / 0"), tiny.check("b", 'state["b"]'), GOOD[0], tiny.check("c", "True"))
    assert re.match("cell 'broken': raises ZeroDivisionError", found[0])
    assert re.match("cell 'b': check \"b\" fails on the solution", found[1])
    assert re.match("cell 'c': check \"c\" passes although", found[2])
    assert len(found) == 3


def test_cleared_exercise_must_not_break_by_itself() -> None:
    (found,) = errors(tiny.code("x", "..."), tiny.exercise("sum", "total = 1"), tiny.code("use", "total + 1"), GOOD[1])[
        :1
    ]
    assert found.startswith("cell 'use': raises NameError while the solution of cell 'sum' is removed")


def test_check_that_breaks_instead_of_failing() -> None:
    (found,) = errors(GOOD[0], tiny.check("typed", 'state.get("a") + 1 == 2'))
    assert found.startswith("cell 'typed': raises TypeError while the solution of cell 'set-a' is removed")


def test_check_without_a_hint() -> None:
    assert errors(GOOD[0], tiny.check("a is set", 'state.get("a") == 1', hint="")) == [
        "cell 'a-is-set': check \"a is set\" fails without a hint"
    ]


@pytest.mark.parametrize("names", ["wait_until(lambda: state.get('a'), timeout=300)", "slow()"])
def test_polling_check_runs_on_a_virtual_clock(names: str) -> None:
    """Five minutes of waiting pass at once; ``slow`` holds sleep under a name of its own."""
    helper = tiny.code(
        "helper",
        "from time import sleep as pause, monotonic as now\n"
        "def slow():\n"
        "    start = now()\n"
        "    while not state.get('a') and now() - start < 300:\n"
        "        pause(1)\n"
        "    return state.get('a')",
    )
    assert errors(helper, GOOD[0], tiny.check("a is set", names), probe_timeout=8) == []


def test_what_becomes_true_by_itself_soon_is_not_hidden_by_the_virtual_clock() -> None:
    """Given code may have set something in motion that makes the check pass without the solution."""
    given = tiny.code("given", "begun = time.time()")
    late = tiny.check("late", "wait_until(lambda: time.time() - begun > 0.3, timeout=5)")
    assert "passes although" in errors(given, GOOD[0], late)[0]


def test_cleared_exercise_that_hangs_is_an_error() -> None:
    loop = tiny.exercise("loop", 'state["a"] = 1', before="import itertools")
    loop.source += '\nwhile not state.get("a"):\n    pass'
    assert errors(loop, GOOD[1], probe_timeout=1) == [
        "cell 'loop': hangs while its solution is removed (stopped after 1 s)"
    ]


def test_cleared_exercise_that_ends_the_process_is_an_error() -> None:
    exits = tiny.exercise("exits", 'state["a"] = 1')
    exits.source += '\nif not state.get("a"):\n    import os\n    os._exit(3)'
    assert errors(exits, GOOD[1]) == ["cell 'exits': ends the process while its solution is removed"]


def test_kernel_death_is_reported_with_its_cell() -> None:
    assert errors(*GOOD, tiny.code("dies", "import os\nos._exit(1)"), *GOOD[:0]) == ["cell 'dies': the kernel died"]


def test_cell_that_runs_too_long_is_stopped() -> None:
    found = errors(tiny.code("slow", "time.sleep(60)"), *GOOD, execution_timeout=1)
    assert found == ["cell 'slow': still running after 1 s"]


def test_notebook_that_runs_too_long_is_stopped() -> None:
    """No cell reaches its own limit; which one is stopped depends on how fast the machine is."""
    slow = [tiny.code(f"slow-{n}", "time.sleep(0.7)") for n in range(5)]
    (found,) = errors(*slow, *GOOD, notebook_timeout=2)
    assert re.fullmatch(r"cell '[a-z0-9-]+': (not reached in 2 s|still running after [12] s)", found)


def test_files_in_the_working_folder_are_an_error() -> None:
    writes = tiny.code("writes", "open('left.txt', 'w').close()")
    assert errors(writes, *GOOD) == ["left behind in the working folder: left.txt"]


def test_every_run_gets_a_name_of_its_own() -> None:
    shows = tiny.code("shows", "print(run)")
    first, second = (outputs(running.execute(tiny.notebook(shows, *GOOD)), "shows") for _ in range(2))
    assert first != second
    assert "mine" not in first + second


def test_progress_is_told_by_cell() -> None:
    seen: list[tuple[int, int]] = []
    running.execute(tiny.notebook(*GOOD), on_cell=lambda done, total: seen.append((done, total)))
    assert seen == [(n, 5) for n in range(5)]


def test_probe_shares_no_connection_with_the_kernel(echo_server: str) -> None:
    """A probe that read from the kernel's own socket would take its answer away."""
    given = tiny.code("given", f"import requests\nweb = requests.Session()\nprint(web.get('{echo_server}/1').text)")
    asks = f"web.get('{echo_server}/probe').text == '/probe' and state.get('a')"
    after = tiny.code("after", f"print(web.get('{echo_server}/2').text)")
    done = running.execute(tiny.notebook(given, GOOD[0], tiny.check("a", asks), after))
    assert outputs(done, "after") == "/2\n"


@pytest.fixture
def echo_server() -> Any:
    """URL of a server that keeps connections open and answers with the path."""
    import threading
    from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

    class Echo(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", str(len(self.path)))
            self.end_headers()
            self.wfile.write(self.path.encode())

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Echo)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()
