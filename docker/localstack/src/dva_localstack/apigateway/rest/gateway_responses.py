"""Gateway responses as their owner wrote them; LocalStack takes the status only.

https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-gatewayResponse-definition.html
"""

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from localstack.http import Response
from localstack.services.apigateway.next_gen.execute_api.context import RestApiInvocationContext
from localstack.services.apigateway.next_gen.execute_api.gateway_response import BaseGatewayException

VARIABLE = re.compile(r"\$(?P<name>(?:context|stageVariables|method\.request)(?:\.[\w-]+)+)")


def customized(
    build: Callable[..., Response], handler: Any, exception: BaseGatewayException, context: RestApiInvocationContext
) -> Response:
    """Return the answer to a refused or failed request, by the owner's template and headers where there are any.

    :param build: LocalStack's function, which makes the answer without them
    """
    context.failure = exception  # type: ignore[attr-defined]
    answer = build(handler, exception, context)
    custom = _custom(exception, context.deployment.rest_api.gateway_responses)
    if not custom:
        return answer
    variables = _variables(context, exception)
    if template := _template(custom.get("responseTemplates") or {}, context):
        media_type, text = template
        answer.set_data(VARIABLE.sub(lambda match: _as_text(variables(match["name"])), text))
        answer.headers["Content-Type"] = media_type
    for target, source in (custom.get("responseParameters") or {}).items():
        value = source[1:-1] if source.startswith("'") else variables(source)
        if value is not None:
            answer.headers[target.removeprefix("gatewayresponse.header.")] = _as_text(value)
    return answer


def _custom(exception: BaseGatewayException, responses: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Return the owner's response for this kind of error, else for all with a 4xx or 5xx status, else None."""
    if exception.type in responses:
        return responses[exception.type]
    family = "DEFAULT_5XX" if int(exception.status_code or 500) >= 500 else "DEFAULT_4XX"
    return responses.get(family)


def _template(templates: Mapping[str, str], context: RestApiInvocationContext) -> tuple[str, str] | None:
    """Return media type and text of the template that the client accepts, of the first one when it accepts none."""
    wanted = context.invocation_request["headers"].get("Accept", "")
    for media_type, text in templates.items():
        if media_type in wanted:
            return media_type, text
    return next(iter(templates.items()), None)


def _variables(context: RestApiInvocationContext, exception: BaseGatewayException) -> Callable[[str], Any]:
    request = context.invocation_request
    error = {**(context.context_variables.get("error") or {}), "messageString": json.dumps(exception.message)}

    def value(name: str) -> Any:
        if name.startswith("method.request."):
            place, _, key = name.removeprefix("method.request.").partition(".")
            values = {
                "header": request["headers"],
                "querystring": request["query_string_parameters"],
                "path": request.get("path_parameters") or {},
            }
            return values.get(place, {}).get(key)
        if name.startswith("stageVariables."):
            return (context.stage_variables or {}).get(name.partition(".")[2])
        found: Any = {**context.context_variables, "error": error}
        for part in name.split(".")[1:]:
            found = found.get(part) if isinstance(found, Mapping) else None
        return found

    return value


def _as_text(value: Any) -> str:
    return "" if value is None else str(value)
