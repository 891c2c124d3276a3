"""Repairs of LocalStack's intrinsic functions and transforms."""

import ipaddress
import itertools
import re
from typing import Any

from localstack.services.cloudformation.engine.v2 import change_set_model, change_set_model_transform
from localstack.services.cloudformation.engine.v2.change_set_model import ChangeSetModel, ChangeType, is_nothing
from localstack.services.cloudformation.engine.v2.change_set_model_preproc import (
    ChangeSetModelPreproc,
    PreprocEntityDelta,
    PreprocResource,
)
from localstack.services.cloudformation.engine.v2.change_set_model_visitor import ChangeSetModelVisitor
from localstack.services.cloudformation.engine.validations import ValidationError
from samtranslator.model.exceptions import InvalidDocumentException

from .parameters import text_of


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
    """Faults: Fn::Sub made numbers of texts, 1.1 of 1.10, and took the text ``${!Name}`` for a resource."""

    def visit(self: Any, node: Any) -> PreprocEntityDelta[Any, Any]:
        arguments = self.visit(node.arguments)
        sides = []
        for value, select_before in ((arguments.before, True), (arguments.after, False)):
            sides.append(value if is_nothing(value) else substituted(self, value, select_before))
        return PreprocEntityDelta(before=sides[0], after=sides[1])

    ChangeSetModelPreproc.visit_node_intrinsic_function_fn_sub = visit


def substituted(preproc: Any, arguments: Any, select_before: bool) -> str:
    """Return what Fn::Sub gives: always text.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference-sub.html

    :param arguments: a text, or a text and a map of values
    :raises ValidationError: the arguments are neither
    """
    text, own = (arguments, {}) if isinstance(arguments, str) else (*arguments, {}, {})[:2]
    if not isinstance(text, str) or not isinstance(own, dict):
        raise ValidationError(
            "Template error: One or more Fn::Sub intrinsic functions don't specify expected arguments. Specify a "
            "string as first argument, and an optional second argument to specify a mapping of values to replace in "
            "the string"
        )

    def value(found: re.Match[str]) -> str:
        name = found[1].strip()
        if name.startswith("!"):
            return "${" + name[1:] + "}"
        if name in own:
            return text_of(own[name])
        if name.startswith("AWS::"):
            return text_of(preproc._resolve_pseudo_parameter(pseudo_parameter_name=name))
        if "." in name:
            return text_of(preproc._resolve_attribute(arguments=name, select_before=select_before))
        delta = preproc._resolve_reference(logical_id=name)
        side = delta.before if select_before else delta.after
        return text_of(side.physical_resource_id if isinstance(side, PreprocResource) else side)

    return re.sub(r"\$\{([^}]+)\}", value, text)


def cidr_blocks(block: str, count: Any, bits: Any = 8) -> list[str]:
    """Return what Fn::Cidr gives: ``count`` blocks of 2**``bits`` addresses.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference-cidr.html

    :raises ValidationError: there are not so many in the block, or it is none
    """
    try:
        network = ipaddress.ip_network(block)
        parts = network.subnets(new_prefix=network.max_prefixlen - int(bits))
        blocks = [str(part) for part in itertools.islice(parts, int(count))]
    except ValueError as error:
        raise ValidationError(f"Template error: Fn::Cidr: {error}") from error
    if len(blocks) < int(count) or not 1 <= int(count) <= BLOCKS:
        raise ValidationError(f"Template error: Fn::Cidr cannot divide {block} into {count} blocks of {bits} bits")
    return blocks


BLOCKS = 256
"""How many blocks Fn::Cidr gives at most."""


def repair_cidr() -> None:
    """Fault: Fn::Cidr was not known."""

    def visit(self: Any, node: Any) -> PreprocEntityDelta[Any, Any]:
        arguments = self.visit(node.arguments)
        sides = [side if is_nothing(side) else cidr_blocks(*side) for side in (arguments.before, arguments.after)]
        return PreprocEntityDelta(before=sides[0], after=sides[1])

    change_set_model.INTRINSIC_FUNCTIONS.add("Fn::Cidr")
    ChangeSetModelPreproc.visit_node_intrinsic_function_fn_cidr = visit
    ChangeSetModelVisitor.visit_node_intrinsic_function_fn_cidr = ChangeSetModelVisitor.visit_children


def repair_find_in_map() -> None:
    """Fault: the DefaultValue of Fn::FindInMap, with AWS::LanguageExtensions, broke it."""
    resolve = ChangeSetModelPreproc._resolve_mapping

    def resolve_mapping(self: Any, map_name: str, top: str, second: str, *more: Any) -> PreprocEntityDelta[Any, Any]:
        try:
            return resolve(self, map_name, top, second)
        except (ValidationError, RuntimeError):
            if more and isinstance(more[0], dict) and "DefaultValue" in more[0]:
                return PreprocEntityDelta(before=more[0]["DefaultValue"], after=more[0]["DefaultValue"])
            raise

    ChangeSetModelPreproc._resolve_mapping = resolve_mapping


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


def repair_all() -> None:
    """Mend the functions and transforms."""
    for repair in (repair_sub, repair_cidr, repair_find_in_map, repair_references, repair_sam_messages):
        repair()
