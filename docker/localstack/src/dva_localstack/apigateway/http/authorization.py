"""Who may call a route of an HTTP API.

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-access-control.html
"""

import json
import logging
from typing import Any

from botocore.exceptions import ClientError
from localstack.http import Response

from dva_localstack.cognito.tokens import InvalidToken

from .. import functions, iam
from ..policies import judge_answer
from ..timed import Timed
from .answers import internal_error, message
from .call import Call
from .configuration import Record
from .events import format_2, request_part
from .tokens import verified

LOG = logging.getLogger(__name__)

ANSWERS: Timed[dict[str, Any]] = Timed()
"""Answers of Lambda authorizers by the values of their identity sources."""


def refusal(call: Call) -> Response | None:
    """Return the answer to a caller who may not call the route, None for one who may."""
    kind = call.route.get("authorizationType") or "NONE"
    if kind == "NONE":
        return None
    if kind == "AWS_IAM":
        return _by_iam(call)
    authorizer = call.snapshot.authorizers.get(call.route.get("authorizerId") or "")
    if authorizer is None:
        return internal_error()
    return _by_token(call, authorizer) if kind == "JWT" else _by_function(call, authorizer)


def _by_iam(call: Call) -> Response | None:
    try:
        caller, signed = iam.caller_of(call.request)
    except (iam.NotSigned, iam.NotValid, iam.HasExpired):
        return message(403, "Forbidden")
    if not iam.decide(caller, call.arn, call.api.account, iam.conditions(call.request)).allowed:
        return message(403, "Forbidden")
    call.authorizer["iam"] = {
        "accessKey": signed.by.access_key,
        "accountId": caller.principal.account,
        "callerId": caller.user_id,
        "cognitoIdentity": None,
        "principalOrgId": None,
        "userArn": caller.principal.arn,
        "userId": caller.user_id,
    }
    return None


def _by_token(call: Call, authorizer: Record) -> Response | None:
    token = next(filter(None, (identity(call, source) for source in authorizer["identitySource"])), None)
    if not token:
        return _unauthorized()
    wanted = authorizer["jwtConfiguration"]
    token = token[7:].strip() if token.lower().startswith("bearer ") else token.strip()
    try:
        claims = verified(token, wanted["issuer"])
    except InvalidToken as error:
        return _unauthorized(str(error))
    audience = claims.get("aud", claims.get("client_id"))
    if wanted.get("audience") and not {*([audience] if isinstance(audience, str) else audience or [])} & {
        *wanted["audience"]
    }:
        return _unauthorized("Invalid audience")
    scopes = str(claims.get("scope") or claims.get("scp") or "").split()
    required = call.route.get("authorizationScopes") or []
    if required and not {*scopes} & {*required}:
        how = f'Bearer scope="{" ".join(required)}" error="insufficient_scope"'
        return message(403, "Forbidden", {"www-authenticate": how})
    call.authorizer["jwt"] = {"claims": {name: _claim(value) for name, value in claims.items()}, "scopes": required}
    return None


def _unauthorized(why: str = "") -> Response:
    description = f' error="invalid_token" error_description="{why}"' if why else ""
    return message(401, "Unauthorized", {"www-authenticate": f"Bearer{description}"})


def _claim(value: Any) -> str:
    """Return a claim as API Gateway passes it on: a list is written in brackets without commas."""
    if isinstance(value, list):
        return f"[{' '.join(_claim(item) for item in value)}]"
    return value if isinstance(value, str) else json.dumps(value)


def identity(call: Call, source: str) -> str | None:
    """Return the value of an identity source, None where the request has none."""
    place, _, name = source.removeprefix("$request.").removeprefix("$").partition(".")
    match place:
        case "header":
            return call.request.headers.get(name)
        case "querystring":
            return call.request.args.get(name)
        case "stageVariables":
            return call.stage_variables.get(name)
        case "context":
            found: Any = format_2(call)["requestContext"]
            for part in name.split("."):
                found = found.get(part) if isinstance(found, dict) else None
            return None if found is None else str(found)
    return None


def _by_function(call: Call, authorizer: Record) -> Response | None:
    values = [identity(call, source) for source in authorizer.get("identitySource") or []]
    if not all(values):
        return message(401, "Unauthorized")
    seconds = int(authorizer.get("authorizerResultTtlInSeconds") or 0)
    key = (call.api.id, call.stage_name, authorizer["authorizerId"], *values)
    answer = ANSWERS.get(key) if values else None
    if answer is None:
        answer = _ask(call, authorizer, [value or "" for value in values])
        if answer is None:
            return internal_error()
        if seconds and values:
            ANSWERS.keep(key, answer, seconds)
    if not _allows(call, answer):
        return message(403, "Forbidden")
    call.authorizer["lambda"] = answer.get("context") or {}
    return None


def _ask(call: Call, authorizer: Record, values: list[str]) -> dict[str, Any] | None:
    """Return the authorizer's answer, None when the function failed or its answer is malformed."""
    version = authorizer.get("authorizerPayloadFormatVersion", "2.0")
    if version == "2.0":
        event = {**format_2(call), "type": "REQUEST", "routeArn": call.arn, "identitySource": values}
        event.pop("isBase64Encoded")
        event.pop("body", None)
    else:
        sources = ",".join(values)
        event = {
            **request_part(call),
            "type": "REQUEST",
            "methodArn": call.arn,
            "identitySource": sources,
            "authorizationToken": sources,
        }
    try:
        returned = functions.invoke(
            functions.function_arn(authorizer["authorizerUri"], call.stage_variables),
            event,
            source_arn=f"{call.api.arn}/authorizers/{authorizer['authorizerId']}",
            role_arn=authorizer.get("authorizerCredentialsArn"),
        )
    except ClientError as error:
        LOG.warning("The authorizer %s could not be invoked: %s", authorizer["authorizerId"], error)
        return None
    answer = returned.json()
    if returned.failed or not isinstance(answer, dict):
        return None
    simple = version == "2.0" and authorizer.get("enableSimpleResponses")
    well_formed = isinstance(answer.get("isAuthorized" if simple else "policyDocument"), bool if simple else dict)
    return answer if well_formed else None


def _allows(call: Call, answer: dict[str, Any]) -> bool:
    if "policyDocument" not in answer:
        return answer["isAuthorized"]
    keys = iam.conditions(call.request)
    return judge_answer(answer["policyDocument"], call.arn, call.api.account, keys).allowed
