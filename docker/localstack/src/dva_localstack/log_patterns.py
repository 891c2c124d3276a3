"""CloudWatch Logs filter patterns: terms, JSON conditions and space-delimited fields.

Syntax: https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html
This module knows nothing of LocalStack.
"""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from fnmatch import translate
from functools import lru_cache
from typing import Any

MISSING = object()
"""What a selector finds where the event has no such property."""

Fields = dict[str, Any]
"""Selectors (``$.ms``, ``$status``) that a space-delimited pattern names, with the values of one event."""


class InvalidPattern(ValueError):
    """The text is not a filter pattern; the message says what is wrong."""


@dataclass(frozen=True)
class Pattern:
    """A compiled pattern: ``matches`` judges one message, ``extract`` finds the value of a selector in it."""

    matches: Callable[[str], bool]
    extract: Callable[[str, str], Any] = lambda message, selector: MISSING


@lru_cache(maxsize=1024)
def compile_pattern(text: str) -> Pattern:
    """Compile a filter pattern.

    :param text: the pattern; an empty one matches every message
    :raises InvalidPattern: the text is not a pattern
    """
    text = text.strip()
    if not text:
        return Pattern(lambda message: True)
    if text.startswith("{"):
        return _json_pattern(text)
    if text.startswith("["):
        return _delimited_pattern(text)
    return Pattern(_term_matcher(text))


# Terms

_TERM = re.compile(r'\s*([?-]?)(?:"((?:[^"\\]|\\.)*)"|%([^%]+)%|(\w+))(?=\s|$)')


def _term_matcher(text: str) -> Callable[[str], bool]:
    required: list[Callable[[str], bool]] = []
    optional: list[Callable[[str], bool]] = []
    excluded: list[Callable[[str], bool]] = []
    position = 0
    while position < len(text):
        found = _TERM.match(text, position)
        if not found:
            raise InvalidPattern(f"Invalid character(s) in term {text[position:].strip()!r}")
        sign, phrase, regex, word = found.groups()
        if regex is not None:
            test = _searcher(regex)
        else:
            test = _container(re.sub(r"\\(.)", r"\1", phrase) if word is None else word)
        {"": required, "?": optional, "-": excluded}[sign].append(test)
        position = found.end()

    def matches(message: str) -> bool:
        if any(test(message) for test in excluded):
            return False
        # AWS ignores optional terms that stand beside required or excluded ones.
        if optional and not required and not excluded:
            return any(test(message) for test in optional)
        return all(test(message) for test in required)

    return matches


def _container(term: str) -> Callable[[str], bool]:
    return lambda message: term in message


def _searcher(regex: str) -> Callable[[str], bool]:
    if "(" in regex or ")" in regex:
        raise InvalidPattern(f"Parentheses are not supported in the regular expression %{regex}%")
    try:
        compiled = re.compile(regex)
    except re.error as error:
        raise InvalidPattern(f"Invalid regular expression %{regex}%: {error}") from error
    return lambda message: compiled.search(message) is not None


# Conditions, shared by JSON and space-delimited patterns

_TOKEN = re.compile(
    r"""\s*(?:
      (?P<symbol>&&|\|\||\(|\)|!=|<=|>=|=|<|>)
    | (?P<selector>\$(?:\.?\[(?:\d+|\*|"[^"]*"|'[^']*')\]|\.[\w@:*-]+)*)
    | "(?P<string>(?:[^"\\]|\\.)*)"
    | %(?P<regex>[^%]+)%
    | (?P<word>[^\s()&|=<>!"%,\]}]+)
    )""",
    re.VERBOSE,
)

Test = Callable[[Callable[[str], Any]], bool]
"""A condition: takes a function from selector to value."""


class _Conditions:
    """Recursive-descent parser: ``||`` of ``&&`` of comparisons, with parentheses."""

    def __init__(self, text: str) -> None:
        self.tokens: list[tuple[str, str]] = []
        position = 0
        text = text.rstrip()
        while position < len(text):
            found = _TOKEN.match(text, position)
            if not found:
                raise InvalidPattern(f"Unexpected character(s) at {text[position:].strip()!r}")
            assert found.lastgroup
            self.tokens.append((found.lastgroup, found[found.lastgroup]))
            position = found.end()
        self.next = 0

    def peek(self) -> tuple[str, str]:
        return self.tokens[self.next] if self.next < len(self.tokens) else ("end", "")

    def take(self) -> tuple[str, str]:
        token = self.peek()
        self.next += 1
        return token

    def parse(self) -> Test:
        test = self.disjunction()
        if self.peek()[0] != "end":
            raise InvalidPattern(f"Unexpected {self.peek()[1]!r}")
        return test

    def disjunction(self) -> Test:
        tests = [self.conjunction()]
        while self.peek() == ("symbol", "||"):
            self.take()
            tests.append(self.conjunction())
        return lambda value: any(test(value) for test in tests)

    def conjunction(self) -> Test:
        tests = [self.term()]
        while self.peek() == ("symbol", "&&"):
            self.take()
            tests.append(self.term())
        return lambda value: all(test(value) for test in tests)

    def term(self) -> Test:
        if self.peek() == ("symbol", "("):
            self.take()
            test = self.disjunction()
            if self.take() != ("symbol", ")"):
                raise InvalidPattern("Missing closing parenthesis")
            return test
        return self.comparison()

    def comparison(self) -> Test:
        kind, selector = self.take()
        if kind not in ("selector", "word") or selector == "$":
            raise InvalidPattern(f"Expected a property selector, found {selector!r}")
        kind, operator = self.take()
        if kind == "symbol" and operator in _OPERATORS:
            return _comparison(selector, operator, *self.take())
        words = (operator.upper(), self.take()[1].upper())
        if kind == "word" and words in _WORD_TESTS:
            judge = _WORD_TESTS[words]
            return lambda value: judge(value(selector))
        raise InvalidPattern(f"Expected an operator after {selector}")


