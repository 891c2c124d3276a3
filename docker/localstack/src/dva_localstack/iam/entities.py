"""What IAM asks of users, roles and policies beside their documents: names, boundaries, and nothing left behind.

LocalStack 4.14.0 takes any name, any boundary and any duration, and deletes what still has something attached.
Names and quotas: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
Deleting a user: https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteUser.html
"""

import re

from localstack.aws.api import CommonServiceException
from localstack.aws.api.iam import DeleteConflictException, NoSuchEntityException
from localstack.services.kms.models import kms_stores
from moto.iam.models import Role, User, iam_backends

from dva_localstack.iam import identities

NAME = re.compile(r"[\w+=,.@-]+", re.ASCII)
LONGEST = {"userName": 64, "roleName": 64, "groupName": 128, "policyName": 128}
LEAST_SESSION_SECONDS, MOST_SESSION_SECONDS = 3600, 43200


def constraint(parameter: str, value: object, rule: str) -> CommonServiceException:
    """Return the refusal of one member of a request."""
    message = f"1 validation error detected: Value '{value}' at '{parameter}' failed to satisfy constraint: Member must"
    return CommonServiceException("ValidationError", f"{message} {rule}", 400, True)


def check_name(parameter: str, name: str) -> None:
    """Refuse a name with characters other than letters, digits and ``_+=,.@-``, or one that is too long.

    :param parameter: ``userName``, ``roleName``, ``groupName`` or ``policyName``
    """
    if not NAME.fullmatch(name):
        raise CommonServiceException(
            "ValidationError",
            f"The specified value for {parameter} is invalid. It must contain only alphanumeric characters and/or the "
            "following: +=,.@_-",
            400,
            True,
        )
    if len(name) > LONGEST[parameter]:
        raise constraint(parameter, name, f"have length less than or equal to {LONGEST[parameter]}")


def check_boundary(account: str, arn: str | None) -> None:
    """Refuse a permissions boundary that is no policy of the account or of AWS."""
    if arn and arn not in identities.backend(account).managed_policies:
        raise NoSuchEntityException(f"Scope ARN: {arn} does not exist or is not attachable.")


def check_session_seconds(seconds: int | None) -> None:
    """Refuse a MaxSessionDuration outside 1 to 12 hours."""
    if seconds is None:
        return
    if seconds < LEAST_SESSION_SECONDS:
        raise constraint("maxSessionDuration", seconds, f"have value greater than or equal to {LEAST_SESSION_SECONDS}")
    if seconds > MOST_SESSION_SECONDS:
        raise constraint("maxSessionDuration", seconds, f"have value less than or equal to {MOST_SESSION_SECONDS}")


def must_first(what: str) -> DeleteConflictException:
    """Return the refusal to delete what still has something."""
    return DeleteConflictException(f"Cannot delete entity, must {what} first.")


def check_without_policies(owner: User | Role) -> None:
    """Refuse to delete a user or role with policies."""
    if owner.managed_policies:
        raise must_first("detach all policies")
    if owner.policies:
        raise must_first("delete policies")


def check_user_is_bare(account: str, name: str) -> None:
    """Refuse to delete a user who has policies, access keys, MFA devices, a password or groups."""
    held = identities.backend(account)
    user = held.users.get(name)
    if user is None:
        return
    check_without_policies(user)
    if user.access_keys:
        raise must_first("delete access keys")
    if user.mfa_devices:
        raise must_first("delete MFA device")
    if user.password:
        raise must_first("delete login profile")
    if any(user in group.users for group in held.groups.values()):
        raise must_first("remove users from group")


def check_policy_is_unused(account: str, arn: str) -> None:
    """Refuse to delete a policy that is attached, or has versions beside its default one."""
    held = identities.backend(account)
    policy = held.managed_policies.get(arn)
    if policy is None:
        return
    owners = [*held.users.values(), *held.roles.values(), *held.groups.values()]
    bounded = {
        getattr(owner, "permissions_boundary_arn", getattr(owner, "permissions_boundary", None)) for owner in owners
    }
    if any(arn in owner.managed_policies for owner in owners) or arn in bounded:
        raise DeleteConflictException("Cannot delete a policy attached to entities.")
    if len(policy.versions) > 1:
        raise DeleteConflictException(
            "This policy has more than one version. Before you delete a policy, you must delete the policy's versions. "
            "The default version is deleted with the policy."
        )


def forget(arn: str, unique_id: str) -> None:
    """Have the policies that trust a user or role which is being deleted name its id, which nobody gets again.

    So somebody new with the same name is not trusted. Trust policies and key policies of all accounts are looked at.
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html#principal-roles
    """
    named = f'"{arn}"'
    for _, partitions in list(iam_backends.items()):
        for role in list(partitions[identities.PARTITION].roles.values()):
            text = role.assume_role_policy_document
            if isinstance(text, str) and named in text:
                role.assume_role_policy_document = text.replace(named, f'"{unique_id}"')
    for _, regions in list(kms_stores.items()):
        for _, store in list(regions.items()):
            for key in list(store.keys.values()):
                if named in key.policy:
                    key.policy = key.policy.replace(named, f'"{unique_id}"')
