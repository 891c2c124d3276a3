"""Tags of any service's resources, by whichever pair of operations the service has."""

from typing import Any

from botocore.model import ListShape, MapShape, Shape, StructureShape

from .schemas import tag_property, tags_are_map

PAIRS = (
    ("TagResource", "UntagResource"),
    ("CreateTags", "DeleteTags"),
    ("AddTags", "RemoveTags"),
    ("AddTagsToResource", "RemoveTagsFromResource"),
    ("AddTagsToStream", "RemoveTagsFromStream"),
    ("TagDeliveryStream", "UntagDeliveryStream"),
)


def as_map(tags: Any) -> dict[str, str]:
    """Return a template's tags, a map or a list of Key and Value, as a map."""
    if isinstance(tags, dict):
        return {str(key): str(value) for key, value in tags.items()}
    return {str(item["Key"]): str(item.get("Value", "")) for item in tags or []}


def as_list(tags: dict[str, str]) -> list[dict[str, str]]:
    """Return tags as a list of Key and Value."""
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def difference(before: Any, after: Any) -> tuple[dict[str, str], list[str]]:
    """Return the tags that are new or changed, and the keys of those that left."""
    old, new = as_map(before), as_map(after)
    return {key: value for key, value in new.items() if old.get(key) != value}, [key for key in old if key not in new]


def retag(client: Any, identity: str, before: Any, after: Any, **more: Any) -> None:
    """Change a resource's tags.

    :param identity: what the service's operation names the resource by
    :param more: further parameters, for example the type of the resource
    """
    changed, gone = difference(before, after)
    known = client.meta.service_model.operation_names
    tag, untag = next(pair for pair in PAIRS if pair[0] in known)
    if gone:
        _call(client, untag, identity, dict.fromkeys(gone, ""), more)
    if changed:
        _call(client, tag, identity, changed, more)


def _call(client: Any, operation: str, identity: str, tags: dict[str, str], more: dict[str, Any]) -> None:
    shape = client.meta.service_model.operation_model(operation).input_shape
    given = dict(more)
    for name, member in shape.members.items():
        if name.lower().startswith("tag"):
            given[name] = _written(member, tags)
        elif name in shape.required_members and name not in given:
            given[name] = [identity] if isinstance(member, ListShape) else identity
    method = next(python for python, api in client.meta.method_to_api_mapping.items() if api == operation)
    getattr(client, method)(**given)


def _written(shape: Shape, tags: dict[str, str]) -> Any:
    """Return tags in the form of a parameter: a map, a list of pairs, or a list of keys."""
    if isinstance(shape, MapShape):
        return tags
    if isinstance(shape, ListShape) and isinstance(shape.member, StructureShape):
        key = next(name for name in shape.member.members if name.lower().endswith("key"))
        value = next((name for name in shape.member.members if name.lower().endswith("value")), "")
        return [{key: name, **({value: text} if value and text else {})} for name, text in tags.items()]
    return list(tags)


def tagged(resource_type: str, properties: Any, stack_tags: Any) -> Any:
    """Return a resource's properties with the tags of its stack, which its own tags overrule.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-properties-resource-tags.html
    """
    name = tag_property(resource_type) if stack_tags else ""
    if not name or resource_type == "AWS::AutoScaling::AutoScalingGroup":
        return properties
    tags = {**as_map(stack_tags), **as_map(properties.get(name))}
    return {**properties, name: tags if tags_are_map(resource_type) else as_list(tags)}
