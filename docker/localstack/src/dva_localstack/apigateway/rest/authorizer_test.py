"""TestInvokeAuthorizer: what an authorizer says of headers and parameters, without a call of a method.

https://docs.aws.amazon.com/apigateway/latest/api/API_TestInvokeAuthorizer.html
"""

import json
import time
from typing import Any

from localstack.aws.api import RequestContext
from localstack.aws.api.apigateway import NotFoundException
from localstack.http import Request
from localstack.services.apigateway.models import apigateway_stores
from localstack.services.apigateway.next_gen.execute_api import handlers
from localstack.services.apigateway.next_gen.execute_api.context import InvocationRequest, RestApiInvocationContext
from localstack.services.apigateway.next_gen.execute_api.gateway_response import (
    AuthorizerConfigurationError,
    BaseGatewayException,
)
from werkzeug.datastructures import Headers

from . import cognito_authorizer, lambda_authorizer

STAGE = "test-invoke-stage"
"""AWS's name for the stage of a test."""


def run(context: RequestContext, api: Any, request: Any) -> dict[str, Any]:
    """Ask an authorizer; return its answer with a log.

    :param api: moto's API
    :raises NotFoundException: there is no such authorizer
    """
    container = apigateway_stores[context.account_id][context.region].rest_apis[request["restApiId"]]
    authorizer = container.authorizers.get(request["authorizerId"])
    if authorizer is None:
        raise NotFoundException("Invalid Authorizer identifier specified")
    call = _call(context, request)
    started = time.monotonic()
    answer: dict[str, Any] = {"clientStatus": 200}
    lines = [f"Execution log for request {call.context_variables['requestId']}", "Starting authorizer"]
    try:
        if authorizer["type"] == "COGNITO_USER_POOLS":
            cognito_authorizer.authorize(call, authorizer)
            answer["claims"] = call.context_variables["authorizer"]["claims"]
        else:
            verdict = lambda_authorizer.ask(call, authorizer)
            policy = json.dumps(verdict.policy)
            answer |= {"principalId": verdict.principal, "policy": policy, "authorization": verdict.context}
            lines.append(f"Using valid authorizer policy for principal: {verdict.principal}")
        lines.append("Successfully completed authorizer execution")
    except BaseGatewayException as error:
        answer["clientStatus"] = 500 if isinstance(error, AuthorizerConfigurationError) else 401
        lines.append(f"Execution failed: {error.message or 'the authorizer did not answer as it should'}")
    moment = time.strftime("%a %b %d %H:%M:%S UTC %Y", time.gmtime())
    log = lines[0] + "\n" + "".join(f"{moment} : {line}\n" for line in lines[1:])
    return answer | {"log": log, "latency": int((time.monotonic() - started) * 1000)}


def _call(context: RequestContext, request: Any) -> RestApiInvocationContext:
    headers = Headers(request.get("headers") or {})
    for name, values in (request.get("multiValueHeaders") or {}).items():
        headers.setlist(name, values)
    path, _, query = (request.get("pathWithQueryString") or "/").partition("?")
    call = RestApiInvocationContext(Request("GET", path, query_string=query))
    call.api_id, call.stage, call.deployment_id = request["restApiId"], STAGE, ""
    call.account_id, call.region = context.account_id, context.region
    arguments = call.request.args
    call.invocation_request = InvocationRequest(
        http_method="GET",
        path=path,
        raw_path=path,
        query_string_parameters=arguments.to_dict(),
        multi_value_query_string_parameters=dict(arguments.lists()),
        headers=headers,
        body=(request.get("body") or "").encode(),
        path_parameters={},
    )
    call.stage_variables = request.get("stageVariables") or {}
    call.resource, call.resource_method = {"path": "/"}, {"httpMethod": "GET"}
    call.context_variables = handlers.parse_request.create_context_variables(call)
    return call
