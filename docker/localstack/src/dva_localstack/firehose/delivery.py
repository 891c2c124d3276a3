"""Objects in S3.

https://docs.aws.amazon.com/firehose/latest/dev/basic-deliver.html
"""

import base64
import json
import logging
import time
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from itertools import groupby
from typing import Any

from localstack.aws.connect import connect_to
from localstack.utils.aws.arns import s3_bucket_name
from localstack.utils.aws.client_types import ServicePrincipal

from .objects import EXTENSIONS, compressed, key_of
from .transform import Item, transformed

LOG = logging.getLogger(__name__)

FAILED = "processing-failed"
"""Error output type of records that a transform did not process, and the default folder for them."""


def deliver(stream_arn: str, destination: Mapping[str, Any], items: list[Item]) -> None:
    """Transform records and write them to a destination.

    :param stream_arn: the delivery stream
    :param destination: in S3
    :param items: the records
    """
    backup = destination.get("S3BackupDescription") or {}
    if destination.get("S3BackupMode") == "Enabled" and backup:
        write(stream_arn, backup, backup.get("Prefix") or "", items)
    done = transformed(items, destination)
    prefix = destination.get("Prefix") or ""
    for partition, group in partitions(item for item in done if not item.error):
        write(stream_arn, destination, prefix, group, partition)
    if bad := [item for item in done if item.error]:
        errors = destination.get("ErrorOutputPrefix") or f"{prefix}{FAILED}/"
        lines = b"\n".join(json.dumps(report(item)).encode() for item in bad) + b"\n"
        put(stream_arn, destination, errors, bad, lines, {})


def partitions(items: Iterable[Item]) -> Iterable[tuple[dict[str, dict[str, str]], list[Item]]]:
    """Yield records by their partition keys."""

    def name(item: Item) -> str:
        return json.dumps(item.partition, sort_keys=True)

    for keys, group in groupby(sorted(items, key=name), key=name):
        yield json.loads(keys), list(group)


def report(item: Item) -> dict[str, Any]:
    """Return the line about a record that failed."""
    now = int(time.time() * 1000)
    times = {"arrivalTimestamp": item.arrived, "attemptEndingTimestamp": now}
    return {**(item.error or {}), **times, "rawData": item.data}


def write(
    stream_arn: str,
    destination: Mapping[str, Any],
    prefix: str,
    items: list[Item],
    partition: Mapping[str, Mapping[str, str]] | None = None,
) -> None:
    """Write records to one object."""
    body = b"".join(base64.b64decode(item.data) for item in items)
    put(stream_arn, destination, prefix, items, body, partition or {})


def put(
    stream_arn: str,
    destination: Mapping[str, Any],
    prefix: str,
    items: list[Item],
    body: bytes,
    partition: Mapping[str, Mapping[str, str]],
) -> None:
    """Put an object; its key has the time at which the first record came."""
    form = destination.get("CompressionFormat")
    extension = destination.get("FileExtension") or EXTENSIONS.get(form or "", "")
    moment = datetime.fromtimestamp(min(item.arrived for item in items) / 1000, UTC)
    key = key_of(prefix, stream_arn.split("/")[-1], moment, extension, FAILED, partition)
    clients = connect_to.with_assumed_role(role_arn=destination["RoleARN"], service_principal=ServicePrincipal.firehose)
    client = clients.s3.request_metadata(source_arn=stream_arn, service_principal=ServicePrincipal.firehose)
    client.put_object(Bucket=s3_bucket_name(destination["BucketARN"]), Key=key, Body=compressed(body, form))
