"""Mapping templates: resolvers in VTL, with the helpers of $util that templates for DynamoDB and Lambda use.

https://docs.aws.amazon.com/appsync/latest/devguide/resolver-util-reference.html
"""

import json
import uuid
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import airspeed
from boto3.dynamodb.types import TypeSerializer


class TemplateError(Exception):
    """A template that calls $util.error."""

    def __init__(self, message: str, kind: str = "Custom", data: Any = None) -> None:
        super().__init__(message)
        self.kind, self.data = kind, data


def render(template: str, context: dict[str, Any]) -> Any:
    """Evaluate a template; return the JSON that it gives, or its text where that is none.

    :raises TemplateError: the template calls $util.error or $util.unauthorized
    """
    text = airspeed.Template(template).merge({"ctx": context, "context": context, "util": utilities()}).strip()
    try:
        return json.loads(text) if text else None
    except ValueError:
        return text


def fail(message: str, kind: str = "Custom", data: Any = None, *_: Any) -> None:
    """Do what $util.error does."""
    raise TemplateError(message, kind, data)


def typed(value: Any) -> Any:
    """Return a value as DynamoDB's."""
    return TypeSerializer().serialize(json.loads(json.dumps(value, default=str), parse_float=Decimal))


def utilities() -> dict[str, Any]:
    """Return $util."""
    now = datetime.now(UTC)
    return {
        "toJson": lambda value: json.dumps(value, default=str),
        "parseJson": json.loads,
        "autoId": lambda: str(uuid.uuid4()),
        "error": fail,
        "unauthorized": lambda: fail("Unauthorized", "Unauthorized"),
        "isNull": lambda value: value is None,
        "isNullOrEmpty": lambda value: not value,
        "isNullOrBlank": lambda value: not value or not str(value).strip(),
        "defaultIfNull": lambda value, other: other if value is None else value,
        "defaultIfNullOrEmpty": lambda value, other: value or other,
        "qr": lambda value: "",
        "quiet": lambda value: "",
        "escapeJavaScript": lambda value: json.dumps(value)[1:-1],
        "dynamodb": {
            "toDynamoDB": typed,
            "toDynamoDBJson": lambda value: json.dumps(typed(value)),
            "toString": lambda value: {"S": value},
            "toStringJson": lambda value: json.dumps({"S": value}),
            "toNumberJson": lambda value: json.dumps({"N": str(value)}),
            "toMapValues": lambda value: {name: typed(item) for name, item in (value or {}).items()},
            "toMapValuesJson": lambda value: json.dumps({name: typed(item) for name, item in (value or {}).items()}),
        },
        "time": {
            "nowISO8601": lambda: now.strftime("%Y-%m-%dT%H:%M:%S.000Z"),
            "nowEpochSeconds": lambda: int(now.timestamp()),
            "nowEpochMilliSeconds": lambda: int(now.timestamp() * 1000),
        },
    }
