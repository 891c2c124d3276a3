"""Authorizers of REST APIs that take the tokens of user pools; LocalStack stores them and looks at no token.

https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-integrate-with-cognito.html
"""

import datetime
import re
from collections.abc import Mapping
from typing import Any

from localstack.services.apigateway.next_gen.execute_api.context import RestApiInvocationContext
from localstack.services.apigateway.next_gen.execute_api.gateway_response import UnauthorizedError

from dva_localstack.cognito.tokens import InvalidToken, pool_of_issuer, verify

TIMES = ("exp", "iat")
"""Claims that API Gateway passes on as a date in words."""


def authorize(context: RestApiInvocationContext, authorizer: Mapping[str, Any]) -> None:
    """Let a request with a user pool's token pass, and give its claims to the integration.

    A method without scopes takes identity tokens, one with scopes takes access tokens that have one of them.

    :raises UnauthorizedError: 401
    """
    header = (authorizer.get("identitySource") or "method.request.header.Authorization").rpartition(".")[2]
    token = context.invocation_request["headers"].get(header, "").strip()
    token = token[7:].strip() if token.lower().startswith("bearer ") else token
    try:
        claims = verify(token)
    except InvalidToken as error:
        expired = error.reason == "expired"
        raise UnauthorizedError("The incoming token has expired" if expired else "Unauthorized") from error
    pools = {arn.rpartition("/")[2] for arn in authorizer["providerARNs"]}
    audience = str(claims.get("aud") or claims.get("client_id") or "")
    pattern = authorizer.get("identityValidationExpression")
    if pool_of_issuer(claims["iss"]) not in pools or (pattern and not re.fullmatch(pattern, audience)):
        raise UnauthorizedError("Unauthorized")
    required = context.resource_method.get("authorizationScopes")
    if required:
        fits = claims.get("token_use") == "access" and {*required} & {*str(claims.get("scope", "")).split()}
    else:
        fits = claims.get("token_use") == "id"
    if not fits:
        raise UnauthorizedError("Unauthorized")
    context.context_variables["authorizer"] = {"claims": {name: _text(name, value) for name, value in claims.items()}}


def _text(name: str, value: Any) -> str:
    if name in TIMES and isinstance(value, int | float):
        return datetime.datetime.fromtimestamp(value, datetime.UTC).strftime("%a %b %d %H:%M:%S UTC %Y")
    if isinstance(value, list):
        return ",".join(str(item) for item in value)
    return str(value).lower() if isinstance(value, bool) else str(value)
