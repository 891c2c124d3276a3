"""LocalStack's CloudFormation, with the checks, the rollback and the guards of AWS."""

from datetime import UTC, datetime
from typing import Any

from localstack.aws.api import RequestContext, handler
from localstack.aws.api.cloudformation import (
    AlreadyExistsException,
    Capability,
    ChangeSetNotFoundException,
    ChangeSetStatus,
    ChangeSetType,
    CreateChangeSetInput,
    CreateChangeSetOutput,
    CreateStackInput,
    CreateStackOutput,
    DescribeStacksOutput,
    ExecuteChangeSetOutput,
    ExecutionStatus,
    GetStackPolicyOutput,
    InsufficientCapabilitiesException,
    InvalidChangeSetStatusException,
    ListImportsOutput,
    StackStatus,
    UpdateStackInput,
    UpdateStackOutput,
    ValidateTemplateInput,
    ValidateTemplateOutput,
)
from localstack.services.cloudformation import api_utils
from localstack.services.cloudformation.engine import template_preparer
from localstack.services.cloudformation.engine.validations import ValidationError
from localstack.services.cloudformation.stores import get_cloudformation_store
from localstack.services.cloudformation.v2 import provider as localstack_cloudformation
from localstack.services.cloudformation.v2.entities import ChangeSet, Stack
from localstack.services.cloudformation.v2.provider import CloudformationProviderV2, find_change_set_v2
from localstack.services.plugins import Service

from . import deployment, exports, functions, registry, stack_policy
from .parameters import check_parameters
from .templates import IAM_TYPES, NAMES, check_expansion, check_format, check_iam, check_references, members

BODY_BYTES, URL_BYTES = 51_200, 1_048_576
"""Sizes of a template: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html"""


