"""Subscription filters of log groups: whom events are sent to.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/SubscriptionFilters.html
"""

import base64
import gzip
import json
from typing import Any

from botocore.exceptions import ClientError
from localstack.aws.api import RequestContext
from localstack.aws.api.logs import (
    InvalidParameterException,
    LimitExceededException,
    PutSubscriptionFilterRequest,
    ResourceNotFoundException,
)
from localstack.aws.connect import connect_to
from localstack.services.logs.models import get_moto_logs_backend
from localstack.utils.aws.arns import kinesis_stream_name, log_group_arn, parse_arn
from localstack.utils.aws.client_types import ServicePrincipal
from moto.logs.models import SubscriptionFilter

FILTERS = 2
"""Subscription filters of a log group:
https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/cloudwatch_limits_cwl.html"""


def put_for_function(context: RequestContext, request: PutSubscriptionFilterRequest) -> None:
    """Store a filter whose events a function gets.

    Fault: LocalStack asks for the function in the name of CloudWatch Logs, which is allowed to invoke it only, and so
    refuses every function.

    :raises ResourceNotFoundException: there is no such log group
    :raises InvalidParameterException: there is a role, or the function does not let CloudWatch Logs invoke it
    :raises LimitExceededException: the log group has two filters
    """
    name, destination = request["logGroupName"], request["destinationArn"]
    group = get_moto_logs_backend(context.account_id, context.region).groups.get(name)
    if group is None:
        raise ResourceNotFoundException("The specified log group does not exist.")
    if request.get("roleArn"):
        raise InvalidParameterException("destinationArn for vendor lambda cannot be used with roleArn")
    arn = parse_arn(destination)
    client = connect_to(aws_access_key_id=arn["account"], region_name=arn["region"]).lambda_
    try:
        in_the_name_of(client, name, context).invoke(FunctionName=destination, InvocationType="DryRun")
    except ClientError as error:
        raise InvalidParameterException(
            "Could not execute the lambda function. Make sure you have given CloudWatch Logs permission to execute "
            "your function."
        ) from error
    filters = group.subscription_filters
    if len(filters) >= FILTERS and request["filterName"] not in filters:
        raise LimitExceededException("Resource limit exceeded.")
    filters[request["filterName"]] = SubscriptionFilter(
        name=request["filterName"],
        log_group_name=name,
        filter_pattern=request["filterPattern"],
        destination_arn=destination,
        role_arn=None,
    )


def in_the_name_of(client: Any, group: str, context: RequestContext) -> Any:
    """Return a client that calls as CloudWatch Logs, because of a log group."""
    source = log_group_arn(group, context.account_id, context.region)
    return client.request_metadata(source_arn=f"{source}:*", service_principal=ServicePrincipal.logs)


def deliver(context: RequestContext, stream: Any, subscription: Any, events: list[Any]) -> None:
    """Send events to a subscription's destination: a function, a data stream or a delivery stream."""
    group = stream.log_group.name
    record = {
        "messageType": "DATA_MESSAGE",
        "owner": context.account_id,
        "logGroup": group,
        "logStream": stream.log_stream_name,
        "subscriptionFilters": [subscription.name],
        "logEvents": [
            {"id": str(event.event_id), "timestamp": event.timestamp, "message": event.message} for event in events
        ],
    }
    packed = gzip.compress(json.dumps(record, separators=(",", ":")).encode())
    destination = subscription.destination_arn
    arn = parse_arn(destination)
    service = "lambda_" if arn["service"] == "lambda" else arn["service"]
    if subscription.role_arn:
        factory = connect_to.with_assumed_role(
            role_arn=subscription.role_arn,
            service_principal=ServicePrincipal.logs,
            region_name=arn["region"],
        )
    else:
        factory = connect_to(aws_access_key_id=arn["account"], region_name=arn["region"])
    client = in_the_name_of(getattr(factory, service), group, context)
    if service == "lambda_":
        payload = {"awslogs": {"data": base64.b64encode(packed).decode()}}
        client.invoke(FunctionName=destination, InvocationType="Event", Payload=json.dumps(payload))
    elif service == "kinesis":
        client.put_record(StreamName=kinesis_stream_name(destination), Data=packed, PartitionKey=group)
    elif service == "firehose":
        client.put_record(DeliveryStreamName=arn["resource"].split("/")[-1], Record={"Data": packed})
