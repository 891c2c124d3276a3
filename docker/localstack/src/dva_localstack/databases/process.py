"""A database server as a child process that never outlives the process that started it."""

import os
import signal
import socket
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

WATCH = '"$@" & server=$!; read -r _; kill -s "$SIGNAL" "$server"; wait "$server"'
"""Shell script that runs a command until its own standard input closes.

The writing end of that pipe is held by the starter alone, so it closes however the starter ends, SIGKILL included.
"""


def free_port() -> int:
    """Return a TCP port that is free on 127.0.0.1; a server that is started on it at once gets it."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class ServerProcess:
    """A running server."""

    def __init__(
        self,
        command: Sequence[str],
        log: Path,
        variables: Mapping[str, str] | None = None,
        before: Callable[[], None] | None = None,
        end: str = "KILL",
    ) -> None:
        """Start ``command``.

        :param log: file that takes its standard output and error
        :param variables: its whole environment; the starter's if None
        :param end: name of the signal that ends it
        :param before: called in the new process before the command is run, for example to change the user
        """
        self.log = log
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                ["/bin/sh", "-c", f"SIGNAL={end}; {WATCH}", "sh", *command],
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=output,
                env=None if variables is None else dict(variables),
                start_new_session=True,
                preexec_fn=before,
            )

    def stop(self) -> None:
        """End the server at once and wait for its end; a second call does nothing."""
        if self._process.poll() is None:
            assert self._process.stdin is not None
            self._process.stdin.close()
            try:
                self._process.wait(5)
            except subprocess.TimeoutExpired:
                os.killpg(self._process.pid, signal.SIGKILL)
                self._process.wait()
