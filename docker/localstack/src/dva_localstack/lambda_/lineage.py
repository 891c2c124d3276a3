"""How often each function was invoked in a chain of requests: the ``Lineage`` of an X-Ray trace header.

The SDK in a function sends the header of its invocation along with what it calls; SQS, SNS and S3 pass it on.
https://docs.aws.amazon.com/lambda/latest/dg/invocation-recursion.html
"""

import hashlib
from collections.abc import Mapping

LIMIT = 16
"""Invocations in a chain; Lambda stops the next one, by the same page."""

VERSION = "1"


def counts(lineage: str | None) -> dict[str, int]:
    """Return the invocations before this one of each function in a lineage, by the key of the function."""
    found = {}
    for part in (lineage or "").split("|"):
        _, _, entry = part.partition(":")
        key, _, number = entry.partition(":")
        if number.isdigit():
            found[key] = int(number) + 1
    return found


def key_of(function_arn: str) -> str:
    """Return how a lineage names a function, whatever the alias or version."""
    unqualified = ":".join(function_arn.split(":")[:7])
    return hashlib.sha256(unqualified.encode()).hexdigest()[:8]


def exceeded(lineage: str | None, function_arn: str) -> bool:
    """Tell whether a function was invoked as often as it may be in one chain."""
    return counts(lineage).get(key_of(function_arn), 0) >= LIMIT


def extended(lineage: str | None, function_arn: str) -> str:
    """Return the lineage that an invocation of a function hands on."""
    before: Mapping[str, int] = counts(lineage)
    key = key_of(function_arn)
    merged = {**{name: number - 1 for name, number in before.items()}, key: before.get(key, 0)}
    return "|".join(f"{VERSION}:{name}:{number}" for name, number in merged.items())
