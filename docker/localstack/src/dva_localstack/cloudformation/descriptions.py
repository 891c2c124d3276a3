"""What CloudFormation tells about stacks, their events and resources, and about templates."""

import json
from typing import Any

from localstack.aws.api import RequestContext, handler
from localstack.aws.api.cloudformation import (
    DescribeStackEventsOutput,
    DescribeStackResourceOutput,
    DescribeStacksOutput,
    GetTemplateSummaryInput,
    GetTemplateSummaryOutput,
    StackStatus,
    ValidateTemplateInput,
    ValidateTemplateOutput,
)
from localstack.services.cloudformation.engine.validations import ValidationError
from localstack.services.cloudformation.stores import get_cloudformation_store
from localstack.services.cloudformation.v2 import provider as localstack_cloudformation
from localstack.services.cloudformation.v2.entities import Stack
from localstack.services.cloudformation.v2.provider import CloudformationProviderV2

from .requests import read_template
from .templates import IAM_TYPES, NAMES, members

PAGE = 100
"""Events in an answer."""


class Descriptions(CloudformationProviderV2):
    """Operations that change nothing."""

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
        described["NotificationARNs"] = getattr(stack, "topics", [])
        described["DriftInformation"] = getattr(stack, "drift", {"StackDriftStatus": "NOT_CHECKED"})
        for name, value in (
            ("RoleARN", getattr(stack, "role_arn", None)),
            ("TimeoutInMinutes", getattr(stack, "timeout", None)),
            ("ParentId", getattr(stack, "parent", None)),
            ("RootId", getattr(stack, "root", None)),
        ):
            if value:
                described[name] = value
        return described

    @handler("ValidateTemplate", expand=False)
    def validate_template(self, context: RequestContext, request: ValidateTemplateInput) -> ValidateTemplateOutput:
        """Say what a template declares. Fault: nothing but its syntax was checked."""
        _, template = read_template(request)
        answer = super().validate_template(context, request)
        return ValidateTemplateOutput(**{**answer, **capabilities_of(template)})

    @handler("ListStackResources")
    def list_stack_resources(self, context: RequestContext, stack_name: str, **request: Any) -> Any:
        """List a stack's resources. Fault: a stack that does not exist had another message."""
        return self._existing(stack_name, lambda: super(Descriptions, self).list_stack_resources(context, stack_name))

    @handler("DescribeStackResources")
    def describe_stack_resources(self, context: RequestContext, stack_name: str | None = None, **request: Any) -> Any:
        """Describe a stack's resources. Fault: a stack that does not exist had another message."""
        ask = super().describe_stack_resources
        return self._existing(stack_name or "", lambda: ask(context, stack_name=stack_name, **request))

    @handler("DescribeStackResource")
    def describe_stack_resource(
        self, context: RequestContext, stack_name: str, logical_resource_id: str, **request: Any
    ) -> DescribeStackResourceOutput:
        """Describe a resource. Faults: one that is being made was not there, and none had its metadata."""
        state = get_cloudformation_store(context.account_id, context.region)
        stack = localstack_cloudformation.find_stack_v2(state, stack_name)
        if not stack:
            raise ValidationError(f"Stack '{stack_name}' does not exist")
        if not (found := stack.resource_states.get(logical_resource_id)):
            raise ValidationError(f"Resource {logical_resource_id} does not exist for stack {stack_name}")
        known = ("StackName", "StackId", "LogicalResourceId", "PhysicalResourceId", "ResourceType", "ResourceStatus")
        detail: dict[str, Any] = {name: found.get(name) for name in known if found.get(name)}
        detail["LastUpdatedTimestamp"] = found["Timestamp"]
        if reason := found.get("ResourceStatusReason"):
            detail["ResourceStatusReason"] = reason
        body = ((stack.processed_template or {}).get("Resources") or {}).get(logical_resource_id) or {}
        if body.get("Metadata"):
            detail["Metadata"] = json.dumps(body["Metadata"], separators=(",", ":"))
        drifts = {item["LogicalResourceId"]: item for item in getattr(stack, "drifts", [])}
        drift = drifts.get(logical_resource_id, {}).get("StackResourceDriftStatus", "NOT_CHECKED")
        detail["DriftInformation"] = {"StackResourceDriftStatus": drift}
        return DescribeStackResourceOutput(StackResourceDetail=detail)  # type: ignore[typeddict-item]

    def _existing(self, name: str, ask: Any) -> Any:
        try:
            return ask()
        except ValidationError as error:
            if error.message == f"Stack [{name}] does not exist":
                raise ValidationError(f"Stack with id {name} does not exist") from error
            raise

    @handler("ListStacks")
    def list_stacks(
        self,
        context: RequestContext,
        next_token: str | None = None,
        stack_status_filter: list[str] | None = None,
        **request: Any,
    ) -> Any:
        """List stacks, also those that were deleted. Fault: a status that there is not found nothing."""
        known = [str(status) for status in StackStatus]
        if wrong := [status for status in stack_status_filter or [] if status not in known]:
            raise ValidationError(
                f"1 validation error detected: Value '{wrong}' at 'stackStatusFilter' failed to satisfy constraint: "
                f"Member must satisfy constraint: [Member must satisfy enum value set: [{', '.join(known)}]]"
            )
        return super().list_stacks(context, next_token=next_token, stack_status_filter=stack_status_filter)

    @handler("DescribeStackEvents")
    def describe_stack_events(
        self, context: RequestContext, stack_name: str, next_token: str | None = None, **request: Any
    ) -> DescribeStackEventsOutput:
        """Return events, the latest first. Fault: all of them came at once."""
        found = super().describe_stack_events(context, stack_name)["StackEvents"]
        begin = int(next_token) if next_token and next_token.isdigit() else 0
        answer = DescribeStackEventsOutput(StackEvents=found[begin : begin + PAGE])
        if len(found) > begin + PAGE:
            answer["NextToken"] = str(begin + PAGE)
        return answer

    @handler("GetTemplateSummary", expand=False)
    def get_template_summary(
        self, context: RequestContext, request: GetTemplateSummaryInput
    ) -> GetTemplateSummaryOutput:
        """Say what a template declares. Faults: its description, constraints and capabilities were left out."""
        answer = super().get_template_summary(context, request)
        if stack_name := request.get("StackName"):
            template = self.get_template(context, stack_name=stack_name, template_stage="Original")["TemplateBody"]
            _, template = read_template({"TemplateBody": template})
        else:
            _, template = read_template(request)
        for item in answer["Parameters"]:
            declared = template["Parameters"][item["ParameterKey"]]
            allowed = [str(value) for value in declared.get("AllowedValues") or []]
            item["ParameterConstraints"] = {"AllowedValues": allowed} if allowed else {}
            item["NoEcho"] = str(declared.get("NoEcho", False)).lower() == "true"
            for name in [key for key, value in item.items() if value is None]:
                del item[name]  # type: ignore[misc]
            if "DefaultValue" in item:
                item["DefaultValue"] = str(item["DefaultValue"])
        if template.get("Description"):
            answer["Description"] = template["Description"]
        metadata = template.get("Metadata")
        answer.pop("Metadata", None)
        if metadata:
            answer["Metadata"] = json.dumps(metadata, separators=(",", ":"))
        return GetTemplateSummaryOutput(**{**answer, **capabilities_of(template)})


def capabilities_of(template: dict[str, Any]) -> dict[str, Any]:
    """Return the capabilities that a template needs, the reason, and its transforms."""
    answer: dict[str, Any] = {}
    found = [body for body in members(template["Resources"]).values() if body.get("Type") in IAM_TYPES]
    named = any(NAMES.get(body["Type"], "") in (body.get("Properties") or {}) for body in found)
    if found:
        types = ", ".join(sorted({body["Type"] for body in found}))
        answer["Capabilities"] = ["CAPABILITY_NAMED_IAM" if named else "CAPABILITY_IAM"]
        answer["CapabilitiesReason"] = f"The following resource(s) require capabilities: [{types}]"
    if transforms := template.get("Transform"):
        answer["DeclaredTransforms"] = transforms if isinstance(transforms, list) else [transforms]
        answer["Capabilities"] = [*answer.get("Capabilities", []), "CAPABILITY_AUTO_EXPAND"]
    return answer
