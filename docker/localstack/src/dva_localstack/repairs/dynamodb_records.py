"""What is told of a change: sizes in a stream's records, and the records that Kinesis gets.

Faults of MiniStack: a record's size is 0; a record for Kinesis looks like one of a stream, with seconds for
milliseconds, and without the table's name.
"""

from typing import Any

MICROSECONDS = "MICROSECOND"


def apply(ddb: Any) -> None:
    """Complete both kinds of records."""
    build, fan_out = ddb._build_change_record, ddb._fan_out_to_kinesis

    def build_with_size(*args: Any) -> dict[str, Any]:
        record = build(*args)
        record["eventID"] = record["eventID"].replace("-", "")
        change = record["dynamodb"]
        change["SizeBytes"] = sum(ddb._item_size_bytes(change.get(part) or {}) for part in PARTS)
        return record

    def fan_out_as_documented(table_name: str, record: dict[str, Any]) -> None:
        fan_out(table_name, for_kinesis(ddb, table_name, record))

    ddb._build_change_record = build_with_size
    ddb._fan_out_to_kinesis = fan_out_as_documented


PARTS = ("Keys", "NewImage", "OldImage")


def for_kinesis(ddb: Any, table_name: str, record: dict[str, Any]) -> dict[str, Any]:
    """Return the record that a Kinesis stream gets.

    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/kds_gettingstarted.html
    """
    change = record["dynamodb"]
    destinations = ddb._kinesis_destinations.get(table_name) or [{}]
    precision = destinations[0].get("ApproximateCreationDateTimePrecision") or "MILLISECOND"
    units = 1_000_000 if precision == MICROSECONDS else 1000
    told = {name: change[name] for name in PARTS if name in change}
    return {
        "awsRegion": record["awsRegion"],
        "eventID": record["eventID"],
        "eventName": record["eventName"],
        "userIdentity": record.get("userIdentity"),
        "recordFormat": "application/json",
        "tableName": table_name,
        "dynamodb": {
            "ApproximateCreationDateTime": int(change["ApproximateCreationDateTime"] * units),
            "ApproximateCreationDateTimePrecision": precision,
            **told,
            "SizeBytes": change["SizeBytes"],
        },
        "eventSource": "aws:dynamodb",
    }
