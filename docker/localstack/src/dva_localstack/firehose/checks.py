"""What a destination in S3 may be, and what it is if a request does not say.

https://docs.aws.amazon.com/firehose/latest/APIReference/API_ExtendedS3DestinationConfiguration.html
"""

from collections.abc import Mapping
from typing import Any

from localstack.aws.api.firehose import InvalidArgumentException

from .objects import PLACE
from .partitions import query_of

BUFFERING = {"SizeInMBs": 5, "IntervalInSeconds": 300}

DEFAULTS = {
    "CompressionFormat": "UNCOMPRESSED",
    "EncryptionConfiguration": {"NoEncryptionConfig": "NoEncryption"},
    "CloudWatchLoggingOptions": {"Enabled": False},
}

LEAST_PARTITIONED_MIB = 64
"""Smallest buffer of a stream with dynamic partitioning:
https://docs.aws.amazon.com/firehose/latest/dev/dynamic-partitioning.html"""

NAMESPACES = ("firehose", "partitionKeyFromLambda", "partitionKeyFromQuery", "timestamp")

ERROR_TYPE = "!{firehose:error-output-type}"

BATCH_BYTES = 4_194_304
"""Size of a PutRecordBatch: https://docs.aws.amazon.com/firehose/latest/dev/limits.html"""


def completed(destination: Mapping[str, Any], extended: bool) -> dict[str, Any]:
    """Return a destination with defaults for what it does not say."""
    backup = {"S3BackupMode": "Disabled"} if extended else {}
    hints = {**BUFFERING, **(destination.get("BufferingHints") or {})}
    return {**DEFAULTS, **backup, **destination, "BufferingHints": hints}


def check_destination(destination: Mapping[str, Any]) -> None:
    """Refuse a destination that makes no sense.

    :param destination: complete
    :raises InvalidArgumentException: it is refused
    """
    prefix, errors = destination.get("Prefix") or "", destination.get("ErrorOutputPrefix") or ""
    for text in (prefix, errors):
        for found in PLACE.finditer(text):
            if found[1] not in NAMESPACES:
                raise InvalidArgumentException(f"{found[0]} is not an expression that a prefix may have.")
    if ERROR_TYPE in prefix:
        raise InvalidArgumentException(f"Prefix cannot contain {ERROR_TYPE}.")
    if PLACE.search(prefix) and not errors:
        raise InvalidArgumentException("ErrorOutputPrefix must be specified when Prefix contains expressions.")
    if PLACE.search(errors) and ERROR_TYPE not in errors:
        raise InvalidArgumentException(f"ErrorOutputPrefix must contain {ERROR_TYPE} if it contains expressions.")
    partitioned = (destination.get("DynamicPartitioningConfiguration") or {}).get("Enabled")
    if ("!{partitionKeyFrom" in prefix) != bool(partitioned):
        raise InvalidArgumentException("Partition keys in Prefix and dynamic partitioning need each other.")
    if partitioned and destination["BufferingHints"]["SizeInMBs"] < LEAST_PARTITIONED_MIB:
        raise InvalidArgumentException(
            f"BufferingHints.SizeInMBs must be at least {LEAST_PARTITIONED_MIB} when dynamic partitioning is enabled."
        )
    for processor in (destination.get("ProcessingConfiguration") or {}).get("Processors") or []:
        if processor["Type"] == "MetadataExtraction":
            query_of(processor)


def parameters_of(processor: Mapping[str, Any]) -> dict[str, str]:
    """Return a processor's parameters by name."""
    return {part["ParameterName"]: part["ParameterValue"] for part in processor.get("Parameters") or []}
