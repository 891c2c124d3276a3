"""Which condition keys a policy asks for, in its conditions and its policy variables."""

from collections.abc import Iterator, Mapping
from typing import Any

from .conditions import listed, text_of
from .patterns import SINGLE_CHARACTERS, VARIABLE, WITH_DEFAULT


def keys_of(statement: Mapping[str, Any]) -> Iterator[str]:
    """Yield the condition keys of a statement, as they are written there and more than once perhaps."""
    for element in ("Resource", "NotResource"):
        for resource in listed(statement.get(element, [])):
            yield from variables_in(resource)
    for lines in (statement.get("Condition") or {}).values():
        for key, values in lines.items():
            yield key
            for value in listed(values):
                yield from variables_in(text_of(value))


def variables_in(text: str) -> Iterator[str]:
    """Yield the keys whose values a text takes, those with a default among them."""
    for name in VARIABLE.findall(text):
        if name not in SINGLE_CHARACTERS:
            match = WITH_DEFAULT.fullmatch(name)
            yield (match.group(1) if match else name).strip()


def keys_of_document(document: Mapping[str, Any]) -> Iterator[str]:
    """Yield the condition keys of all statements of a policy."""
    for statement in listed(document.get("Statement", [])):
        yield from keys_of(statement)
