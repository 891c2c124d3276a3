"""The helpers of $util in mapping templates.

https://docs.aws.amazon.com/appsync/latest/devguide/resolver-util-reference.html
"""

import base64
import json
import math
import random
import re
import urllib.parse
import uuid
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from boto3.dynamodb.types import TypeSerializer


class TemplateError(Exception):
    """A template that calls $util.error."""

    def __init__(self, message: str, kind: str = "Custom", data: Any = None) -> None:
        super().__init__(message)
        self.kind, self.data = kind, data


def fail(message: str, kind: str = "Custom", data: Any = None, *_: Any) -> None:
    """Do what $util.error does."""
    raise TemplateError(message, kind, data)


def typed(value: Any) -> Any:
    """Return a value as DynamoDB's."""
    return TypeSerializer().serialize(json.loads(json.dumps(value, default=str), parse_float=Decimal))


def utilities(errors: list[Any]) -> dict[str, Any]:
    """Return $util.

    :param errors: where $util.appendError puts errors
    """

    def append(message: str, kind: str = "Custom", *_: Any) -> str:
        errors.append({"message": message, "errorType": kind})
        return ""

    def validate(holds: bool, message: str, kind: str = "CustomTemplateException", data: Any = None) -> str:
        if not holds:
            fail(message, kind, data)
        return ""

    return {
        **GENERAL,
        "error": fail,
        "appendError": append,
        "validate": validate,
        "dynamodb": DYNAMODB,
        "time": _time(datetime.now(UTC)),
        "str": STRINGS,
        "math": NUMBERS,
        "map": MAPS,
        "list": LISTS,
    }


def _type_of(value: Any) -> str:
    match value:
        case None:
            return "Null"
        case bool():
            return "Boolean"
        case int() | float() | Decimal():
            return "Number"
        case str():
            return "String"
        case dict():
            return "Map"
        case list() | tuple():
            return "List"
    return "Object"


def _iso(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


def _time(now: datetime) -> dict[str, Any]:
    def parse(text: str) -> int:
        return int(datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp() * 1000)

    return {
        "nowISO8601": lambda: _iso(now),
        "nowEpochSeconds": lambda: int(now.timestamp()),
        "nowEpochMilliSeconds": lambda: int(now.timestamp() * 1000),
        "parseISO8601ToEpochMilliSeconds": parse,
        "epochMilliSecondsToSeconds": lambda value: int(value) // 1000,
        "epochMilliSecondsToISO8601": lambda value: _iso(datetime.fromtimestamp(int(value) / 1000, UTC)),
    }


GENERAL: dict[str, Any] = {
    "toJson": lambda value: json.dumps(value, default=str),
    "parseJson": json.loads,
    "autoId": lambda: str(uuid.uuid4()),
    "unauthorized": lambda: fail("Unauthorized", "Unauthorized"),
    "isNull": lambda value: value is None,
    "isNullOrEmpty": lambda value: not value,
    "isNullOrBlank": lambda value: not value or not str(value).strip(),
    "defaultIfNull": lambda value, other: other if value is None else value,
    "defaultIfNullOrEmpty": lambda value, other: value or other,
    "defaultIfNullOrBlank": lambda value, other: value if value and str(value).strip() else other,
    "qr": lambda value: "",
    "quiet": lambda value: "",
    "escapeJavaScript": lambda value: json.dumps(value)[1:-1],
    "urlEncode": lambda value: urllib.parse.quote_plus(str(value)),
    "urlDecode": lambda value: urllib.parse.unquote_plus(str(value)),
    "base64Encode": lambda value: base64.b64encode(str(value).encode()).decode(),
    "base64Decode": lambda value: base64.b64decode(str(value)).decode(),
    "matches": lambda pattern, value: bool(re.search(pattern, str(value))),
    "typeOf": _type_of,
    "isString": lambda value: isinstance(value, str),
    "isNumber": lambda value: _type_of(value) == "Number",
    "isBoolean": lambda value: isinstance(value, bool),
    "isList": lambda value: _type_of(value) == "List",
    "isMap": lambda value: isinstance(value, dict),
}

DYNAMODB: dict[str, Any] = {
    "toDynamoDB": typed,
    "toDynamoDBJson": lambda value: json.dumps(typed(value)),
    "toString": lambda value: {"S": value},
    "toStringJson": lambda value: json.dumps({"S": value}),
    "toNumber": lambda value: {"N": str(value)},
    "toNumberJson": lambda value: json.dumps({"N": str(value)}),
    "toBooleanJson": lambda value: json.dumps({"BOOL": value}),
    "toNullJson": lambda: json.dumps({"NULL": True}),
    "toList": typed,
    "toListJson": lambda value: json.dumps(typed(value)),
    "toMap": typed,
    "toMapJson": lambda value: json.dumps(typed(value)),
    "toMapValues": lambda value: {name: typed(item) for name, item in (value or {}).items()},
    "toMapValuesJson": lambda value: json.dumps({name: typed(item) for name, item in (value or {}).items()}),
    "toStringSetJson": lambda value: json.dumps({"SS": list(value)}),
    "toNumberSetJson": lambda value: json.dumps({"NS": [str(item) for item in value]}),
}

STRINGS: dict[str, Any] = {
    "toUpper": lambda value: str(value).upper(),
    "toLower": lambda value: str(value).lower(),
    "toReplace": lambda value, old, new: str(value).replace(old, new),
}

NUMBERS: dict[str, Any] = {
    "roundNum": round,
    "minVal": min,
    "maxVal": max,
    "randomDouble": random.random,
    "randomWithinRange": lambda low, high: random.randrange(math.ceil(low), math.floor(high)),
}

MAPS: dict[str, Any] = {
    "copyAndRetainAllKeys": lambda value, keys: {name: item for name, item in value.items() if name in keys},
    "copyAndRemoveAllKeys": lambda value, keys: {name: item for name, item in value.items() if name not in keys},
}

LISTS: dict[str, Any] = {
    "copyAndRetainAll": lambda value, kept: [item for item in value if item in kept],
    "copyAndRemoveAll": lambda value, dropped: [item for item in value if item not in dropped],
}
