"""Stack policies: which resources an update may touch."""

import json
from fnmatch import fnmatchcase
from typing import Any

from localstack.services.cloudformation.engine.v2.change_set_model import is_nothing
from localstack.services.cloudformation.engine.validations import ValidationError
from localstack.services.cloudformation.v2.entities import Stack


def parse(body: str) -> dict[str, Any]:
    """Return a stack policy.

    :raises ValidationError: it is no stack policy
    """
    try:
        policy = json.loads(body)
        statements = policy["Statement"]
        assert isinstance(statements, list)
        assert all({"Effect", "Principal", "Resource"} <= item.keys() for item in statements)
    except (ValueError, KeyError, TypeError, AttributeError, AssertionError) as error:
        raise ValidationError("Error validating stack policy: Invalid stack policy") from error
    return policy


def kind_of_change(before: Any, after: Any) -> str:
    """Return the action of stack policies that a change is; an empty text for a creation."""
    if is_nothing(before):
        return ""
    if is_nothing(after):
        return "Update:Delete"
    replaced = after.requires_replacement or before.resource_type != after.resource_type
    return "Update:Replace" if replaced else "Update:Modify"


def fault(stack: Stack, name: str, action: str) -> str:
    """Return why a stack's policy does not let an update touch a resource, or an empty text.

    Once a policy is set, what it does not allow is denied, and a denial wins.
    https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/protect-stack-resources.html
    """
    body = getattr(stack, "policy", None)
    if not body or stack.status != "UPDATE_IN_PROGRESS":
        return ""
    allowed = False
    for number, statement in enumerate(parse(body)["Statement"], 1):
        if not applies(statement, name, action):
            continue
        if statement["Effect"] == "Deny":
            return (
                f"Action denied by stack policy: Statement [#{number}] does not allow [{action}] for resource [{name}]"
            )
        allowed = True
    return "" if allowed else f"Action not allowed by stack policy: [{action}] for resource [{name}]"


def applies(statement: dict[str, Any], name: str, action: str) -> bool:
    """Say whether a statement is about an action on a resource."""

    def listed(key: str) -> list[str]:
        value = statement.get(key, [])
        return [value] if isinstance(value, str) else value

    resource = f"LogicalResourceId/{name}"
    actions = any(fnmatchcase(action, item) for item in listed("Action"))
    if "NotAction" in statement:
        actions = not any(fnmatchcase(action, item) for item in listed("NotAction"))
    return actions and any(item == "*" or fnmatchcase(resource, item) for item in listed("Resource"))
