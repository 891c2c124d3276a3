"""The words in which a request and its policies are put to the evaluation, and in which it answers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

type Document = Mapping[str, Any]
"""A policy as parsed JSON."""
type Context = Mapping[str, str | Sequence[str]]
"""Condition keys and their values, several for a multivalued key; names are compared without case."""

IDENTITY = "identity-based"
RESOURCE = "resource-based"
BOUNDARY = "permissions boundary"
SESSION = "session"

ALLOWED = "allowed"
EXPLICIT_DENY = "explicit-deny"
IMPLICIT_DENY = "implicit-deny"


@dataclass(frozen=True)
class Principal:
    """Who asks.

    Kinds: ``root`` (of an account), ``user``, ``role`` (a session of an assumed role), ``federated`` (a session of
    GetFederationToken), ``service``, ``web`` (an identity whose provider vouches for it, as trust policies see it)
    and ``anonymous``.
    """

    kind: str
    account: str = ""
    """12 digits; empty for a service, a web identity or nobody."""
    arn: str = ""
    """The user's ARN; the STS ARN of a session; ``arn:aws:iam::ACCOUNT:root``."""
    role_arn: str = ""
    """What a session was made from: the role's ARN, or of a federated session the ARN of the user who asked for it."""
    service: str = ""
    """``s3.amazonaws.com`` for a service; the provider's name or ARN for a web identity."""


@dataclass(frozen=True)
class Policy:
    """A policy and the name by which explanations call it, such as ``bucket policy of 'photos'``."""

    name: str
    document: Document


@dataclass(frozen=True)
class Request:
    """One action on one resource."""

    principal: Principal
    action: str
    """Service prefix and operation, such as ``s3:GetObject``."""
    resource: str
    """The ARN, or ``*`` where the action has no resource."""
    resource_account: str
    """Who owns the resource; an account other than the principal's makes the request one across accounts."""
    context: Context = field(default_factory=dict)


@dataclass(frozen=True)
class Policies:
    """Every policy that has a say in a request."""

    identity: tuple[Policy, ...] = ()
    """The user's or role's: inline, managed, and those of the user's groups."""
    boundary: Policy | None = None
    session: tuple[Policy, ...] = ()
    """Passed when the session was made; none passed is none that limits (but see ``federated`` in `evaluate`)."""
    resource: Policy | None = None
    resource_must_allow: bool = False
    """True for KMS keys and trust policies, where identity policies alone never suffice."""


@dataclass(frozen=True)
class Matched:
    """A statement that applied to the request."""

    policy: str
    """The policy's name."""
    statement: str
    """Its Sid, or ``#1`` for the first statement if it has none."""
    index: int
    """Its place in the policy, from 0."""
    effect: str
    """``Allow`` or ``Deny``."""
    policy_type: str
    """One of ``identity-based``, ``resource-based``, ``permissions boundary``, ``session``."""


@dataclass(frozen=True)
class Decision:
    """The answer, and why."""

    allowed: bool
    reason: str
    """``allowed``, ``explicit-deny`` or ``implicit-deny``."""
    policy_type: str
    """The kind of policy that decided; for an implicit deny, the kind in which an Allow was missing."""
    statements: tuple[Matched, ...]
    """The statements that decided: those that deny, or those that together allow; none for an implicit deny."""
    explanation: str
    """One or two sentences that a learner understands."""
