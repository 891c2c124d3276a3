"""The life of a stack: created, updated and deleted, and taken back when that fails."""

import copy
import logging
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from localstack.aws.api.cloudformation import ExecutionStatus, StackStatus
from localstack.services.cloudformation.v2.entities import ChangeSet, Stack
from localstack.utils.threads import start_worker_thread

from . import exports, waiting
from .executor import CourseExecutor

LOG = logging.getLogger(__name__)

UPDATABLE = {
    StackStatus.CREATE_COMPLETE,
    StackStatus.UPDATE_COMPLETE,
    StackStatus.UPDATE_ROLLBACK_COMPLETE,
    StackStatus.IMPORT_COMPLETE,
    StackStatus.IMPORT_ROLLBACK_COMPLETE,
    StackStatus.CREATE_FAILED,
    StackStatus.UPDATE_FAILED,
}
"""https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/view-stack-events.html#cfn-console-view-stack-data-resources-status-codes"""


def in_background(stack: Stack, work: Callable[[], None], failure: StackStatus) -> None:
    """Run a part of a stack's life in a thread.

    :param failure: the stack's status when ``work`` itself breaks, which is a fault of the emulator
    """

    waiting.CANCELLED[stack.stack_id] = threading.Event()

    def run(*_: Any) -> None:
        try:
            work()
        except Exception as error:
            LOG.exception("Stack %s: %s", stack.stack_name, failure)
            stack.set_stack_status(failure, str(error))
        finally:
            waiting.CANCELLED.pop(stack.stack_id, None)

    start_worker_thread(run)


def existing(template: dict[str, Any] | None, stack: Stack) -> dict[str, Any] | None:
    """Return a template without outputs and without the resources that the stack does not have."""
    if not template:
        return template
    left = {name: body for name, body in copy.deepcopy(template).items() if name != "Outputs"}
    left["Resources"] = {
        name: body
        for name, body in (left.get("Resources") or {}).items()
        if stack.resolved_resources.get(name, {}).get("PhysicalResourceId")
    }
    return left


def create(stack: Stack, change_set: ChangeSet, on_failure: str) -> None:
    """Create a stack's resources.

    :param on_failure: ROLLBACK, DELETE or DO_NOTHING
    """
    executor = CourseExecutor(change_set)
    reason = executor.construct() or exports.fault_of_outputs(stack, executor.outputs)
    remember(stack, change_set)
    if not reason:
        finish(stack, change_set, executor, StackStatus.CREATE_COMPLETE)
        return
    change_set.set_execution_status(ExecutionStatus.EXECUTE_FAILED)
    if executor.failed:
        reason = f"The following resource(s) failed to create: [{', '.join(executor.failed)}]"
    created = {name: item for name, item in executor.resources.items() if item.get("PhysicalResourceId")}
    stack.resolved_resources = created
    stack.journal = executor  # type: ignore[attr-defined]
    if on_failure == "DO_NOTHING":
        stack.set_stack_status(StackStatus.CREATE_FAILED, f"{reason}. ")
        return
    delete_all = on_failure == "DELETE"
    status = StackStatus.DELETE_IN_PROGRESS if delete_all else StackStatus.ROLLBACK_IN_PROGRESS
    stack.set_stack_status(status, f"{reason}. {'Delete' if delete_all else 'Rollback'} requested by user.")
    undo_creation(stack, delete_all)


def undo_creation(stack: Stack, delete_all: bool = False) -> None:
    """Delete what a creation that failed has made.

    :param delete_all: the stack itself is deleted, too
    """
    executor = stack.journal  # type: ignore[attr-defined]
    created, stack.resolved_resources = stack.resolved_resources, {}
    if left := executor.roll_back():
        stack.resolved_resources = {name: created[name] for name in left if name in created}
        failure = StackStatus.DELETE_FAILED if delete_all else StackStatus.ROLLBACK_FAILED
        stack.set_stack_status(failure, f"The following resource(s) failed to delete: [{', '.join(left)}].")
        return
    stack.journal = None  # type: ignore[attr-defined]
    stack.deletion_time = datetime.now(tz=UTC)
    stack.set_stack_status(StackStatus.DELETE_COMPLETE if delete_all else StackStatus.ROLLBACK_COMPLETE)


