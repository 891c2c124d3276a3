"""Input transformers.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-transform-target-input.html
"""

import json
import re
from collections.abc import Mapping
from typing import Any

from localstack.utils.json import extract_jsonpath

PLACE = re.compile(r"<\s*([^<>]+?)\s*>")


def values_of(transformer: Mapping[str, Any], event: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the paths of a transformer lead to; an empty text where they lead nowhere.

    Fault: LocalStack takes 0, false and empty lists for nothing.
    """
    values = {}
    for name, path in (transformer.get("InputPathsMap") or {}).items():
        value = extract_jsonpath(event, path)
        is_nothing = value is None or (value == [] and not path.endswith("]"))
        values[name] = "" if is_nothing and not has(event, path) else value
    return values


def has(event: Any, path: str) -> bool:
    """Return whether a plain path such as ``$.detail.list`` leads somewhere."""
    value = event
    for name in path.removeprefix("$").strip(".").split("."):
        if not isinstance(value, Mapping) or name not in value:
            return False
        value = value[name]
    return True


def fill(template: str, values: Mapping[str, Any]) -> Any:
    """Return a template with its places filled: JSON if it is JSON then, else a text.

    Fault: LocalStack drops the escapes of quotes in what it fills in, and so delivers nothing.

    :param template: text with ``<name>`` in it
    :param values: what to fill in
    """

    def filled(found: re.Match[str]) -> str:
        value = values.get(found[1], "")
        in_quotes = len(re.findall(r'(?<!\\)"', template[: found.start()])) % 2 == 1
        if not in_quotes:
            return json.dumps(value)
        if isinstance(value, dict):
            return json.dumps(value, separators=(",", ":")).replace('"', "")
        if isinstance(value, list):
            return f"[{','.join(map(str, value))}]"
        return json.dumps(value)[1:-1] if isinstance(value, str) else json.dumps(value)

    text = PLACE.sub(filled, template)
    try:
        return json.loads(text)
    except ValueError:
        return text.strip('"').replace('"\n"', "\n")
