"""The users, roles and groups of an account with the policies that they have, as evaluation needs them."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from moto.iam.models import Group, IAMBackend, ManagedPolicy, Role, User, iam_backends

from dva_localstack.policy import Policy
from dva_localstack.policy.conditions import listed
from dva_localstack.policy.principals import named

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


def text_of(policy: ManagedPolicy) -> str:
    """Return the JSON text of a managed policy's default version."""
    for version in policy.versions:
        if version.version_id == policy.default_version_id:
            return version.document
    return '{"Statement": []}'


def document_of(policy: ManagedPolicy) -> dict[str, Any]:
    """Return the document of a managed policy's default version."""
    return parsed(text_of(policy))


@dataclass(frozen=True)
class Attached:
    """A policy, and what the policy simulator tells of where it comes from."""

    policy: Policy
    id: str
    type: str
    """``user``, ``group``, ``role``, ``aws-managed``, ``user-managed``, ``resource`` or ``none``."""
    text: str


def own_attached(owner: User | Role | Group, kind: str) -> tuple[Attached, ...]:
    """Return the inline and the managed policies of a user, role or group itself."""
    inline = (
        Attached(
            Policy(f"inline policy {name!r} of {kind} {owner.name!r}", parsed(text)),
            f"{kind}_{owner.name}_{name}",
            kind,
            text,
        )
        for name, text in list(owner.policies.items())
    )
    managed = (
        attached_managed(policy, f"managed policy {policy.name!r} of {kind} {owner.name!r}")
        for policy in list(owner.managed_policies.values())
    )
    return (*inline, *managed)


def attached_managed(policy: ManagedPolicy, name: str) -> Attached:
    """Return a managed policy's default version under a name for explanations."""
    text = text_of(policy)
    kind = "aws-managed" if policy.arn.startswith("arn:aws:iam::aws:") else "user-managed"
    return Attached(Policy(name, parsed(text)), policy.name, kind, text)


def own_policies(owner: User | Role | Group, kind: str) -> tuple[Policy, ...]:
    """Return the inline and the managed policies of a user, role or group itself."""
    return tuple(each.policy for each in own_attached(owner, kind))


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


def missing_in(document: Mapping[str, Any]) -> str | None:
    """Return the ARN of a user or role that a resource's or a trust policy names and that does not exist.

    None if there is no such. The policy has been checked to be one.
    """
    for statement in listed(document["Statement"]):
        element = statement.get("Principal", statement.get("NotPrincipal"))
        for kind, value in named(element) if element else ():
            if kind == "AWS" and (":user/" in value or ":role/" in value) and find(value) is None:
                return value
    return None


def attached_to(identity: Identity) -> tuple[Attached, ...]:
    """Return the policies of a user, role or group with where they come from; of a user also its groups'."""
    account = identity.arn.split(":")[4]
    held = backend(account)
    if identity.kind == "group":
        return own_attached(held.groups[identity.name], "group")
    if identity.kind == "role":
        owner = moto_role(account, identity.name)
        return own_attached(owner, "role") if owner else ()
    user = held.users[identity.name]
    groups = [group for group in held.groups.values() if user in group.users]
    return own_attached(user, "user") + tuple(each for group in groups for each in own_attached(group, "group"))


def boundary_attached_to(identity: Identity) -> tuple[Attached, ...]:
    """Return the permissions boundary of a user or role, if it has one."""
    if identity.boundary is None:
        return ()
    text = json.dumps(identity.boundary.document)
    return (Attached(identity.boundary, identity.boundary.name.strip("'"), "user-managed", text),)
