"""What a template says about a resource besides its properties: its name, policies, condition and attributes."""

import json
import re
from collections.abc import Iterator
from typing import Any

from localstack.services.cloudformation.engine.validations import ValidationError

from .schemas import schema

ATTRIBUTES = {
    "Condition",
    "CreationPolicy",
    "DeletionPolicy",
    "DependsOn",
    "Metadata",
    "Properties",
    "Type",
    "UpdatePolicy",
    "UpdateReplacePolicy",
    "Version",
}
"""https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/resources-section-structure.html"""

SNAPSHOTS = {
    "AWS::DocDB::DBCluster",
    "AWS::EC2::Volume",
    "AWS::ElastiCache::CacheCluster",
    "AWS::ElastiCache::ReplicationGroup",
    "AWS::Neptune::DBCluster",
    "AWS::RDS::DBCluster",
    "AWS::RDS::DBInstance",
    "AWS::Redshift::Cluster",
}
"""https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-attribute-deletionpolicy.html"""

SECURE = {
    ("AWS::ElastiCache::ReplicationGroup", "AuthToken"),
    ("AWS::IAM::User", "LoginProfile"),
    ("AWS::RDS::DBCluster", "MasterUserPassword"),
    ("AWS::RDS::DBInstance", "MasterUserPassword"),
    ("AWS::Redshift::Cluster", "MasterUserPassword"),
}
"""Properties that may refer to an SSM secure string.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/dynamic-references-ssm-secure-strings.html
"""


def check_resource(name: str, body: dict[str, Any], template: dict[str, Any]) -> None:
    """Refuse a resource's name, policies, condition or dynamic references.

    :raises ValidationError: with AWS's message
    """
    if not re.fullmatch(r"[A-Za-z0-9]+", name):
        raise ValidationError(f"Template format error: Resource name {name} is non alphanumeric.")
    for attribute in body:
        if attribute not in ATTRIBUTES and not attribute.startswith("Fn::") and "Transform" not in template:
            raise ValidationError(f"Invalid template resource property '{attribute}'")
    for attribute in ("DeletionPolicy", "UpdateReplacePolicy"):
        check_policy(attribute, body)
    condition = body.get("Condition")
    if isinstance(condition, str) and condition not in (template.get("Conditions") or {}):
        raise ValidationError(
            f"Template format error: Unresolved condition dependency {condition} in the Resources block of the template"
        )
    for prop, value in (body.get("Properties") or {}).items() if isinstance(body.get("Properties"), dict) else ():
        if "{{resolve:ssm-secure:" in json.dumps(value, default=str) and (body.get("Type"), prop) not in SECURE:
            raise ValidationError(f"SSM Secure reference is not supported in: [{body['Type']}/Properties/{prop}]")


def check_policy(attribute: str, body: dict[str, Any]) -> None:
    """Refuse a DeletionPolicy or an UpdateReplacePolicy that there is not, or not for the type.

    :raises ValidationError: with AWS's message
    """
    value = body.get(attribute)
    allowed = ["Delete", "Retain", "Snapshot", *(["RetainExceptOnCreate"] if attribute == "DeletionPolicy" else [])]
    if value is None or isinstance(value, dict):
        return
    if value not in allowed:
        raise ValidationError(
            f"Template error: {attribute} {value} is not supported. Use one of [{', '.join(sorted(allowed))}]."
        )
    if value == "Snapshot" and body.get("Type") not in SNAPSHOTS:
        kind = "deletion" if attribute == "DeletionPolicy" else "update replace"
        raise ValidationError(f"Template error: resource type {body['Type']} does not support {kind} policy Snapshot")


def attributes_used(value: Any) -> Iterator[tuple[str, str]]:
    """Yield the resources and attributes that a part of a template names in Fn::GetAtt."""
    if isinstance(value, list):
        for item in value:
            yield from attributes_used(item)
    elif isinstance(value, dict):
        for key, item in value.items():
            if key == "Fn::GetAtt":
                parts = item.split(".", 1) if isinstance(item, str) else item
                if len(parts) == 2 and all(isinstance(part, str) for part in parts):
                    yield parts[0], parts[1]
            else:
                yield from attributes_used(item)


def check_attributes(template: dict[str, Any]) -> None:
    """Refuse attributes that AWS's schema of a resource's type does not have.

    :raises ValidationError: with AWS's message
    """
    resources = template["Resources"]
    for name, attribute in attributes_used({"r": resources, "o": template.get("Outputs")}):
        body = resources.get(name)
        found = schema(str(body.get("Type"))) if isinstance(body, dict) else None
        if not found or body["Type"].startswith("AWS::CloudFormation::"):
            continue
        if attribute.split(".")[0] not in {item.split(".")[0] for item in found.get("properties", {})}:
            raise ValidationError(
                f"Template error: resource {name} does not support attribute type {attribute} in Fn::GetAtt"
            )


def check_mappings(template: dict[str, Any], part: Any) -> None:
    """Refuse Fn::FindInMap of what no mapping has, as far as the template alone says so.

    :raises ValidationError: with AWS's message
    """
    if isinstance(part, list):
        for item in part:
            check_mappings(template, item)
    elif isinstance(part, dict):
        for key, item in part.items():
            if key == "Fn::FindInMap" and isinstance(item, list) and len(item) == NAMES_OF_A_VALUE:
                check_mapping(template.get("Mappings") or {}, item)
            check_mappings(template, item)


NAMES_OF_A_VALUE = 3
"""Fn::FindInMap has a mapping and two keys; a fourth argument is a default."""


def check_mapping(mappings: dict[str, Any], names: list[Any]) -> None:
    """Refuse a mapping or keys that are not there.

    :raises ValidationError: with AWS's message
    """
    first, *keys = names
    if isinstance(first, str) and first not in mappings:
        raise ValidationError(
            f"Template error: Mapping named '{first}' is not present in the 'Mappings' section of template."
        )
    if not all(isinstance(name, str) for name in names):
        return
    if keys[1] not in (mappings[first].get(keys[0]) or {}):
        raise ValidationError(f"Template error: Unable to get mapping for {'::'.join(names)}")
