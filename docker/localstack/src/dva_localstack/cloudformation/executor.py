"""LocalStack's executor of changes, with a journal by which a failed deployment is taken back."""

from dataclasses import dataclass
from typing import Any

from localstack.aws.api.cloudformation import ChangeAction, ResourceStatus
from localstack.services.cloudformation.engine.v2.change_set_model import NodeResources, is_nothing
from localstack.services.cloudformation.engine.v2.change_set_model_executor import (
    ChangeSetModelExecutor,
    EventOperationFromAction,
    TriggerRollback,
)
from localstack.services.cloudformation.engine.v2.change_set_model_preproc import DeletionPolicy, PreprocProperties
from localstack.services.cloudformation.resource_provider import (
    OperationStatus,
    ProgressEvent,
    ResourceProviderExecutor,
    check_not_found_exception,
    convert_payload,
)

from . import stack_policy
from .replacement import replaced_by
from .schemas import property_faults

UNTOUCHED = "NotUpdatable"
"""Error code of an update that was not begun: there is nothing to take back."""


@dataclass
class Step:
    """One change of a resource that was begun."""

    action: ChangeAction
    name: str
    resource_type: str
    before: PreprocProperties | None
    """What the provider was told about the resource as it was."""
    failed: bool


class HonestProviderExecutor(ResourceProviderExecutor):
    """Fault: an update that a provider does not know was skipped and called a success."""

    def execute_action(self, resource_provider: Any, raw_payload: Any) -> ProgressEvent[Any]:
        """Call a provider; tell its reason when an update or a deletion fails."""
        action = raw_payload["action"]
        request = convert_payload(stack_name=self.stack_name, stack_id=self.stack_id, payload=raw_payload)
        try:
            if action == "Modify":
                return resource_provider.update(request)
            if action == "Remove":
                return resource_provider.delete(request)
        except NotImplementedError:
            message = (
                f"The emulator cannot update resources of type {request.resource_type} in place. "
                "AWS can: here, give the resource another logical id."
            )
            return ProgressEvent(OperationStatus.FAILED, resource_model={}, message=message, error_code=UNTOUCHED)
        except Exception as error:
            if action == "Remove" and check_not_found_exception(error, request.resource_type, request.desired_state):
                return ProgressEvent(OperationStatus.SUCCESS, resource_model={})
            return ProgressEvent(OperationStatus.FAILED, resource_model={}, message=str(error))
        return super().execute_action(resource_provider, raw_payload)


