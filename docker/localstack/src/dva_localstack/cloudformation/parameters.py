"""A stack's parameters are held against the constraints of its template."""

import re
from typing import Any

from localstack.services.cloudformation.engine.validations import ValidationError


def check_parameters(template: dict[str, Any], given: list[dict[str, Any]]) -> None:
    """Refuse parameters that the template does not have, or whose values it does not allow.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/parameters-section-structure.html

    :param given: the request's Parameters
    :raises ValidationError: with AWS's message
    """
    declared = template.get("Parameters") or {}
    if unknown := [item["ParameterKey"] for item in given if item["ParameterKey"] not in declared]:
        raise ValidationError(f"Parameters: [{', '.join(unknown)}] do not exist in the template")
    values = {item["ParameterKey"]: item["ParameterValue"] for item in given if "ParameterValue" in item}
    for name, declaration in declared.items():
        value = values.get(name, declaration.get("Default"))
        if value is None:
            continue
        listed = declaration["Type"] in ("CommaDelimitedList", "List<Number>")
        for item in (part.strip() for part in str(value).split(",")) if listed else [text_of(value)]:
            if fault := fault_of(declaration, item):
                described = declaration.get("ConstraintDescription")
                reason = f"failed to satisfy constraint: {described}" if described else fault
                raise ValidationError(f"Parameter '{name}' {reason}")


def text_of(value: Any) -> str:
    """Return a value of a template as CloudFormation writes it."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def fault_of(declaration: dict[str, Any], value: str) -> str:
    """Return what a parameter's declaration does not allow about a value, or an empty text."""
    allowed = declaration.get("AllowedValues")
    if allowed and value not in [text_of(item) for item in allowed]:
        return "must be one of AllowedValues"
    kind = declaration["Type"]
    if kind in ("Number", "List<Number>"):
        try:
            number = float(value)
        except ValueError:
            return "must be a number."
        if "MinValue" in declaration and number < float(declaration["MinValue"]):
            return f"must be a number not less than {declaration['MinValue']}"
        if "MaxValue" in declaration and number > float(declaration["MaxValue"]):
            return f"must be a number not greater than {declaration['MaxValue']}"
    if kind == "String":
        if "MinLength" in declaration and len(value) < int(declaration["MinLength"]):
            return f"must contain at least {declaration['MinLength']} characters"
        if "MaxLength" in declaration and len(value) > int(declaration["MaxLength"]):
            return f"must contain at most {declaration['MaxLength']} characters"
    pattern = declaration.get("AllowedPattern")
    if pattern and not re.fullmatch(pattern, value):
        return f"must match pattern {pattern}"
    return ""
