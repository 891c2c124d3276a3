"""Mapping templates: resolvers in VTL."""

import json
from typing import Any

import airspeed
from airspeed import operators

from .utilities import TemplateError, utilities

__all__ = ["TemplateError", "render"]


def repair() -> None:
    """Faults: airspeed takes null for true, as only API Gateway does, and knows no entries of a map."""
    operators.Condition.calculate = lambda self, names, loader: bool(self.expression.calculate(names, loader))
    negate = operators.UnaryOperatorValue.calculate

    def calculate(self: Any, names: Any, loader: Any) -> Any:
        return True if self.value.calculate(names, loader) is None else negate(self, names, loader)

    operators.UnaryOperatorValue.calculate = calculate
    entries = {"entrySet": lambda value: [{"key": name, "value": item} for name, item in value.items()]}
    operators.__additional_methods__[dict] |= entries


def render(template: str, context: dict[str, Any]) -> Any:
    """Evaluate a template; return the JSON that it gives, or its text where that is none.

    :param context: what the template sees as ``$ctx``; errors that it appends come into ``outErrors``
    :raises TemplateError: the template calls $util.error or $util.unauthorized
    """
    util = utilities(context.setdefault("outErrors", []))
    names = {"ctx": context, "context": context, "util": util, "utils": util}
    try:
        text = airspeed.Template(template).merge(names).strip()
    except operators.TemplateExecutionError as error:
        cause: BaseException | None = error
        while cause and not isinstance(cause, TemplateError):
            cause = cause.__cause__
        raise cause or TemplateError(str(error), "MappingTemplate") from error
    try:
        return json.loads(text) if text else None
    except ValueError:
        return text


def evaluate(request: dict[str, Any]) -> dict[str, Any]:
    """Answer EvaluateMappingTemplate.

    https://docs.aws.amazon.com/appsync/latest/APIReference/API_EvaluateMappingTemplate.html
    """
    try:
        context = json.loads(request.get("context") or "{}")
        given = context.get("arguments") or context.get("args") or {}
        value = render(request.get("template") or "", {"stash": {}, **context, "arguments": given, "args": given})
    except TemplateError as error:
        return {"error": {"message": str(error)}, "logs": []}
    return {"evaluationResult": value if isinstance(value, str) else json.dumps(value), "logs": []}
