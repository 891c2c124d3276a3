"""Token buckets, by which API Gateway throttles, and counters by key.

https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-request-throttling.html
"""

import threading
import time
from collections.abc import Hashable
from dataclasses import dataclass, field


@dataclass
class TokenBucket:
    """Holds up to ``burst`` tokens and gets ``rate`` new ones a second; a request takes one."""

    rate: float
    burst: float
    tokens: float = field(init=False)
    at: float = field(init=False)

    def __post_init__(self) -> None:
        self.tokens = self.burst
        self.at = time.monotonic()

    def take(self) -> bool:
        """Take a token; return whether there was one."""
        now = time.monotonic()
        self.tokens = min(self.burst, self.tokens + (now - self.at) * self.rate)
        self.at = now
        if self.tokens < 1:
            return False
        self.tokens -= 1
        return True


class Buckets:
    """One bucket for each key, made at the first request and anew when its limits change."""

    def __init__(self) -> None:
        self._buckets: dict[Hashable, TokenBucket] = {}
        self._lock = threading.Lock()

    def take(self, key: Hashable, rate: float | None, burst: float | None) -> bool:
        """Take a token of the bucket of ``key``.

        :param rate: requests a second; None or a negative number for no limit
        :param burst: the bucket's size; when it is not given, the rate
        :return: whether the request may pass
        """
        if rate is None or rate < 0:
            return True
        size = rate if burst is None or burst < 0 else burst
        with self._lock:
            bucket = self._buckets.get(key)
            if bucket is None or (bucket.rate, bucket.burst) != (rate, size):
                bucket = self._buckets[key] = TokenBucket(rate, size)
            return bucket.take()
