"""Whether a changed property makes another resource: what AWS's schemas call create-only."""

from typing import Any

from .schemas import schema

CONDITIONAL = {
    "AWS::DynamoDB::Table": "KeySchema",
    "AWS::Events::Rule": "EventBusName",
    "AWS::ECS::Service": "LaunchType",
}
"""Conditionally create-only properties whose change the documentation of the type calls a replacement."""


def fixed_paths(resource_type: str) -> list[list[str]]:
    """Return the paths of a type's properties that cannot be changed in place."""
    found = schema(resource_type) or {}
    paths = [path.removeprefix("/properties/").split("/") for path in found.get("createOnlyProperties") or []]
    return paths + ([[CONDITIONAL[resource_type]]] if resource_type in CONDITIONAL else [])


def value_at(properties: Any, path: list[str]) -> Any:
    """Return the value at a path of properties, or None."""
    for name in path:
        properties = properties.get(name) if isinstance(properties, dict) else None
    return properties


def replaced_by(resource_type: str, before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    """Return the names of changed properties that only another resource can have.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-updating-stacks-update-behaviors.html
    """
    paths = fixed_paths(resource_type)
    return [path[0] for path in paths if as_text(value_at(before, path)) != as_text(value_at(after, path))]


def as_text(value: Any) -> Any:
    """Return a value whose scalars are text: 80 and "80" are the same to CloudFormation."""
    if isinstance(value, dict):
        return {name: as_text(item) for name, item in value.items()}
    if isinstance(value, list):
        return [as_text(item) for item in value]
    if value is None:
        return None
    return str(value).lower() if isinstance(value, bool) else str(value)


def lasting(resource_type: str, model: dict[str, Any]) -> dict[str, Any]:
    """Return what an update in place leaves of a resource's model: its attributes, its identity, its generated name."""
    found = schema(resource_type) or {}
    kept = {
        path.removeprefix("/properties/").split("/")[0]
        for group in ("readOnlyProperties", "createOnlyProperties", "primaryIdentifier")
        for path in found.get(group) or []
    }
    return {name: value for name, value in model.items() if name in kept or name not in found.get("properties", {})}
