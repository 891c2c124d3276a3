"""What IAM refuses because of what there is already, or is not: names taken, things missing, things of AWS.

LocalStack 4.14.0 deletes groups with users in them, lets an account change AWS's policies and service-linked roles,
gives a name twice if the case differs, and speaks of what is missing in words of its own.
"""

import re
from collections.abc import Callable
from typing import Any

from localstack.aws.api import CommonServiceException, RequestContext
from localstack.aws.api.iam import (
    DeleteConflictException,
    EntityAlreadyExistsException,
    NoSuchEntityException,
    UnmodifiableEntityException,
)
from moto.iam.models import iam_backends

from dva_localstack.iam import entities, identities
from dva_localstack.iam.quotas import Check

ALIAS = re.compile(r"[a-z0-9]([a-z0-9]|-(?!-)){1,61}[a-z0-9]")
"""https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateAccountAlias.html"""

SERVICE_LINKED = "/aws-service-role/"


def taken(kind: str, parameter: str) -> Check:
    """Return the check that a name of a user, group or role is free; names differ by more than case."""

    def check(context: RequestContext, request: Any) -> None:
        name = request.get(parameter) or ""
        old = request.get(parameter.removeprefix("New")) if parameter.startswith("New") else None
        held = getattr(identities.backend(context.account_id), f"{kind}s").values()
        if any(each.name.lower() == name.lower() and each.name != old for each in held):
            raise EntityAlreadyExistsException(f"{kind.capitalize()} with name {name} already exists.")

    return check


def present(kind: str) -> Check:
    """Return the check that a user, group or role exists."""

    def check(context: RequestContext, request: Any) -> None:
        name = request.get(f"{kind.capitalize()}Name")
        held = getattr(identities.backend(context.account_id), f"{kind}s").values()
        if name and not any(each.name == name for each in held):
            raise NoSuchEntityException(f"The {kind} with name {name} cannot be found.")

    return check


def inline_present(kind: str) -> Check:
    """Return the check that a user, group or role has an inline policy."""

    def check(context: RequestContext, request: Any) -> None:
        present(kind)(context, request)
        held = getattr(identities.backend(context.account_id), f"{kind}s").values()
        owner: Any = next(each for each in held if each.name == request[f"{kind.capitalize()}Name"])
        if request["PolicyName"] not in owner.policies:
            raise NoSuchEntityException(f"The {kind} policy with name {request['PolicyName']} cannot be found.")

    return check


def check_group_is_bare(context: RequestContext, request: Any) -> None:
    """Refuse to delete a group with users or policies.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteGroup.html
    """
    group: Any = identities.backend(context.account_id).groups.get(request["GroupName"])
    if group is None:
        return
    if group.users:
        raise entities.must_first("remove users from group")
    entities.check_without_policies(group)


def check_own_policy(context: RequestContext, request: Any) -> None:
    """Refuse to change a policy of AWS."""
    if request["PolicyArn"].startswith("arn:aws:iam::aws:"):
        raise CommonServiceException(
            "AccessDenied", f"Policy {request['PolicyArn']} is outside your own account.", 403, True
        )


def check_own_role(context: RequestContext, request: Any) -> None:
    """Refuse to change a role that belongs to a service.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_create-service-linked-role.html
    """
    present("role")(context, request)
    role = identities.moto_role(context.account_id, request["RoleName"])
    if role and role.path.startswith(SERVICE_LINKED):
        raise UnmodifiableEntityException(
            f"Cannot perform the operation on the protected role '{role.name}' - this role is only modifiable by AWS"
        )


def check_role_in_no_profile(context: RequestContext, request: Any) -> None:
    """Refuse to delete a role that an instance profile has."""
    check_own_role(context, request)
    role = identities.moto_role(context.account_id, request["RoleName"])
    profiles = list(identities.backend(context.account_id).instance_profiles.values())
    if role and any(role in profile.roles for profile in profiles):
        raise entities.must_first("remove roles from instance profile")


def check_profile_is_bare(context: RequestContext, request: Any) -> None:
    """Refuse to delete an instance profile with a role."""
    profiles = identities.backend(context.account_id).instance_profiles.values()
    if any(each.name == request["InstanceProfileName"] and each.roles for each in profiles):
        raise DeleteConflictException("Cannot delete entity, must remove roles from instance profile first.")


def check_alias(context: RequestContext, request: Any) -> None:
    """Refuse an account alias that is malformed, or that any account has."""
    alias = request["AccountAlias"]
    if not ALIAS.fullmatch(alias):
        raise entities.constraint("accountAlias", alias, f"satisfy regular expression pattern: {ALIAS.pattern}")
    others = (partitions[identities.PARTITION] for _, partitions in list(iam_backends.items()))
    if any(alias in backend.account_aliases for backend in others):
        raise EntityAlreadyExistsException(f"The account alias {alias} already exists.")


def check_provider_url(context: RequestContext, request: Any) -> None:
    """Refuse an OpenID Connect provider that is reached neither by https nor on this machine, as local pools are."""
    if not request["Url"].startswith(("https://", "http://localhost", "http://127.0.0.1")):
        raise CommonServiceException("InvalidInput", "Invalid Open ID Connect Provider URL", 400, True)


CHECKS: dict[str, tuple[Callable[[RequestContext, Any], None], ...]] = {
    "AddUserToGroup": (present("user"), present("group")),
    "AttachGroupPolicy": (present("group"),),
    "AttachRolePolicy": (check_own_role,),
    "AttachUserPolicy": (present("user"),),
    "CreateAccessKey": (present("user"),),
    "CreateAccountAlias": (check_alias,),
    "CreateGroup": (taken("group", "GroupName"),),
    "CreateOpenIDConnectProvider": (check_provider_url,),
    "CreatePolicyVersion": (check_own_policy,),
    "CreateRole": (taken("role", "RoleName"),),
    "CreateUser": (taken("user", "UserName"),),
    "DeleteGroup": (present("group"), check_group_is_bare),
    "DeleteGroupPolicy": (inline_present("group"),),
    "DeleteInstanceProfile": (check_profile_is_bare,),
    "DeletePolicy": (check_own_policy,),
    "DeletePolicyVersion": (check_own_policy,),
    "DeleteRole": (check_role_in_no_profile,),
    "DeleteRolePolicy": (check_own_role, inline_present("role")),
    "DeleteUser": (present("user"),),
    "DeleteUserPolicy": (inline_present("user"),),
    "DetachRolePolicy": (check_own_role,),
    "GetGroup": (present("group"),),
    "GetGroupPolicy": (inline_present("group"),),
    "GetRole": (present("role"),),
    "GetRolePolicy": (inline_present("role"),),
    "GetUserPolicy": (inline_present("user"),),
    "ListAttachedGroupPolicies": (present("group"),),
    "ListAttachedRolePolicies": (present("role"),),
    "ListAttachedUserPolicies": (present("user"),),
    "PutGroupPolicy": (present("group"),),
    "PutRolePolicy": (check_own_role,),
    "PutUserPolicy": (present("user"),),
    "SetDefaultPolicyVersion": (check_own_policy,),
    "UpdateAssumeRolePolicy": (check_own_role,),
    "UpdateGroup": (present("group"), taken("group", "NewGroupName")),
    "UpdateUser": (present("user"), taken("user", "NewUserName")),
}
"""By operation."""
