"""The partition keys of DynamoDB tables and indexes, asked once for each table."""

import logging
from typing import Any

LOG = logging.getLogger(__name__)

SCHEMAS: dict[str, dict[str | None, str]] = {}
"""Table ARN to index name (None for the table itself) to the partition key's name."""


def hash_key(arn: str, index: str | None = None) -> str | None:
    """Return the name of a table's partition key, or of an index's; None if there is no such table or index."""
    if arn not in SCHEMAS:
        found = described(arn)
        if found is None:
            return None
        SCHEMAS[arn] = found
    if index and index not in SCHEMAS[arn]:
        # An index can be added to a table at any time.
        SCHEMAS[arn] = described(arn) or {}
    return SCHEMAS[arn].get(index)


def described(arn: str) -> dict[str | None, str] | None:
    """Ask DynamoDB for the partition keys of a table and its indexes; None if there is no such table."""
    from botocore.exceptions import ClientError
    from localstack.aws.connect import connect_to

    _, _, _, region, account, resource = arn.split(":", 5)
    client: Any = connect_to(aws_access_key_id=account, region_name=region).dynamodb
    try:
        table = client.describe_table(TableName=resource.partition("/")[2])["Table"]
    except ClientError as error:
        LOG.debug("no schema of %s: %s", arn, error)
        return None
    indexes = [*table.get("GlobalSecondaryIndexes", ()), *table.get("LocalSecondaryIndexes", ())]
    return {None: partition(table["KeySchema"])} | {each["IndexName"]: partition(each["KeySchema"]) for each in indexes}


def partition(schema: list[dict[str, str]]) -> str:
    """Return the name of the partition key in a key schema."""
    return next(part["AttributeName"] for part in schema if part["KeyType"] == "HASH")


def forget(arn: str) -> None:
    """Drop what is known of a table."""
    SCHEMAS.pop(arn, None)
