"""BatchGetSecretValue answers the secrets that its caller may read one by one, and an error for each of the others.

https://docs.aws.amazon.com/secretsmanager/latest/APIReference/API_BatchGetSecretValue.html
"""

from collections.abc import Callable, Mapping
from typing import Any

from localstack.aws.api import CommonServiceException, RequestContext
from localstack.aws.chain import HandlerChain
from localstack.aws.protocol.serializer import create_serializer
from localstack.http import Response

JUDGE = "dva_judge_secret"
"""Attribute of a request context: what tells the refusals of reading one secret."""

type Judge = Callable[[Mapping[str, Any]], Mapping[str, CommonServiceException]]


def is_batch(context: RequestContext) -> bool:
    """Tell whether a call reads several secrets."""
    return context.operation is not None and context.operation.name == "BatchGetSecretValue"


def remember(context: RequestContext, judge: Judge) -> None:
    """Keep how the secrets of a batch are judged until they are known.

    :param judge: returns the refusals of GetSecretValue with certain parameters; none if it is allowed
    """
    setattr(context, JUDGE, judge)


def take_out(chain: HandlerChain, context: RequestContext, response: Response) -> None:
    """Put errors in the place of secrets that the caller may not read: a response handler of the gateway."""
    judge: Judge | None = getattr(context, JUDGE, None)
    if judge is None or not context.service_response or context.service_exception:
        return
    found: Any = context.service_response
    passed, errors = [], list(found.get("Errors") or ())
    for secret in found.get("SecretValues") or ():
        refused = next(iter(judge({"SecretId": secret["ARN"]}).values()), None)
        if refused is None:
            passed.append(secret)
        else:
            error = {"SecretId": secret["ARN"], "ErrorCode": type(refused).__name__, "Message": refused.message}
            errors.append(error)
    answer = {**found, "SecretValues": passed, "Errors": errors}
    assert context.service is not None
    assert context.operation is not None
    assert context.protocol is not None
    serializer = create_serializer(context.service, context.protocol)
    response.update_from(
        serializer.serialize_to_response(answer, context.operation, context.request.headers, context.request_id)
    )
