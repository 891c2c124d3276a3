"""AWS's own schemas of resource types, as shipped with cfn-lint, and what they say about a resource's properties."""

import importlib.util
import json
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

Schema = dict[str, Any]


def folder() -> Path:
    """Return the folder of cfn-lint's schemas. cfn-lint itself is not imported: that takes seconds."""
    found = next(Path(entry) / "cfnlint" for entry in sys.path if (Path(entry) / "cfnlint").is_dir())
    return found / "data" / "schemas"


@cache
def hashes() -> dict[str, str]:
    """Return the resource types of us-east-1, each with the name of its schema's file."""
    spec = importlib.util.spec_from_file_location("_dva_resource_types", folder() / "providers" / "us_east_1.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.types


@cache
def schema(resource_type: str) -> Schema | None:
    """Return AWS's schema of a resource type, or None for a type that AWS does not have."""
    name = hashes().get(resource_type)
    if not name:
        return None
    return json.loads((folder() / "resources" / f"{name}.json").read_text())


def tag_property(resource_type: str) -> str:
    """Return the property in which resources of a type have their tags, or an empty text."""
    found = schema(resource_type) or {}
    tagging = found.get("tagging") or {}
    name = str(tagging.get("tagProperty", "")).removeprefix("/properties/")
    return name if tagging.get("taggable") and name in found.get("properties", {}) else ""


def tags_are_map(resource_type: str) -> bool:
    """Say whether a type's tags are a map of keys to values, not a list."""
    found = schema(resource_type) or {}
    return "items" not in _resolved(found, found["properties"][tag_property(resource_type)])


def read_only(schema: Schema) -> set[str]:
    """Return the names of the properties that only the service sets."""
    return {path.removeprefix("/properties/") for path in schema.get("readOnlyProperties", [])}


def property_faults(resource_type: str, properties: dict[str, Any]) -> list[str]:
    """Return what AWS's schema does not allow in a resource's properties, in AWS's words.

    :param properties: with every intrinsic function resolved
    """
    found = schema(resource_type)
    return list(_object_faults(found, found, properties, "#")) if found else []


def _resolved(root: Schema, schema: Any) -> Schema:
    while isinstance(schema, dict) and "$ref" in schema:
        target: Any = root
        for part in schema["$ref"].removeprefix("#/").split("/"):
            target = target.get(part, {})
        schema = target
    return schema if isinstance(schema, dict) else {}


def _object_faults(root: Schema, schema: Schema, value: dict[str, Any], path: str) -> Iterator[str]:
    known = schema.get("properties")
    if not isinstance(known, dict):
        return
    open_ended = schema.get("additionalProperties", False) is not False or "patternProperties" in schema
    if not open_ended:
        for name in value:
            if name not in known:
                yield f"{path}: extraneous key [{name}] is not permitted"
    for name in schema.get("required", []):
        if value.get(name) is None:
            yield f"{path}: required key [{name}] not found"
    for name, item in value.items():
        if name in known:
            yield from _faults(root, _resolved(root, known[name]), item, f"{path}/{name}")


def _faults(root: Schema, schema: Schema, value: Any, path: str) -> Iterator[str]:
    if isinstance(value, dict):
        yield from _object_faults(root, schema, value, path)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _faults(root, _resolved(root, schema.get("items", {})), item, f"{path}/{index}")
    elif isinstance(value, str):
        allowed = schema.get("enum")
        if allowed and schema.get("type") == "string" and value not in allowed:
            yield f"{path}: {value} is not a valid enum value"
