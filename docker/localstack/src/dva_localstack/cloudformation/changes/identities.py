"""Users, groups, roles and policies of IAM that can be changed."""

import json
from typing import Any

from localstack.services.cloudformation.resource_provider import ResourceRequest

from ..tags import as_list, difference

Properties = dict[str, Any]

VERSIONS = 5
"""How many versions a managed policy may have: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html"""


def text(document: Any) -> str:
    """Return a policy document as text."""
    return document if isinstance(document, str) else json.dumps(document)


def role(request: ResourceRequest[Any], before: Properties, after: Properties) -> None:
    """Change a role's trust, description, session length, boundary, policies and tags."""
    iam, name = request.aws_client_factory.iam, after["RoleName"]
    if before and after.get("AssumeRolePolicyDocument") != before.get("AssumeRolePolicyDocument"):
        iam.update_assume_role_policy(RoleName=name, PolicyDocument=text(after["AssumeRolePolicyDocument"]))
    if before and any(after.get(key) != before.get(key) for key in ("Description", "MaxSessionDuration")):
        iam.update_role(
            RoleName=name,
            Description=after.get("Description", ""),
            MaxSessionDuration=int(after.get("MaxSessionDuration") or 3600),
        )
    entity(iam, "role", {"RoleName": name}, before, after)


def user(request: ResourceRequest[Any], before: Properties, after: Properties) -> None:
    """Change a user's groups, password, boundary, policies and tags."""
    iam, name = request.aws_client_factory.iam, after["UserName"]
    old, new = before.get("Groups") or [], after.get("Groups") or []
    for group in [item for item in old if item not in new]:
        iam.remove_user_from_group(UserName=name, GroupName=group)
    for group in [item for item in new if item not in old]:
        iam.add_user_to_group(UserName=name, GroupName=group)
    profile, old_profile = after.get("LoginProfile"), before.get("LoginProfile")
    if profile != old_profile:
        if not profile:
            iam.delete_login_profile(UserName=name)
        else:
            set_password = iam.update_login_profile if old_profile else iam.create_login_profile
            reset = str(profile.get("PasswordResetRequired", False)).lower() == "true"
            set_password(UserName=name, Password=profile["Password"], PasswordResetRequired=reset)
    entity(iam, "user", {"UserName": name}, before, after)


def group(request: ResourceRequest[Any], before: Properties, after: Properties) -> None:
    """Change a group's policies."""
    entity(request.aws_client_factory.iam, "group", {"GroupName": after["GroupName"]}, before, after)


def entity(iam: Any, kind: str, named: dict[str, str], before: Properties, after: Properties) -> None:
    """Bring what roles, users and groups have in common from one model to another.

    :param kind: role, user or group
    :param named: the parameter that names it
    """
    old = {item["PolicyName"]: item["PolicyDocument"] for item in before.get("Policies") or []}
    new = {item["PolicyName"]: item["PolicyDocument"] for item in after.get("Policies") or []}
    for name in [item for item in old if item not in new]:
        getattr(iam, f"delete_{kind}_policy")(**named, PolicyName=name)
    for name, document in new.items():
        if old.get(name) != document:
            getattr(iam, f"put_{kind}_policy")(**named, PolicyName=name, PolicyDocument=text(document))
    attached, wanted = before.get("ManagedPolicyArns") or [], after.get("ManagedPolicyArns") or []
    for arn in [item for item in wanted if item not in attached]:
        getattr(iam, f"attach_{kind}_policy")(**named, PolicyArn=arn)
    for arn in [item for item in attached if item not in wanted]:
        getattr(iam, f"detach_{kind}_policy")(**named, PolicyArn=arn)
    if kind == "group":
        return
    boundary = after.get("PermissionsBoundary")
    if boundary != before.get("PermissionsBoundary"):
        if boundary:
            getattr(iam, f"put_{kind}_permissions_boundary")(**named, PermissionsBoundary=boundary)
        else:
            getattr(iam, f"delete_{kind}_permissions_boundary")(**named)
    changed, gone = difference(before.get("Tags"), after.get("Tags"))
    if changed:
        getattr(iam, f"tag_{kind}")(**named, Tags=as_list(changed))
    if gone:
        getattr(iam, f"untag_{kind}")(**named, TagKeys=gone)


HOLDERS = (("Roles", "role", "RoleName"), ("Users", "user", "UserName"), ("Groups", "group", "GroupName"))
"""Properties that list who has a policy."""


def policy(request: ResourceRequest[Any], before: Properties, after: Properties) -> None:
    """Change an inline policy, its name, and who has it."""
    iam = request.aws_client_factory.iam
    for holders, kind, parameter in HOLDERS:
        old, new = before.get(holders) or [], after.get(holders) or []
        for holder in new:
            getattr(iam, f"put_{kind}_policy")(
                **{parameter: holder}, PolicyName=after["PolicyName"], PolicyDocument=text(after["PolicyDocument"])
            )
        for holder in old:
            if holder not in new or after["PolicyName"] != before["PolicyName"]:
                getattr(iam, f"delete_{kind}_policy")(**{parameter: holder}, PolicyName=before["PolicyName"])


def managed_policy(request: ResourceRequest[Any], before: Properties, after: Properties) -> None:
    """Give a managed policy a new default version, and change to whom it is attached; before its end, drop versions."""
    iam, arn = request.aws_client_factory.iam, after["Id"]
    if "PolicyDocument" not in after:
        for item in iam.list_policy_versions(PolicyArn=arn)["Versions"]:
            if not item["IsDefaultVersion"]:
                iam.delete_policy_version(PolicyArn=arn, VersionId=item["VersionId"])
        return
    if after["PolicyDocument"] != before["PolicyDocument"]:
        versions = iam.list_policy_versions(PolicyArn=arn)["Versions"]
        others = sorted(
            (item for item in versions if not item["IsDefaultVersion"]), key=lambda item: item["CreateDate"]
        )
        if len(versions) >= VERSIONS:
            iam.delete_policy_version(PolicyArn=arn, VersionId=others[0]["VersionId"])
        iam.create_policy_version(PolicyArn=arn, PolicyDocument=text(after["PolicyDocument"]), SetAsDefault=True)
    for holders, kind, parameter in HOLDERS:
        old, new = before.get(holders) or [], after.get(holders) or []
        for holder in [item for item in new if item not in old]:
            getattr(iam, f"attach_{kind}_policy")(**{parameter: holder}, PolicyArn=arn)
        for holder in [item for item in old if item not in new]:
            getattr(iam, f"detach_{kind}_policy")(**{parameter: holder}, PolicyArn=arn)


def instance_profile(request: ResourceRequest[Any], before: Properties, after: Properties) -> None:
    """Put another role into an instance profile."""
    iam, name = request.aws_client_factory.iam, after["InstanceProfileName"]
    for item in before.get("Roles") or []:
        iam.remove_role_from_instance_profile(InstanceProfileName=name, RoleName=item)
    for item in after.get("Roles") or []:
        iam.add_role_to_instance_profile(InstanceProfileName=name, RoleName=item)
