"""The users, roles and groups of an account with the policies that they have, as evaluation needs them."""

import json
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from moto.iam.models import Group, IAMBackend, ManagedPolicy, Role, User, iam_backends

from dva_localstack.policy import Policy

PARTITION = "aws"


@dataclass(frozen=True)
class Identity:
    """A user, role or group."""

    kind: str
    """``user``, ``role`` or ``group``."""
    arn: str
    id: str
    """``AIDA…``, ``AROA…`` or whatever the emulator gives."""
    name: str
    policies: tuple[Policy, ...] = ()
    """Inline and managed; of a user also those of its groups."""
    boundary: Policy | None = None
    tags: dict[str, str] = field(default_factory=dict)


@lru_cache(maxsize=2048)
def parsed(document: str) -> dict[str, Any]:
    """Return a policy's JSON parsed; callers must not change it."""
    return json.loads(document)


def backend(account: str) -> IAMBackend:
    """Return what IAM holds of an account."""
    return iam_backends[account][PARTITION]


def document_of(policy: ManagedPolicy) -> dict[str, Any]:
    """Return the document of a managed policy's default version."""
    for version in policy.versions:
        if version.version_id == policy.default_version_id:
            return parsed(version.document)
    return {}


def own_policies(owner: User | Role | Group, kind: str) -> tuple[Policy, ...]:
    """Return the inline and the managed policies of a user, role or group itself."""
    inline = (
        Policy(f"inline policy {name!r} of {kind} {owner.name!r}", parsed(document))
        for name, document in list(owner.policies.items())
    )
    managed = (
        Policy(f"managed policy {policy.name!r} of {kind} {owner.name!r}", document_of(policy))
        for policy in list(owner.managed_policies.values())
    )
    return (*inline, *managed)


def boundary_of(account: str, arn: str | None) -> Policy | None:
    """Return the permissions boundary with an ARN; one that was deleted since allows nothing."""
    if not arn:
        return None
    policy = backend(account).managed_policies.get(arn)
    name = arn.rpartition("/")[2]
    return Policy(f"{name!r}", document_of(policy) if policy else {"Statement": []})


def tags_of(tags: list[dict[str, str]] | dict[str, Any] | None) -> dict[str, str]:
    """Return tags by key; moto keeps them as a list or a dict of Key and Value."""
    found = tags.values() if isinstance(tags, dict) else tags or []
    return {tag["Key"]: tag["Value"] for tag in found}


def user(account: str, name: str) -> Identity | None:
    """Return a user by name, with the policies of its groups, or None."""
    owner = backend(account).users.get(name)
    if owner is None:
        return None
    groups = [group for group in backend(account).groups.values() if owner in group.users]
    policies = own_policies(owner, "user")
    for group in groups:
        policies += own_policies(group, "group")
    boundary = boundary_of(account, getattr(owner, "permissions_boundary", None))
    return Identity("user", owner.arn, owner.id, owner.name, policies, boundary, tags_of(owner.tags))


def moto_role(account: str, name: str) -> Role | None:
    """Return moto's record of a role by name, or None."""
    return next((role for role in list(backend(account).roles.values()) if role.name == name), None)


def role(account: str, name: str) -> Identity | None:
    """Return a role by name, or None."""
    owner = moto_role(account, name)
    if owner is None:
        return None
    boundary = boundary_of(account, owner.permissions_boundary_arn)
    return Identity("role", owner.arn, owner.id, owner.name, own_policies(owner, "role"), boundary, tags_of(owner.tags))


def group(account: str, name: str) -> Identity | None:
    """Return a group by name, or None."""
    owner = backend(account).groups.get(name)
    if owner is None:
        return None
    return Identity("group", owner.arn, owner.id, owner.name, own_policies(owner, "group"))


def find(arn: str) -> Identity | None:
    """Return the user, role or group with an IAM ARN, or None."""
    account, _, resource = arn.split(":", 4)[4].partition(":")
    kind, _, path = resource.partition("/")
    lookup = {"user": user, "role": role, "group": group}.get(kind)
    found = lookup(account, path.rpartition("/")[2]) if lookup else None
    return found if found and found.arn == arn else None
