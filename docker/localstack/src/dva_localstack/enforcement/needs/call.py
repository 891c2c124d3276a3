"""A call as the gateway parsed it, and one permission that it needs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

type Context = dict[str, str | Sequence[str]]
"""Condition keys and their values."""


@dataclass(frozen=True)
class Need:
    """One action on one resource."""

    action: str
    """Such as ``s3:GetObject``."""
    resource: str = "*"
    """The ARN, or ``*`` where the action has no resource."""
    context: Context = field(default_factory=dict)
    """The condition keys that belong to this action."""


@dataclass(frozen=True)
class Call:
    """One operation that somebody calls."""

    service: str
    """botocore's name, such as ``stepfunctions``."""
    operation: str
    params: Mapping[str, Any]
    account: str
    """The account in which a resource is looked for whose parameter names none: the caller's."""
    region: str
    method: str = "POST"
    path: str = "/"
    headers: Mapping[str, str] = field(default_factory=dict)
    caller: str = ""
    """The caller's ARN, for operations that mean their caller by default."""

    detailed: bool = True
    """Whether condition keys are wanted that cost something to find; the root's policies have none."""

    def arn(self, service: str, resource: str, region: str | None = None, account: str | None = None) -> str:
        """Return an ARN in the call's region and account, or in those given (an empty string leaves one out)."""
        region = self.region if region is None else region
        account = self.account if account is None else account
        return f"arn:aws:{service}:{region}:{account}:{resource}"
