"""Enrichment and targets of pipes.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-event-target.html
"""

import json
from collections.abc import Callable, Iterable
from itertools import batched
from time import time
from typing import Any

from localstack.services.lambda_.event_source_mapping.pipe_utils import get_internal_client
from localstack.services.lambda_.event_source_mapping.pollers.poller import has_batch_item_failures
from localstack.services.lambda_.event_source_mapping.senders.sender import PartialFailureSenderError, SenderError
from localstack.utils.aws.arns import parse_arn, sqs_queue_url_for_arn

from .checks import service_of
from .store import Pipe
from .templates import as_text, resolved

PRINCIPAL = "pipes"
"""The service's name as LocalStack's clients take it."""

BATCH = 10
"""Entries that SQS, SNS and EventBridge take in one call."""

LONGEST_SESSION_NAME = 64
"""Characters: https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html"""

FIRE_AND_FORGET = "FIRE_AND_FORGET"


def client_for(pipe: Pipe, arn: str, service: str | None = None) -> Any:
    """Return a client of a resource's service that speaks as the pipe's role."""
    return get_internal_client(
        arn=arn,
        role_arn=pipe.request["RoleArn"],
        service_principal=PRINCIPAL,
        source_arn=pipe.arn,
        service=service,
        session_name=f"pipe-{pipe.name}"[:LONGEST_SESSION_NAME],
    )


def enrich(pipe: Pipe, events: list[Any]) -> list[Any]:
    """Return what a pipe's enrichment makes of a batch.

    :param pipe: a pipe with an enrichment, a function or an Express state machine
    :param events: the batch
    :return: the new batch; empty means that the target is not invoked
    :raises SenderError: the enrichment failed
    """
    answer = request_response(pipe, pipe.request["Enrichment"], events)
    if answer is None or answer in ({}, ""):
        return []
    return answer if isinstance(answer, list) else [answer]


def request_response(pipe: Pipe, arn: str, events: list[Any]) -> Any:
    """Invoke a function or an Express state machine with a batch and return its answer."""
    if service_of(arn) == "lambda":
        answer = client_for(pipe, arn).invoke(FunctionName=arn, Payload=json.dumps(events))
        payload = answer["Payload"].read()
        if answer.get("FunctionError"):
            raise SenderError(f"{arn} failed: {payload.decode()}", error={"message": payload.decode()})
        return json.loads(payload) if payload else None
    ended = client_for(pipe, arn).start_sync_execution(stateMachineArn=arn, input=json.dumps(events))
    if ended["status"] != "SUCCEEDED":
        raise SenderError(f"{arn} ended as {ended['status']}", error={"message": ended.get("cause", "")})
    return json.loads(ended["output"])


def deliver(pipe: Pipe, events: list[Any]) -> None:
    """Send a batch to a pipe's target.

    :param pipe: the pipe
    :param events: the batch, in the shape that the target gets
    :raises SenderError: the target failed, or a part of the batch
    """
    arn, parameters = pipe.request["Target"], pipe.request.get("TargetParameters") or {}
    DELIVERIES[service_of(arn)](pipe, arn, parameters, events)


def to_lambda(pipe: Pipe, arn: str, parameters: dict[str, Any], events: list[Any]) -> None:
    """Invoke a function with the whole batch; it may name the items that failed."""
    if (parameters.get("LambdaFunctionParameters") or {}).get("InvocationType") == FIRE_AND_FORGET:
        client_for(pipe, arn).invoke(FunctionName=arn, Payload=json.dumps(events), InvocationType="Event")
        return
    answer = request_response(pipe, arn, events)
    if isinstance(answer, dict) and has_batch_item_failures(answer):
        raise PartialFailureSenderError(partial_failure_payload=answer)


def to_states(pipe: Pipe, arn: str, parameters: dict[str, Any], events: list[Any]) -> None:
    """Start a state machine with the whole batch."""
    if (parameters.get("StepFunctionStateMachineParameters") or {}).get("InvocationType") == FIRE_AND_FORGET:
        client_for(pipe, arn).start_execution(stateMachineArn=arn, input=json.dumps(events))
        return
    request_response(pipe, arn, events)


