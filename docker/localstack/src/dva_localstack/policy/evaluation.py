"""The decision on a request, in the order that AWS documents.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-denyallow.html
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic-cross-account.html
"""

from collections.abc import Sequence

from . import explain
from .patterns import Values
from .principals import EVERYONE, ITSELF, SOURCE
from .statements import Applied, applying, near_misses
from .types import (
    ALLOWED,
    BOUNDARY,
    EXPLICIT_DENY,
    IDENTITY,
    IMPLICIT_DENY,
    RESOURCE,
    SESSION,
    Decision,
    Matched,
    Policies,
    Policy,
    Request,
)

WITHOUT_IDENTITY_POLICIES = {"service", "web", "anonymous"}
PRINCIPAL_TYPES = {
    "root": "Account",
    "user": "User",
    "role": "AssumedRole",
    "federated": "FederatedUser",
    "anonymous": "Anonymous",
}
"""Values of aws:PrincipalType."""


def values_of(request: Request) -> Values:
    """Return the condition keys of a request, with those that follow from its principal unless they are given.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
    """
    principal = request.principal
    context: dict[str, str | Sequence[str]] = {}
    if principal.account:
        context["aws:principalaccount"] = principal.account
    if principal.arn:
        # The ARN of a role session's principal is the role's.
        arn = principal.role_arn if principal.kind == "role" and principal.role_arn else principal.arn
        context["aws:principalarn"] = arn
    if principal.kind in PRINCIPAL_TYPES:
        context["aws:principaltype"] = PRINCIPAL_TYPES[principal.kind]
    if principal.kind == "user" and principal.arn:
        context["aws:username"] = principal.arn.rpartition("/")[2]
    context["aws:principalisawsservice"] = "true" if principal.kind == "service" else "false"
    if request.resource_account:
        context["aws:resourceaccount"] = request.resource_account
    return Values(context | {name.lower(): value for name, value in request.context.items()})


def all_applying(request: Request, policies: Policies) -> dict[str, list[Applied]]:
    """Return, for each kind of policy, the statements that apply to a request, allowing and denying."""
    values = values_of(request)
    bounded = policies.boundary is not None
    return {
        kind: [each for policy in found for each in applying(policy, kind, request, values, bounded)]
        for kind, found in by_kind(policies).items()
    }


def by_kind(policies: Policies) -> dict[str, tuple[Policy, ...]]:
    """Return the policies of each kind."""
    return {
        IDENTITY: policies.identity,
        BOUNDARY: (policies.boundary,) if policies.boundary else (),
        SESSION: policies.session,
        RESOURCE: (policies.resource,) if policies.resource else (),
    }


def evaluate(request: Request, policies: Policies) -> Decision:
    """Decide on a request.

    An explicit deny in any policy wins. Then somebody must allow: the resource's policy by naming the caller (or
    everyone), which within an account is enough; or the caller's identity-based policies, to which the permissions
    boundary and the session policies must agree. Naming a role (not its session) does not lift boundary and session
    policies; naming the account leaves the decision to its identity-based policies. Across accounts both sides must
    allow. The root passes for identity-based policies; a federated session without session policies may do nothing
    but what a resource's policy allows it by name.
    """
    applied = all_applying(request, policies)
    denying = tuple(each.matched for kind in applied.values() for each in kind if each.matched.effect == "Deny")
    if denying:
        first = denying[0].policy_type
        return Decision(False, EXPLICIT_DENY, first, denying, explain.denied(request, denying))

    allowing = {kind: [each for each in found if each.matched.effect == "Allow"] for kind, found in applied.items()}
    ways = {each.way for each in allowing[RESOURCE]}
    outside = explain.is_outside(request)
    if request.principal.kind in WITHOUT_IDENTITY_POLICIES or (not outside and ways & {EVERYONE, ITSELF}):
        return granted(request, RESOURCE, allowing[RESOURCE]) if ways else refused(request, policies, RESOURCE)
    if not ways and (outside or policies.resource_must_allow):
        return refused(request, policies, RESOURCE)
    is_root = request.principal.kind == "root"
    by_source = not outside and SOURCE in ways
    if not (is_root or by_source or allowing[IDENTITY]):
        return refused(request, policies, IDENTITY)
    if policies.boundary and not allowing[BOUNDARY]:
        return refused(request, policies, BOUNDARY)
    if (policies.session or request.principal.kind == "federated") and not allowing[SESSION]:
        return refused(request, policies, SESSION)
    decisive = RESOURCE if by_source and not allowing[IDENTITY] else IDENTITY
    together = [*allowing[IDENTITY], *(allowing[RESOURCE] if outside or not allowing[IDENTITY] else [])]
    return granted(request, decisive, together)


def granted(request: Request, policy_type: str, allowing: Sequence[Applied]) -> Decision:
    """Return an allow with the statements that brought it about."""
    statements: tuple[Matched, ...] = tuple(each.matched for each in allowing)
    return Decision(True, ALLOWED, policy_type, statements, explain.allowed(request, statements))


def refused(request: Request, policies: Policies, policy_type: str) -> Decision:
    """Return an implicit deny: nothing of the given kind allows the request."""
    values = values_of(request)
    near = (
        miss for policy in by_kind(policies)[policy_type] for miss in near_misses(policy, policy_type, request, values)
    )
    explanation = explain.missing(request, policies, policy_type) + explain.almost(next(near, None))
    return Decision(False, IMPLICIT_DENY, policy_type, (), explanation)
