"""Wait for something that happens by itself, without guessing how long it takes."""

import time
from collections.abc import Callable


class WaitTimeout(TimeoutError):
    """What was waited for did not happen in time."""


def wait_until[T](probe: Callable[[], T], timeout: float = 20, message: str = "that", interval: float = 0.2) -> T:
    """Call ``probe`` until it returns something true.

    :param probe: function without parameters; what it raises is passed on
    :param timeout: longest wait, in seconds
    :param message: what is waited for, as it reads in "waited 20 s for …"
    :param interval: pause between two calls, in seconds
    :return: what ``probe`` returned
    :raises WaitTimeout: if it never returned anything true
    """
    deadline = time.monotonic() + timeout
    while not (value := probe()):
        if time.monotonic() >= deadline:
            raise WaitTimeout(f"waited {timeout:g} s for {message}")
        time.sleep(interval)
    return value