def to_sqs(pipe: Pipe, arn: str, parameters: dict[str, Any], events: list[Any]) -> None:
    """Send each event as a message."""
    given = parameters.get("SqsQueueParameters") or {}
    client, url = client_for(pipe, arn), sqs_queue_url_for_arn(arn)
    for entries in numbered(events, lambda event: {"MessageBody": as_text(event), **resolve_all(given, event)}):
        require_all(client.send_message_batch(QueueUrl=url, Entries=entries).get("Failed"))


def to_sns(pipe: Pipe, arn: str, parameters: dict[str, Any], events: list[Any]) -> None:
    """Publish each event."""
    for entries in numbered(events, lambda event: {"Message": as_text(event)}):
        answer = client_for(pipe, arn).publish_batch(TopicArn=arn, PublishBatchRequestEntries=entries)
        require_all(answer.get("Failed"))


def to_events(pipe: Pipe, arn: str, parameters: dict[str, Any], events: list[Any]) -> None:
    """Put each event on a bus as the detail of a new one."""
    given = parameters.get("EventBridgeEventBusParameters") or {}
    defaults = {"Source": f"Pipe {pipe.name}", "DetailType": f"Event from aws:{service_of(pipe.request['Source'])}"}
    for group in batched(events, BATCH, strict=False):
        entries = [
            {"EventBusName": arn, "Detail": as_text(event), **defaults, **resolve_all(given, event)} for event in group
        ]
        answer = client_for(pipe, arn).put_events(Entries=entries)
        require_all([entry for entry in answer["Entries"] if entry.get("ErrorCode")])


def to_kinesis(pipe: Pipe, arn: str, parameters: dict[str, Any], events: list[Any]) -> None:
    """Put each event on a stream."""
    given = parameters["KinesisStreamParameters"]
    records = [
        {"Data": as_text(event).encode(), "PartitionKey": str(resolved(given["PartitionKey"], event))}
        for event in events
    ]
    answer = client_for(pipe, arn).put_records(StreamARN=arn, Records=records)
    require_all([record for record in answer["Records"] if record.get("ErrorCode")])


def to_firehose(pipe: Pipe, arn: str, parameters: dict[str, Any], events: list[Any]) -> None:
    """Put each event on a delivery stream."""
    records = [{"Data": as_text(event).encode()} for event in events]
    client_for(pipe, arn).put_record_batch(DeliveryStreamName=arn.split("/")[-1], Records=records)


def to_logs(pipe: Pipe, arn: str, parameters: dict[str, Any], events: list[Any]) -> None:
    """Write each event to a log group."""
    client, stream = client_for(pipe, arn), pipe.name
    group = parse_arn(arn)["resource"].removeprefix("log-group:").removesuffix(":*")
    if not client.describe_log_streams(logGroupName=group, logStreamNamePrefix=stream)["logStreams"]:
        client.create_log_stream(logGroupName=group, logStreamName=stream)
    now = int(time() * 1000)
    client.put_log_events(
        logGroupName=group,
        logStreamName=stream,
        logEvents=[{"timestamp": now, "message": as_text(event)} for event in events],
    )


DELIVERIES: dict[str, Callable[[Pipe, str, dict[str, Any], list[Any]], None]] = {
    "events": to_events,
    "firehose": to_firehose,
    "kinesis": to_kinesis,
    "lambda": to_lambda,
    "logs": to_logs,
    "sns": to_sns,
    "sqs": to_sqs,
    "states": to_states,
}


def numbered(events: list[Any], entry: Callable[[Any], dict[str, Any]]) -> Iterable[list[dict[str, Any]]]:
    """Yield batches of entries that have an id."""
    for group in batched(events, BATCH, strict=False):
        yield [{"Id": str(number), **entry(event)} for number, event in enumerate(group)]


def resolve_all(parameters: dict[str, Any], event: Any) -> dict[str, Any]:
    """Return a target's parameters, paths among them looked up in the event."""
    return {name: resolved(value, event) for name, value in parameters.items() if name != "EndpointId"}


def require_all(failed: list[Any] | None) -> None:
    """Raise a SenderError if a target refused a part of the batch."""
    if failed:
        raise SenderError(f"the target refused {failed}", error={"message": json.dumps(failed)})
