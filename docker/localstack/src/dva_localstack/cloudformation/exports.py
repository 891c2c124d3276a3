"""Exports: unique in an account and region, and kept as long as another stack imports them."""

from typing import Any

from localstack.services.cloudformation.stores import get_cloudformation_store
from localstack.services.cloudformation.v2.entities import Stack


def imports_of(stack: Stack) -> set[str]:
    """Return the names of the exports that a stack imports."""
    return getattr(stack, "imports", set())


def importers(account: str, region: str, name: str, but: Stack | None = None) -> list[str]:
    """Return the names of the stacks that import an export.

    :param but: a stack that does not count
    """
    stacks = get_cloudformation_store(account, region).stacks_v2.values()
    return [
        stack.stack_name for stack in stacks if stack.is_active() and stack is not but and name in imports_of(stack)
    ]


def fault_of_outputs(stack: Stack, outputs: list[Any]) -> str:
    """Return why a stack's new outputs are refused, or an empty text.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-stack-exports.html
    """
    new = {item["ExportName"]: item["OutputValue"] for item in outputs if item.get("ExportName")}
    names = [item["ExportName"] for item in outputs if item.get("ExportName")]
    store = get_cloudformation_store(stack.account_id, stack.region_name)
    for other in store.stacks_v2.values():
        for name in new:
            if other is not stack and other.is_active() and name in other.resolved_exports:
                return f"Export with name {name} is already exported by stack {other.stack_name}"
    for name in new:
        if names.count(name) > 1:
            return f"Duplicate Export names found: [{name}]"
    for name, value in stack.resolved_exports.items():
        users = importers(stack.account_id, stack.region_name, name, but=stack)
        if users and name not in new:
            return f"Export {name} cannot be deleted as it is in use by {', '.join(users)}"
        if users and new[name] != value:
            return f"Export {name} cannot be updated as it is in use by {', '.join(users)}"
    return ""


def fault_of_deletion(stack: Stack) -> str:
    """Return why a stack cannot be deleted, or an empty text."""
    for name in stack.resolved_exports:
        if users := importers(stack.account_id, stack.region_name, name, but=stack):
            return f"Delete canceled. Cannot delete export {name} as it is in use by {', '.join(users)}."
    return ""
