"""Values as GraphQL and as DynamoDB have them."""

from typing import Any

from boto3.dynamodb.types import TypeDeserializer, TypeSerializer

TAGS = {"S", "N", "B", "BOOL", "NULL", "M", "L", "SS", "NS", "BS"}

Data = dict[str, Any]


def typed(values: Data) -> Data:
    """Return values as DynamoDB's, those that are so already as they are."""
    serialize = TypeSerializer().serialize
    return {
        name: value if isinstance(value, dict) and len(value) == 1 and value.keys() <= TAGS else serialize(value)
        for name, value in values.items()
    }


def plain(item: Data | None) -> Any:
    """Return an item as plain JSON."""
    if not item:
        return None
    deserialize = TypeDeserializer().deserialize
    return {name: number(deserialize(value)) for name, value in item.items()}


def number(value: Any) -> Any:
    """Return a value with JSON's numbers instead of decimals, and lists instead of sets."""
    if isinstance(value, dict):
        return {name: number(item) for name, item in value.items()}
    if isinstance(value, list | set):
        return [number(item) for item in value]
    if type(value).__name__ == "Decimal":
        return int(value) if value == int(value) else float(value)
    return value