class CourseExecutor(ChangeSetModelExecutor):
    """Faults of LocalStack's: nothing is rolled back, properties are not checked, and a missing export is empty."""

    def __init__(self, change_set: Any) -> None:
        super().__init__(change_set)
        self.steps: list[Step] = []
        self.imports: set[str] = set()
        self.failed: list[str] = []
        self.templates: dict[str, Any] = {}
        self.retained: set[str] = set()
        self.resource_provider_executor = HonestProviderExecutor(
            stack_name=change_set.stack.stack_name, stack_id=change_set.stack.stack_id
        )

    def construct(self) -> str:
        """Create and update what the template says; return why it failed, or an empty text."""
        try:
            self.process()
        except TriggerRollback as error:
            return error.reason or "failed"
        except Exception as error:
            return str(error) or type(error).__name__
        return ""

    def clean_up(self) -> list[str]:
        """Delete what was replaced or removed; return the names of resources that could not be deleted."""
        self.failed.clear()
        for deferred in self._deferred_actions[::-1]:
            deferred.action()
        return list(self.failed)

    def roll_back(self) -> list[str]:
        """Take back every change in reverse order; return the names of resources for which that failed."""
        old = dict(self._before_resolved_resources)
        left = []
        for step in reversed(self.steps):
            record = self.resources.get(step.name, {})
            current = PreprocProperties(properties=record.get("Properties") or {})
            if step.action == ChangeAction.Add:
                if step.failed and not record.get("PhysicalResourceId"):
                    # The provider may have begun, but there is no name by which to delete.
                    if step.name in old:
                        self.resources[step.name] = old[step.name]
                    else:
                        self._announce(step, ResourceStatus.DELETE_COMPLETE)
                    continue
                if self._kept(step.name) and step.name not in old:
                    self._announce(step, ResourceStatus.DELETE_SKIPPED)
                    continue
                self._announce(step, ResourceStatus.DELETE_IN_PROGRESS)
                event = super()._execute_resource_action(
                    ChangeAction.Remove, step.name, step.resource_type, current, None, part_of_replacement=True
                )
                done = event.status == OperationStatus.SUCCESS
                self._announce(step, ResourceStatus.DELETE_COMPLETE if done else ResourceStatus.DELETE_FAILED, event)
            else:
                self._announce(step, ResourceStatus.UPDATE_IN_PROGRESS)
                model = (old.get(step.name) or {}).get("Properties") or {}
                event = super()._execute_resource_action(
                    ChangeAction.Modify,
                    step.name,
                    step.resource_type,
                    current if current.properties else step.before,
                    PreprocProperties(properties=self.templates.get(step.name) or model),
                )
                done = event.status == OperationStatus.SUCCESS
                self._announce(step, ResourceStatus.UPDATE_COMPLETE if done else ResourceStatus.UPDATE_FAILED, event)
            if step.name in old:
                self.resources[step.name] = old[step.name]
                if step.action == ChangeAction.Add:
                    self._announce(step, ResourceStatus.UPDATE_COMPLETE)
            if not done:
                left.append(step.name)
        return left

    def _kept(self, name: str) -> bool:
        """Say whether a resource of the new template stays when its creation is rolled back."""
        template = self._change_set.processed_template or {}
        return (template.get("Resources", {}).get(name) or {}).get("DeletionPolicy") == "Retain"

    def _announce(self, step: Step, status: ResourceStatus, event: ProgressEvent | None = None) -> None:
        reason = event.message if event and event.status == OperationStatus.FAILED else None
        self._record(step.name, step.resource_type, status, reason)

    def _record(self, name: str, resource_type: str, status: ResourceStatus, reason: str | None) -> None:
        """Record an event. Fault: the deletion of an old resource took the new one out of the stack's list."""
        states = self._change_set.stack.resource_states
        current = states.setdefault(name, {})  # type: ignore[typeddict-item]
        self._change_set.stack.set_resource_status(
            logical_resource_id=name,
            physical_resource_id=self._get_physical_id(name, False),
            resource_type=resource_type,
            status=status,
            resource_status_reason=reason,
        )
        if status == ResourceStatus.DELETE_COMPLETE and (self.resources.get(name) or {}).get("PhysicalResourceId"):
            states[name] = current

    def _process_event(self, *, action: ChangeAction, event_status: OperationStatus, **event: Any) -> None:
        """Record an event. Fault: a failed resource made its own failure the stack's status."""
        verb = event.get("special_action") or EventOperationFromAction[action.value]
        word = "COMPLETE" if event_status == OperationStatus.SUCCESS else event_status.name
        name = event["logical_resource_id"]
        failed = event_status == OperationStatus.FAILED
        if failed and name not in self.failed:
            self.failed.append(name)
        status = ResourceStatus(event.get("custom_status") or f"{verb}_{word}")
        self._record(name, event["resource_type"], status, event.get("reason") if failed else None)

    def _execute_resource_change(self, name: str, before: Any, after: Any) -> None:
        if not is_nothing(before) and name in self.retained:
            before.deletion_policy = DeletionPolicy.Retain
        if not is_nothing(before):
            self.templates[name] = {} if is_nothing(before.properties) else dict(before.properties.properties or {})
        if not is_nothing(before) and not is_nothing(after):
            after.requires_replacement = self._must_replace(before, after)
        kind = stack_policy.kind_of_change(before, after)
        if kind and (fault := stack_policy.fault(self._change_set.stack, name, kind)):
            resource_type = before.resource_type if is_nothing(after) else after.resource_type
            self._process_event(
                action=ChangeAction.Modify,
                logical_resource_id=name,
                event_status=OperationStatus.FAILED,
                resource_type=resource_type,
                reason=fault,
            )
            raise TriggerRollback(name, fault)
        super()._execute_resource_change(name, before, after)

    def _must_replace(self, before: Any, after: Any) -> bool:
        """Say whether a value changed that AWS cannot change. Fault: a reference to what changes was taken for one."""
        if before.resource_type != after.resource_type:
            return after.requires_replacement
        old, new = (None if is_nothing(side.properties) else side.properties.properties for side in (before, after))
        return bool(replaced_by(after.resource_type, old or {}, new or {}))

    def _execute_resource_action(
        self,
        action: ChangeAction,
        logical_resource_id: str,
        resource_type: str,
        before_properties: PreprocProperties | None,
        after_properties: PreprocProperties | None,
        part_of_replacement: bool = False,
    ) -> ProgressEvent:
        """Check a resource's properties, then let its provider act, and write it down."""
        old = (self._before_resolved_resources.get(logical_resource_id) or {}).get("PhysicalResourceId")
        faults = property_faults(resource_type, after_properties.properties) if after_properties else []
        if faults:
            message = f"Properties validation failed for resource {logical_resource_id} with message:\n"
            event = ProgressEvent(OperationStatus.FAILED, resource_model={}, message=message + "\n".join(faults))
            self.resources[logical_resource_id] = {  # type: ignore[typeddict-item]
                "LogicalResourceId": logical_resource_id,
                "Type": resource_type,
                "Properties": {},
                "ResourceStatus": ResourceStatus(f"{EventOperationFromAction[action.value]}_FAILED"),
                "ResourceStatusReason": event.message,
            }
            return event
        event = super()._execute_resource_action(
            action, logical_resource_id, resource_type, before_properties, after_properties, part_of_replacement
        )
        failed = event.status != OperationStatus.SUCCESS
        event.message = event.message.removeprefix("Resource provider operation failed: ") if event.message else ""
        if action != ChangeAction.Remove and event.error_code != UNTOUCHED:
            self.steps.append(Step(action, logical_resource_id, resource_type, before_properties, failed))
        if action == ChangeAction.Modify and not failed:
            new = self.resources[logical_resource_id].get("PhysicalResourceId")
            if old and new != old:
                self._delete_later(logical_resource_id, resource_type, before_properties)
        return event

    def _delete_later(self, name: str, resource_type: str, properties: PreprocProperties | None) -> None:
        """Delete what an update left behind: a custom resource that answered with another physical id."""
        execute = super()._execute_resource_action

        def delete() -> None:
            event = execute(ChangeAction.Remove, name, resource_type, properties, None, part_of_replacement=True)
            self._process_event(
                action=ChangeAction.Remove,
                logical_resource_id=name,
                event_status=event.status,
                resource_type=resource_type,
                reason=event.message,
            )

        self._defer_action(f"replaced-{name}", delete)

    def visit_node_resources(self, node_resources: NodeResources) -> None:
        """Visit the resources. Fault: one whose condition turned false was left where it is."""
        for node in node_resources.resources:
            if not is_nothing(node.condition_reference):
                condition = self._resolve_resource_condition_reference(node.condition_reference)
                was = node.name in self._before_resolved_resources
                if condition.after is False and not was:
                    continue
            self.visit(node)

    def visit_node_intrinsic_function_fn_import_value(self, node_intrinsic_function: Any) -> Any:
        """Return an export's value, and note that it is in use."""
        delta = super().visit_node_intrinsic_function_fn_import_value(node_intrinsic_function)
        name = self.visit(node_intrinsic_function.arguments).after
        if not is_nothing(name):
            if is_nothing(delta.after):
                raise TriggerRollback("", f"No export named {name} found")
            self.imports.add(name)
        return delta
