"""What edge locations keep: answers of origins, by distribution and cache key, until their time to live is over.

https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/Expiration.html
"""

import fnmatch
import re
import time
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Any

OBJECTS, BYTES = 500, 1_000_000
"""How many objects are kept, and how large one may be."""


@dataclass
class Kept:
    """An answer of an origin."""

    status: int
    headers: dict[str, str]
    body: bytes
    seconds: float
    """Its time to live."""
    since: float = field(default_factory=time.time)

    @property
    def age(self) -> float:
        """Seconds since it came from the origin."""
        return time.time() - self.since


KEPT: OrderedDict[tuple[str, str, Any], Kept] = OrderedDict()
"""By distribution, path and the rest of the cache key; the oldest first."""


def find(key: tuple[str, str, Any]) -> Kept | None:
    """Return what is kept and fresh."""
    found = KEPT.get(key)
    return found if found and found.age < found.seconds else None


def keep(key: tuple[str, str, Any], answer: Kept) -> None:
    """Keep an answer; the oldest one goes where there are too many."""
    if answer.seconds <= 0 or len(answer.body) > BYTES:
        return
    KEPT[key] = answer
    KEPT.move_to_end(key)
    while len(KEPT) > OBJECTS:
        KEPT.popitem(last=False)


def forget(distribution: str, paths: list[str]) -> None:
    """Drop what an invalidation names; an asterisk may stand at the end of a path."""
    for key in list(KEPT):
        if key[0] == distribution and any(fnmatch.fnmatchcase(key[1], path.replace("[", "[[]")) for path in paths):
            KEPT.pop(key, None)


def time_to_live(headers: dict[str, str], low: int, default: int, high: int) -> int:
    """Return the seconds for which an answer may be kept, within the behavior's bounds."""
    control = headers.get("cache-control", "").lower()
    if re.search(r"no-store|no-cache|private", control):
        return low
    for name in ("s-maxage", "max-age"):
        if found := re.search(rf"{name}=(\d+)", control):
            return max(low, min(int(found[1]), high))
    return max(low, min(default, high))
