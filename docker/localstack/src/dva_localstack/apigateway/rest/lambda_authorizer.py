"""Lambda authorizers of REST APIs, TOKEN and REQUEST; LocalStack stores them and never calls them.

https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-use-lambda-authorizer.html
"""

import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError
from localstack.services.apigateway.next_gen.execute_api.context import RestApiInvocationContext
from localstack.services.apigateway.next_gen.execute_api.gateway_response import (
    AccessDeniedError,
    AuthorizerConfigurationError,
    UnauthorizedError,
)
from localstack.services.apigateway.next_gen.execute_api.header_utils import build_multi_value_headers

from dva_localstack.policy import Policy

from .. import functions
from ..iam import conditions
from ..policies import judge_answer
from ..timed import Timed
from .arns import api_arn, method_arn

LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class Verdict:
    """What an authorizer answered: the policy is judged anew for each request, so that a kept one fits any method."""

    principal: str
    policy: Mapping[str, Any]
    context: Mapping[str, str]
    api_key: str | None


VERDICTS: Timed[Verdict] = Timed()
"""Answers of authorizers, kept for their time to live."""


def authorize(context: RestApiInvocationContext, authorizer: Mapping[str, Any], policy: Policy | None) -> None:
    """Let the authorizer decide on a request, and give its context to the integration.

    :param policy: the API's own, which is judged together with the authorizer's
    :raises UnauthorizedError: 401, the identity source is missing, or the function raised "Unauthorized"
    :raises AccessDeniedError: 403, the policy does not allow the method
    :raises AuthorizerConfigurationError: 500, the function failed or its answer is malformed
    """
    seconds = int(authorizer.get("authorizerResultTtlInSeconds", 300))
    identity = _identity(context, authorizer, seconds)
    key = (context.api_id or "", context.stage or "", authorizer["id"], *identity)
    verdict = VERDICTS.get(key) if seconds and identity else None
    if verdict is None:
        verdict = _ask(context, authorizer, identity)
        if seconds and identity:
            VERDICTS.keep(key, verdict, seconds)
    keys = conditions(context.request)
    decision = judge_answer(verdict.policy, method_arn(context), context.account_id or "", keys, policy)
    if not decision.allowed:
        suffix = " with an explicit deny" if decision.reason == "explicit-deny" else ""
        raise AccessDeniedError(f"User is not authorized to access this resource{suffix}")
    context.context_variables["authorizer"] = {**verdict.context, "principalId": verdict.principal}
    if verdict.api_key:
        context.context_variables["identity"]["apiKey"] = verdict.api_key


def ask(context: RestApiInvocationContext, authorizer: Mapping[str, Any]) -> Verdict:
    """Ask the authorizer anew, and do not judge by its answer; errors are those of :func:`authorize`."""
    seconds = int(authorizer.get("authorizerResultTtlInSeconds", 300))
    return _ask(context, authorizer, _identity(context, authorizer, seconds))


def _identity(context: RestApiInvocationContext, authorizer: Mapping[str, Any], seconds: int) -> tuple[str, ...]:
    """Return the values of the identity sources.

    A TOKEN authorizer always needs its header. A REQUEST authorizer needs its sources where answers are kept.
    """
    sources = [source.strip() for source in (authorizer.get("identitySource") or "").split(",") if source.strip()]
    values = [_value(context, source) for source in sources]
    if authorizer["type"] == "TOKEN":
        pattern = authorizer.get("identityValidationExpression")
        if not values or not values[0] or (pattern and not re.fullmatch(pattern, values[0])):
            raise UnauthorizedError("Unauthorized")
    elif seconds and not all(values):
        raise UnauthorizedError("Unauthorized")
    return tuple(value or "" for value in values)


def _value(context: RestApiInvocationContext, source: str) -> str | None:
    request = context.invocation_request
    place, _, name = source.removeprefix("method.request.").partition(".")
    match place:
        case "header":
            return request["headers"].get(name)
        case "querystring":
            return request["query_string_parameters"].get(name)
        case "stageVariables":
            return (context.stage_variables or {}).get(name)
        case "context":
            found: Any = context.context_variables
            for part in name.split("."):
                found = found.get(part) if isinstance(found, Mapping) else None
            return found
    return None


def _ask(context: RestApiInvocationContext, authorizer: Mapping[str, Any], identity: tuple[str, ...]) -> Verdict:
    if authorizer["type"] == "TOKEN":
        event: dict[str, Any] = {
            "type": "TOKEN",
            "methodArn": method_arn(context),
            "authorizationToken": identity[0],
        }
    else:
        event = _request_event(context)
    try:
        returned = functions.invoke(
            functions.function_arn(authorizer["authorizerUri"], context.stage_variables),
            event,
            source_arn=f"{api_arn(context)}/authorizers/{authorizer['id']}",
            role_arn=authorizer.get("authorizerCredentials"),
        )
    except ClientError as error:
        LOG.warning("The authorizer %s could not be invoked: %s", authorizer["id"], error)
        raise AuthorizerConfigurationError() from error
    return read(returned)


def read(returned: functions.Returned) -> Verdict:
    """Return the verdict in an authorizer's output.

    :raises UnauthorizedError: the function raised an error whose message is "Unauthorized"
    :raises AuthorizerConfigurationError: it raised another error, or the output is not what API Gateway expects
    """
    answer = returned.json()
    if returned.failed and isinstance(answer, dict) and answer.get("errorMessage") == "Unauthorized":
        raise UnauthorizedError("Unauthorized")
    match answer:
        case {"principalId": str(principal), "policyDocument": {"Statement": _} as policy}:
            return Verdict(principal, policy, _texts(answer.get("context")), answer.get("usageIdentifierKey"))
    raise AuthorizerConfigurationError()


def _texts(values: Any) -> dict[str, str]:
    """Return an authorizer's context as API Gateway passes it on: every value a string, no object or list."""
    if not isinstance(values, dict):
        return {}
    texts = {}
    for name, value in values.items():
        if isinstance(value, dict | list):
            raise AuthorizerConfigurationError()
        if value is not None:
            texts[name] = str(value).lower() if isinstance(value, bool) else str(value)
    return texts


def _request_event(context: RestApiInvocationContext) -> dict[str, Any]:
    request = context.invocation_request
    return {
        "type": "REQUEST",
        "methodArn": method_arn(context),
        "resource": context.resource["path"],
        "path": request["path"],
        "httpMethod": request["http_method"],
        "headers": dict(request["headers"]),
        "multiValueHeaders": build_multi_value_headers(request["headers"]),
        "queryStringParameters": request["query_string_parameters"],
        "multiValueQueryStringParameters": request["multi_value_query_string_parameters"],
        "pathParameters": request["path_parameters"] or {},
        "stageVariables": context.stage_variables or {},
        "requestContext": context.context_variables,
    }
