"""Runs inside a kernel: try cells in a forked child, so that the learner's state never sees that they ran.

Imports only what a kernel has loaded anyway. :mod:`dva.engine` calls it through ``user_expressions``.
"""

import gc
import io
import json
import os
import select
import signal
import sys
import time
from contextlib import suppress
from typing import Any

REAL_SECONDS = 0.5
"""How long sleeping really sleeps before the clock becomes virtual, in seconds: something that the given code has
set in motion gets this long to make a check pass that should fail."""


def attempt(cells: list[str], limit: float) -> str:
    """Run ``cells`` one after another in a child of this kernel, up to the first that raises.

    :param cells: source of each cell
    :param limit: longest time, in seconds, after which the child and all that it started are killed
    :return: JSON object: ``{"outcome": "passed"}``; or ``"raised"`` with ``cell`` (its position), ``error`` (class
        name), ``text``, and for a failed check ``name``, ``hint``, ``seen``;
        or ``"hung"`` with ``limit``; or ``"died"``
    """
    sys.stdout.flush()
    sys.stderr.flush()
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        code = 1
        try:
            os.close(reader)
            os.setsid()
            report = json.dumps(_run(cells)).encode()
            os.write(writer, len(report).to_bytes(4) + report)
            code = 0
        finally:
            os._exit(code)
    os.close(writer)
    try:
        return _collect(reader, limit)
    finally:
        os.close(reader)
        with suppress(OSError):
            os.killpg(child, signal.SIGKILL)
        with suppress(OSError):
            os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


def _collect(reader: int, limit: float) -> str:
    deadline = time.monotonic() + limit
    received = b""
    while len(received) < 4 or len(received) < 4 + int.from_bytes(received[:4]):
        ready, _, _ = select.select([reader], [], [], max(0, deadline - time.monotonic()))
        if not ready:
            return json.dumps({"outcome": "hung", "limit": limit})
        part = os.read(reader, 65536)
        if not part:
            return json.dumps({"outcome": "died"})
        received += part
    return received[4:].decode()


def _run(cells: list[str]) -> dict[str, Any]:
    """In the child: cut what it shares with the kernel, then run the cells."""
    from IPython.core.displaypub import CapturingDisplayPublisher
    from IPython.core.getipython import get_ipython

    nowhere = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(nowhere, descriptor)
    sys.stdout, sys.stderr = io.StringIO(), io.StringIO()
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    os.environ["DVA_PROGRESS"] = "off"
    os.environ["no_proxy"] = "*"  # macOS looks proxies up in a framework that does not survive a fork
    shell: Any = get_ipython()
    shell.display_pub = CapturingDisplayPublisher()
    shell.displayhook.write_format_data = lambda *args, **kwargs: None
    shell.displayhook.finish_displayhook = lambda *args, **kwargs: None
    shell.showtraceback = lambda *args, **kwargs: None
    shell.showsyntaxerror = lambda *args, **kwargs: None
    forget_connections()
    virtual_clock(shell.user_ns)
    for position, source in enumerate(cells):
        result = shell.run_cell(source, store_history=False, silent=True)
        error = result.error_before_exec or result.error_in_exec
        if error is not None:
            return {"outcome": "raised", "cell": position, **describe(error)}
    return {"outcome": "passed"}


def describe(error: BaseException) -> dict[str, str]:
    """Return an exception's class name and text, and what a failed check carries."""
    told = {"error": type(error).__name__, "text": str(error)}
    for field in ("name", "hint", "seen"):
        if type(error).__name__ == "CheckFailed":
            told[field] = str(getattr(error, field, ""))
    return told


def last_error() -> str:
    """Return :func:`describe` of the error that IPython showed last, as JSON."""
    error = getattr(sys, "last_value", None)
    return json.dumps(describe(error) if error is not None else {})


def forget_connections() -> None:
    """Empty every connection pool of this process: a socket shared with the parent would hand over its answers."""
    pools = sys.modules.get("urllib3.connectionpool")
    if pools is None:
        return
    for found in gc.get_objects():
        # type(), because isinstance() would follow dead weak proxies.
        if issubclass(type(found), pools.HTTPConnectionPool) and found.pool is not None:
            size = found.pool.maxsize
            found.pool = found.QueueCls(size)
            for _ in range(size):
                found.pool.put(None)


def virtual_clock(namespace: dict[str, Any]) -> None:
    """Make sleeping advance the clocks instead of waiting, once :data:`REAL_SECONDS` have really been slept.

    :param namespace: the notebook's variables, which may hold the functions of :mod:`time` under their own names
    """
    real_sleep, skipped, slept = time.sleep, 0.0, 0.0

    def sleep(seconds: float) -> None:
        nonlocal skipped, slept
        really = min(seconds, max(0.0, REAL_SECONDS - slept))
        slept += really
        skipped += seconds - really
        real_sleep(really)

    def shifted(clock: Any) -> Any:
        return lambda: clock() + skipped

    replaced: dict[Any, Any] = {time.sleep: sleep}
    for name in ("time", "monotonic", "perf_counter"):
        clock = getattr(time, name)
        replaced[clock] = shifted(clock)
    holders = [vars(m) for name, m in list(sys.modules.items()) if name.partition(".")[0] == "dva" and m]
    for holder in [vars(time), namespace, *holders]:
        for name, value in list(holder.items()):
            with suppress(TypeError):  # not hashable, hence no function of the time module
                if value in replaced and callable(value):
                    holder[name] = replaced[value]


def empty_lab(namespace: dict[str, Any]) -> str:
    """Delete what a notebook that stopped early has left in its accounts.

    :param namespace: the notebook's variables; its ``lab`` is reset
    :return: JSON object with what went wrong, for a log
    """
    lab = namespace.get("lab")
    if lab is None or not hasattr(lab, "reset"):
        return "{}"
    from contextlib import redirect_stdout

    try:
        with redirect_stdout(io.StringIO()):
            lab.reset()
    except Exception as error:  # the notebook's own errors matter more
        return json.dumps({"error": str(error)})
    return "{}"
