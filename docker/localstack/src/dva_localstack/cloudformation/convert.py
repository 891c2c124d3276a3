"""A resource's properties become the parameters of an API call, by the call's own service model."""

import json
from typing import Any

from botocore.model import ListShape, MapShape, Shape, StructureShape


def to_parameters(shape: Shape, value: Any) -> Any:
    """Return a value of a template as the service model wants it.

    Names are matched without regard to case, scalars get the model's type, lists of Key and Value become maps where
    the model has a map, lists become Quantity and Items where it has those, and what the model does not know is
    left out.
    """
    if isinstance(shape, StructureShape):
        if isinstance(value, list) and {"Quantity", "Items"} <= shape.members.keys():
            value = {"Quantity": len(value), "Items": value}
        if not isinstance(value, dict):
            return value
        known = {name.lower(): name for name in shape.members}
        return {
            known[name.lower()]: to_parameters(shape.members[known[name.lower()]], item)
            for name, item in value.items()
            if name.lower() in known and item is not None
        }
    if isinstance(shape, ListShape):
        items = value if isinstance(value, list) else [value]
        return [to_parameters(shape.member, item) for item in items]
    if isinstance(shape, MapShape):
        if isinstance(value, list):
            value = {item["Key"]: item["Value"] for item in value}
        if isinstance(value, dict):
            return {name: to_parameters(shape.value, item) for name, item in value.items()}
        return value
    return to_scalar(shape.type_name, value)


def to_scalar(kind: str, value: Any) -> Any:
    """Return a scalar as the model's type ``kind``."""
    if kind == "boolean":
        return value if isinstance(value, bool) else str(value).lower() == "true"
    if kind in ("integer", "long"):
        return int(value)
    if kind in ("float", "double"):
        return float(value)
    if kind == "blob":
        return value.encode() if isinstance(value, str) else value
    if kind == "string":
        if isinstance(value, dict | list):
            return json.dumps(value)
        return str(value).lower() if isinstance(value, bool) else str(value)
    return value


def to_attribute(value: Any) -> Any:
    """Return what a service answered as Fn::GetAtt gives it: numbers are text."""
    if isinstance(value, dict):
        return {name: to_attribute(item) for name, item in value.items()}
    if isinstance(value, list):
        return [to_attribute(item) for item in value]
    if value is None or isinstance(value, str):
        return value
    return str(value).lower() if isinstance(value, bool) else str(value)


def call(client: Any, operation: str, given: dict[str, Any]) -> Any:
    """Call an operation, as boto3 names it, with what of ``given`` its service model knows."""
    api = client.meta.method_to_api_mapping[operation]
    return getattr(client, operation)(
        **to_parameters(client.meta.service_model.operation_model(api).input_shape, given)
    )
