"""The calls by which a schedule invokes its target.

https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-targets.html
"""

import json
from dataclasses import dataclass
from typing import Any

from botocore import xform_name
from localstack import config
from localstack.aws.connect import connect_to
from localstack.aws.spec import load_service
from localstack.utils.aws.arns import parse_arn

from .checks import PRINCIPAL, UNIVERSAL

SDK_NAMES = {
    "cloudwatchlogs": "logs",
    "cognitoidentityprovider": "cognito-idp",
    "eventbridge": "events",
    "sfn": "stepfunctions",
}
"""Services that universal targets call otherwise than botocore."""


@dataclass(frozen=True)
class Call:
    """One API call."""

    service: str
    """As in botocore."""
    operation: str
    """For example ``SendMessage``."""
    parameters: dict[str, Any]


def queue_url(arn: str) -> str:
    """Return the URL of a queue, which need not exist."""
    parts = parse_arn(arn)
    return f"{config.internal_service_url()}/queue/{parts['region']}/{parts['account']}/{parts['resource']}"


def call_for(target: dict[str, Any], text: str, event_id: str) -> Call:
    """Return the call that invokes a target.

    :param target: as in the schedule
    :param text: the input, its keywords replaced
    :param event_id: a name for an execution of a state machine
    :raises ValueError: a universal target's input or action cannot be
    """
    arn = target["Arn"]
    if universal := UNIVERSAL.fullmatch(arn):
        service = SDK_NAMES.get(universal[1], universal[1])
        return Call(service, universal[2][0].upper() + universal[2][1:], json.loads(text or "{}"))
    match parse_arn(arn)["service"]:
        case "sqs":
            group = target.get("SqsParameters") or {}
            return Call("sqs", "SendMessage", {"QueueUrl": queue_url(arn), "MessageBody": text, **group})
        case "sns":
            return Call("sns", "Publish", {"TopicArn": arn, "Message": text})
        case "lambda":
            return Call("lambda", "Invoke", {"FunctionName": arn, "InvocationType": "Event", "Payload": text})
        case "states":
            return Call("stepfunctions", "StartExecution", {"stateMachineArn": arn, "name": event_id, "input": text})
        case "events":
            entry = {"EventBusName": arn, "Detail": text, **target["EventBridgeParameters"]}
            return Call("events", "PutEvents", {"Entries": [entry]})
        case "kinesis":
            stream = {"StreamName": arn.split("/")[-1], "Data": text.encode()}
            return Call("kinesis", "PutRecord", {**stream, **target["KinesisParameters"]})
        case "firehose":
            record = {"DeliveryStreamName": arn.split("/")[-1], "Record": {"Data": text.encode()}}
            return Call("firehose", "PutRecord", record)
    raise ValueError(f"{arn} cannot be invoked")


def perform(call: Call, region: str, role_arn: str, schedule_arn: str) -> None:
    """Make a call as the schedule's execution role.

    :param call: the call
    :param region: the schedule's Region
    :param role_arn: the execution role
    :param schedule_arn: the schedule
    :raises ClientError: the service, or STS, refused
    """
    if call.operation not in load_service(call.service).operation_names:
        raise ValueError(f"{call.service} has no operation {call.operation}")
    clients = connect_to.with_assumed_role(
        role_arn=role_arn, service_principal=PRINCIPAL, region_name=region, session_name="scheduler"
    )
    client = clients.get_client(call.service).request_metadata(source_arn=schedule_arn, service_principal=PRINCIPAL)
    getattr(client, xform_name(call.operation))(**call.parameters)
