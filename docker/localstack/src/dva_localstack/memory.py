"""What keeps the server small."""

import ctypes
import functools

HEAPS = 2
"""How many heaps glibc makes for the server's threads. Its default, eight for each core, keeps about an eighth more."""

M_ARENA_MAX = -8
"""The parameter of mallopt for that, from glibc's malloc.h."""

CLIENTS = 96
"""How many clients for calls between services are kept. One holds about 0.2 MB and takes about 5 ms to make."""


def share_heaps() -> None:
    """Make threads share :data:`HEAPS` heaps, where the C library is one that can."""
    if mallopt := getattr(ctypes.CDLL(None), "mallopt", None):
        mallopt(M_ARENA_MAX, HEAPS)


def share_service_models() -> None:
    """Have all of botocore's sessions that are made from now on share what they read of its data files.

    LocalStack makes a session for each way to call another service, and each would keep 40 to 60 MB of models.
    """
    from botocore import session

    session.create_loader = functools.cache(session.create_loader)


def keep_fewer_clients() -> None:
    """Keep the last :data:`CLIENTS` clients. LocalStack keeps 256, and every account has its own."""
    from localstack.aws.connect import ClientFactory

    ClientFactory._get_client = functools.lru_cache(maxsize=CLIENTS)(ClientFactory._get_client.__wrapped__)
