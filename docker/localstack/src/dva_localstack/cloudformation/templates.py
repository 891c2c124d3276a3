"""What AWS checks in a template before it does anything: types, references, circles, capabilities."""

import re
from collections.abc import Iterator
from typing import Any

from localstack.aws.api.cloudformation import InsufficientCapabilitiesException
from localstack.services.cloudformation.engine.validations import ValidationError

from .attributes import check_attributes, check_mappings, check_resource
from .schemas import hashes

SECTIONS = {
    "AWSTemplateFormatVersion",
    "Description",
    "Metadata",
    "Parameters",
    "Rules",
    "Mappings",
    "Conditions",
    "Transform",
    "Resources",
    "Outputs",
    "Hooks",
    "Globals",
}
"""https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/template-anatomy.html, and Globals of SAM"""

NAMES = {
    "AWS::IAM::Group": "GroupName",
    "AWS::IAM::InstanceProfile": "InstanceProfileName",
    "AWS::IAM::ManagedPolicy": "ManagedPolicyName",
    "AWS::IAM::Role": "RoleName",
    "AWS::IAM::User": "UserName",
}
"""IAM types whose custom name needs CAPABILITY_NAMED_IAM."""

IAM_TYPES = {*NAMES, "AWS::IAM::AccessKey", "AWS::IAM::Policy", "AWS::IAM::UserToGroupAddition"}
"""https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_CreateStack.html, Capabilities"""

UNLISTED = ("AWS::CloudFormation::", "AWS::CDK::", "AWS::Serverless::", "Custom::")
"""Beginnings of types that no list of resource types names."""

PARAMETER_TYPES = re.compile(
    r"String|Number|CommaDelimitedList|List<(Number|String)>|AWS::SSM::Parameter::(Name|Value<.+>)|"
    r"(List<)?AWS::(EC2|Route53)::[A-Za-z0-9:]+>?"
)
"""https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/parameters-section-structure.html"""

DESCRIPTION = 1024
"""Bytes of a template's description."""

OUTPUTS, PARAMETERS, RESOURCES = 200, 200, 500
"""https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html"""


def check_format(template: Any) -> None:
    """Refuse what is no template: wrong sections, no resources, types that AWS does not have, broken references.

    :raises ValidationError: with AWS's message
    """
    if not isinstance(template, dict):
        raise ValidationError("Template format error: unsupported structure.")
    if unknown := [name for name in template if name not in SECTIONS]:
        raise ValidationError(f"Invalid template property or properties [{', '.join(unknown)}]")
    resources = template.get("Resources")
    if not isinstance(resources, dict) or not resources:
        raise ValidationError("Template format error: At least one Resources member must be defined.")
    for section, limit in (("Resources", RESOURCES), ("Parameters", PARAMETERS), ("Outputs", OUTPUTS)):
        if len(template.get(section) or {}) > limit:
            raise ValidationError(
                f"Template format error: Number of {section.lower()}, {len(template[section])}, "
                f"is greater than maximum allowed, {limit}"
            )
    for name, parameter in (template.get("Parameters") or {}).items():
        if (
            isinstance(parameter, dict)
            and "Type" in parameter
            and not PARAMETER_TYPES.fullmatch(str(parameter["Type"]))
        ):
            raise ValidationError(f"Template format error: Unrecognized parameter type: {parameter['Type']}")
        if not isinstance(parameter, dict) or "Type" not in parameter:
            raise ValidationError(
                f"Template format error: Every Parameters object must contain a Type member. ({name})"
            )
        if not PARAMETER_TYPES.fullmatch(str(parameter["Type"])):
            raise ValidationError(f"Template format error: Unrecognized parameter type: {parameter['Type']}")
    for name, output in (template.get("Outputs") or {}).items():
        if not name.startswith("Fn::") and (not isinstance(output, dict) or output.get("Value") is None):
            raise ValidationError("Template format error: Every Outputs member must contain a Value object")
    version = template.get("AWSTemplateFormatVersion")
    if version is not None and str(version) != "2010-09-09":
        raise ValidationError(
            f"Template format error: {version} is not a supported value for AWSTemplateFormatVersion."
        )
    if len(str(template.get("Description") or "")) > DESCRIPTION:
        raise ValidationError(f"Template format error: 'Description' length is greater than {DESCRIPTION}.")
    check_types(resources)
    for name, body in members(resources).items():
        check_resource(name, body, template)
    if "Transform" not in template:
        check_references(template)


