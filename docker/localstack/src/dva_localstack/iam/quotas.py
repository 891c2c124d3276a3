"""How much IAM keeps: sizes of policies, and how many of them, of groups, and of tags somebody may have.

LocalStack 4.14.0 has no such limits but of access keys and of a policy's versions.
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
"""

import re
from collections.abc import Callable
from typing import Any

from localstack.aws.api import CommonServiceException, RequestContext

from dva_localstack.iam import identities

MANAGED_BYTES, TRUST_BYTES = 6144, 2048
INLINE_BYTES = {"user": 2048, "group": 5120, "role": 10240}
"""Of all inline policies of one together; white space does not count."""

ATTACHED, GROUPS, TAGS = 10, 10, 50

type Check = Callable[[RequestContext, Any], None]


def exceeded(message: str) -> CommonServiceException:
    """Return the refusal of too much."""
    return CommonServiceException("LimitExceeded", message, 409, True)


def quota(name: str, limit: int) -> CommonServiceException:
    """Return the refusal of too much in the words that IAM mostly uses."""
    return exceeded(f"Cannot exceed quota for {name}: {limit}")


def size(document: str) -> int:
    """Return a policy's size as IAM counts it, in characters."""
    return len(re.sub(r"\s", "", document))


def owner_of(context: RequestContext, request: Any) -> tuple[str, Any]:
    """Return (kind, user, group or role as moto keeps it or None) that a request names."""
    held = identities.backend(context.account_id)
    if "UserName" in request:
        return "user", held.users.get(request["UserName"])
    if "GroupName" in request:
        return "group", held.groups.get(request["GroupName"])
    return "role", identities.moto_role(context.account_id, request["RoleName"])


def check_managed(context: RequestContext, request: Any) -> None:
    """Refuse a managed policy that is too long."""
    if size(request["PolicyDocument"]) > MANAGED_BYTES:
        raise quota("PolicySize", MANAGED_BYTES)


def check_inline(context: RequestContext, request: Any) -> None:
    """Refuse an inline policy that with the others of its owner is too long."""
    kind, owner = owner_of(context, request)
    if owner is None:
        return
    others = (text for name, text in owner.policies.items() if name != request["PolicyName"])
    if sum(map(size, others)) + size(request["PolicyDocument"]) > INLINE_BYTES[kind]:
        raise exceeded(f"Maximum policy size of {INLINE_BYTES[kind]} bytes exceeded for {kind} {owner.name}")


def check_trust(context: RequestContext, request: Any) -> None:
    """Refuse a trust policy that is too long."""
    if size(request.get("AssumeRolePolicyDocument") or request.get("PolicyDocument") or "") > TRUST_BYTES:
        raise quota("ACLSizePerRole", TRUST_BYTES)


def check_attachment(context: RequestContext, request: Any) -> None:
    """Refuse one managed policy more than anybody may have."""
    kind, owner = owner_of(context, request)
    if owner and request["PolicyArn"] not in owner.managed_policies and len(owner.managed_policies) >= ATTACHED:
        raise quota(f"PoliciesPer{kind.capitalize()}", ATTACHED)


def check_membership(context: RequestContext, request: Any) -> None:
    """Refuse one group more than a user may be in."""
    held = identities.backend(context.account_id)
    user = held.users.get(request["UserName"])
    groups = [group.name for group in held.groups.values() if user in group.users]
    if user and request["GroupName"] not in groups and len(groups) >= GROUPS:
        raise quota("GroupsPerUser", GROUPS)


def check_new_tags(context: RequestContext, request: Any) -> None:
    """Refuse tags that differ in case only, and those that are AWS's."""
    keys = [tag["Key"] for tag in request.get("Tags") or ()]
    if len({key.lower() for key in keys}) < len(keys):
        message = "Duplicate tag keys found. Please note that Tag keys are case insensitive."
        raise CommonServiceException("InvalidInput", message, 400, True)
    if any(key.lower().startswith("aws:") for key in keys):
        message = "Tag keys that begin with 'aws:' are reserved for system use."
        raise CommonServiceException("InvalidInput", message, 400, True)


def check_tags(context: RequestContext, request: Any) -> None:
    """Refuse more tags than a user or role may have."""
    check_new_tags(context, request)
    _, owner = owner_of(context, request)
    if owner is None:
        return
    held = identities.find(owner.arn)
    have = {key.lower() for key in held.tags} if held else set()
    if len(have | {tag["Key"].lower() for tag in request["Tags"]}) > TAGS:
        raise exceeded(f"The number of tags has reached the maximum limit of {TAGS}.")


CHECKS: dict[str, tuple[Check, ...]] = {
    "AddUserToGroup": (check_membership,),
    "AttachGroupPolicy": (check_attachment,),
    "AttachRolePolicy": (check_attachment,),
    "AttachUserPolicy": (check_attachment,),
    "CreatePolicy": (check_managed, check_new_tags),
    "CreatePolicyVersion": (check_managed,),
    "CreateRole": (check_trust, check_new_tags),
    "CreateUser": (check_new_tags,),
    "PutGroupPolicy": (check_inline,),
    "PutRolePolicy": (check_inline,),
    "PutUserPolicy": (check_inline,),
    "TagRole": (check_tags,),
    "TagUser": (check_tags,),
    "UpdateAssumeRolePolicy": (check_trust,),
}
"""By operation."""
