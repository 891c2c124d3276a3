"""JSONata for Step Functions without a Java machine, with the functions that Step Functions adds.

Functions: https://docs.aws.amazon.com/step-functions/latest/dg/transforming-data.html
"""

import hashlib
import json
import math
import random
import uuid
from typing import Any

from jsonata import Jsonata

HASHES = ("MD5", "SHA-1", "SHA-256", "SHA-384", "SHA-512")
"""Algorithms of ``$hash``."""

RANGE_LIMIT = 1000
"""Largest number of elements that ``$range`` may return."""


def evaluate(expression: str) -> Any:
    """Evaluate an expression that needs no input; Step Functions' variables stand in it as assignments.

    :return: a JSON value; None for null and for nothing
    :raises Exception: the expression cannot be parsed or evaluated, or its value is no JSON
    """
    compiled = Jsonata.jsonata(expression)
    for name, function in FUNCTIONS.items():
        compiled.register_lambda(name, function)
    return json.loads(json.dumps(compiled.evaluate(None), default=_refuse), parse_float=_plain_number)


def partition(array: Any, size: Any) -> list[Any]:
    """Split an array into arrays of at most ``size`` elements."""
    if not isinstance(size, int) or size < 1:
        raise ValueError("$partition takes a size of at least 1")
    elements = array if isinstance(array, list) else [array]
    return [elements[start : start + size] for start in range(0, len(elements), size)]


def number_range(first: Any, last: Any, step: Any) -> list[Any]:
    """Return the numbers from ``first`` to ``last``, both included, by ``step``."""
    if not step:
        raise ValueError("$range takes a step other than 0")
    count = max(0, math.floor((last - first) / step) + 1)
    if count > RANGE_LIMIT:
        raise ValueError(f"$range returns at most {RANGE_LIMIT} elements")
    return [first + index * step for index in range(count)]


def digest(value: Any, algorithm: Any) -> str:
    """Return the hexadecimal hash of a string, or of any other value's JSON."""
    if algorithm not in HASHES:
        raise ValueError(f"$hash knows {', '.join(HASHES)}, not {algorithm!r}")
    text = value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))
    return hashlib.new(algorithm.replace("-", ""), text.encode()).hexdigest()


def random_number(seed: Any = None) -> float:
    """Return a number from 0 to 1; the same one for the same seed."""
    return random.Random(seed).random()


def parse(text: Any) -> Any:
    """Return the value of a JSON text."""
    return json.loads(text)


def _refuse(value: Any) -> Any:
    raise TypeError(f"The expression returned an unsupported result type: {type(value).__name__}")


def _plain_number(text: str) -> int | float:
    number = float(text)
    return int(number) if number.is_integer() else number


FUNCTIONS = {
    "partition": partition,
    "range": number_range,
    "hash": digest,
    "random": random_number,
    "uuid": lambda: str(uuid.uuid4()),
    "parse": parse,
}
"""What Step Functions adds to JSONata, by name."""
