"""Transforms: what a function and the other processors make of a batch.

https://docs.aws.amazon.com/firehose/latest/dev/data-transformation.html
"""

import base64
import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError
from localstack.aws.connect import connect_to
from localstack.utils.aws.arns import parse_arn

from .checks import parameters_of
from .partitions import keys_of, query_of

RETRIES = 3
"""How often a function that fails is invoked again, unless the processor's ``NumberOfRetries`` says otherwise."""


@dataclass
class Item:
    """A record on its way through a delivery stream."""

    data: str
    """In base64."""
    arrived: int
    """Milliseconds since 1970."""
    partition: dict[str, dict[str, str]] = field(default_factory=dict)
    """Partition keys, by namespace and name."""
    error: dict[str, Any] | None = None
    """What is written about it under the error prefix; None if all went well."""


def transformed(items: list[Item], destination: Mapping[str, Any]) -> list[Item]:
    """Return what a destination's processors make of records; those that are dropped are left out."""
    configuration = destination.get("ProcessingConfiguration") or {}
    if not configuration.get("Enabled"):
        return items
    for processor in configuration.get("Processors") or []:
        good = [item for item in items if not item.error]
        bad = [item for item in items if item.error]
        match processor["Type"]:
            case "Lambda":
                good = by_function(good, parameters_of(processor)) if good else []
            case "MetadataExtraction":
                extract(good, processor)
            case "AppendDelimiterToRecord":
                delimiter = parameters_of(processor).get("Delimiter", "\\n").encode().decode("unicode_escape").encode()
                for item in good:
                    item.data = base64.b64encode(base64.b64decode(item.data) + delimiter).decode()
        items = good + bad
    return items


def extract(items: list[Item], processor: Mapping[str, Any]) -> None:
    """Give records the partition keys that a query finds in them."""
    paths = query_of(processor)
    for item in items:
        keys = keys_of(item.data, paths)
        if keys is None:
            item.error = failure("DynamicPartitioning.MetadataExtractionFailed", "The record lacks a partition key.", 1)
        else:
            item.partition["partitionKeyFromQuery"] = keys


def by_function(items: list[Item], parameters: Mapping[str, str]) -> list[Item]:
    """Return what a function makes of records."""
    arn = parameters["LambdaArn"]
    retries = int(parameters.get("NumberOfRetries") or RETRIES)
    results: dict[str, Any] = {}
    code, attempts = "Lambda.FunctionError", 0
    while not results and attempts <= retries:
        attempts += 1
        results, code = invoked(arn, items)
    kept = []
    for number, item in enumerate(items):
        result = results.get(str(number), {"result": "ProcessingFailed"})
        if result.get("result") == "Dropped":
            continue
        if result.get("result") == "Ok":
            item.data = result["data"]
            if keys := (result.get("metadata") or {}).get("partitionKeys"):
                item.partition["partitionKeyFromLambda"] = {name: str(value) for name, value in keys.items()}
        else:
            item.error = failure(code, "The Lambda function was not able to process the record.", attempts)
            item.error["lambdaArn"] = arn
        kept.append(item)
    return kept


def invoked(arn: str, items: list[Item]) -> tuple[dict[str, Any], str]:
    """Invoke a function with records.

    :return: its results by record id, empty if it failed; and the error code for records that it did not process
    """
    parts = parse_arn(arn)
    records = [
        {"recordId": str(number), "approximateArrivalTimestamp": item.arrived, "data": item.data}
        for number, item in enumerate(items)
    ]
    event = {"invocationId": str(uuid.uuid4()), "region": parts["region"], "records": records}
    client = connect_to(aws_access_key_id=parts["account"], region_name=parts["region"]).lambda_
    try:
        answer = client.invoke(FunctionName=arn, Payload=json.dumps(event))
        payload = json.loads(answer["Payload"].read() or "null")
    except (ClientError, ValueError):
        return {}, "Lambda.InvokeFailed"
    if answer.get("FunctionError"):
        return {}, "Lambda.FunctionError"
    given = payload.get("records") if isinstance(payload, dict) else None
    if not isinstance(given, list):
        return {}, "Lambda.MissingRecordId"
    return {result.get("recordId"): result for result in given}, "Lambda.ProcessingFailedStatus"


def failure(code: str, message: str, attempts: int) -> dict[str, Any]:
    """Return what is written about a record that failed; the delivery adds its data and times."""
    return {"attemptsMade": attempts, "errorCode": code, "errorMessage": message}
