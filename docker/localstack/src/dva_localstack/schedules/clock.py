"""A clock: calls functions at their time, in threads of its own."""

import heapq
import itertools
import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

LOG = logging.getLogger(__name__)

THREADS = 16
"""Calls that may run at the same moment."""


class Clock:
    """Calls functions when they are due; started by the first of them, and sleeps until the next one is."""

    def __init__(self, name: str) -> None:
        """Prepare a clock.

        :param name: what its threads are called
        """
        self.name = name
        self._due: list[tuple[float, int, Callable[[], None]]] = []
        self._number = itertools.count()
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._pool: ThreadPoolExecutor | None = None
        self._stopped = False

    def call(self, when: float, action: Callable[[], None]) -> None:
        """Have a function called.

        :param when: seconds since 1970; a time that is over means now
        :param action: the function; what it raises is logged
        """
        with self._changed:
            if self._stopped:
                return
            heapq.heappush(self._due, (when, next(self._number), action))
            if self._thread is None:
                self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix=self.name)
                self._thread = threading.Thread(target=self._run, daemon=True, name=f"{self.name}-clock")
                self._thread.start()
            self._changed.notify()

    def stop(self) -> None:
        """Call nothing any more."""
        with self._changed:
            self._stopped = True
            self._due.clear()
            self._changed.notify()
        if self._pool:
            self._pool.shutdown(wait=False, cancel_futures=True)

    def _run(self) -> None:
        while action := self._next():
            assert self._pool is not None
            try:
                self._pool.submit(self._guarded, action)
            except RuntimeError:
                return

    def _next(self) -> Callable[[], None] | None:
        """Wait until something is due and return it; None once stopped."""
        with self._changed:
            while not self._stopped:
                now = time.time()
                if self._due and self._due[0][0] <= now:
                    return heapq.heappop(self._due)[2]
                self._changed.wait(self._due[0][0] - now if self._due else None)
        return None

    def _guarded(self, action: Callable[[], None]) -> None:
        try:
            action()
        except Exception:
            LOG.exception("A scheduled call of %s failed", self.name)
