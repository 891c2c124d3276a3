"""Who may connect to a WebSocket API: authorization is for ``$connect`` only, and holds for the whole connection.

https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api-lambda-auth.html
"""

from typing import Any

from botocore.exceptions import ClientError
from localstack.http import Response
from rolo.websocket.request import WebSocketRequest

from .. import functions, iam
from ..http.answers import message
from ..http.configuration import Record, Snapshot
from ..policies import judge_answer
from .connections import Connection


def refuse_connection(
    request: WebSocketRequest, connection: Connection, snapshot: Snapshot, taken: Record, event: dict[str, Any]
) -> Response | None:
    """Return the answer to a client that may not connect, None for one that may.

    :param event: the event of the connection, which the authorizer gets with its type and the route's ARN
    """
    if (taken.get("authorizationType") or "NONE") == "NONE":
        return None
    arn = f"{connection.api.arn}/{connection.stage['stageName']}/$connect"
    if taken["authorizationType"] == "AWS_IAM":
        return _by_iam(request, connection, arn)
    authorizer = snapshot.authorizers.get(taken.get("authorizerId") or "")
    if authorizer is None:
        return message(500, "Internal server error")
    sources = authorizer.get("identitySource") or []
    if not all(_value(request, connection, source) for source in sources):
        return message(401, "Unauthorized")
    try:
        returned = functions.invoke(
            functions.function_arn(authorizer["authorizerUri"], connection.stage.get("stageVariables")),
            {**event, "type": "REQUEST", "methodArn": arn},
            source_arn=f"{connection.api.arn}/authorizers/{authorizer['authorizerId']}",
            role_arn=authorizer.get("authorizerCredentialsArn"),
        )
    except ClientError:
        return message(500, "Internal server error")
    answer = returned.json()
    if returned.failed or not isinstance(answer, dict) or not isinstance(answer.get("policyDocument"), dict):
        unauthorized = isinstance(answer, dict) and answer.get("errorMessage") == "Unauthorized"
        return message(401, "Unauthorized") if unauthorized else message(500, "Internal server error")
    if not judge_answer(answer["policyDocument"], arn, connection.api.account, iam.conditions(request)).allowed:
        return message(403, "Forbidden")
    passed = {name: str(value) for name, value in (answer.get("context") or {}).items()}
    connection.authorizer = {**passed, "principalId": str(answer.get("principalId", ""))}
    return None


def _by_iam(request: WebSocketRequest, connection: Connection, arn: str) -> Response | None:
    try:
        caller, _ = iam.caller_of(request)
    except (iam.NotSigned, iam.NotValid, iam.HasExpired) as error:
        return message(403, str(error))
    decision = iam.decide(caller, arn, connection.api.account, iam.conditions(request))
    return None if decision.allowed else message(403, iam.refusal_text(caller.principal.arn, arn, decision))


def _value(request: WebSocketRequest, connection: Connection, source: str) -> str | None:
    place, _, name = source.removeprefix("route.request.").partition(".")
    match place:
        case "header":
            return request.headers.get(name)
        case "querystring":
            return request.args.get(name)
        case "stageVariables":
            return (connection.stage.get("stageVariables") or {}).get(name)
    return None
