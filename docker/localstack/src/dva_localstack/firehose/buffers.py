"""Records wait until there are enough of them, or until they have waited long enough.

https://docs.aws.amazon.com/firehose/latest/dev/buffering-hints.html
"""

import threading
import time
from collections.abc import Callable
from typing import Any

from dva_localstack.schedules.clock import Clock

CLOCK = Clock("firehose")

MIB = 1_048_576


class Buffer:
    """What waits for one delivery stream."""

    def __init__(self, deliver: Callable[[list[Any]], None]) -> None:
        """Prepare a buffer.

        :param deliver: gets the records that have waited, in a thread of the clock
        """
        self.deliver = deliver
        self._records: list[Any] = []
        self._bytes = 0
        self._filling = 0
        self._lock = threading.Lock()

    def add(self, records: list[Any], size: int, most: int, seconds: int) -> None:
        """Add records.

        :param records: the records
        :param size: their bytes
        :param most: bytes that are not kept waiting
        :param seconds: how long the first one waits
        """
        with self._lock:
            is_first = not self._records
            self._records += records
            self._bytes += size
            if self._bytes >= most:
                self._hand_over()
            elif is_first:
                filling = self._filling
                CLOCK.call(time.time() + seconds, lambda: self._time_is_over(filling))

    def clear(self) -> None:
        """Forget what waits."""
        with self._lock:
            self._records, self._bytes, self._filling = [], 0, self._filling + 1

    def _time_is_over(self, filling: int) -> None:
        with self._lock:
            if filling == self._filling:
                self._hand_over()

    def _hand_over(self) -> None:
        records, self._records, self._bytes = self._records, [], 0
        self._filling += 1
        CLOCK.call(time.time(), lambda: self.deliver(records))
