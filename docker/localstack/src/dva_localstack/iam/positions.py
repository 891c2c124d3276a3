"""Where in a policy's text its statements stand, as the policy simulator tells it."""

import json
import re
from typing import Any

SPACE = re.compile(r"[ \t\r\n]*")
DECODER = json.JSONDecoder()


def after_space(text: str, offset: int) -> int:
    """Return where the next character that is no space stands."""
    match = SPACE.match(text, offset)
    return match.end() if match else offset


def statements_in(text: str) -> list[tuple[int, int]]:
    """Return the offsets, from and to, of each statement in the JSON text of a policy."""
    offset = after_space(text, 0) + 1
    while text[offset := after_space(text, offset)] != "}":
        key, offset = DECODER.raw_decode(text, offset)
        start = after_space(text, after_space(text, offset) + 1)
        _, offset = DECODER.raw_decode(text, start)
        if key == "Statement":
            return elements(text, start) if text[start] == "[" else [(start, offset)]
        offset = after_space(text, offset)
        offset += text[offset] == ","
    return []


def elements(text: str, start: int) -> list[tuple[int, int]]:
    """Return the offsets of each element of the JSON list that begins at an offset."""
    found = []
    offset = after_space(text, start + 1)
    while text[offset] != "]":
        _, end = DECODER.raw_decode(text, offset)
        found.append((offset, end))
        offset = after_space(text, end)
        offset = after_space(text, offset + (text[offset] == ","))
    return found


def position(text: str, offset: int) -> dict[str, Any]:
    """Return line and column of an offset, both counted from 1."""
    before = text[:offset]
    return {"Line": before.count("\n") + 1, "Column": offset - (before.rfind("\n") + 1) + 1}
