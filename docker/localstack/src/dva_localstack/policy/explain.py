"""Why a request is allowed or denied, in words for a learner."""

from .types import BOUNDARY, IDENTITY, RESOURCE, SESSION, Matched, Policies, Request


def quoted(statements: tuple[Matched, ...]) -> str:
    """Name statements and their policies."""
    return " and ".join(f"statement {matched.statement!r} of {matched.policy}" for matched in statements)


def sentence(text: str) -> str:
    """Return a text with a capital at its start."""
    return text[:1].upper() + text[1:]


def asked(request: Request) -> str:
    """Name the action and the resource."""
    return f"{request.action} on {request.resource}" if request.resource != "*" else request.action


def caller(request: Request) -> str:
    """Name who asks."""
    principal = request.principal
    if principal.kind == "anonymous":
        return "an anonymous caller"
    if principal.kind == "root":
        return f"the root of account {principal.account}"
    return principal.arn or principal.service


def is_outside(request: Request) -> bool:
    """Tell whether the resource belongs to an account other than the caller's."""
    account = request.principal.account
    return bool(account and request.resource_account) and account != request.resource_account


def denied(request: Request, statements: tuple[Matched, ...]) -> str:
    """Explain an explicit deny."""
    verb = "deny" if len(statements) > 1 else "denies"
    return f"{sentence(quoted(statements))} {verb} {asked(request)}. An explicit deny wins over every allow."


def allowed(request: Request, statements: tuple[Matched, ...]) -> str:
    """Explain an allow."""
    verb = "allow" if len(statements) > 1 else "allows"
    if not statements:
        return f"{sentence(caller(request))} may do everything in the account: no policy denies {asked(request)}."
    return f"{sentence(quoted(statements))} {verb} {asked(request)}, and nothing denies it."


def missing(request: Request, policies: Policies, policy_type: str) -> str:
    """Explain an implicit deny: which kind of policy should have allowed the request and does not."""
    if policy_type == IDENTITY:
        also = (
            f" The policy of the resource alone does not suffice, because it belongs to account "
            f"{request.resource_account}: both accounts must allow."
            if is_outside(request)
            else ""
        )
        return f"No identity-based policy of {caller(request)} allows {asked(request)}, so it is denied.{also}"
    if policy_type == BOUNDARY:
        name = policies.boundary.name if policies.boundary else "the permissions boundary"
        return (
            f"No statement of the permissions boundary {name} allows {asked(request)}. "
            "A boundary grants nothing, and what it leaves out is denied whatever other policies allow."
        )
    if policy_type == SESSION:
        return (
            f"No session policy allows {asked(request)}. "
            "A session may do only what both its session policies and its identity's policies allow."
        )
    assert policy_type == RESOURCE
    having = f"{policies.resource.name} does" if policies.resource else "it has no policy and so does"
    if is_outside(request):
        why = (
            f"The resource belongs to account {request.resource_account}, which must allow "
            f"{caller(request)} in a resource-based policy;"
        )
    elif policies.resource_must_allow:
        why = "The resource's own policy must allow this, whatever identity-based policies say;"
    else:
        why = f"Only the resource's policy can allow {caller(request)};"
    return f"{why} {having} not allow {asked(request)}."


def almost(near_miss: tuple[Matched, str] | None) -> str:
    """Explain which statement would have allowed the request if its condition held; nothing where none would."""
    if near_miss is None:
        return ""
    statement, why = near_miss
    return f" {sentence(quoted((statement,)))} would allow it, but its condition is not met: {why}."