def members(resources: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the resources of a template without loops and transforms, which are resources only when expanded."""
    return {name: body for name, body in resources.items() if not name.startswith("Fn::") and isinstance(body, dict)}


def check_types(resources: dict[str, Any]) -> None:
    """Refuse types that AWS does not have.

    :raises ValidationError: Unrecognized resource types
    """
    for name, body in members(resources).items():
        if "Type" not in body and "Fn::Transform" not in body:
            raise ValidationError(
                f"Template format error: [/Resources/{name}] Every Resources object must contain a Type member."
            )
    types = {body["Type"] for body in members(resources).values() if "Type" in body}
    unknown = sorted(name for name in types if name not in hashes() and not str(name).startswith(UNLISTED))
    if unknown:
        raise ValidationError(f"Template format error: Unrecognized resource types: [{', '.join(unknown)}]")


def references(value: Any) -> Iterator[str]:
    """Yield the names to which a part of a template refers by Ref, Fn::GetAtt, Fn::Sub and DependsOn."""
    if isinstance(value, list):
        for item in value:
            yield from references(item)
        return
    if not isinstance(value, dict):
        return
    for key, item in value.items():
        if key == "Ref" and isinstance(item, str):
            yield item
        elif key == "Fn::GetAtt":
            yield item.split(".")[0] if isinstance(item, str) else str(item[0])
        elif key == "Fn::Sub":
            text, own = (item, {}) if isinstance(item, str) else (item[0], item[1])
            names = re.findall(r"\$\{([^!}][^}]*)\}", text) if isinstance(text, str) else []
            yield from (name.strip().split(".")[0] for name in names if name.strip() not in own)
            yield from references(list(own.values()))
        else:
            yield from references(item)


def depends_on(body: dict[str, Any]) -> list[str]:
    """Return what a resource names in DependsOn."""
    named = body.get("DependsOn") or []
    return [named] if isinstance(named, str) else named


def check_references(template: dict[str, Any]) -> None:
    """Refuse references to what is not in the template, and circles of resources.

    :raises ValidationError: Unresolved resource dependencies, or Circular dependency between resources
    """
    resources = members(template["Resources"])
    known = {*resources, *(template.get("Parameters") or {})}
    needs: dict[str, set[str]] = {}
    for name, body in resources.items():
        named = {*references(body.get("Properties")), *depends_on(body)}
        missing = sorted(item for item in named if item not in known and not item.startswith("AWS::"))
        if missing and len(resources) == len(template["Resources"]):
            raise ValidationError(
                f"Template format error: Unresolved resource dependencies [{', '.join(missing)}] "
                "in the Resources block of the template"
            )
        needs[name] = {item for item in named if item in resources}
    for name, output in (template.get("Outputs") or {}).items():
        missing = sorted(item for item in references(output) if item not in known and not item.startswith("AWS::"))
        if missing and not name.startswith("Fn::") and len(resources) == len(template["Resources"]):
            raise ValidationError(
                f"Template format error: Unresolved resource dependencies [{', '.join(missing)}] "
                "in the Outputs block of the template"
            )
    check_attributes(template)
    check_mappings(template, [template["Resources"], template.get("Outputs")])
    while free := [name for name, others in needs.items() if not others & needs.keys()]:
        for name in free:
            del needs[name]
    if needs:
        raise ValidationError(f"Circular dependency between resources: [{', '.join(sorted(needs))}]")


def check_expansion(template: dict[str, Any], body: str, capabilities: list[str]) -> None:
    """Refuse to expand macros without being allowed to.

    :raises InsufficientCapabilitiesException: CAPABILITY_AUTO_EXPAND is missing
    """
    if "CAPABILITY_AUTO_EXPAND" not in capabilities and ("Transform" in template or "Fn::Transform" in body):
        raise InsufficientCapabilitiesException("Requires capabilities : [CAPABILITY_AUTO_EXPAND]")


def check_iam(template: dict[str, Any], capabilities: list[str]) -> None:
    """Refuse IAM resources that the caller has not acknowledged.

    :param template: after its transforms
    :raises InsufficientCapabilitiesException: CAPABILITY_IAM or CAPABILITY_NAMED_IAM is missing
    """
    resources = members(template.get("Resources") or {}).values()
    found = [body for body in resources if body.get("Type") in IAM_TYPES]
    named = any(NAMES.get(body["Type"], "") in (body.get("Properties") or {}) for body in found)
    if named and "CAPABILITY_NAMED_IAM" not in capabilities:
        raise InsufficientCapabilitiesException("Requires capabilities : [CAPABILITY_NAMED_IAM]")
    if found and not {"CAPABILITY_IAM", "CAPABILITY_NAMED_IAM"} & set(capabilities):
        raise InsufficientCapabilitiesException("Requires capabilities : [CAPABILITY_IAM]")
