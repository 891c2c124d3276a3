"""One operating system process that runs a function's code, from its start to its end."""

import contextlib
import functools
import json
import os
import signal
import subprocess
import threading
from collections.abc import Callable, Mapping
from pathlib import Path

from .memory import MEBIBYTE, Watched, memory_watch
from .packages import interpreter
from .runtime_api import Channel, Event, runtime_api

BOOTSTRAP = Path(__file__).with_name("bootstrap.py")
OUTPUT_LIMIT = 16 * MEBIBYTE
"""Bytes of output kept from one invocation: bounds the server's memory when a function prints without end."""


@functools.cache
def watch_pipe() -> int:
    """Return the reading end of a pipe whose only writing end this server holds until it dies."""
    reading, _writing = os.pipe()
    return reading


def command(settings: Mapping[str, object]) -> list[str]:
    """Return the command line that starts :mod:`.bootstrap` with nothing of the server's environment."""
    return [interpreter(), "-I", "-S", str(BOOTSTRAP), json.dumps(settings)]


class Output:
    """What a process wrote to its standard output and error, in a file that the server reads from."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        self._read = 0

    def fileno(self) -> int:
        """Return the descriptor, for ``Popen``."""
        return self._file

    def take(self) -> str:
        """Return what was written since the last call, ending with a line break if there is anything."""
        size = os.fstat(self._file).st_size
        data = os.pread(self._file, min(size - self._read, OUTPUT_LIMIT), self._read)
        self._read = size
        if size > OUTPUT_LIMIT:
            os.ftruncate(self._file, 0)
            self._read = 0
        text = data.decode(errors="replace")
        return text if not text or text.endswith("\n") else text + "\n"

    def close(self) -> None:
        """Close the server's side."""
        os.close(self._file)


class FunctionProcess:
    """A started function process.

    :param settings: see :mod:`.bootstrap`
    :param variables: makes the whole environment, given the address of the Runtime API
    :param output: where standard output and error go
    :param memory_size: the function's limit in MB
    """

    def __init__(
        self,
        settings: Mapping[str, object],
        variables: Callable[[str], dict[str, str]],
        output: Output,
        memory_size: int,
    ) -> None:
        self.channel = Channel()
        self.address = runtime_api().open(self.channel)
        self.alive = True
        self._reaped = False
        watch = watch_pipe()
        environment = variables(self.address)
        # Python adds LC_CTYPE by itself where LANG names a locale that this machine does not have.
        added = [name for name in ("LC_CTYPE",) if name not in environment]
        self._popen = subprocess.Popen(
            command({**settings, "watch": watch, "unset": added}),
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output.fileno(),
            stderr=output.fileno(),
            cwd="/",
            start_new_session=True,
            pass_fds=[watch],
        )
        self.memory = Watched(self._popen.pid, memory_size * MEBIBYTE, self._out_of_memory)
        memory_watch().add(self.memory)
        threading.Thread(target=self._await_end, name=f"lambda-process-{self._popen.pid}", daemon=True).start()

    @property
    def memory_used(self) -> int:
        """Highest memory so far in MB, never above the limit that it was killed at."""
        return min(-(-self.memory.peak // MEBIBYTE), self.memory.limit // MEBIBYTE)

    def rest(self) -> bool:
        """Stop watching the memory between invocations, after a last look; return whether it was in bounds."""
        memory_watch().remove(self.memory)
        return self.memory.look()

    def wake(self) -> None:
        """Watch the memory again."""
        memory_watch().add(self.memory)

    def kill(self) -> None:
        """End the process and what it started; harmless if it is gone."""
        self.alive = False
        memory_watch().remove(self.memory)
        runtime_api().close(self.address)
        if self._reaped:  # the id may belong to somebody else by now
            return
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._popen.pid, signal.SIGKILL)

    def join(self) -> None:
        """Wait until the killed process has ended."""
        self._popen.wait()

    def _out_of_memory(self) -> None:
        self.channel.events.put(Event("memory"))
        self.kill()

    def _await_end(self) -> None:
        code = self._popen.wait()
        self.kill()
        self._reaped = True
        self.channel.events.put(Event("exited", code=code))
