"""The policy simulator: decisions of the evaluation in the form of SimulatePrincipalPolicy and SimulateCustomPolicy.

https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulatePrincipalPolicy.html
https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulateCustomPolicy.html
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from localstack.aws.api.iam import InvalidInputException

from dva_localstack.iam import positions
from dva_localstack.iam.identities import Attached
from dva_localstack.policy import (
    Decision,
    MalformedPolicy,
    Policies,
    Policy,
    Principal,
    Request,
    check_document,
    evaluate,
)
from dva_localstack.policy.conditions import listed
from dva_localstack.policy.evaluation import all_applying, values_of
from dva_localstack.policy.keys import keys_of
from dva_localstack.policy.statements import any_action
from dva_localstack.policy.types import BOUNDARY

ACTION = re.compile(r"[A-Za-z0-9-]+:[A-Za-z0-9]+")
DECISIONS = {"allowed": "allowed", "explicit-deny": "explicitDeny", "implicit-deny": "implicitDeny"}
LIST_SUFFIX = "List"


@dataclass(frozen=True)
class Simulation:
    """Whose requests are tried, with which policies."""

    principal: Principal
    identity: tuple[Attached, ...]
    boundary: tuple[Attached, ...] = ()
    """At most one; given as input it takes the place of the principal's own."""
    resource: Attached | None = None
    resource_account: str = ""
    context: Mapping[str, str | Sequence[str]] | None = None

    @property
    def policies(self) -> Policies:
        """Return the policies as the evaluation takes them."""
        return Policies(
            tuple(each.policy for each in self.identity),
            self.boundary[0].policy if self.boundary else None,
            resource=self.resource.policy if self.resource else None,
        )

    @property
    def all(self) -> tuple[Attached, ...]:
        """Return all policies."""
        return (*self.identity, *self.boundary, *((self.resource,) if self.resource else ()))


def given(texts: Sequence[str], name: str, kind: str = "identity") -> tuple[Attached, ...]:
    """Return the policies of a request's parameter, by the names that AWS gives them: ``PolicyInputList.1``.

    :raises InvalidInputException: one of them is no policy
    """
    found = []
    for number, text in enumerate(texts, 1):
        try:
            document = json.loads(text)
            check_document(document, kind)
        except (json.JSONDecodeError, MalformedPolicy) as error:
            raise InvalidInputException(f"{name}.{number} is not a valid policy: {error}") from error
        policy_id = f"{name}.{number}" if kind == "identity" else name
        found.append(
            Attached(Policy(policy_id, document), policy_id, "none" if kind == "identity" else "resource", text)
        )
    return tuple(found)


def context_of(entries: Sequence[Mapping[str, Any]]) -> dict[str, str | Sequence[str]]:
    """Return the condition keys of a request's ContextEntries; a type that ends in List has several values."""
    found: dict[str, str | Sequence[str]] = {}
    for entry in entries:
        values = list(entry.get("ContextKeyValues") or [])
        several = str(entry.get("ContextKeyType", "")).endswith(LIST_SUFFIX) or len(values) != 1
        found[entry["ContextKeyName"]] = values if several else values[0]
    return found


def simulate(simulation: Simulation, actions: Sequence[str], resources: Sequence[str]) -> list[dict[str, Any]]:
    """Return an evaluation result for each action on each resource.

    :param resources: ARNs; none means ``*``
    :raises InvalidInputException: an action has no service prefix
    """
    for action in actions:
        if not ACTION.fullmatch(action):
            raise InvalidInputException(f"Invalid action name: {action}")
    return [
        result(simulation, action, resource, bool(resources)) for action in actions for resource in resources or ["*"]
    ]


def result(simulation: Simulation, action: str, resource: str, specific: bool) -> dict[str, Any]:
    """Return one evaluation result.

    :param specific: whether the caller named resources, whose results are then repeated for each resource
    """
    account = simulation.resource_account or simulation.principal.account
    request = Request(simulation.principal, action, resource, account, simulation.context or {})
    decision = evaluate(request, simulation.policies)
    found: dict[str, Any] = {
        "EvalActionName": action,
        "EvalResourceName": resource,
        "EvalDecision": DECISIONS[decision.reason],
        "MatchedStatements": matched(simulation, decision),
        "MissingContextValues": missing_keys(simulation, request),
    }
    if simulation.boundary:
        applied = all_applying(request, simulation.policies)[BOUNDARY]
        allowed = {each.matched.effect for each in applied} == {"Allow"}
        found["PermissionsBoundaryDecisionDetail"] = {"AllowedByPermissionsBoundary": allowed}
    if specific:
        same = ("MatchedStatements", "MissingContextValues", "PermissionsBoundaryDecisionDetail")
        found["ResourceSpecificResults"] = [
            {"EvalResourceName": resource, "EvalResourceDecision": found["EvalDecision"]}
            | {key: found[key] for key in same if key in found}
        ]
    return found


def matched(simulation: Simulation, decision: Decision) -> list[dict[str, Any]]:
    """Return the statements that decided, with where they stand in their policies' text."""
    by_name = {each.policy.name: each for each in simulation.all}
    found = []
    for statement in decision.statements:
        source = by_name[statement.policy]
        start, end = positions.statements_in(source.text)[statement.index]
        found.append(
            {
                "SourcePolicyId": source.id,
                "SourcePolicyType": source.type,
                "StartPosition": positions.position(source.text, start),
                "EndPosition": positions.position(source.text, end),
            }
        )
    return found


def missing_keys(simulation: Simulation, request: Request) -> list[str]:
    """Return the keys that the statements about the action ask for, and that nobody gave a value."""
    values = values_of(request)
    found = set()
    for each in simulation.all:
        for statement in listed(each.policy.document["Statement"]):
            about = any_action(statement.get("Action", []), request.action) or "NotAction" in statement
            found |= {key for key in keys_of(statement) if about and values.get(key) is None}
    return sorted(found)
