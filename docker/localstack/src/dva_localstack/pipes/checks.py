"""What a pipe may be.

https://docs.aws.amazon.com/eventbridge/latest/pipes-reference/API_CreatePipe.html
"""

import json
from collections.abc import Mapping
from typing import Any

from localstack.aws.api.events import InvalidEventPatternException
from localstack.aws.api.pipes import ValidationException
from localstack.services.events.event_rule_engine import EventPatternCompiler
from localstack.utils.aws.arns import parse_arn

SOURCES = {
    "sqs": "SqsQueueParameters",
    "kinesis": "KinesisStreamParameters",
    "dynamodb": "DynamoDBStreamParameters",
}
"""Services that can be a source here, and their parameters' name."""

TARGETS = ("events", "firehose", "kinesis", "lambda", "logs", "sns", "sqs", "states")
ENRICHMENTS = ("lambda", "states")

FILTERS = 5
"""Patterns that a pipe may have."""


def service_of(arn: str) -> str:
    """Return the service in an ARN.

    :raises ValidationException: it is no ARN
    """
    try:
        return parse_arn(arn)["service"]
    except ValueError as error:
        raise ValidationException(
            f"Parameter {arn} is not valid. Reason: Provided Arn is not in correct format."
        ) from error


def check(request: Mapping[str, Any]) -> None:
    """Refuse a pipe that Pipes refuses.

    :param request: the parameters of CreatePipe, or those of a pipe with an update's
    :raises ValidationException: it is refused
    """
    source = service_of(request["Source"])
    if source not in SOURCES:
        raise ValidationException(f"Source {request['Source']} is not supported.")
    parameters = request.get("SourceParameters") or {}
    others = [name for service, name in SOURCES.items() if service != source and name in parameters]
    if others:
        raise ValidationException(f"{others[0]} cannot be used with the source {request['Source']}.")
    if source != "sqs" and not (parameters.get(SOURCES[source]) or {}).get("StartingPosition"):
        raise ValidationException(f"StartingPosition must be specified in {SOURCES[source]}.")
    check_filters((parameters.get("FilterCriteria") or {}).get("Filters") or [])
    target = request["Target"]
    if service_of(target) not in TARGETS:
        raise ValidationException(f"Target {target} is not supported.")
    target_parameters = request.get("TargetParameters") or {}
    if target.endswith(".fifo") and not (target_parameters.get("SqsQueueParameters") or {}).get("MessageGroupId"):
        raise ValidationException("MessageGroupId must be specified for a FIFO queue.")
    if service_of(target) == "kinesis" and not target_parameters.get("KinesisStreamParameters"):
        raise ValidationException("KinesisStreamParameters must be specified for a stream.")
    if (enrichment := request.get("Enrichment")) and service_of(enrichment) not in ENRICHMENTS:
        raise ValidationException(f"Enrichment {enrichment} is not supported.")


def check_filters(filters: list[Mapping[str, Any]]) -> None:
    """Refuse patterns that are none, and more than five of them.

    :param filters: as in the request
    :raises ValidationException: they are refused
    """
    if len(filters) > FILTERS:
        raise ValidationException(f"Filters must have length less than or equal to {FILTERS}.")
    for entry in filters:
        try:
            pattern = json.loads(entry.get("Pattern") or "")
            EventPatternCompiler().compile_event_pattern(pattern)
        except (ValueError, InvalidEventPatternException) as error:
            raise ValidationException(f"Invalid filter pattern {entry.get('Pattern')}.") from error
