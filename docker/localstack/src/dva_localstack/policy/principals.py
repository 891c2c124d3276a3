"""The Principal and NotPrincipal elements: whom a statement of a resource-based or trust policy means.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notprincipal.html
"""

import re
from collections.abc import Iterator
from typing import Any

from .conditions import listed
from .types import Principal

EVERYONE = "everyone"
ITSELF = "itself"
"""The caller's own ARN: the user, the session, the service."""
SOURCE = "source"
"""What the caller's session was made from: the role, or the user of a federated session."""
ACCOUNT = "account"
"""The caller's account, which leaves the rest to identity policies."""

ACCOUNT_NUMBER = re.compile(r"\d{12}")


def account_root(account: str) -> str:
    """Return the ARN that stands for a whole account."""
    return f"arn:aws:iam::{account}:root"


def named(element: Any) -> Iterator[tuple[str, str]]:
    """Yield (kind, value) for each principal of an element; ``"*"`` is ``("AWS", "*")``, an account is its root ARN."""
    if isinstance(element, str):
        yield "AWS", element
        return
    for kind, found in element.items():
        for value in listed(found):
            yield kind, account_root(value) if kind == "AWS" and ACCOUNT_NUMBER.fullmatch(value) else value


def who(principal: Principal) -> dict[str, tuple[str, str]]:
    """Return how a principal may be named: for each way its (kind, value) in a Principal element."""
    if principal.kind == "service":
        return {ITSELF: ("Service", principal.service)}
    if principal.kind == "web":
        return {ITSELF: ("Federated", principal.service)}
    if principal.kind == "anonymous":
        return {}
    account = ("AWS", account_root(principal.account))
    if principal.kind == "root":
        return {ITSELF: account}
    ways = {ITSELF: ("AWS", principal.arn)}
    if principal.role_arn:
        ways[SOURCE] = ("AWS", principal.role_arn)
    return {**ways, ACCOUNT: account}


def meant(statement: dict[str, Any], principal: Principal, bounded: bool = False) -> str | None:
    """Tell in which way a statement means a principal: the most direct one that applies, or None.

    ``*`` means everyone. A statement with NotPrincipal means everyone but those it lists. To spare a session from a
    Deny, its account, its role and the session itself must all be listed, as AWS advises; who has a permissions
    boundary is never spared: https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html

    :param bounded: whether the principal has a permissions boundary
    """
    ways = who(principal)
    if "NotPrincipal" in statement:
        listed_ones = set(named(statement["NotPrincipal"]))
        spared = [way in listed_ones for way in ways.values()]
        if statement["Effect"] == "Deny":
            return None if spared and all(spared) and not bounded else EVERYONE
        return None if any(spared) else EVERYONE
    found = set(named(statement["Principal"]))
    if ("AWS", "*") in found:
        return EVERYONE
    kinds_of_everyone = {kind for kind, value in found if value == "*"}
    for way, (kind, value) in ways.items():
        if (kind, value) in found or kind in kinds_of_everyone:
            return way
    return None
