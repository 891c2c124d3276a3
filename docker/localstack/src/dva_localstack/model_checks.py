"""Requests to some of LocalStack's services that their models do not allow are refused before the provider sees them.

LocalStack 4.14 checks few of them: Lambda takes a timeout of 0 seconds, KMS an unknown key specification.
"""

from typing import Any

from localstack.aws.api import CommonServiceException, RequestContext
from localstack.aws.chain import HandlerChain
from localstack.http import Response

from dva_localstack import constraints
from dva_localstack.request_checks import CHECKS

SERVICES = {
    "events": "ValidationException",
    "firehose": "ValidationException",
    "kinesis": "ValidationException",
    "iam": "ValidationError",
    "kms": "ValidationException",
    "lambda": "ValidationException",
    "logs": "InvalidParameterException",
    "pipes": "ValidationException",
    "scheduler": "ValidationException",
    "secretsmanager": "ValidationException",
    "ssm": "ValidationException",
}
"""Services whose requests are checked, and the error that they answer:
https://docs.aws.amazon.com/lambda/latest/api/CommonErrors.html and its like for the others."""

LIMITS: dict[str, dict[str, dict[str, Any] | None]] = {
    # Kinesis calls these an InvalidArgumentException.
    "kinesis": {"GetRecordsInputLimit": None, "RetentionPeriodHours": None},
    "kms": {"PendingWindowInDaysType": {"min": 7, "max": 30}, "CiphertextType": None},
    "lambda": {
        "Timeout": {"max": 900},
        "MemorySize": {"max": 10240},
        # LocalStack checks these by itself, in AWS's words for them.
        "FunctionName": None,
        "FunctionArn": None,
        "NamespacedFunctionName": None,
        "Runtime": None,
        "RoleArn": None,
        "Architecture": None,
        "MaximumRetryAttempts": None,
        "MaximumEventAgeInSeconds": None,
        "LayerVersionArn": None,
        "EventSourcePosition": None,
    },
    "logs": {"Days": None},
}
"""What the models leave out: https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunction.html and
https://docs.aws.amazon.com/kms/latest/APIReference/API_ScheduleKeyDeletion.html"""


def check_request(_: HandlerChain, context: RequestContext, __: Response) -> None:
    """Refuse a request that its service's model does not allow; a handler of the gateway.

    :raises CommonServiceException: with one sentence for each value that is refused
    """
    code = SERVICES.get(context.service.service_name) if context.service else None
    if not code or not context.operation or context.service_request is None or context.is_internal_call:
        return
    service = context.service.service_name
    if shape := context.operation.input_shape:
        message = constraints.message(shape, context.service_request, LIMITS.get(service, {}))
        if message:
            raise CommonServiceException(code, message, status_code=400, sender_fault=True)
    if check := CHECKS.get((service, context.operation.name)):
        check(context, context.service_request)