def update(stack: Stack, change_set: ChangeSet, disable_rollback: bool) -> None:
    """Bring a stack's resources to a new template, or back to the old one."""
    executor = CourseExecutor(change_set)
    before = dict(stack.resolved_resources)
    reason = executor.construct() or exports.fault_of_outputs(stack, executor.outputs)
    if not reason:
        remember(stack, change_set)
        stack.updated_at = datetime.now(tz=UTC)  # type: ignore[attr-defined]
        executor.retag()
        stack.set_stack_status(StackStatus.UPDATE_COMPLETE_CLEANUP_IN_PROGRESS)
        executor.clean_up()
        finish(stack, change_set, executor, StackStatus.UPDATE_COMPLETE)
        return
    change_set.set_execution_status(ExecutionStatus.EXECUTE_FAILED)
    if executor.failed:
        reason = f"The following resource(s) failed to update: [{', '.join(executor.failed)}]"
    stack.journal = executor  # type: ignore[attr-defined]
    stack.former_resources = before  # type: ignore[attr-defined]
    if disable_rollback:
        stack.resolved_resources = before | {
            name: item for name, item in executor.resources.items() if item.get("PhysicalResourceId")
        }
        stack.set_stack_status(StackStatus.UPDATE_FAILED, f"{reason}. ")
        return
    stack.set_stack_status(StackStatus.UPDATE_ROLLBACK_IN_PROGRESS, f"{reason}. ")
    take_back(stack)


def take_back(stack: Stack, skipped: set[str] | None = None) -> None:
    """Bring a stack's resources back to where they were before an update that failed.

    :param skipped: resources that are left as they are
    """
    executor = stack.journal  # type: ignore[attr-defined]
    stack.tags = getattr(stack, "former_tags", stack.tags)
    left = executor.roll_back(skipped or set())
    stack.resolved_resources = stack.former_resources  # type: ignore[attr-defined]
    stack.not_rolled_back = left  # type: ignore[attr-defined]
    if left:
        stack.set_stack_status(
            StackStatus.UPDATE_ROLLBACK_FAILED, f"The following resource(s) failed to update: [{', '.join(left)}]."
        )
        return
    stack.journal = None  # type: ignore[attr-defined]
    stack.set_stack_status(StackStatus.UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS)
    stack.set_stack_status(StackStatus.UPDATE_ROLLBACK_COMPLETE)


def delete(stack: Stack, change_set: ChangeSet, retained: list[str]) -> None:
    """Delete a stack's resources, those last on which others depend."""
    executor = CourseExecutor(change_set)
    executor.retained = set(retained)
    reason = executor.construct()
    left = executor.clean_up()
    if reason or left:
        stack.resolved_resources = {
            name: item for name, item in stack.resolved_resources.items() if name in left or reason
        }
        stack.set_stack_status(
            StackStatus.DELETE_FAILED,
            reason or f"The following resource(s) failed to delete: [{', '.join(left)}]. ",
        )
        return
    stack.resolved_resources = {}
    stack.deletion_time = datetime.now(tz=UTC)
    stack.set_stack_status(StackStatus.DELETE_COMPLETE)


def remember(stack: Stack, change_set: ChangeSet) -> None:
    """Make a change set's template and parameters those of the stack."""
    stack.template = change_set.template
    stack.template_body = change_set.template_body
    stack.processed_template = change_set.processed_template
    stack.resolved_parameters = change_set.resolved_parameters
    stack.description = (change_set.template or {}).get("Description")


def finish(stack: Stack, change_set: ChangeSet, executor: CourseExecutor, status: StackStatus) -> None:
    """Keep what a deployment that succeeded made."""
    described = (change_set.processed_template or {}).get("Outputs") or {}
    for output in executor.outputs:
        text = (described.get(output["OutputKey"]) or {}).get("Description")
        if isinstance(text, str):
            output["Description"] = text
    stack.resolved_resources = executor.resources
    stack.resolved_outputs = executor.outputs
    stack.resolved_exports = {
        item["ExportName"]: item["OutputValue"] for item in executor.outputs if item.get("ExportName")
    }
    stack.imports = executor.imports  # type: ignore[attr-defined]
    stack.status_reason = None
    stack.journal = None  # type: ignore[attr-defined]
    change_set.set_execution_status(ExecutionStatus.EXECUTE_COMPLETE)
    stack.set_stack_status(status)
