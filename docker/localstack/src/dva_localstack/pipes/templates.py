"""Input templates, and parameters that are paths into the event.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-input-transformation.html
"""

import base64
import binascii
import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

PLACE = re.compile(r"<\s*(\$[^<>]*|aws\.pipes\.[a-zA-Z.-]+)\s*>")
STEP = re.compile(r"\.([\w-]+)|\[(\d+)\]|\[['\"]([^'\"]+)['\"]\]")

MISSING = object()
"""What a path finds that leads nowhere."""


def look_up(path: str, event: Any) -> Any:
    """Return what a JSON path leads to, :data:`MISSING` if nowhere.

    A text on the way that is JSON, or is JSON in base64, is looked into: the body of a message, a stream's data.

    :param path: for example ``$.body.order[0].id``
    :param event: a JSON value
    """
    value = event
    for name, index, quoted in STEP.findall(path[1:]):
        if isinstance(value, str):
            value = unpacked(value)
        try:
            value = value[int(index)] if index else value[name or quoted]
        except (KeyError, IndexError, TypeError):
            return MISSING
    return value


def unpacked(text: str) -> Any:
    """Return the JSON value that a text holds, perhaps in base64; the text itself if none."""
    try:
        return json.loads(text)
    except ValueError:
        pass
    try:
        return json.loads(base64.b64decode(text, validate=True))
    except (binascii.Error, ValueError):
        return text


def fill(template: str, event: Any, names: Mapping[str, str]) -> Any:
    """Return an event by a template.

    :param template: a text or JSON with ``<$.path>`` and ``<aws.pipes.…>`` in it
    :param event: the event
    :param names: values of ``aws.pipes.`` names other than those about the event
    :return: a JSON value, or the text if it is none
    """

    def replaced(found: re.Match[str]) -> str:
        name = found[1].strip()
        if name.startswith("$"):
            value = look_up(name, event)
        elif name in ("aws.pipes.event", "aws.pipes.event.json"):
            value = event
        elif name == "aws.pipes.event.ingestion-time":
            value = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        else:
            value = names.get(name, MISSING)
        in_quotes = len(re.findall(r'(?<!\\)"', template[: found.start()])) % 2 == 1
        if value is MISSING:
            return "" if in_quotes else '""'
        if not in_quotes:
            return json.dumps(value)
        return json.dumps(value if isinstance(value, str) else json.dumps(value))[1:-1]

    text = PLACE.sub(replaced, template)
    try:
        return json.loads(text)
    except ValueError:
        return text


def resolved(value: Any, event: Any) -> Any:
    """Return a target's parameter; one that is a path is looked up in the event."""
    if isinstance(value, str) and value.startswith("$"):
        found = look_up(value, event)
        return "" if found is MISSING else found
    return value


def as_text(event: Any) -> str:
    """Return an event as what a queue or topic gets: a text as it is, everything else as JSON."""
    return event if isinstance(event, str) else json.dumps(event)
