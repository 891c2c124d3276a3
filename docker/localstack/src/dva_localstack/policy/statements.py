"""Whether a statement applies to a request: its actions, resources, principals and conditions.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements.html
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from .conditions import failing, holds, listed
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


def is_about(statement: dict[str, Any], request: Request, values: Values, variables: bool) -> bool:
    """Tell whether a statement is about the request's action and resource, whatever its conditions.

    :raises Unresolved: when a resource that is left out has a variable without a value
    """
    if "Action" in statement and not any_action(statement["Action"], request.action):
        return False
    if "NotAction" in statement and any_action(statement["NotAction"], request.action):
        return False
    if "Resource" in statement and not any(
        one_resource(pattern, request.resource, values, variables) for pattern in listed(statement["Resource"])
    ):
        return False
    return "NotResource" not in statement or not any(
        matches_arn(resolve(pattern, values, variables), request.resource)
        for pattern in listed(statement["NotResource"])
    )


def covers(statement: dict[str, Any], request: Request, values: Values, variables: bool) -> bool:
    """Tell whether a statement is about the request's action and resource, and its conditions hold.

    A statement whose condition uses a policy variable without a value does not apply.
    """
    try:
        return is_about(statement, request, values, variables) and holds(
            statement.get("Condition") or {}, values, variables
        )
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
            yield Applied(named(policy, policy_type, index, statement), way)


def way_of(statement: dict[str, Any], principal: Principal, bounded: bool) -> str | None:
    """Tell in which way a statement means the caller; an identity-based one means whoever it is attached to."""
    if "Principal" in statement or "NotPrincipal" in statement:
        return meant(statement, principal, bounded)
    return ITSELF


def near_misses(policy: Policy, policy_type: str, request: Request, values: Values) -> Iterator[tuple[Matched, str]]:
    """Yield the statements that would allow a request if their conditions held, each with why the first does not."""
    variables = policy.document.get("Version") == CURRENT_VERSION
    for index, statement in enumerate(listed(policy.document.get("Statement", []))):
        if statement["Effect"] != "Allow" or not way_of(statement, request.principal, False):
            continue
        try:
            if not is_about(statement, request, values, variables):
                continue
            operator, key = next(failing(statement.get("Condition") or {}, values, variables), ("", ""))
        except Unresolved as error:
            why = f"the request has no value for ${{{error}}}"
        else:
            if not operator:
                continue
            actual = values.get(key)
            has = "no such key" if actual is None else " and ".join(repr(value) for value in actual) or "no value"
            why = f"{operator} {key} does not hold, the request has {has}"
        yield named(policy, policy_type, index, statement), why


def named(policy: Policy, policy_type: str, index: int, statement: dict[str, Any]) -> Matched:
    """Return how a decision names a statement."""
    sid = statement.get("Sid") or f"#{index + 1}"
    return Matched(policy.name, sid, index, statement["Effect"], policy_type)
