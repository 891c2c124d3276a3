"""Work that may take so long and no longer."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

WORKERS = ThreadPoolExecutor(max_workers=200, thread_name_prefix="api-integration")


def within[Result](milliseconds: float, work: Callable[..., Result], *arguments: object) -> Result:
    """Return ``work(*arguments)``.

    :raises TimeoutError: it takes longer; it goes on unseen
    """
    return WORKERS.submit(work, *arguments).result(milliseconds / 1000)
