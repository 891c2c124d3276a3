"""Rules of a template: assertions about combinations of parameters, judged before anything is made."""

from typing import Any

from localstack.services.cloudformation.engine.validations import ValidationError

from .parameters import text_of


def check_rules(template: dict[str, Any], values: dict[str, Any]) -> None:
    """Refuse parameters that break an assertion of a rule that applies.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/rules-section-structure.html

    :param values: the parameters' values, defaults included
    :raises ValidationError: with the assertions' descriptions
    """
    broken = []
    for rule in (template.get("Rules") or {}).values():
        if "RuleCondition" in rule and not holds(rule["RuleCondition"], values):
            continue
        for assertion in rule.get("Assertions") or []:
            if not holds(assertion["Assert"], values):
                broken.append(assertion.get("AssertDescription", str(assertion["Assert"])))
    if broken:
        raise ValidationError(f"Template constraint error: {'; '.join(broken)}")


def holds(expression: Any, values: dict[str, Any]) -> bool:
    """Say whether a condition of a rule holds.

    :raises ValidationError: it uses a function that rules do not have
    """
    name, given = next(iter(expression.items())) if isinstance(expression, dict) else ("", [])
    match name:
        case "Fn::And":
            return all(holds(item, values) for item in given)
        case "Fn::Or":
            return any(holds(item, values) for item in given)
        case "Fn::Not":
            return not holds(given[0], values)
        case "Fn::Equals":
            return value_of(given[0], values) == value_of(given[1], values)
        case "Fn::Contains":
            return value_of(given[1], values) in listed(given[0], values)
        case "Fn::EachMemberEquals":
            return all(item == value_of(given[1], values) for item in listed(given[0], values))
        case "Fn::EachMemberIn":
            return all(item in listed(given[1], values) for item in listed(given[0], values))
    raise ValidationError(f"Template error: {name or expression} is not a function of rules")


def value_of(value: Any, values: dict[str, Any]) -> str:
    """Return a text, or a parameter's value."""
    if isinstance(value, dict) and "Ref" in value:
        return text_of(values.get(value["Ref"], ""))
    return text_of(value)


def listed(value: Any, values: dict[str, Any]) -> list[str]:
    """Return a list of texts, or the members of a parameter that is a list."""
    if isinstance(value, list):
        return [value_of(item, values) for item in value]
    return [item.strip() for item in value_of(value, values).split(",")]
