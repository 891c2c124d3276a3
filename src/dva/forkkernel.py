"""Kernels that are ready at once: forked from a template process that has imported everything a lab imports.

For runs of many notebooks (the test suite, the author's commands). One template serves all processes that ask for it
and ends with the last of them. Where it cannot be had (macOS, whose frameworks do not survive a fork; no template in
time) the ordinary kernel starts instead.
"""

import asyncio
import hashlib
import json
import os
import random
import selectors
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Any, NoReturn

from filelock import FileLock
from jupyter_client.connect import KernelConnectionInfo
from jupyter_client.provisioning import LocalProvisioner

TEMPLATE_SECONDS = 30
"""Longest wait for a new template, in seconds; its imports take two to five on a busy machine."""

SOCKET_PATH_BYTES = 107
"""Longest path of a Unix socket on Linux, from unix(7): 108 bytes with the final zero."""


class ForkProvisioner(LocalProvisioner):
    """The provisioner ``dva-fork`` (entry point group ``jupyter_client.kernel_provisioners``)."""

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> KernelConnectionInfo:
        """Fork a kernel from the template, or start an ordinary one.

        :param cmd: the kernelspec's command line, ``… -m dva.kernel OPTIONS``
        :param kwargs: as for ``subprocess.Popen``; ``env`` and ``cwd`` are used
        """
        if sys.platform != "linux" or "dva.kernel" not in cmd:
            return await super().launch_kernel(cmd, **kwargs)
        request = {
            "options": cmd[cmd.index("dva.kernel") + 1 :],
            "env": dict(kwargs.get("env") or os.environ),
            "cwd": str(kwargs.get("cwd") or Path.cwd()),
        }
        try:
            process = await asyncio.to_thread(_fork, request)
        except (OSError, ValueError) as error:
            self.log.warning("No forked kernel (%s); starting an ordinary one.", error)
            return await super().launch_kernel(cmd, **kwargs)
        self.process = process  # type: ignore[assignment]
        self.pid = self.pgid = process.pid  # type: ignore[assignment]
        self.cwd = request["cwd"]  # type: ignore[assignment]
        return self.connection_info