class CourseCloudFormationProvider(CloudformationProviderV2):
    """Faults: failed stacks stay half done, exports in use can be deleted, and nearly nothing is checked."""

    def _log_create_issue_info(self) -> None:
        """Say nothing about where LocalStack's makers would like to hear of its faults."""

    @handler("CreateStack", expand=False)
    def create_stack(self, context: RequestContext, request: CreateStackInput) -> CreateStackOutput:
        """Create a stack."""
        name = request["StackName"]
        state = get_cloudformation_store(context.account_id, context.region)
        if any(stack.stack_name == name and stack.is_active() for stack in state.stacks_v2.values()):
            raise AlreadyExistsException(f"Stack [{name}] already exists")
        body, template = read_template(request)
        on_failure = request.get("OnFailure")
        if on_failure and "DisableRollback" in request:
            raise ValidationError("You can specify either DisableRollback or OnFailure, but not both")
        capabilities: list[Capability] = request.get("Capabilities") or []
        check_expansion(template, body, capabilities)
        check_iam(template, capabilities)
        check_parameters(template, list(request.get("Parameters") or []))
        if policy := request.get("StackPolicyBody"):
            stack_policy.parse(policy)
        stack = Stack(context.account_id, context.region, request, tags=request.get("Tags"))
        stack.enable_termination_protection = bool(request.get("EnableTerminationProtection"))
        stack.policy = policy  # type: ignore[attr-defined]
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
        check_expansion(template, body, capabilities)
        check_iam(template, capabilities)
        given = known_parameters(stack, request.get("Parameters") or [])
        check_parameters(template, given)
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
        if not change_set.has_changes():
            raise ValidationError("No updates are to be performed.")
        if policy := request.get("StackPolicyBody"):
            stack_policy.parse(policy)
            stack.policy = policy  # type: ignore[attr-defined]
        stack.change_set_id = None
        if "Tags" in request:
            stack.tags = request["Tags"]
        stack.capabilities = capabilities
        stack.set_stack_status(StackStatus.UPDATE_IN_PROGRESS, "User Initiated")
        stay = bool(request.get("DisableRollback"))
        deployment.in_background(stack, lambda: deployment.update(stack, change_set, stay), StackStatus.UPDATE_FAILED)
        return UpdateStackOutput(StackId=stack.stack_id)

    @handler("CreateChangeSet", expand=False)
    def create_change_set(self, context: RequestContext, request: CreateChangeSetInput) -> CreateChangeSetOutput:
        """Create a change set. Fault: one that fails changed its stack's status."""
        state = get_cloudformation_store(context.account_id, context.region)
        stack = localstack_cloudformation.find_stack_v2(state, request["StackName"])
        if request.get("UsePreviousTemplate") and stack:
            request["TemplateBody"] = stack.template_body or ""
        template = read_template(request)[1]
        capabilities = request.get("Capabilities") or []
        check_iam(template, capabilities)
        check_parameters(template, known_parameters(stack, request.get("Parameters") or []))
        updates = request.get("ChangeSetType", "UPDATE") == "UPDATE"
        if updates and stack:
            require_updatable(stack)
        if stack and any(
            state.change_sets[item].change_set_name == request["ChangeSetName"] for item in stack.change_set_ids
        ):
            raise AlreadyExistsException(f"ChangeSet {request['ChangeSetName']} cannot be created due to a mismatch")
        was = (stack.status, stack.status_reason, list(stack.events)) if stack else None
        answer = super().create_change_set(context, request)
        change_set = state.change_sets[answer["Id"]]
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

    @handler("DeleteStack")
    def delete_stack(
        self,
        context: RequestContext,
        stack_name: str,
        retain_resources: list[str] | None = None,
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

    @handler("DescribeStacks")
    def describe_stacks(
        self, context: RequestContext, stack_name: str | None = None, next_token: str | None = None, **request: Any
    ) -> DescribeStacksOutput:
        """Describe stacks. Fault: deleted ones were listed, too."""
        answer = super().describe_stacks(context, stack_name=stack_name)
        if not stack_name:
            answer["Stacks"] = [item for item in answer["Stacks"] if item["StackStatus"] != "DELETE_COMPLETE"]
        return answer

    def _describe_stack(self, stack: Stack) -> Any:
        described = super()._describe_stack(stack)
        described.pop("LastUpdatedTime", None)
        if changed := getattr(stack, "updated_at", None):
            described["LastUpdatedTime"] = changed
        described["DisableRollback"] = getattr(stack, "disable_rollback", False)
        return described

    @handler("ValidateTemplate", expand=False)
    def validate_template(self, context: RequestContext, request: ValidateTemplateInput) -> ValidateTemplateOutput:
        """Say what a template declares. Fault: nothing but its syntax was checked."""
        _, template = read_template(request)
        answer = super().validate_template(context, request)
        found = [body for body in members(template["Resources"]).values() if body.get("Type") in IAM_TYPES]
        named = any(NAMES.get(body["Type"], "") in (body.get("Properties") or {}) for body in found)
        if found:
            capability = "CAPABILITY_NAMED_IAM" if named else "CAPABILITY_IAM"
            types = ", ".join(sorted({body["Type"] for body in found}))
            answer["Capabilities"] = [capability]
            answer["CapabilitiesReason"] = f"The following resource(s) require capabilities: [{types}]"
        if transforms := template.get("Transform"):
            answer["DeclaredTransforms"] = transforms if isinstance(transforms, list) else [transforms]
            answer["Capabilities"] = [*answer.get("Capabilities", []), "CAPABILITY_AUTO_EXPAND"]
        return answer

    @handler("ListImports")
    def list_imports(self, context: RequestContext, export_name: str, **request: Any) -> ListImportsOutput:
        """Name the stacks that import an export."""
        users = exports.importers(context.account_id, context.region, export_name)
        if not users:
            raise ValidationError(f"Export '{export_name}' is not imported by any stack.")
        return ListImportsOutput(Imports=users)

    @handler("SetStackPolicy")
    def set_stack_policy(
        self, context: RequestContext, stack_name: str, stack_policy_body: str | None = None, **request: Any
    ) -> None:
        """Set a stack's policy."""
        stack = require(context, stack_name, f"Stack [{stack_name}] does not exist")
        stack_policy.parse(stack_policy_body or "")
        stack.policy = stack_policy_body  # type: ignore[attr-defined]

    @handler("GetStackPolicy")
    def get_stack_policy(self, context: RequestContext, stack_name: str, **request: Any) -> GetStackPolicyOutput:
        """Return a stack's policy."""
        stack = require(context, stack_name, f"Stack [{stack_name}] does not exist")
        body = getattr(stack, "policy", None)
        return GetStackPolicyOutput(StackPolicyBody=body) if body else GetStackPolicyOutput()


def read_template(request: Any) -> tuple[str, dict[str, Any]]:
    """Return a request's template, as text and parsed.

    :raises ValidationError: there is none, it is too long, or it is no template
    """
    if bool(request.get("TemplateBody")) == bool(request.get("TemplateURL")):
        raise ValidationError("Either Template URL or Template Body must be specified.")
    try:
        body = api_utils.extract_template_body(request)
    except ValidationError:
        raise
    except Exception as error:
        raise ValidationError(f"S3 error: the template at {request.get('TemplateURL')} cannot be read.") from error
    if request.get("TemplateBody") and len(body.encode()) > BODY_BYTES:
        raise ValidationError(
            f"1 validation error detected: Value '{body}' at 'templateBody' failed to satisfy constraint: "
            f"Member must have length less than or equal to {BODY_BYTES}"
        )
    if len(body.encode()) > URL_BYTES:
        raise ValidationError(f"Template may not exceed {URL_BYTES} bytes in size.")
    template = template_preparer.parse_template(body)
    check_format(template)
    return body, template


def check_expanded(change_set: ChangeSet, capabilities: list[str]) -> None:
    """Check what is known of a template only when its transforms were made."""
    if "Transform" in (change_set.template or {}) and change_set.processed_template:
        check_references(change_set.processed_template)
        check_iam(change_set.processed_template, capabilities)


def require(context: RequestContext, name: str, message: str) -> Stack:
    """Return an active stack.

    :raises ValidationError: there is none
    """
    state = get_cloudformation_store(context.account_id, context.region)
    stack = localstack_cloudformation.find_stack_v2(state, name)
    if not stack or not stack.is_active():
        raise ValidationError(message)
    return stack


def require_updatable(stack: Stack) -> None:
    """Refuse to update a stack that is busy or beyond repair.

    :raises ValidationError: with the stack's status
    """
    if stack.status not in deployment.UPDATABLE:
        raise ValidationError(f"Stack:{stack.stack_id} is in {stack.status} state and can not be updated.")


def known_parameters(stack: Stack | None, given: Any) -> list[dict[str, Any]]:
    """Return given parameters without those that keep a value.

    :raises ValidationError: a value is to be kept that the stack does not have
    """
    for item in given:
        if item.get("UsePreviousValue") and (not stack or item["ParameterKey"] not in stack.resolved_parameters):
            raise ValidationError(
                f"Invalid input for parameter key {item['ParameterKey']}. Cannot specify usePreviousValue as true for "
                "a parameter key not in the previous template"
            )
    return list(given)


def create_service() -> Service:
    """Return CloudFormation."""
    registry.install()
    functions.repair_sub()
    functions.repair_references()
    functions.repair_sam_messages()
    find = localstack_cloudformation.find_stack_v2

    def find_stack(state: Any, name: str | None) -> Stack | None:
        """Fault: the ARN of a stack that does not exist was an internal error."""
        if name and localstack_cloudformation.is_stack_arn(name) and name not in state.stacks_v2:
            return None
        return find(state, name)

    localstack_cloudformation.find_stack_v2 = find_stack
    return Service.for_provider(CourseCloudFormationProvider())
