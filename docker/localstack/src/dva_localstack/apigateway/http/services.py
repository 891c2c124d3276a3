"""Integrations of HTTP APIs with AWS services: one call of a service, as the integration's role.

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-aws-services-reference.html
"""

import json
from dataclasses import dataclass
from typing import Any
from xml.sax.saxutils import escape

from botocore.exceptions import ClientError, ParamValidationError
from localstack.http import Response
from localstack.services.apigateway.next_gen.execute_api.integrations.aws import get_service_factory
from localstack.utils.aws.client_types import ServicePrincipal

from . import answers
from .call import Call
from .configuration import Record
from .mapping import value_of

NUMBERS = ("DelaySeconds", "MaxNumberOfMessages", "VisibilityTimeout", "WaitTimeSeconds")
STRUCTURES = ("MessageAttributes", "MessageSystemAttributes", "AttributeNames", "MessageAttributeNames", "Resources")


@dataclass(frozen=True)
class Service:
    """What an integration calls."""

    client: str
    operation: str
    required: tuple[str, ...]
    optional: tuple[str, ...] = ()


SERVICES = {
    "EventBridge-PutEvents": Service(
        "events", "put_events", ("Detail", "DetailType", "Source"), ("EventBusName", "Resources", "Time", "TraceHeader")
    ),
    "SQS-SendMessage": Service(
        "sqs",
        "send_message",
        ("QueueUrl", "MessageBody"),
        (
            "DelaySeconds",
            "MessageAttributes",
            "MessageDeduplicationId",
            "MessageGroupId",
            "MessageSystemAttributes",
        ),
    ),
    "SQS-ReceiveMessage": Service(
        "sqs",
        "receive_message",
        ("QueueUrl",),
        (
            "AttributeNames",
            "MaxNumberOfMessages",
            "MessageAttributeNames",
            "ReceiveRequestAttemptId",
            "VisibilityTimeout",
            "WaitTimeSeconds",
        ),
    ),
    "SQS-DeleteMessage": Service("sqs", "delete_message", ("QueueUrl", "ReceiptHandle")),
    "SQS-PurgeQueue": Service("sqs", "purge_queue", ("QueueUrl",)),
    "Kinesis-PutRecord": Service(
        "kinesis",
        "put_record",
        ("StreamName", "Data", "PartitionKey"),
        ("SequenceNumberForOrdering", "ExplicitHashKey"),
    ),
    "StepFunctions-StartExecution": Service(
        "stepfunctions", "start_execution", ("StateMachineArn",), ("Name", "Input", "TraceHeader")
    ),
    "StepFunctions-StartSyncExecution": Service(
        "stepfunctions", "start_sync_execution", ("StateMachineArn",), ("Name", "Input", "TraceHeader")
    ),
    "StepFunctions-StopExecution": Service("stepfunctions", "stop_execution", ("ExecutionArn",), ("Cause", "Error")),
}


def fault(integration: Record) -> str | None:
    """Return why an integration with a service cannot be, None where it can."""
    subtype, given = integration["IntegrationSubtype"], integration.get("RequestParameters") or {}
    service = SERVICES.get(subtype)
    if service is None:
        return f"Invalid integration subtype {subtype}. It must be one of {', '.join(SERVICES)}"
    if not integration.get("CredentialsArn"):
        return "CredentialsArn is required for integrations with AWS services"
    missing = [name for name in service.required if name not in given]
    if missing:
        return f"Parameters: [{', '.join(missing)}] are required for the integration subtype {subtype}"
    unknown = [name for name in given if name not in (*service.required, *service.optional, "Region")]
    return f"Invalid parameters for the integration subtype {subtype}: [{', '.join(unknown)}]" if unknown else None


def answer(call: Call, integration: Record) -> Response:
    """Call the service, and answer as it does."""
    service = SERVICES[integration["integrationSubtype"]]
    given = {name: value_of(call, value) for name, value in (integration.get("requestParameters") or {}).items()}
    region = given.pop("Region", None) or call.api.region
    try:
        clients = get_service_factory(region_name=region, role_arn=integration["credentialsArn"])
        client = getattr(clients, service.client).request_metadata(
            service_principal=ServicePrincipal.apigateway, source_arn=call.source_arn
        )
        found = getattr(client, service.operation)(**_request(service, given))
    except (ClientError, ParamValidationError) as error:
        return _refusal(service, error)
    except ValueError as error:
        return answers.message(400, str(error))
    request_id = found.pop("ResponseMetadata", {}).get("RequestId", "")
    if service.client == "sqs":
        name = "".join(part.capitalize() for part in service.operation.split("_"))
        result = f"<{name}Result>{_xml(found)}</{name}Result>" if found else ""
        metadata = f"<ResponseMetadata><RequestId>{request_id}</RequestId></ResponseMetadata>"
        return Response(f"<{name}Response>{result}{metadata}</{name}Response>", 200, mimetype="text/xml")
    return Response(json.dumps(found, default=_plain, separators=(",", ":")), 200, mimetype="application/json")


def _request(service: Service, given: dict[str, str]) -> dict[str, Any]:
    request: dict[str, Any] = {}
    for name, value in given.items():
        if value == "" and name in service.optional:
            continue
        if name in STRUCTURES:
            request[name] = json.loads(value)
        elif name in NUMBERS:
            request[name] = int(value)
        else:
            request[name] = value
    if service.operation == "put_events":
        return {"Entries": [request]}
    # Step Functions takes parameters that begin with a small letter.
    small = service.client == "stepfunctions"
    return {name[0].lower() + name[1:] if small else name: value for name, value in request.items()}


def _refusal(service: Service, error: ClientError | ParamValidationError) -> Response:
    if not isinstance(error, ClientError):
        return answers.message(400, "Bad Request")
    found, status = error.response["Error"], error.response["ResponseMetadata"]["HTTPStatusCode"]
    if found["Code"] == "AccessDenied" and error.operation_name == "AssumeRole":
        return answers.internal_error()
    if service.client == "sqs":
        body = f"<Error><Code>{escape(found['Code'])}</Code><Message>{escape(found['Message'])}</Message></Error>"
        return Response(f"<ErrorResponse>{body}</ErrorResponse>", status, mimetype="text/xml")
    body = json.dumps({"__type": found["Code"], "message": found["Message"]}, separators=(",", ":"))
    return Response(body, status, mimetype="application/json")


def _xml(value: Any) -> str:
    if not isinstance(value, dict):
        return escape(str(value))
    parts = []
    for name, item in value.items():
        for one in item if isinstance(item, list) else [item]:
            tag = name.removesuffix("s") if isinstance(item, list) else name
            parts.append(f"<{tag}>{_xml(one)}</{tag}>")
    return "".join(parts)


def _plain(value: Any) -> Any:
    return value.timestamp() if hasattr(value, "timestamp") else str(value)
