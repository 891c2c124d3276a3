"""What requests have in common: their template, their parameters, and the stack that they name."""

import re
from typing import Any

import yaml
from localstack.aws.api import RequestContext
from localstack.services.cloudformation import api_utils
from localstack.services.cloudformation.engine import template_preparer
from localstack.services.cloudformation.engine.validations import ValidationError
from localstack.services.cloudformation.stores import get_cloudformation_store
from localstack.services.cloudformation.v2 import provider as localstack_cloudformation
from localstack.services.cloudformation.v2.entities import ChangeSet, Stack

from . import deployment
from .parameters import check_parameters
from .rules import check_rules
from .templates import check_expansion, check_format, check_iam, check_references

BODY_BYTES, URL_BYTES = 51_200, 1_048_576
"""Sizes of a template: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html"""

TAGS = 50
"""How many tags a stack may have."""


def check_name(name: str) -> None:
    """Refuse what is no name of a stack.

    :raises ValidationError: with AWS's message
    """
    fault = ""
    if not re.fullmatch(r"[a-zA-Z][-a-zA-Z0-9]*", name):
        fault = "Member must satisfy regular expression pattern: [a-zA-Z][-a-zA-Z0-9]*"
    elif len(name) > NAME:
        fault = f"Member must have length less than or equal to {NAME}"
    if fault:
        raise ValidationError(
            f"1 validation error detected: Value '{name}' at 'stackName' failed to satisfy constraint: {fault}"
        )


NAME = 128
"""Characters of a stack's name."""


def check_tags(request: Any) -> None:
    """Refuse too many tags.

    :raises ValidationError: with AWS's message
    """
    tags = request.get("Tags") or []
    if len(tags) > TAGS:
        raise ValidationError(
            f"1 validation error detected: Value '{tags}' at 'tags' failed to satisfy constraint: "
            f"Member must have length less than or equal to {TAGS}"
        )


def check_request(request: Any, template: dict[str, Any], body: str, stack: Stack | None = None) -> None:
    """Hold a request's tags, capabilities and parameters against its template.

    :param body: the template's text; empty for a change set, which may expand macros: it is there to be looked at
    :raises ValidationError: they do not fit
    """
    check_tags(request)
    capabilities = request.get("Capabilities") or []
    if body:
        check_expansion(template, body, capabilities)
    check_iam(template, capabilities)
    given = known_parameters(stack, request.get("Parameters") or [])
    check_parameters(template, given)
    values = {name: item.get("Default", "") for name, item in (template.get("Parameters") or {}).items()}
    before = stack.resolved_parameters if stack else {}
    for item in given:
        key = item["ParameterKey"]
        kept = before.get(key) or {}
        values[key] = item.get("ParameterValue", kept.get("given_value") or kept.get("default_value"))
    region = {"AWS::Region": stack.region_name} if stack else {}
    check_rules(template, {**values, **region})


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
    try:
        template = template_preparer.parse_template(body)
    except ValidationError as error:
        if error.message != "Template format error: YAML not well-formed.":
            raise
        raise ValidationError(error.message + place_of_fault(body)) from error
    check_format(template)
    return body, template


def place_of_fault(text: str) -> str:
    """Return where YAML breaks off, as CloudFormation writes it."""
    try:
        yaml.compose(text)
    except yaml.MarkedYAMLError as error:
        if mark := error.problem_mark:
            return f" (line {mark.line + 1}, column {mark.column + 1})"
    return ""


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
