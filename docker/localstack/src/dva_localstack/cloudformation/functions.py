"""Repairs of LocalStack's intrinsic functions and transforms."""

from typing import Any

from localstack.services.cloudformation.engine.v2 import change_set_model_transform
from localstack.services.cloudformation.engine.v2.change_set_model import ChangeSetModel, ChangeType
from localstack.services.cloudformation.engine.v2.change_set_model_preproc import (
    ChangeSetModelPreproc,
    PreprocEntityDelta,
)
from samtranslator.model.exceptions import InvalidDocumentException


def repair_sam_messages() -> None:
    """Fault: what SAM refuses is told as Python writes a list of exceptions."""
    transform = change_set_model_transform.transform_sam

    def transform_sam(template: Any, parameters: Any, loader: Any) -> Any:
        try:
            return transform(template, parameters, loader)
        except InvalidDocumentException as error:
            causes = " ".join(cause.message for cause in error.causes)
            raise ValueError(f"Transform AWS::Serverless-2016-10-31 failed with: {error.message} {causes}") from error

    change_set_model_transform.transform_sam = transform_sam


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


def repair_references() -> None:
    """Fault: Fn::GetAtt of another resource, or of one that an update replaces, was taken for unchanged."""
    resolve = ChangeSetModel._resolve_intrinsic_function_fn_get_att

    def resolve_fn_get_att(self: Any, arguments: Any) -> ChangeType:
        if any(item.change_type != ChangeType.UNCHANGED for item in getattr(arguments, "array", [])):
            return ChangeType.MODIFIED
        change = resolve(self, arguments)
        if change == ChangeType.UNCHANGED:
            resource = self._retrieve_or_visit_resource(resource_name=arguments.array[0].value)
            if resource.change_type == ChangeType.MODIFIED:
                return ChangeType.MODIFIED
        return change

    ChangeSetModel._resolve_intrinsic_function_fn_get_att = resolve_fn_get_att
