"""Keeps functions within their memory size, approximately.

Lambda limits what an execution environment uses; a process has no such limit without control groups, and
RLIMIT_AS counts address space, which innocent libraries reserve by the gigabyte. So a thread reads each busy
function's resident set every :data:`INTERVAL` seconds and kills what is above its limit, and on Linux the
kernel's own peak is read once more when the function answers. What differs from AWS: a process may be above
its limit for one interval, memory that is allocated but never touched is not counted, nor is that of the
function's own child processes, and pages of shared libraries count in full.
"""

import functools
import threading
from collections.abc import Callable

import psutil

INTERVAL = 0.02
"""Seconds between two looks: 50 a second cost nothing measurable and bound the overshoot."""

MEBIBYTE = 1024 * 1024


def peak_of(pid: int) -> int:
    """Return the highest resident set that the process ever had, in bytes; 0 where the system does not say."""
    try:
        with open(f"/proc/{pid}/status", "rb") as status:
            for line in status:
                if line.startswith(b"VmHWM:"):
                    return int(line.split()[1]) * 1024
    except OSError:
        pass
    return 0


class Watched:
    """One function process under watch; ``peak`` is the highest resident set seen, in bytes."""

    def __init__(self, pid: int, limit: int, exceeded: Callable[[], None]) -> None:
        self.pid = pid
        self.limit = limit
        self.exceeded = exceeded
        self.peak = 0
        self._process: psutil.Process | None = None

    def look(self) -> bool:
        """Measure once; return whether the process is within its limit, and call ``exceeded`` if not."""
        try:
            self._process = self._process or psutil.Process(self.pid)
            now = self._process.memory_info().rss
        except psutil.Error:
            return True
        self.peak = max(self.peak, now, peak_of(self.pid))
        if self.peak > self.limit:
            self.exceeded()
            return False
        return True


class MemoryWatch:
    """The thread that looks at busy functions; it sleeps while there are none."""

    def __init__(self) -> None:
        self._busy: set[Watched] = set()
        self._changed = threading.Condition()
        threading.Thread(target=self._run, name="lambda-memory", daemon=True).start()

    def add(self, watched: Watched) -> None:
        """Watch a process from now on."""
        with self._changed:
            self._busy.add(watched)
            self._changed.notify()

    def remove(self, watched: Watched) -> None:
        """Stop watching a process."""
        with self._changed:
            self._busy.discard(watched)

    def _run(self) -> None:
        pause = threading.Event()
        while True:
            with self._changed:
                while not self._busy:
                    self._changed.wait()
                busy = list(self._busy)
            for watched in busy:
                watched.look()
            pause.wait(INTERVAL)


@functools.cache
def memory_watch() -> MemoryWatch:
    """Return this server's only memory watch, started when it is first asked for."""
    return MemoryWatch()
