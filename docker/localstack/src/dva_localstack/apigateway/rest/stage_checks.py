"""What AWS refuses to set for a stage of a REST API.

https://docs.aws.amazon.com/apigateway/latest/api/patch-operations.html#UpdateStage-Patch
"""

import re
from collections.abc import Mapping
from typing import Any

from localstack.aws.api.apigateway import BadRequestException

STAGE_NAME = re.compile(r"[a-zA-Z0-9_-]{1,128}")
VARIABLE_NAME = re.compile(r"\w+", re.ASCII)
VARIABLE_VALUE = re.compile(r"[A-Za-z0-9\-._~:/?#&=,]*")
LOG_LEVELS = ("OFF", "ERROR", "INFO")
MAXIMUM_TTL = 3600
"""Seconds for which an answer may be in a stage's cache."""

LOG_DESTINATION = re.compile(
    r"arn:[\w-]+:(logs:[\w-]+:\d{12}:log-group:[^:*]+(:\*)?|firehose:[\w-]+:\d{12}:deliverystream/amazon-apigateway-.+)"
)
REQUEST_ID = ("$context.requestId", "$context.extendedRequestId")
NO_ROLE = "CloudWatch Logs role ARN must be set in account settings to enable logging"


def check_stage(request: Mapping[str, Any]) -> None:
    """Refuse a stage's name or variables that AWS refuses."""
    if not STAGE_NAME.fullmatch(request["stageName"]):
        raise BadRequestException("Stage name only allows a-zA-Z0-9_-")
    for name, value in (request.get("variables") or {}).items():
        _check_variable(name, value)


def check_stage_changes(operations: list[Mapping[str, Any]], role: str | None, kept: Mapping[str, str]) -> None:
    """Refuse patch operations that AWS refuses.

    :param role: the account's role for CloudWatch Logs
    :param kept: the stage's settings of access logs
    """
    access = dict(kept)
    for operation in operations:
        path, value = operation.get("path") or "", str(operation.get("value") or "")
        if operation.get("op") == "remove":
            continue
        _check_setting(path, value, role)
        if path.startswith("/variables/"):
            _check_variable(path.removeprefix("/variables/"), value)
        if path.startswith("/accessLogSettings/"):
            access[path.rpartition("/")[2]] = value
    if access != dict(kept):
        check_access_logs(access.get("destinationArn") or "", access.get("format") or "")
        if not role and ":logs:" in access.get("destinationArn", ""):
            raise BadRequestException(NO_ROLE)


def check_access_logs(destination: str, line: str) -> None:
    """Refuse a destination that takes no logs, and a format without the request's id."""
    if destination and not LOG_DESTINATION.fullmatch(destination):
        raise BadRequestException(
            "Invalid ARN specified in the request. ARN must be of a log group or of a delivery stream whose name "
            "starts with amazon-apigateway-"
        )
    if line and not any(name in line for name in REQUEST_ID):
        raise BadRequestException(
            "Access log format must contain at least one of $context.requestId or $context.extendedRequestId"
        )


def _check_setting(path: str, value: str, role: str | None) -> None:
    if path.endswith("/logging/loglevel"):
        if value not in LOG_LEVELS:
            raise BadRequestException(f"Invalid logging level specified. Valid options are {','.join(LOG_LEVELS)}")
        if value != "OFF" and not role:
            raise BadRequestException(NO_ROLE)
    if path.endswith("/caching/ttlInSeconds") and not (value.isdigit() and int(value) <= MAXIMUM_TTL):
        raise BadRequestException(f"Invalid cache TTL specified. It must be between 0 and {MAXIMUM_TTL} seconds")


def _check_variable(name: str, value: str) -> None:
    if not VARIABLE_NAME.fullmatch(name):
        raise BadRequestException(f"Stage variable name only allows alphanumeric characters and _: {name}")
    if not VARIABLE_VALUE.fullmatch(value):
        raise BadRequestException(f"Stage variable value: {value} is not valid. It only allows A-Za-z0-9-._~:/?#&=,")
