"""What is kept for some seconds, by key."""

import threading
import time

Key = tuple[object, ...]


class Timed[Value]:
    """Values with a time to live. The first two parts of a key are an API's id and a stage."""

    def __init__(self) -> None:
        self._kept: dict[Key, tuple[float, Value]] = {}
        self._lock = threading.Lock()

    def get(self, key: Key) -> Value | None:
        """Return the kept value, None when there is none or it is too old."""
        with self._lock:
            entry = self._kept.get(key)
        return entry[1] if entry and entry[0] > time.monotonic() else None

    def keep(self, key: Key, value: Value, seconds: float) -> None:
        """Keep a value, and forget those whose time is over."""
        now = time.monotonic()
        with self._lock:
            self._kept = {known: entry for known, entry in self._kept.items() if entry[0] > now}
            self._kept[key] = (now + seconds, value)

    def forget(self, api_id: str, stage: str) -> None:
        """Forget everything of one stage of an API."""
        with self._lock:
            self._kept = {key: entry for key, entry in self._kept.items() if key[:2] != (api_id, stage)}
