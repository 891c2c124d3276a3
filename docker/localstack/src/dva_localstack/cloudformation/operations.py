"""Operations on stacks that exist: rolled back, continued, cancelled, signaled, checked for drift; their policies."""

from typing import Any

from localstack.aws.api import RequestContext, handler
from localstack.aws.api.cloudformation import (
    DescribeStackDriftDetectionStatusOutput,
    DescribeStackResourceDriftsOutput,
    DetectStackDriftOutput,
    GetStackPolicyOutput,
    ListImportsOutput,
    RollbackStackInput,
    RollbackStackOutput,
    SignalResourceInput,
    StackStatus,
)
from localstack.services.cloudformation.engine.validations import ValidationError
from localstack.services.cloudformation.stores import get_cloudformation_store
from localstack.services.cloudformation.v2.provider import CloudformationProviderV2

from . import credentials, deployment, drift, exports, stack_policy, waiting
from .requests import require

CONTINUABLE = {StackStatus.UPDATE_ROLLBACK_FAILED}
ROLLED_BACK = {StackStatus.CREATE_FAILED, StackStatus.UPDATE_FAILED}


class Operations(CloudformationProviderV2):
    """Faults: LocalStack has none of these, or gives no reason when it refuses."""

    @handler("CancelUpdateStack", expand=False)
    def cancel_update_stack(self, context: RequestContext, request: Any) -> None:
        """Stop an update, which is then rolled back."""
        stack = require(context, request["StackName"], f"Stack [{request['StackName']}] does not exist")
        if stack.status != StackStatus.UPDATE_IN_PROGRESS:
            raise ValidationError("CancelUpdateStack cannot be called from current stack status")
        waiting.cancelled(stack.stack_id).set()

    @handler("ContinueUpdateRollback", expand=False)
    def continue_update_rollback(self, context: RequestContext, request: Any) -> dict[str, Any]:
        """Try again to roll an update back; named resources are skipped."""
        stack = require(context, request["StackName"], f"Stack [{request['StackName']}] does not exist")
        if stack.status not in CONTINUABLE:
            raise ValidationError(f"Stack:{stack.stack_id} is in {stack.status} state and can not continue rollback")
        skipped = request.get("ResourcesToSkip") or []
        failed = getattr(stack, "not_rolled_back", [])
        if wrong := [name for name in skipped if name not in failed]:
            raise ValidationError(f"Resource [{', '.join(wrong)}] to skip is not in the UPDATE_FAILED state")
        credentials.remember(stack, context, request)
        stack.set_stack_status(StackStatus.UPDATE_ROLLBACK_IN_PROGRESS, "User Initiated")
        deployment.in_background(
            stack, lambda: deployment.take_back(stack, set(skipped)), StackStatus.UPDATE_ROLLBACK_FAILED
        )
        return {}

    @handler("RollbackStack", expand=False)
    def rollback_stack(self, context: RequestContext, request: RollbackStackInput) -> RollbackStackOutput:
        """Take back a creation or an update that failed and was left as it was."""
        stack = require(context, request["StackName"], f"Stack [{request['StackName']}] does not exist")
        if stack.status not in ROLLED_BACK or not getattr(stack, "journal", None):
            raise ValidationError(f"Stack:{stack.stack_id} is in {stack.status} state and can not be rolled back.")
        credentials.remember(stack, context, request)
        if stack.status == StackStatus.CREATE_FAILED:
            stack.set_stack_status(StackStatus.ROLLBACK_IN_PROGRESS, "User Initiated")
            deployment.in_background(stack, lambda: deployment.undo_creation(stack), StackStatus.ROLLBACK_FAILED)
        else:
            stack.set_stack_status(StackStatus.UPDATE_ROLLBACK_IN_PROGRESS, "User Initiated")
            deployment.in_background(stack, lambda: deployment.take_back(stack), StackStatus.UPDATE_ROLLBACK_FAILED)
        return RollbackStackOutput(StackId=stack.stack_id)

    @handler("SignalResource", expand=False)
    def signal_resource(self, context: RequestContext, request: SignalResourceInput) -> None:
        """Signal to a resource whose creation policy waits for it."""
        name, logical = request["StackName"], request["LogicalResourceId"]
        stack = require(context, name, f"Stack [{name}] does not exist")
        state = stack.resource_states.get(logical)
        if not state:
            raise ValidationError(f"Resource {logical} does not exist for stack {stack.stack_name}")
        if not state["ResourceStatus"].endswith("_IN_PROGRESS"):
            raise ValidationError(f"Resource {logical} is in {state['ResourceStatus']} state and cannot be signaled")
        waiting.BOXES.of(f"{stack.stack_id}/{logical}").put(request["UniqueId"], request["Status"])

    @handler("DetectStackDrift", expand=False)
    def detect_stack_drift(self, context: RequestContext, request: Any) -> DetectStackDriftOutput:
        """Compare a stack's resources with its template."""
        stack = require(context, request["StackName"], f"Stack [{request['StackName']}] does not exist")
        if not stack.status.endswith(("_COMPLETE", "_FAILED")) or stack.status.startswith("ROLLBACK"):
            raise ValidationError(f"Stack:{stack.stack_id} is in {stack.status} state and drift cannot be detected")
        found = drift.detect(stack)
        stack.detections = [*getattr(stack, "detections", [])[-9:], found]  # type: ignore[attr-defined]
        return DetectStackDriftOutput(StackDriftDetectionId=found["StackDriftDetectionId"])

    @handler("DescribeStackDriftDetectionStatus")
    def describe_stack_drift_detection_status(
        self, context: RequestContext, stack_drift_detection_id: str, **request: Any
    ) -> DescribeStackDriftDetectionStatusOutput:
        """Say what a detection found."""
        for stack in get_cloudformation_store(context.account_id, context.region).stacks_v2.values():
            for found in getattr(stack, "detections", []):
                if found["StackDriftDetectionId"] == stack_drift_detection_id:
                    return DescribeStackDriftDetectionStatusOutput(**found)
        raise ValidationError(f"Stack drift detection id {stack_drift_detection_id} does not exist")

    @handler("DescribeStackResourceDrifts", expand=False)
    def describe_stack_resource_drifts(
        self, context: RequestContext, request: Any
    ) -> DescribeStackResourceDriftsOutput:
        """Return the drift of each resource, as the last detection found it."""
        stack = require(context, request["StackName"], f"Stack [{request['StackName']}] does not exist")
        wanted = request.get("StackResourceDriftStatusFilters")
        found = getattr(stack, "drifts", [])
        return DescribeStackResourceDriftsOutput(
            StackResourceDrifts=[item for item in found if not wanted or item["StackResourceDriftStatus"] in wanted]
        )

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
