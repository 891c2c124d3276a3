"""Whether a statement applies to a request: its actions, resources, principals and conditions.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements.html
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from .conditions import holds, listed
from .patterns import Unresolved, Values, matches, matches_arn, resolve
from .principals import ITSELF, meant
from .types import Matched, Policy, Principal, Request

CURRENT_VERSION = "2012-10-17"
"""The version that knows policy variables."""


@dataclass(frozen=True)
class Applied:
    """A statement that applies, and in which way its Principal element means the caller."""

    matched: Matched
    way: str


def any_action(patterns: Any, action: str) -> bool:
    """Tell whether an action is one of those named; case does not matter."""
    return any(matches(pattern, action, ignore_case=True) for pattern in listed(patterns))


def one_resource(pattern: str, resource: str, values: Values, variables: bool) -> bool:
    """Tell whether a resource fits one pattern; a pattern whose variable has no value fits nothing."""
    try:
        return matches_arn(resolve(pattern, values, variables), resource)
    except Unresolved:
        return False


def covers(statement: dict[str, Any], request: Request, values: Values, variables: bool) -> bool:
    """Tell whether a statement is about the request's action and resource, and its conditions hold.

    A statement whose condition uses a policy variable without a value does not apply.
    """
    if "Action" in statement and not any_action(statement["Action"], request.action):
        return False
    if "NotAction" in statement and any_action(statement["NotAction"], request.action):
        return False
    try:
        if "Resource" in statement and not any(
            one_resource(pattern, request.resource, values, variables) for pattern in listed(statement["Resource"])
        ):
            return False
        if "NotResource" in statement and any(
            matches_arn(resolve(pattern, values, variables), request.resource)
            for pattern in listed(statement["NotResource"])
        ):
            return False
        return holds(statement.get("Condition") or {}, values, variables)
    except Unresolved:
        return False


def applying(
    policy: Policy, policy_type: str, request: Request, values: Values, bounded: bool = False
) -> Iterator[Applied]:
    """Yield the statements of a policy that apply to a request.

    :param bounded: whether the caller has a permissions boundary
    """
    variables = policy.document.get("Version") == CURRENT_VERSION
    for index, statement in enumerate(listed(policy.document.get("Statement", []))):
        way = way_of(statement, request.principal, bounded)
        if way and covers(statement, request, values, variables):
            sid = statement.get("Sid") or f"#{index + 1}"
            yield Applied(Matched(policy.name, sid, index, statement["Effect"], policy_type), way)


def way_of(statement: dict[str, Any], principal: Principal, bounded: bool) -> str | None:
    """Tell in which way a statement means the caller; an identity-based one means whoever it is attached to."""
    if "Principal" in statement or "NotPrincipal" in statement:
        return meant(statement, principal, bounded)
    return ITSELF