class ForkedProcess:
    """A kernel forked by the template, as far as ``subprocess.Popen`` is needed."""

    stdin = stdout = stderr = None

    def __init__(self, pid: int, line: socket.socket) -> None:
        self.pid, self._line = pid, line
        self.returncode: int | None = None

    def poll(self) -> int | None:
        """Return the exit code, negative for a signal, or None while the process runs."""
        return self._look(0)

    def wait(self, timeout: float | None = None) -> int:
        """Wait for the end and return the exit code.

        :param timeout: longest wait, in seconds
        :raises subprocess.TimeoutExpired: if the process still runs then
        """
        code = self._look(timeout)
        if code is None:
            raise subprocess.TimeoutExpired(f"kernel {self.pid}", timeout or 0)
        return code

    def send_signal(self, number: int) -> None:
        """Send a signal to the process alone."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """End the process at once."""
        self.send_signal(signal.SIGKILL)

    def terminate(self) -> None:
        """Ask the process to end."""
        self.send_signal(signal.SIGTERM)

    def _look(self, timeout: float | None) -> int | None:
        if self.returncode is None:
            self._line.settimeout(timeout)
            try:
                told = self._line.recv(100)
            except (BlockingIOError, TimeoutError):
                return None
            except OSError:
                told = b""
            # A template that ends takes its kernels along.
            self.returncode = int(json.loads(told)["exit"]) if told else -signal.SIGKILL
            self._line.close()
        return self.returncode


# -- the side that asks ---------------------------------------------------------------------------------------

_lease: tuple[int, Path, socket.socket] | None = None
_guard = threading.Lock()


def _fork(request: dict[str, Any]) -> ForkedProcess:
    """Have the template fork a kernel."""
    line = _connect(_template())
    try:
        line.settimeout(TEMPLATE_SECONDS)
        line.sendall(json.dumps(request).encode() + b"\n")
        answer = line.recv(100)
        return ForkedProcess(int(json.loads(answer)["pid"]), line)
    except BaseException:
        line.close()
        raise


def _template() -> Path:
    """Return the socket of a template, which lives at least as long as this process."""
    global _lease
    with _guard:
        if _lease is not None and _lease[0] == os.getpid() and _is_open(_lease[2]):
            return _lease[1]
        folder = Path(tempfile.gettempdir()) / f"dva-kernels-{os.getuid()}"
        folder.mkdir(mode=0o700, exist_ok=True)
        if folder.stat().st_uid != os.getuid():
            raise PermissionError(f"{folder} belongs to somebody else")
        path = folder / f"{_version()}.sock"
        if len(os.fsencode(path)) > SOCKET_PATH_BYTES:
            raise OSError(f"{path} is too long for a socket; set TMPDIR to a shorter folder")
        with FileLock(folder / "lock", timeout=TEMPLATE_SECONDS * 2):
            try:
                line = _connect(path)
            except OSError:
                line = _start(path)
            line.sendall(b'{"lease": true}\n')
        _lease = (os.getpid(), path, line)
        return path


def _is_open(line: socket.socket) -> bool:
    line.setblocking(False)
    try:
        return line.recv(1) != b""
    except BlockingIOError:
        return True
    except OSError:
        return False


def _version() -> str:
    """Name the code that a template has imported, so that none serves older code than what is on disk."""
    files = sorted(Path(__file__).parent.glob("*.py"))
    seen = [sys.executable, *(f"{path}:{path.stat().st_mtime_ns}" for path in files)]
    return hashlib.sha256("\n".join(seen).encode()).hexdigest()[:16]


def _connect(path: Path) -> socket.socket:
    line = socket.socket(socket.AF_UNIX)
    try:
        line.connect(str(path))
    except OSError:
        line.close()
        raise
    return line


def _start(path: Path) -> socket.socket:
    """Start a template and return a connection to it."""
    path.unlink(missing_ok=True)
    alone = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "JE_ARROW_MALLOC_CONF": "background_thread:false"}
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "dva.forkkernel", str(path)],
        env=os.environ | alone,  # a fork must find no other thread: not numpy's, not pyarrow's
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    deadline = time.monotonic() + TEMPLATE_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        with suppress(OSError):
            return _connect(path)
        time.sleep(0.05)
    process.kill()
    process.wait()
    raise OSError(f"the kernel template did not start in {TEMPLATE_SECONDS} s")


# -- the template ---------------------------------------------------------------------------------------------


class Template:
    """Forks kernels on request; every connection is either a lease or stands for one kernel.

    :param path: the socket to listen on
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.selector = selectors.DefaultSelector()
        self.lines: set[socket.socket] = set()
        self.kernels: dict[socket.socket, tuple[int, int]] = {}
        """Process id and process file descriptor of each kernel."""
        self.door = socket.socket(socket.AF_UNIX)

    def serve(self) -> None:
        """Listen until the last lease ends."""
        self.door.bind(str(self.path))
        self.door.listen(64)
        self.selector.register(self.door, selectors.EVENT_READ, self._accept)
        leased = False
        while True:
            for key, _ in self.selector.select():
                key.data()
            leased = leased or bool(self.lines)
            if leased and not self.lines and self._leave():
                return

    def _leave(self) -> bool:
        """Close the door, unless somebody stands in it."""
        with FileLock(self.path.with_name("lock")):
            if self._waiting():
                return False
            self.door.close()
            self.path.unlink(missing_ok=True)
        return True

    def _waiting(self) -> bool:
        with selectors.DefaultSelector() as look:
            look.register(self.door, selectors.EVENT_READ)
            return bool(look.select(0))

    def _accept(self) -> None:
        line, _ = self.door.accept()
        self.lines.add(line)
        self.selector.register(line, selectors.EVENT_READ, lambda: self._hear(line))

    def _hear(self, line: socket.socket) -> None:
        """Read a request, or notice that the one who asked is gone: then its kernel ends too."""
        try:
            received = _read_line(line)
        except OSError:
            received = b""
        if not received:
            self._hang_up(line)
            return
        request = json.loads(received)
        if "options" in request:
            self._fork(line, request)

    def _hang_up(self, line: socket.socket) -> None:
        self.selector.unregister(line)
        self.lines.discard(line)
        line.close()
        if line in self.kernels:
            pid, ended = self.kernels.pop(line)
            with suppress(OSError):
                os.killpg(pid, signal.SIGKILL)
            self._forget(pid, ended)

    def _forget(self, pid: int, ended: int) -> int:
        self.selector.unregister(ended)
        os.close(ended)
        _, status = os.waitpid(pid, 0)
        return os.waitstatus_to_exitcode(status)

    def _fork(self, line: socket.socket, request: dict[str, Any]) -> None:
        ready, tell = os.pipe()
        template = os.getpid()
        pid = os.fork()
        if pid == 0:
            try:
                os.setsid()
                os.close(ready)
                os.close(tell)
                for shared in [self.door, *self.lines]:
                    shared.close()
                for _, ended in self.kernels.values():
                    os.close(ended)
                self.selector.close()
                become_kernel(request, template)
            finally:
                os._exit(1)
        os.close(tell)
        os.read(ready, 1)  # end of file: the child leads its own process group, so a signal can reach it
        os.close(ready)
        ended = os.pidfd_open(pid)
        self.kernels[line] = (pid, ended)
        self.selector.register(ended, selectors.EVENT_READ, lambda: self._ended(line))
        with suppress(OSError):
            line.sendall(json.dumps({"pid": pid}).encode())

    def _ended(self, line: socket.socket) -> None:
        if line not in self.kernels:
            return
        pid, ended = self.kernels.pop(line)
        code = self._forget(pid, ended)
        with suppress(OSError):
            line.sendall(json.dumps({"exit": code}).encode())


