"""Requests are held against the limits in AWS's own service model: lengths, ranges, patterns and fixed choices.

A client library checks only a few of them, and MiniStack none. The words are those of AWS's validation.
"""

import re
from collections.abc import Iterator, Mapping
from copy import copy
from functools import cache
from types import MappingProxyType
from typing import Any

import regex
from botocore.model import ListShape, MapShape, Shape, StructureShape

LONGEST_SHOWN = 1000
"""Characters of a value that are repeated in a message."""

type Limits = Mapping[str, Mapping[str, Any] | None]
"""Per shape: limits that the model leaves out, or None for a shape that is not checked."""


def faults(shape: Shape, value: Any, path: str = "", limits: Limits = MappingProxyType({})) -> Iterator[str]:
    """Yield what is wrong with a value, deepest members included.

    :param shape: what the service model says about the value
    :param path: where in the request the value is, with AWS's lower first letters
    :param limits: what differs from the model
    """
    own = limits.get(shape.name, {})
    if value is None or own is None:
        return
    if own:
        shape = copy(shape)
        shape.metadata = {**shape.metadata, **own}
    if isinstance(shape, StructureShape) and isinstance(value, dict):
        for name, member in shape.members.items():
            where = name[0].lower() + name[1:]
            yield from faults(member, value.get(name), f"{path}.{where}" if path else where, limits)
        return
    if isinstance(shape, ListShape) and isinstance(value, list):
        yield from of_size(shape, value, len(value), path, "length")
        for index, item in enumerate(value, 1):
            yield from faults(shape.member, item, f"{path}.{index}.member", limits)
        return
    if isinstance(shape, MapShape) and isinstance(value, dict):
        for key, item in value.items():
            yield from faults(shape.key, key, path, limits)
            yield from faults(shape.value, item, f"{path}.{key}.member", limits)
        return
    if isinstance(value, str):
        yield from of_text(shape, value, path)
    elif isinstance(value, bytes):
        yield from of_size(shape, "", len(value), path, "length")
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield from of_size(shape, value, value, path, "value")


def of_text(shape: Shape, value: str, path: str) -> Iterator[str]:
    """Yield what is wrong with a text."""
    yield from of_size(shape, value, len(value), path, "length")
    if shape.enum and value not in shape.enum:
        yield fault(value, path, f"Member must satisfy enum value set: [{', '.join(shape.enum)}]")
    pattern = shape.metadata.get("pattern")
    compiled = expression(pattern) if pattern else None
    if compiled and not compiled.fullmatch(value):
        yield fault(value, path, f"Member must satisfy regular expression pattern: {pattern}")


def of_size(shape: Shape, value: Any, size: float, path: str, what: str) -> Iterator[str]:
    """Yield what is wrong with a length or with a number."""
    low, high = shape.metadata.get("min"), shape.metadata.get("max")
    if low is not None and size < low:
        yield fault(value, path, f"Member must have {what} greater than or equal to {low}")
    if high is not None and size > high:
        yield fault(value, path, f"Member must have {what} less than or equal to {high}")


def fault(value: Any, path: str, rule: str) -> str:
    """Return one fault in AWS's words."""
    shown = f" '{value}'" if len(str(value)) < LONGEST_SHOWN else ""
    return f"Value{shown} at '{path}' failed to satisfy constraint: {rule}"


@cache
def expression(pattern: str) -> Any:
    """Return a model's pattern for Python, or None for one that Python cannot read, Unicode classes included."""
    for library in (re, regex):
        try:
            return library.compile(pattern)
        except library.error:
            continue
    return None


def message(shape: Shape, request: Any, limits: Limits = MappingProxyType({})) -> str:
    """Return AWS's message about all faults of a request, or an empty string."""
    found = list(faults(shape, request, limits=limits))
    if not found:
        return ""
    errors = "error" if len(found) == 1 else "errors"
    return f"{len(found)} validation {errors} detected: {'; '.join(found)}"
