"""Dynamic partitioning.

https://docs.aws.amazon.com/firehose/latest/dev/dynamic-partitioning-partitioning-keys.html
"""

import base64
import json
import re
from collections.abc import Mapping
from typing import Any

from localstack.aws.api.firehose import InvalidArgumentException

KEY = r"\"?(\w+)\"?\s*:\s*\.([\w.]+)"

QUERY = re.compile(rf"\s*{{\s*{KEY}(\s*,\s*{KEY})*\s*}}\s*")
"""The jq programs that are understood: an object of plain paths, such as ``{customer: .order.customer}``."""


def query_of(processor: Mapping[str, Any]) -> dict[str, list[str]]:
    """Return the paths that a processor looks up, by the partition keys' names.

    :raises InvalidArgumentException: its query is another one
    """
    parts = {part["ParameterName"]: part["ParameterValue"] for part in processor.get("Parameters") or []}
    query = parts.get("MetadataExtractionQuery") or ""
    if not QUERY.fullmatch(query):
        raise InvalidArgumentException(f"MetadataExtractionQuery {query} is not an object of paths.")
    return {name: path.split(".") for name, path in re.findall(KEY, query)}


def keys_of(data: str, paths: Mapping[str, list[str]]) -> dict[str, str] | None:
    """Return a record's partition keys; None if it does not have them all.

    :param data: the record in base64, one JSON object
    :param paths: as of :func:`query_of`
    """
    keys = {}
    try:
        document = json.loads(base64.b64decode(data))
        for name, path in paths.items():
            value = document
            for step in path:
                value = value[step]
            if value is None or isinstance(value, dict | list) or value == "":
                return None
            keys[name] = value if isinstance(value, str) else json.dumps(value)
    except (ValueError, KeyError, TypeError):
        return None
    return keys
