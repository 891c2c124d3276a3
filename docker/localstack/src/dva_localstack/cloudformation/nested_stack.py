"""Stacks as resources of a stack."""

from typing import Any

from localstack.services.cloudformation.resource_provider import OperationStatus, ProgressEvent, ResourceRequest
from localstack.services.cloudformation.resource_providers.aws_cloudformation_stack import CloudFormationStackProvider
from localstack.services.cloudformation.stores import get_cloudformation_store

CAPABILITIES = ["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"]


class NestedStack(CloudFormationStackProvider):
    """Faults: a nested stack that fails is given up with an odd message, and none is ever updated."""

    def create(self, request: ResourceRequest[Any]) -> ProgressEvent[Any]:
        """Create the nested stack, without a rollback of its own reported as an error."""
        if not request.custom_context.get("repeated_invocation"):
            event = super().create(request)
            stacks = get_cloudformation_store(request.account_id, request.region_name).stacks_v2
            if nested := stacks.get((event.resource_model or {}).get("Id", "")):
                above: Any = stacks.get(request.stack_id)
                nested.parent = request.stack_id  # type: ignore[attr-defined]
                nested.root = getattr(above, "root", None) or request.stack_id  # type: ignore[attr-defined]
            return event
        return self._progress(request, "created")

    def update(self, request: ResourceRequest[Any]) -> ProgressEvent[Any]:
        """Update the nested stack."""
        previous: Any = request.previous_state
        model: Any = {**request.desired_state, "Id": previous["Id"], "StackName": previous["StackName"]}
        if not request.custom_context.get("repeated_invocation"):
            client = request.aws_client_factory.cloudformation
            try:
                client.update_stack(
                    StackName=model["Id"],
                    TemplateURL=model["TemplateURL"],
                    Capabilities=CAPABILITIES,
                    Parameters=[
                        {
                            "ParameterKey": key,
                            "ParameterValue": str(value).lower() if isinstance(value, bool) else str(value),
                        }
                        for key, value in (model.get("Parameters") or {}).items()
                    ],
                )
            except client.exceptions.ClientError as error:
                if "No updates are to be performed" not in str(error):
                    raise
            context = {"repeated_invocation": True}
            return ProgressEvent(
                OperationStatus.IN_PROGRESS, resource_model=request.desired_state, custom_context=context
            )
        request.desired_state = model
        return self._progress(request, "updated")

    def _progress(self, request: ResourceRequest[Any], done: str) -> ProgressEvent[Any]:
        model = request.desired_state
        stack = request.aws_client_factory.cloudformation.describe_stacks(StackName=model["Id"])["Stacks"][0]
        status = stack["StackStatus"]
        if status.endswith("_IN_PROGRESS"):
            return ProgressEvent(
                OperationStatus.IN_PROGRESS, resource_model=model, custom_context=request.custom_context
            )
        reason = stack.get("StackStatusReason", status)
        if status not in ("CREATE_COMPLETE", "UPDATE_COMPLETE"):
            return ProgressEvent(
                OperationStatus.FAILED,
                resource_model=model,
                message=f"Embedded stack {model['Id']} was not successfully {done}: {reason}",
            )
        model["Outputs"] = {item["OutputKey"]: item["OutputValue"] for item in stack.get("Outputs", [])}
        return ProgressEvent(OperationStatus.SUCCESS, resource_model=model)
