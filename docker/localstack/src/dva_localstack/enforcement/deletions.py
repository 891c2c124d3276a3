"""DeleteObjects deletes what its caller may delete, and answers the other objects with an error each.

https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html
"""

from typing import Any

from localstack.aws.api import CommonServiceException, RequestContext
from localstack.aws.chain import HandlerChain
from localstack.aws.protocol.serializer import create_serializer
from localstack.http import Response

KEPT_BACK = "dva_kept_back"
"""Attribute of a request context: the errors of the objects that its caller may not delete."""


def keep_back(context: RequestContext, refusals: dict[str, CommonServiceException]) -> None:
    """Take objects out of a DeleteObjects call, to answer them with errors.

    :param refusals: by ARN of the object
    """
    params: Any = context.service_request
    bucket, objects = params["Bucket"], params["Delete"]["Objects"]
    errors = []
    passed = []
    for each in objects:
        refusal = refusals.get(f"arn:aws:s3:::{bucket}/{each['Key']}")
        if refusal is None:
            passed.append(each)
        else:
            errors.append({**each, "Code": refusal.code, "Message": refusal.message})
    params["Delete"]["Objects"] = passed
    setattr(context, KEPT_BACK, errors)


def answer_all(chain: HandlerChain, context: RequestContext, response: Response) -> None:
    """Answer a DeleteObjects call none of whose objects its caller may delete."""
    response.update_from(serialized(context, {"Errors": getattr(context, KEPT_BACK)}))
    chain.stop()


def add_errors(chain: HandlerChain, context: RequestContext, response: Response) -> None:
    """Add the errors of what was kept back to the answer: a response handler of the gateway."""
    errors = getattr(context, KEPT_BACK, None)
    if errors and context.service_response and not context.service_exception:
        found: Any = context.service_response
        found["Errors"] = [*found.get("Errors", ()), *errors]
        response.update_from(serialized(context, found))


def serialized(context: RequestContext, answer: dict[str, Any]) -> Response:
    """Return a DeleteObjects answer as XML."""
    assert context.service is not None
    assert context.operation is not None
    assert context.protocol is not None
    serializer = create_serializer(context.service, context.protocol)
    return serializer.serialize_to_response(answer, context.operation, context.request.headers, context.request_id)