def _read_line(line: socket.socket) -> bytes:
    parts = b""
    while not parts.endswith(b"\n"):
        part = line.recv(65536)
        if not part:
            return b""
        parts += part
    return parts


def become_kernel(request: dict[str, Any], template: int) -> NoReturn:
    """In the child: turn this process into a kernel as if it had just been started.

    :param request: ``env``, ``cwd`` and the kernel's command-line ``options``
    :param template: process whose end ends the kernel
    """
    import numpy
    from ipykernel.kernelapp import IPKernelApp

    from dva import kernel

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGCHLD):
        signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)
    os.environ.clear()
    os.environ.update(request["env"])
    os.chdir(request["cwd"])
    sys.argv = ["dva.kernel", *request["options"]]
    random.seed()
    numpy.random.seed()
    kernel.prepare()
    code = 0
    try:
        app = IPKernelApp.instance(parent_handle=template)
        app.initialize(request["options"])
        app.start()
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    sys.stdout.flush()
    os._exit(code)


def main(path: str) -> None:
    """Import what labs import, then fork kernels until nobody needs them."""
    import gc
    import importlib

    os.environ["MPLBACKEND"] = "module://matplotlib_inline.backend_inline"  # pyplot reads it on import, once
    for name in ("ipykernel.kernelapp", "ipykernel.ipkernel", "boto3", "pandas", "matplotlib.pyplot", "requests"):
        importlib.import_module(name)
    for name in ("dva", "dva.kernel", "dva.probe", "localstack_client.session", "s3transfer", "zipfile", "io"):
        importlib.import_module(name)
    gc.freeze()
    Template(Path(path)).serve()


if __name__ == "__main__":
    main(sys.argv[1])
