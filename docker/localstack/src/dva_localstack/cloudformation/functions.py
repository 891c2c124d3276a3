"""Repairs of LocalStack's intrinsic functions."""

from typing import Any

from localstack.services.cloudformation.engine.v2.change_set_model_preproc import (
    ChangeSetModelPreproc,
    PreprocEntityDelta,
)


def repair_sub() -> None:
    """Fault: ``${!Name}`` in Fn::Sub, which stands for the text ``${Name}``, is taken for a resource."""
    reference, attribute = ChangeSetModelPreproc._resolve_reference, ChangeSetModelPreproc._resolve_attribute

    def resolve_reference(self: Any, logical_id: str) -> PreprocEntityDelta[Any, Any]:
        if str(logical_id).startswith("!"):
            text = "${" + logical_id[1:] + "}"
            return PreprocEntityDelta(before=text, after=text)
        return reference(self, logical_id)

    def resolve_attribute(self: Any, arguments: Any, select_before: bool) -> Any:
        if isinstance(arguments, str) and arguments.startswith("!"):
            return "${" + arguments[1:] + "}"
        return attribute(self, arguments, select_before)

    ChangeSetModelPreproc._resolve_reference = resolve_reference
    ChangeSetModelPreproc._resolve_attribute = resolve_attribute
