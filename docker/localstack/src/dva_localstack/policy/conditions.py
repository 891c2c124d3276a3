"""The Condition element of a statement.

Operators: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
Several keys and values: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-logic-multiple-context-keys-or-values.html
"""

import base64
import binascii
import ipaddress
import operator
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from .patterns import ARN_PARTS, Values, matches, plain, resolve

type Comparison = Callable[[str, str], bool]
"""Compares a resolved pattern of the policy with a value of the request."""

FOR_ALL = "ForAllValues"
FOR_ANY = "ForAnyValue"


def texts(policy: str, request: str) -> bool:
    """Compare as text, case and all."""
    return plain(policy) == request


def texts_ignoring_case(policy: str, request: str) -> bool:
    """Compare as text, whatever the case."""
    return plain(policy).lower() == request.lower()


def number(text: str) -> float | None:
    """Return a number, or None for what is none."""
    try:
        return float(text)
    except ValueError:
        return None


@lru_cache(maxsize=1024)
def date(text: str) -> datetime | None:
    """Return a time given in ISO 8601 or in seconds since 1970 (UTC where it names no zone), or None."""
    try:
        seconds = number(text)
        if seconds is not None and not (len(text) == len("2026") and text.isdigit()):
            return datetime.fromtimestamp(seconds, UTC)
        moment = datetime.fromisoformat(f"{text}-01-01" if text.isdigit() else text)
    except (ValueError, OverflowError, OSError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def compared[T](read: Callable[[str], T | None], test: Callable[[T, T], bool]) -> Comparison:
    """Return a comparison that puts the request's value on the left; what cannot be read never matches."""

    def compare(policy: str, request: str) -> bool:
        left, right = read(request), read(plain(policy))
        return left is not None and right is not None and test(left, right)

    return compare


def booleans(policy: str, request: str) -> bool:
    """Compare true and false, whatever the case."""
    return plain(policy).lower() == request.lower() and request.lower() in ("true", "false")


def binaries(policy: str, request: str) -> bool:
    """Compare byte for byte; both sides are base64."""
    try:
        return base64.b64decode(plain(policy), validate=True) == base64.b64decode(request, validate=True)
    except binascii.Error:
        return False


def addresses(policy: str, request: str) -> bool:
    """Tell whether an IPv4 or IPv6 address lies in a CIDR range; an address without a prefix is itself alone."""
    try:
        return ipaddress.ip_address(request) in ipaddress.ip_network(plain(policy), strict=False)
    except ValueError:
        return False


def arns(policy: str, request: str) -> bool:
    """Compare the six parts of an ARN one by one, each with wildcards; ArnEquals and ArnLike are the same."""
    parts, given = policy.split(":", ARN_PARTS - 1), request.split(":", ARN_PARTS - 1)
    return len(parts) == len(given) == ARN_PARTS and all(map(matches, parts, given))


OPERATORS: dict[str, tuple[Comparison, bool]] = {
    "StringEquals": (texts, False),
    "StringNotEquals": (texts, True),
    "StringEqualsIgnoreCase": (texts_ignoring_case, False),
    "StringNotEqualsIgnoreCase": (texts_ignoring_case, True),
    "StringLike": (matches, False),
    "StringNotLike": (matches, True),
    "NumericEquals": (compared(number, operator.eq), False),
    "NumericNotEquals": (compared(number, operator.eq), True),
    "NumericLessThan": (compared(number, operator.lt), False),
    "NumericLessThanEquals": (compared(number, operator.le), False),
    "NumericGreaterThan": (compared(number, operator.gt), False),
    "NumericGreaterThanEquals": (compared(number, operator.ge), False),
    "DateEquals": (compared(date, operator.eq), False),
    "DateNotEquals": (compared(date, operator.eq), True),
    "DateLessThan": (compared(date, operator.lt), False),
    "DateLessThanEquals": (compared(date, operator.le), False),
    "DateGreaterThan": (compared(date, operator.gt), False),
    "DateGreaterThanEquals": (compared(date, operator.ge), False),
    "Bool": (booleans, False),
    "BinaryEquals": (binaries, False),
    "IpAddress": (addresses, False),
    "NotIpAddress": (addresses, True),
    "ArnEquals": (arns, False),
    "ArnLike": (arns, False),
    "ArnNotEquals": (arns, True),
    "ArnNotLike": (arns, True),
}
"""Each operator: what it compares with, and whether it asks for the opposite."""

WITH_VARIABLES = ("string", "arn", "bool")
"""Beginnings, in lower case, of the operators whose values may have policy variables."""

BY_LOWER_NAME = {name.lower(): comparison for name, comparison in OPERATORS.items()}


def listed(value: Any) -> list[Any]:
    """Return a list as it is, and one element as a list of one."""
    return value if isinstance(value, list) else [value]


def text_of(value: Any) -> str:
    """Return a JSON value of a condition as the text that AWS compares: ``true`` for True."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def holds(condition: Mapping[str, Any], values: Values, variables: bool = True) -> bool:
    """Tell whether every line of a Condition element holds: operators and keys are joined by AND, values by OR.

    :param variables: whether the policy's version knows policy variables
    :raises Unresolved: when a policy variable has no value in this request
    """
    return next(failing(condition, values, variables), None) is None


def failing(condition: Mapping[str, Any], values: Values, variables: bool = True) -> Iterator[tuple[str, str]]:
    """Yield (operator, key) of each line of a Condition element that does not hold; the parameters are as above."""
    for name, lines in condition.items():
        for key, expected in lines.items():
            if not line_holds(name, key, [text_of(value) for value in listed(expected)], values, variables):
                yield name, key


@lru_cache(maxsize=1024)
def read_operator(name: str) -> tuple[str, str, bool]:
    """Split ``ForAnyValue:StringLikeIfExists`` into set operator, operator in lower case, and whether IfExists."""
    quantifier, separator, rest = name.rpartition(":")
    if_exists = rest.lower().endswith("ifexists")
    operator_name = rest.lower().removesuffix("ifexists")
    known = {each.lower(): each for each in (FOR_ALL, FOR_ANY)}
    return known.get(quantifier.lower(), quantifier if separator else ""), operator_name, if_exists


def line_holds(name: str, key: str, expected: list[str], values: Values, variables: bool) -> bool:
    """Tell whether one operator with one key holds.

    A key that the request lacks fails a positive operator and satisfies a negative one, IfExists and ForAllValues.
    With a set operator, nothing but empty values is as good as no value.
    """
    quantifier, operator_name, if_exists = read_operator(name)
    actual = values.get(key)
    if quantifier and actual and not any(actual):
        actual = []
    if operator_name == "null":
        absent = not actual
        return any((value.lower() == "true") == absent for value in expected)
    if operator_name not in BY_LOWER_NAME or quantifier not in ("", FOR_ALL, FOR_ANY):
        return False
    compare, negative = BY_LOWER_NAME[operator_name]
    if if_exists and actual is None:
        return True
    if not actual and quantifier:
        return quantifier == FOR_ALL
    if not actual:
        return negative
    may_vary = variables and operator_name.startswith(WITH_VARIABLES)
    patterns = [resolve(value, values, may_vary) for value in expected]
    found = [any(compare(pattern, value) for pattern in patterns) for value in actual]
    if quantifier == FOR_ALL:
        return not any(found) if negative else all(found)
    if quantifier == FOR_ANY:
        return not all(found) if negative else any(found)
    return not any(found) if negative else any(found)