_WORD_TESTS: dict[tuple[str, str], Callable[[Any], bool]] = {
    ("IS", "NULL"): lambda value: value is None,
    ("IS", "TRUE"): lambda value: value is True,
    ("IS", "FALSE"): lambda value: value is False,
    ("NOT", "EXISTS"): lambda value: value is MISSING,
}

_OPERATORS: dict[str, Callable[[float, float], bool]] = {
    "=": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
    "<": lambda a, b: a < b,
    ">": lambda a, b: a > b,
    "<=": lambda a, b: a <= b,
    ">=": lambda a, b: a >= b,
}


def _number(value: Any) -> float | None:
    if isinstance(value, bool):
        return None
    try:
        return float(value)
    except (TypeError, ValueError):
        return None


def _comparison(selector: str, operator: str, kind: str, operand: str) -> Test:
    if kind not in ("string", "regex", "word"):
        raise InvalidPattern(f"Expected a value after {selector} {operator}")
    number = _number(operand) if kind == "word" else None
    if operator in ("=", "!="):
        wanted = operator == "="
        if number is not None:
            return lambda value: _present(value(selector)) and (_number(value(selector)) == number) is wanted
        if kind == "regex":
            same = _searcher(operand)
        else:
            literal = re.sub(r"\\(.)", r"\1", operand) if kind == "string" else operand
            same = (
                re.compile(translate(_only_stars(literal))).match if "*" in literal else literal.__eq__  # type: ignore[assignment]
            )

        def equal(value: Callable[[str], Any]) -> bool:
            found = value(selector)
            return _present(found) and bool(same(_text(found))) is wanted

        return equal
    if number is None:
        raise InvalidPattern(f"{operator} compares numbers, {operand!r} is none")
    compare = _OPERATORS[operator]

    def ordered(value: Callable[[str], Any]) -> bool:
        found = _number(value(selector))
        return found is not None and compare(found, number)

    return ordered


def _only_stars(literal: str) -> str:
    """Escape what a shell pattern has beyond the star."""
    return re.sub(r"([\[?])", r"[\1]", literal)


def _present(value: Any) -> bool:
    return value is not MISSING and value is not None and not isinstance(value, dict | list)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


# JSON

_STEP = re.compile(r"""\.?\[(?:(\d+)|(\*)|"([^"]*)"|'([^']*)')\]|\.([\w@:*-]+)""")


def select(event: Any, selector: str) -> Any:
    """Return what ``selector`` (``$.a.b[0]``) finds in a decoded JSON event, or :data:`MISSING`."""
    for index, _star, double, single, name in _STEP.findall(selector):
        key = double or single or name
        if key and isinstance(event, dict) and key in event:
            event = event[key]
        elif index and isinstance(event, list) and int(index) < len(event):
            event = event[int(index)]
        else:
            return MISSING
    return event


def _decoded(message: str) -> Any:
    try:
        return json.loads(message)
    except ValueError:
        return MISSING


def _json_pattern(text: str) -> Pattern:
    if not text.endswith("}"):
        raise InvalidPattern("A JSON pattern ends with }")
    test = _Conditions(text[1:-1]).parse()

    def matches(message: str) -> bool:
        event = _decoded(message)
        return isinstance(event, dict) and test(lambda selector: select(event, selector))

    return Pattern(matches, lambda message, selector: select(_decoded(message), selector))


# Space-delimited fields

_FIELD = re.compile(r'\[([^\]]*)\]|"([^"]*)"|(\S+)')
_NAME = re.compile(r"\s*\(*\s*(\.\.\.|\w+)")


def split_fields(message: str) -> list[str]:
    """Split a message at spaces; what stands in brackets or double quotes is one field."""
    return [next((group for group in found if group), "") for found in _FIELD.findall(message)]


def _delimited_pattern(text: str) -> Pattern:
    if not text.endswith("]"):
        raise InvalidPattern("A space-delimited pattern ends with ]")
    names: list[str] = []
    tests: list[Test] = []
    for column in text[1:-1].split(","):
        found = _NAME.match(column)
        if not found:
            if column.strip():
                raise InvalidPattern(f"Expected the name of a field, found {column.strip()!r}")
            names.append("")
            continue
        names.append(found[1])
        if column.strip() != found[1]:
            tests.append(_Conditions(column).parse())
    if names.count("...") > 1:
        raise InvalidPattern("Only one ellipsis is allowed")

    def fields(message: str) -> Fields | None:
        values = split_fields(message)
        if "..." in names:
            at = names.index("...")
            rest = len(names) - at - 1
            if len(values) < len(names) - 1:
                return None
            values = [*values[:at], "", *values[len(values) - rest :]]
        elif len(values) != len(names):
            return None
        return dict(zip(names, values, strict=True))

    def matches(message: str) -> bool:
        found = fields(message)
        return found is not None and all(test(lambda name: found.get(name, MISSING)) for test in tests)

    def extract(message: str, selector: str) -> Any:
        return (fields(message) or {}).get(selector.removeprefix("$"), MISSING)

    return Pattern(matches, extract)
