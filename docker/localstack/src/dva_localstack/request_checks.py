"""Refusals that no service model describes, for services that LocalStack serves by moto.

LocalStack 4.14 keeps any number of days for a log group, a parameter of any depth, a key policy that is no JSON, and
generates a data key of no size.
"""

import json
import re
from typing import Any

from localstack.aws.api import CommonServiceException, RequestContext

from dva_localstack.enforcement.resources.message_keys import existing as key_arn
from dva_localstack.iam import existing, passwords, quotas

RETENTION_DAYS = (
    *(1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731),
    *(1096, 1827, 2192, 2557, 2922, 3288, 3653),
)
"""https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html"""

PARAMETER_LEVELS = 15
"""https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_PutParameter.html"""


DAY_MILLISECONDS = 86_400_000


def refused(code: str, message: str) -> CommonServiceException:
    """Return an error to raise."""
    return CommonServiceException(code, message, status_code=400, sender_fault=True)


def check_retention(context: RequestContext, request: Any) -> None:
    """Refuse a number of days that is not on the list."""
    if request["retentionInDays"] not in RETENTION_DAYS:
        listed = ", ".join(map(str, RETENTION_DAYS))
        raise refused(
            "InvalidParameterException",
            f"1 validation error detected: Value '{request['retentionInDays']}' at 'retentionInDays' failed to satisfy "
            f"constraint: Member must satisfy enum value set: [{listed}]",
        )


def check_log_group_name(context: RequestContext, request: Any) -> None:
    """Refuse a name that is AWS's own.

    https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_CreateLogGroup.html
    """
    if request["logGroupName"].startswith("aws/"):
        raise refused("InvalidParameterException", "Log group names starting with 'aws/' are reserved for AWS use.")


def check_log_events(context: RequestContext, request: Any) -> None:
    """Refuse events of more than a day.

    https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutLogEvents.html
    """
    times = [event["timestamp"] for event in request["logEvents"]]
    if max(times) - min(times) > DAY_MILLISECONDS:
        raise refused(
            "InvalidParameterException",
            "The batch of log events in a single PutLogEvents request cannot span more than 24 hours.",
        )


def check_parameter(context: RequestContext, request: Any) -> None:
    """Refuse a parameter that Parameter Store does not keep."""
    name = request["Name"]
    if not re.fullmatch(r"[\w.\-/:]+", name):
        raise refused(
            "ValidationException",
            "Parameter name must be a fully qualified name of letters, numbers and the symbols .-_/ only.",
        )
    if name.strip("/").count("/") >= PARAMETER_LEVELS:
        raise refused(
            "HierarchyLevelLimitExceededException",
            f"Hierarchy can have a maximum of {PARAMETER_LEVELS} levels.",
        )
    if request.get("KeyId") and request.get("Type") == "SecureString":
        check_parameter_key(context, request["KeyId"])


def check_parameter_key(context: RequestContext, key: str) -> None:
    """Refuse a KMS key that does not exist."""
    if key_arn(key, context.account_id, context.region) is None:
        raise refused("InvalidKeyId", f"Key '{key}' does not exist")


def check_data_key(context: RequestContext, request: Any) -> None:
    """Refuse a data key with two sizes, or none."""
    if bool(request.get("KeySpec")) == bool(request.get("NumberOfBytes")):
        raise refused("ValidationException", "Please specify either number of bytes or key spec.")


def check_key_policy(context: RequestContext, request: Any) -> None:
    """Refuse a key policy that is no policy."""
    try:
        document = json.loads(request.get("Policy") or "{}")
    except ValueError:
        document = None
    if request.get("Policy") and not (isinstance(document, dict) and document.get("Statement")):
        raise refused("MalformedPolicyDocumentException", "Policy contains invalid statement or no statement.")


def check_secret_value(context: RequestContext, request: Any) -> None:
    """Refuse a secret with two values."""
    if request.get("SecretString") is not None and request.get("SecretBinary") is not None:
        raise refused("InvalidParameterException", "You can't specify both SecretString and SecretBinary.")


def check_iam(context: RequestContext, request: Any) -> None:
    """Refuse what IAM refuses because of what there is already, or because it is too much."""
    operation = context.operation.name if context.operation else ""
    for checks in (existing.CHECKS, quotas.CHECKS, passwords.CHECKS):
        for check in checks.get(operation, ()):
            check(context, request)


CHECKS = {
    **{("iam", operation): check_iam for operation in {*existing.CHECKS, *quotas.CHECKS, *passwords.CHECKS}},
    ("logs", "CreateLogGroup"): check_log_group_name,
    ("logs", "PutLogEvents"): check_log_events,
    ("logs", "PutRetentionPolicy"): check_retention,
    ("ssm", "PutParameter"): check_parameter,
    ("kms", "GenerateDataKey"): check_data_key,
    ("kms", "GenerateDataKeyWithoutPlaintext"): check_data_key,
    ("kms", "CreateKey"): check_key_policy,
    ("kms", "PutKeyPolicy"): check_key_policy,
    ("secretsmanager", "CreateSecret"): check_secret_value,
    ("secretsmanager", "PutSecretValue"): check_secret_value,
}
"""By service and operation."""
