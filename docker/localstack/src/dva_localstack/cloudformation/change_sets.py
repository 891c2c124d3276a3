"""Change sets: what an update would do, and its execution."""

from typing import Any

from localstack.aws.api import RequestContext, handler
from localstack.aws.api.cloudformation import (
    AlreadyExistsException,
    ChangeSetNotFoundException,
    ChangeSetStatus,
    ChangeSetType,
    CreateChangeSetInput,
    CreateChangeSetOutput,
    ExecuteChangeSetOutput,
    ExecutionStatus,
    InsufficientCapabilitiesException,
    InvalidChangeSetStatusException,
    StackStatus,
)
from localstack.services.cloudformation.engine.validations import ValidationError
from localstack.services.cloudformation.stores import get_cloudformation_store
from localstack.services.cloudformation.v2 import provider as localstack_cloudformation
from localstack.services.cloudformation.v2.provider import CloudformationProviderV2, find_change_set_v2

from . import credentials, deployment
from .requests import check_expanded, check_name, check_request, read_template, require_updatable


class ChangeSets(CloudformationProviderV2):
    """Operations on change sets."""

    @handler("CreateChangeSet", expand=False)
    def create_change_set(self, context: RequestContext, request: CreateChangeSetInput) -> CreateChangeSetOutput:
        """Create a change set. Fault: one that fails changed its stack's status."""
        state = get_cloudformation_store(context.account_id, context.region)
        stack = localstack_cloudformation.find_stack_v2(state, request["StackName"])
        if request.get("UsePreviousTemplate") and stack:
            request["TemplateBody"] = stack.template_body or ""
        updates = request.get("ChangeSetType", "UPDATE") == "UPDATE"
        if updates and not stack:
            raise ValidationError(f"Stack [{request['StackName']}] does not exist")
        if not stack:
            check_name(request["StackName"])
        template = read_template(request)[1]
        capabilities = request.get("Capabilities") or []
        check_request(request, template, "", stack)
        if updates and stack:
            require_updatable(stack)
        if stack and any(
            state.change_sets[item].change_set_name == request["ChangeSetName"] for item in stack.change_set_ids
        ):
            raise AlreadyExistsException(f"ChangeSet {request['ChangeSetName']} cannot be created due to a mismatch")
        was = (stack.status, stack.status_reason, list(stack.events)) if stack else None
        answer = super().create_change_set(context, request)
        change_set = state.change_sets[answer["Id"]]
        change_set.request = request  # type: ignore[attr-defined]
        change_set.on_failure = request.get("OnStackFailure")  # type: ignore[attr-defined]
        made = change_set.stack
        if was and updates:
            made.status, made.status_reason, made.events = was
        elif made.status != StackStatus.REVIEW_IN_PROGRESS:
            made.status, made.status_reason, made.events = StackStatus.REVIEW_IN_PROGRESS, None, []
        if change_set.status == ChangeSetStatus.CREATE_COMPLETE:
            try:
                check_expanded(change_set, capabilities)
            except (InsufficientCapabilitiesException, ValidationError) as error:
                change_set.set_change_set_status(ChangeSetStatus.FAILED)
                change_set.set_execution_status(ExecutionStatus.UNAVAILABLE)
                change_set.status_reason = error.message
        return answer

    @handler("ExecuteChangeSet")
    def execute_change_set(
        self,
        context: RequestContext,
        change_set_name: str,
        stack_name: str | None = None,
        disable_rollback: bool | None = None,
        **request: Any,
    ) -> ExecuteChangeSetOutput:
        """Do what a change set says."""
        state = get_cloudformation_store(context.account_id, context.region)
        change_set = find_change_set_v2(state, change_set_name, stack_name)
        if not change_set:
            raise ChangeSetNotFoundException(f"ChangeSet [{change_set_name}] does not exist")
        if change_set.execution_status != ExecutionStatus.AVAILABLE:
            raise InvalidChangeSetStatusException(
                f"ChangeSet [{change_set.change_set_id}] cannot be executed in its current status of "
                f"[{change_set.status}]"
            )
        stack = change_set.stack
        asked = getattr(change_set, "request", {})
        credentials.remember(stack, context, asked)
        stack.topics = asked.get("NotificationARNs") or getattr(stack, "topics", [])  # type: ignore[attr-defined]
        change_set.set_execution_status(ExecutionStatus.EXECUTE_IN_PROGRESS)
        for other in [item for item in stack.change_set_ids if item != change_set.change_set_id]:
            stack.change_set_ids.discard(other)
            state.change_sets.pop(other, None)
        if change_set.tags:
            stack.tags = change_set.tags
        stack.change_set_id = change_set.change_set_id
        if change_set.change_set_type == ChangeSetType.CREATE:
            wanted = getattr(change_set, "on_failure", None) or ("DO_NOTHING" if disable_rollback else "ROLLBACK")
            stack.set_stack_status(StackStatus.CREATE_IN_PROGRESS, "User Initiated")
            deployment.in_background(
                stack, lambda: deployment.create(stack, change_set, wanted), StackStatus.CREATE_FAILED
            )
        else:
            stack.set_stack_status(StackStatus.UPDATE_IN_PROGRESS, "User Initiated")
            stay = bool(disable_rollback)
            deployment.in_background(
                stack, lambda: deployment.update(stack, change_set, stay), StackStatus.UPDATE_FAILED
            )
        return ExecuteChangeSetOutput()
