"""Wildcards, policy variables and ARNs in the strings of a policy.

Wildcards and ARNs: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html
Variables: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html
"""

import re
from collections.abc import Sequence
from functools import lru_cache

VARIABLE = re.compile(r"\$\{([^{}]*)\}")
WITH_DEFAULT = re.compile(r"\s*([^,]+?)\s*,\s*'([^']*)'\s*")
SINGLE_CHARACTERS = {"*", "?", "$"}
"""What stands for itself when written as ``${*}``."""
ARN_PARTS = 6


class Unresolved(Exception):
    """A policy variable has no value in this request and no default."""


class Values:
    """The condition keys of a request, found without regard to case."""

    def __init__(self, context: dict[str, str | Sequence[str]]) -> None:
        """Take the keys of a request; a value is one string or a sequence of them."""
        self.by_name = {name.lower(): value for name, value in context.items()}

    def get(self, key: str) -> list[str] | None:
        """Return the values of a key, or None where the request has no such key."""
        value = self.by_name.get(key.lower())
        if value is None:
            return None
        return [value] if isinstance(value, str) else list(value)

    def variable(self, name: str) -> str:
        """Return what ``${name}`` stands for.

        :raises Unresolved: when the request has no such key, or several values for it, and no default is given
        """
        default = None
        if match := WITH_DEFAULT.fullmatch(name):
            name, default = match.groups()
        value = self.by_name.get(name.strip().lower())
        if isinstance(value, str):
            return value
        if default is None:
            raise Unresolved(name)
        return default


# A wildcard that came with a variable's value is no wildcard: these stand for it until texts are compared.
GUARDED = str.maketrans({"*": "\ue000", "?": "\ue001"})
PLAIN = str.maketrans({"\ue000": "*", "\ue001": "?"})


@lru_cache(maxsize=4096)
def wildcard(pattern: str, ignore_case: bool = False) -> re.Pattern[str]:
    """Return the regular expression of a resolved pattern: ``*`` is any text, ``?`` one character."""
    source = "".join({"*": ".*", "?": "."}.get(character) or re.escape(plain(character)) for character in pattern)
    return re.compile(source, re.DOTALL | (re.IGNORECASE if ignore_case else 0))


@lru_cache(maxsize=4096)
def pieces(text: str) -> tuple[tuple[bool, str], ...]:
    """Split a text into plain pieces (False, text) and variables (True, name)."""
    found: list[tuple[bool, str]] = []
    end = 0
    for match in VARIABLE.finditer(text):
        if match.start() > end:
            found.append((False, text[end : match.start()]))
        found.append((True, match.group(1)))
        end = match.end()
    if end < len(text):
        found.append((False, text[end:]))
    return tuple(found)


def resolve(text: str, values: Values, variables: bool = True) -> str:
    """Return a pattern with its variables replaced; a wildcard inside a variable's value stands for itself.

    :param variables: False for policies of a version before 2012-10-17, where ``${`` is plain text
    :raises Unresolved: when a variable has no value
    """
    if not variables or "${" not in text:
        return text
    return "".join(
        (name if name in SINGLE_CHARACTERS else values.variable(name)).translate(GUARDED) if is_variable else name
        for is_variable, name in pieces(text)
    )


def plain(pattern: str) -> str:
    """Return a resolved pattern as the text that it is, for operators without wildcards."""
    return pattern.translate(PLAIN)


def matches(pattern: str, text: str, ignore_case: bool = False) -> bool:
    """Tell whether a text fits a resolved pattern with ``*`` and ``?``."""
    return pattern == "*" or wildcard(pattern, ignore_case).fullmatch(text) is not None


def matches_arn(pattern: str, arn: str) -> bool:
    """Tell whether an ARN fits a resolved pattern.

    A pattern with fewer than six parts stands for every ARN that begins so: ``arn:aws:sqs`` is ``arn:aws:sqs:*:*:*``.
    A wildcard stays within its part between two colons, but a ``*`` at the end of a part also reaches beyond it.
    """
    return pattern in ("*", arn) or arn_pattern(pattern).fullmatch(arn) is not None


@lru_cache(maxsize=4096)
def arn_pattern(pattern: str) -> re.Pattern[str]:
    """Return the regular expression of a resolved pattern of ARNs."""
    parts = pattern.split(":", ARN_PARTS - 1)
    if parts[0] != "arn":
        return wildcard(pattern)
    parts += ["*"] * (ARN_PARTS - len(parts))
    source = ":".join([*map(arn_part, parts[:-1]), wildcard(parts[-1]).pattern])
    return re.compile(source, re.DOTALL)


def arn_part(part: str) -> str:
    """Return the regular expression of one of the first five parts of an ARN."""
    inner, end = (part[:-1], ".*") if part.endswith("*") else (part, "")
    wild = {"*": "[^:]*", "?": "[^:]"}
    return "".join(wild.get(character) or re.escape(plain(character)) for character in inner) + end
