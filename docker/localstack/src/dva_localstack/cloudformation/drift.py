"""Drift: what somebody changed about a stack's resources behind its back."""

import json
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import jmespath
from botocore.exceptions import ClientError
from localstack.aws.connect import connect_to
from localstack.services.cloudformation.v2.entities import Stack

from .convert import call
from .replacement import as_text
from .table import is_missing


@dataclass(frozen=True)
class Reader:
    """How resources of one type are read: an operation, and where it answers properties."""

    service: str
    operation: str
    key: dict[str, str]
    """Parameters: JMESPath over the model, with ``id`` for the physical id."""
    properties: dict[str, str]
    """Properties to JMESPath over the answer."""


QUEUE = ("VisibilityTimeout", "DelaySeconds", "MessageRetentionPeriod", "MaximumMessageSize")
FUNCTION = ("MemorySize", "Timeout", "Handler", "Runtime", "Description", "Environment", "Layers", "Role")
ROLE = ("Description", "MaxSessionDuration", "AssumeRolePolicyDocument", "Path")

READERS: dict[str, Reader] = {
    "AWS::DynamoDB::Table": Reader(
        "dynamodb",
        "describe_table",
        {"TableName": "id"},
        {
            "BillingMode": "Table.BillingModeSummary.BillingMode",
            "DeletionProtectionEnabled": "Table.DeletionProtectionEnabled",
            "KeySchema": "Table.KeySchema",
        },
    ),
    "AWS::IAM::Role": Reader("iam", "get_role", {"RoleName": "id"}, {name: f"Role.{name}" for name in ROLE}),
    "AWS::Lambda::Function": Reader(
        "lambda", "get_function_configuration", {"FunctionName": "id"}, {name: name for name in FUNCTION}
    ),
    "AWS::Logs::LogGroup": Reader(
        "logs",
        "describe_log_groups",
        {"logGroupNamePrefix": "id"},
        {"RetentionInDays": "logGroups[0].retentionInDays"},
    ),
    "AWS::S3::Bucket": Reader(
        "s3", "get_bucket_versioning", {"Bucket": "id"}, {"VersioningConfiguration": "{Status: Status}"}
    ),
    "AWS::SNS::Topic": Reader(
        "sns", "get_topic_attributes", {"TopicArn": "id"}, {"DisplayName": "Attributes.DisplayName"}
    ),
    "AWS::SQS::Queue": Reader(
        "sqs",
        "get_queue_attributes",
        {"QueueUrl": "id", "AttributeNames": "['All']"},
        {
            **{name: f"Attributes.{name}" for name in (*QUEUE, "KmsMasterKeyId")},
            "ReceiveMessageWaitTimeSeconds": "Attributes.ReceiveMessageWaitTimeSeconds",
        },
    ),
    "AWS::SSM::Parameter": Reader(
        "ssm", "get_parameter", {"Name": "id"}, {name: f"Parameter.{name}" for name in ("Value", "Type")}
    ),
}
"""The types whose drift is seen."""


def detect(stack: Stack) -> dict[str, Any]:
    """Compare a stack's resources with its template; return what DescribeStackDriftDetectionStatus answers.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-stack-drift.html
    """
    found = [judged(stack, name, item) for name, item in stack.resolved_resources.items() if item["Type"] in READERS]
    drifted = [item for item in found if item["StackResourceDriftStatus"] != "IN_SYNC"]
    now = datetime.now(tz=UTC)
    status = "DRIFTED" if drifted else "IN_SYNC"
    stack.drifts = found  # type: ignore[attr-defined]
    stack.drift = {"StackDriftStatus": status, "LastCheckTimestamp": now}  # type: ignore[attr-defined]
    return {
        "StackId": stack.stack_id,
        "StackDriftDetectionId": str(uuid.uuid4()),
        "StackDriftStatus": status,
        "DetectionStatus": "DETECTION_COMPLETE",
        "DriftedStackResourceCount": len(drifted),
        "Timestamp": now,
    }


def judged(stack: Stack, name: str, item: Any) -> dict[str, Any]:
    """Return the drift of one resource."""
    reader, physical, given = READERS[item["Type"]], item["PhysicalResourceId"], item.get("SpecifiedProperties") or {}
    template = {key: given[key] for key in reader.properties if given.get(key) is not None}
    record: dict[str, Any] = {
        "StackId": stack.stack_id,
        "LogicalResourceId": name,
        "PhysicalResourceId": physical,
        "ResourceType": item["Type"],
        "Timestamp": datetime.now(tz=UTC),
        "ExpectedProperties": json.dumps(template, separators=(",", ":")),
        "PropertyDifferences": [],
    }
    client = getattr(connect_to(aws_access_key_id=stack.account_id, region_name=stack.region_name), reader.service)
    scope = {"id": physical}
    try:
        answer = call(client, reader.operation, {key: jmespath.search(path, scope) for key, path in reader.key.items()})
    except ClientError as error:
        if "NonExistent" not in error.response["Error"]["Code"] and not is_missing(error):
            raise
        return {**record, "StackResourceDriftStatus": "DELETED"}
    actual = {key: jmespath.search(reader.properties[key], answer) for key in template}
    for key, expected in template.items():
        if as_text(expected) != as_text(actual[key]):
            kind = "REMOVE" if actual[key] is None else "NOT_EQUAL"
            difference = {"PropertyPath": f"/{key}", "ExpectedValue": shown(expected), "DifferenceType": kind}
            record["PropertyDifferences"].append({**difference, "ActualValue": shown(actual[key])})
    status = "MODIFIED" if record["PropertyDifferences"] else "IN_SYNC"
    properties = json.dumps(as_text(actual), separators=(",", ":"))
    return {**record, "ActualProperties": properties, "StackResourceDriftStatus": status}


def shown(value: Any) -> str:
    """Return a property's value as drift shows it."""
    return json.dumps(value, separators=(",", ":")) if isinstance(value, dict | list) else str(as_text(value) or "null")
