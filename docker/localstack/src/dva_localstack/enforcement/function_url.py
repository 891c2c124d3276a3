"""Who may open a function URL.

https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html
"""

import json

from localstack.http import Request, Response

from . import callers, conditions, denials, judgment, resources, signatures, switch
from .callers import Caller
from .needs.call import Context, Need

FORBIDDEN = (
    "Forbidden. For troubleshooting Function URL authorization issues, "
    "see: https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html"
)
ACTIONS = ("lambda:InvokeFunctionUrl", "lambda:InvokeFunction")
"""URLs made since October 2025 need both."""


def refusal(request: Request, function_arn: str, auth_type: str) -> Response | None:
    """Return the answer to somebody who may not open a function's URL; None if they may.

    :param function_arn: of the function, or of its alias, as the URL was made for
    :param auth_type: ``NONE``, where everybody is a stranger, or ``AWS_IAM``
    """
    if not switch.enabled():
        return None
    try:
        caller = caller_of(request) if auth_type == "AWS_IAM" else Caller(callers.ANONYMOUS)
        signatures.check_request(request, caller)
    except (callers.UnknownKey, callers.WrongToken, callers.Expired):
        return answer("The security token included in the request is invalid.")
    except signatures.Mismatch:
        return answer("The request signature we calculated does not match the signature you provided.")
    if auth_type == "AWS_IAM" and caller.principal.kind == "anonymous":
        return answer(FORBIDDEN)
    owner = resources.owner_of(function_arn, caller.principal.account)
    keys = conditions.of_http(request, function_arn.split(":")[3])
    for action in ACTIONS:
        extra: Context = {"lambda:FunctionUrlAuthType": auth_type, "lambda:InvokedViaFunctionUrl": "true"}
        need = Need(action, function_arn, extra)
        decision = judgment.decide(caller, need, keys, owner)
        if not decision.allowed:
            denials.remember(caller, need, decision, owner)
            return answer(FORBIDDEN)
    return None


def caller_of(request: Request) -> Caller:
    """Return who signed a request."""
    key = callers.key_in(request.headers.get("Authorization", ""), request.args)
    name = "X-Amz-Security-Token"
    return callers.of_key(key, request.headers.get(name) or request.args.get(name))


def answer(message: str) -> Response:
    """Return a refusal as function URLs answer it."""
    return Response(json.dumps({"Message": message}), status=403, mimetype="application/json")
