"""LocalStack's CloudFormation, with the checks, the rollback and the guards of AWS."""

from datetime import UTC, datetime
from typing import Any

from localstack.aws.api import RequestContext, handler
from localstack.aws.api.cloudformation import (
    AlreadyExistsException,
    Capability,
    ChangeSetStatus,
    ChangeSetType,
    CreateStackInput,
    CreateStackOutput,
    StackStatus,
    UpdateStackInput,
    UpdateStackOutput,
)
from localstack.services.cloudformation.engine import template_preparer
from localstack.services.cloudformation.engine.validations import ValidationError
from localstack.services.cloudformation.stores import get_cloudformation_store
from localstack.services.cloudformation.v2 import provider as localstack_cloudformation
from localstack.services.cloudformation.v2.entities import ChangeSet, Stack
from localstack.services.plugins import Service

from . import changes_described, credentials, deployment, events, exports, functions, registry, stack_policy
from .change_sets import ChangeSets
from .descriptions import Descriptions
from .operations import Operations
from .requests import check_expanded, check_name, check_request, read_template, require, require_updatable
from .tags import as_map


class CourseCloudFormationProvider(ChangeSets, Operations, Descriptions):
    """Faults: failed stacks stay half done, exports in use can be deleted, and nearly nothing is checked."""

    @staticmethod
    def _resolve_parameters(template: Any, *given: Any) -> Any:
        """Return a template's parameters. Fault: an SSM parameter that is missing was not called so."""
        try:
            return localstack_cloudformation.CloudformationProviderV2._resolve_parameters(template, *given)
        except ValidationError as error:
            for name, declared in (template.get("Parameters") or {}).items():
                if error.message == f"Parameter {name} should either have input value or default value":
                    asked = (given[0] or {}).get(name) or declared.get("Default")
                    raise ValidationError(
                        f"Unable to fetch parameters [{asked}] from parameter store for this account."
                    ) from error
            raise

    def _log_create_issue_info(self) -> None:
        """Say nothing about where LocalStack's makers would like to hear of its faults."""

    @handler("CreateStack", expand=False)
    def create_stack(self, context: RequestContext, request: CreateStackInput) -> CreateStackOutput:
        """Create a stack."""
        name, token = request["StackName"], request.get("ClientRequestToken")
        state = get_cloudformation_store(context.account_id, context.region)
        for stack in state.stacks_v2.values():
            if stack.stack_name == name and stack.is_active():
                if token and token == getattr(stack, "creation_token", None):
                    return CreateStackOutput(StackId=stack.stack_id)
                raise AlreadyExistsException(f"Stack [{name}] already exists")
        check_name(name)
        body, template = read_template(request)
        on_failure = request.get("OnFailure")
        if on_failure and "DisableRollback" in request:
            raise ValidationError("You can specify either DisableRollback or OnFailure, but not both")
        capabilities: list[Capability] = request.get("Capabilities") or []
        check_request(request, template, body)
        if policy := request.get("StackPolicyBody"):
            stack_policy.parse(policy)
        stack = Stack(context.account_id, context.region, request, tags=request.get("Tags"))
        stack.enable_termination_protection = bool(request.get("EnableTerminationProtection"))
        stack.policy = policy  # type: ignore[attr-defined]
        stack.creation_token = token  # type: ignore[attr-defined]
        stack.timeout = request.get("TimeoutInMinutes")  # type: ignore[attr-defined]
        stack.topics = request.get("NotificationARNs") or []  # type: ignore[attr-defined]
        credentials.remember(stack, context, request)
        stack.disable_rollback = bool(request.get("DisableRollback"))  # type: ignore[attr-defined]
        change_set = ChangeSet(
            stack, {"ChangeSetName": f"cs-{name}-create", "ChangeSetType": ChangeSetType.CREATE}, body, template
        )
        parameters = self._extract_after_parameters(request.get("Parameters") or [])
        self._setup_change_set_model(change_set, None, template, None, parameters)
        if change_set.status == ChangeSetStatus.FAILED:
            state.stacks_v2[stack.stack_id] = stack
            stack.events.clear()
            stack.set_stack_status(StackStatus.CREATE_IN_PROGRESS, "User Initiated")
            stack.set_stack_status(StackStatus.ROLLBACK_IN_PROGRESS, change_set.status_reason)
            stack.set_stack_status(StackStatus.ROLLBACK_COMPLETE)
            return CreateStackOutput(StackId=stack.stack_id)
        check_expanded(change_set, capabilities)
        state.stacks_v2[stack.stack_id] = stack
        stack.processed_template = change_set.processed_template
        stack.set_stack_status(StackStatus.CREATE_IN_PROGRESS, "User Initiated")
        wanted = on_failure or ("DO_NOTHING" if request.get("DisableRollback") else "ROLLBACK")
        deployment.in_background(stack, lambda: deployment.create(stack, change_set, wanted), StackStatus.CREATE_FAILED)
        return CreateStackOutput(StackId=stack.stack_id)

    @handler("UpdateStack", expand=False)
    def update_stack(self, context: RequestContext, request: UpdateStackInput) -> UpdateStackOutput:
        """Update a stack."""
        stack = require(context, request["StackName"], f"Stack [{request['StackName']}] does not exist")
        require_updatable(stack)
        if request.get("UsePreviousTemplate"):
            if request.get("TemplateBody") or request.get("TemplateURL"):
                raise ValidationError("You cannot specify both usePreviousTemplate and Template Body or URL")
            body = stack.template_body or ""
            template = template_preparer.parse_template(body)
        else:
            body, template = read_template(request)
        capabilities: list[Capability] = request.get("Capabilities") or []
        check_request(request, template, body, stack)
        parameters = self._extract_after_parameters(request.get("Parameters") or [], stack.resolved_parameters)
        change_set = ChangeSet(
            stack, {"ChangeSetName": f"cs-{stack.stack_name}", "ChangeSetType": ChangeSetType.UPDATE}, body, template
        )
        before = stack.template
        if stack.status in (StackStatus.CREATE_FAILED, StackStatus.UPDATE_FAILED):
            before = deployment.existing(before, stack)
        was, events = stack.status, list(stack.events)
        self._setup_change_set_model(change_set, before, template, stack.resolved_parameters, parameters)
        if change_set.status == ChangeSetStatus.FAILED:
            stack.status, stack.events = was, events
            raise ValidationError(change_set.status_reason)
        check_expanded(change_set, capabilities)
        retagged = "Tags" in request and as_map(request["Tags"]) != as_map(stack.tags)
        if not change_set.has_changes() and not retagged:
            raise ValidationError("No updates are to be performed.")
        if policy := request.get("StackPolicyBody"):
            stack_policy.parse(policy)
            stack.policy = policy  # type: ignore[attr-defined]
        credentials.remember(stack, context, request)
        if "NotificationARNs" in request:
            stack.topics = request["NotificationARNs"]  # type: ignore[attr-defined]
        stack.change_set_id = None
        if "Tags" in request:
            stack.former_tags = stack.tags  # type: ignore[attr-defined]
            stack.tags = request["Tags"]
        stack.capabilities = capabilities
        stack.set_stack_status(StackStatus.UPDATE_IN_PROGRESS, "User Initiated")
        stay = bool(request.get("DisableRollback"))
        deployment.in_background(stack, lambda: deployment.update(stack, change_set, stay), StackStatus.UPDATE_FAILED)
        return UpdateStackOutput(StackId=stack.stack_id)

    @handler("DeleteStack")
    def delete_stack(
        self,
        context: RequestContext,
        stack_name: str,
        retain_resources: list[str] | None = None,
        role_arn: str | None = None,
        client_request_token: str | None = None,
        **request: Any,
    ) -> None:
        """Delete a stack; AWS says nothing about one that does not exist."""
        state = get_cloudformation_store(context.account_id, context.region)
        stack = localstack_cloudformation.find_stack_v2(state, stack_name)
        if not stack or not stack.is_active() or stack.status == StackStatus.DELETE_IN_PROGRESS:
            return
        if stack.enable_termination_protection:
            raise ValidationError(
                f"Stack [{stack.stack_name}] cannot be deleted while TerminationProtection is enabled"
            )
        if retain_resources and stack.status != StackStatus.DELETE_FAILED:
            raise ValidationError(
                f"Invalid operation on stack [{stack.stack_id}]. Specify RetainResources only for stacks in "
                "DELETE_FAILED state."
            )
        if stack.status.endswith("_IN_PROGRESS") and stack.status != StackStatus.REVIEW_IN_PROGRESS:
            raise ValidationError(f"Stack [{stack.stack_id}] cannot be deleted while in status {stack.status}")
        credentials.remember(stack, context, {"RoleARN": role_arn, "ClientRequestToken": client_request_token})
        if fault := exports.fault_of_deletion(stack):
            former = stack.status
            stack.set_stack_status(StackStatus.DELETE_IN_PROGRESS, "User Initiated")
            stack.set_stack_status(former, fault)
            return
        stack.set_stack_status(StackStatus.DELETE_IN_PROGRESS, "User Initiated")
        if not stack.resolved_resources:
            stack.deletion_time = datetime.now(tz=UTC)
            stack.set_stack_status(StackStatus.DELETE_COMPLETE)
            return
        change_set = ChangeSet(stack, {"ChangeSetName": f"delete-stack_{stack.stack_name}"}, template_body="")
        before = deployment.existing(stack.processed_template, stack)
        self._setup_change_set_model(change_set, before, None, stack.resolved_parameters, None)
        deployment.in_background(
            stack, lambda: deployment.delete(stack, change_set, retain_resources or []), StackStatus.DELETE_FAILED
        )


def create_service() -> Service:
    """Return CloudFormation."""
    registry.install()
    functions.repair_all()
    events.install()
    changes_described.install()
    find = localstack_cloudformation.find_stack_v2

    def find_stack(state: Any, name: str | None) -> Stack | None:
        """Fault: the ARN of a stack that does not exist was an internal error."""
        if name and localstack_cloudformation.is_stack_arn(name) and name not in state.stacks_v2:
            return None
        return find(state, name)

    localstack_cloudformation.find_stack_v2 = find_stack
    return Service.for_provider(CourseCloudFormationProvider())
