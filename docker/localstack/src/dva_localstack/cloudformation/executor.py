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

from . import events, stack_policy, waiting
from .replacement import replaced_by
from .schemas import property_faults, tag_property
from .tags import as_map, tagged

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


def properties_of(resource: Any) -> dict[str, Any]:
    """Return a resource's properties with every function resolved."""
    return {} if is_nothing(resource.properties) else dict(resource.properties.properties or {})


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
        self.templates_now: dict[str, Any] = {}
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

    def roll_back(self, skipped: frozenset[str] | set[str] = frozenset()) -> list[str]:
        """Take back every change in reverse order; return the names of resources for which that failed.

        What failed can be tried again by another call, which leaves ``skipped`` resources alone.
        """
        waiting.cancelled(self._change_set.stack.stack_id).clear()
        old = dict(self._before_resolved_resources)
        steps, self.steps = self.steps, []
        left, again = [], []
        for step in reversed(steps):
            if step.name in skipped:
                self._announce(step, ResourceStatus.UPDATE_COMPLETE)
                continue
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
                again.append(step)
        self.steps = again[::-1]
        return left

    def _kept(self, name: str) -> bool:
        """Say whether a resource of the new template stays when its creation is rolled back."""
        template = self._change_set.processed_template or {}
        return (template.get("Resources", {}).get(name) or {}).get("DeletionPolicy") == "Retain"

    def create_resource_provider_payload(self, *given: Any, **named: Any) -> Any:
        """Return what a provider is told. Faults: it had all rights, and a stack's tags did not reach its resources."""
        payload: Any = super().create_resource_provider_payload(*given, **named)
        stack, data = self._change_set.stack, payload["requestData"]
        if known := getattr(stack, "credentials", None):
            data["callerCredentials"] = data["providerCredentials"] = known
        if payload["action"] in ("Add", "Modify"):
            data["resourceProperties"] = tagged(payload["resourceType"], data["resourceProperties"], stack.tags)
        return payload

    def retag(self) -> None:
        """Give the stack's new tags to resources that the update did not touch otherwise."""
        stack = self._change_set.stack
        former = getattr(stack, "former_tags", None)
        if former is None or as_map(former) == as_map(stack.tags):
            return
        done = {step.name for step in self.steps}
        for name, item in list(self.resources.items()):
            template = self.templates_now.get(name)
            if name in done or template is None or not tag_property(item["Type"]):
                continue
            event = {"action": ChangeAction.Modify, "logical_resource_id": name, "resource_type": item["Type"]}
            self._process_event(event_status=OperationStatus.IN_PROGRESS, **event)
            changed = super()._execute_resource_action(
                ChangeAction.Modify,
                name,
                item["Type"],
                PreprocProperties(properties=item["Properties"]),
                PreprocProperties(properties=template),
            )
            self._process_event(event_status=changed.status, reason=changed.message, **event)

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
        given = self.templates_now.get(name)
        if given is not None:
            self._change_set.stack.events[0]["ResourceProperties"] = events.properties(given)
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
        if status == ResourceStatus.CREATE_COMPLETE:
            self._record(name, event["resource_type"], ResourceStatus.CREATE_IN_PROGRESS, "Resource creation Initiated")
        self._record(name, event["resource_type"], status, event.get("reason") if failed else None)

    def visit_node_resource(self, node_resource: Any) -> Any:
        """Visit a resource. Fault: nothing could stop an update."""
        if waiting.cancelled(self._change_set.stack.stack_id).is_set():
            raise TriggerRollback(node_resource.name, "Update was cancelled")
        delta = super().visit_node_resource(node_resource)
        if not is_nothing(delta.after):
            self.templates_now.setdefault(node_resource.name, properties_of(delta.after))
        return delta

    def _execute_resource_change(self, name: str, before: Any, after: Any) -> None:
        kept = name in self.retained or getattr(before, "deletion_policy", None) == DeletionPolicy.RetainExceptOnCreate
        if not is_nothing(before) and kept:
            before.deletion_policy = DeletionPolicy.Retain
        if not is_nothing(before):
            self.templates[name] = properties_of(before)
        if not is_nothing(after):
            self.templates_now[name] = properties_of(after)
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
        return bool(replaced_by(after.resource_type, properties_of(before), properties_of(after)))

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
        if action == ChangeAction.Add and event.status == OperationStatus.SUCCESS:
            self._wait_for_signals(logical_resource_id, resource_type, event)
        failed = event.status != OperationStatus.SUCCESS
        event.message = event.message.removeprefix("Resource provider operation failed: ") if event.message else ""
        if action != ChangeAction.Remove and event.error_code != UNTOUCHED:
            self.steps.append(Step(action, logical_resource_id, resource_type, before_properties, failed))
        if action == ChangeAction.Modify and not failed:
            new = self.resources[logical_resource_id].get("PhysicalResourceId")
            if old and new != old:
                self._delete_later(logical_resource_id, resource_type, before_properties)
        return event

    def _wait_for_signals(self, name: str, resource_type: str, event: ProgressEvent) -> None:
        """Wait as a resource's creation policy says, which fails the resource when they do not come."""
        template = self._change_set.processed_template or {}
        policy = (template.get("Resources", {}).get(name) or {}).get("CreationPolicy")
        if policy:
            self._record(name, resource_type, ResourceStatus.CREATE_IN_PROGRESS, "Resource creation Initiated")
        if fault := waiting.fault_of_policy(self._change_set.stack.stack_id, name, policy):
            event.status, event.message = OperationStatus.FAILED, fault
            self.resources[name] |= {"ResourceStatus": ResourceStatus.CREATE_FAILED, "ResourceStatusReason": fault}

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
