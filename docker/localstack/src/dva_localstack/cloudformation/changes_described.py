"""What change sets tell about each change: whether it replaces, and which properties cause it."""

import json
from typing import Any

from localstack.services.cloudformation.engine.v2 import change_set_model_describer
from localstack.services.cloudformation.engine.v2.change_set_model import is_nothing
from localstack.services.cloudformation.engine.v2.change_set_model_describer import ChangeSetModelDescriber

from .attributes import attributes_used
from .replacement import as_text, fixed_paths, replaced_by, value_at
from .templates import references

UNKNOWN = change_set_model_describer.CHANGESET_KNOWN_AFTER_APPLY


def install() -> None:
    """Faults: every change of a name was no replacement or one by LocalStack's own schemas, and nothing said why."""
    register = ChangeSetModelDescriber._register_resource_change
    visit = ChangeSetModelDescriber.visit_node_resource
    resolve = ChangeSetModelDescriber._resolve_attribute

    def visit_node_resource(self: Any, node: Any) -> Any:
        delta = visit(self, node)
        before, after = delta.before, delta.after
        if not is_nothing(before) and not is_nothing(after) and before.resource_type == after.resource_type:
            old, new = model(before.properties), model(after.properties)
            if replaced_by(after.resource_type, old, new):
                after.physical_resource_id = UNKNOWN
                self.__dict__.setdefault("replaced", set()).add(node.name)
        return delta

    def resolve_attribute(self: Any, arguments: Any, select_before: bool) -> Any:
        value = resolve(self, arguments, select_before)
        name = arguments.split(".")[0] if isinstance(arguments, str) else arguments[0]
        return UNKNOWN if not select_before and name in self.__dict__.get("replaced", ()) else value

    def register_resource_change(self: Any, *given: Any, **named: Any) -> None:
        register(self, *given, **named)
        change = self._changes[-1]["ResourceChange"]
        change.setdefault("Scope", [])
        change.setdefault("Details", [])
        if change["Action"] == "Modify":
            old, new = model(named["before_properties"]), model(named["after_properties"])
            template = self._change_set.template or {}
            change |= described(change["ResourceType"], change["LogicalResourceId"], old, new, template)

    ChangeSetModelDescriber.visit_node_resource = visit_node_resource
    ChangeSetModelDescriber._resolve_attribute = resolve_attribute
    ChangeSetModelDescriber._register_resource_change = register_resource_change


def model(properties: Any) -> dict[str, Any]:
    """Return resolved properties as a dictionary."""
    return {} if not properties or is_nothing(properties) else properties.properties or {}


def described(
    resource_type: str, name: str, before: dict[str, Any], after: dict[str, Any], template: dict[str, Any]
) -> dict[str, Any]:
    """Return Replacement, Scope and Details of a resource's change.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_ResourceChange.html
    """
    fixed = {path[0]: path for path in fixed_paths(resource_type)}
    written = ((template.get("Resources") or {}).get(name) or {}).get("Properties") or {}
    details: list[dict[str, Any]] = []
    replacement = "False"
    for key in sorted({*before, *after}):
        if as_text(before.get(key)) == as_text(after.get(key)):
            continue
        dynamic = UNKNOWN in json.dumps(after.get(key), default=str)
        path = fixed.get(key)
        recreates = path is not None and as_text(value_at(before, path)) != as_text(value_at(after, path))
        if recreates:
            replacement = "Conditional" if dynamic and replacement != "True" else "True"
        target: dict[str, Any] = {"Attribute": "Tags" if key == "Tags" else "Properties"}
        if key != "Tags":
            target["Name"] = key
        target["RequiresRecreation"] = ("Conditionally" if dynamic else "Always") if recreates else "Never"
        evaluation = "Dynamic" if dynamic else "Static"
        details.append({"Target": target, "Evaluation": evaluation, **cause(written.get(key), dynamic, template)})
    scope = sorted({detail["Target"]["Attribute"] for detail in details}) or ["Metadata"]
    return {"Replacement": replacement, "Scope": scope, "Details": details}


def cause(value: Any, dynamic: bool, template: dict[str, Any]) -> dict[str, str]:
    """Return what of a template causes the change of a property."""
    parameters = template.get("Parameters") or {}
    if dynamic:
        for name, attribute in attributes_used(value):
            return {"ChangeSource": "ResourceAttribute", "CausingEntity": f"{name}.{attribute}"}
        for name in references(value):
            if name in (template.get("Resources") or {}):
                return {"ChangeSource": "ResourceReference", "CausingEntity": name}
    for name in references(value):
        if name in parameters:
            return {"ChangeSource": "ParameterReference", "CausingEntity": name}
    return {"ChangeSource": "DirectModification"}
