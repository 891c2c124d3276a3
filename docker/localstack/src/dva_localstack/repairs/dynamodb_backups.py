"""Point-in-time recovery, exports to S3 and imports from S3.

Faults of MiniStack: recovery and exports do not ask for point-in-time recovery; an export writes nothing; an import
reads from MiniStack's own S3, which is not ours.
"""

import base64
import gzip
import hashlib
import json
import time
from collections.abc import Callable
from typing import Any

from dva_localstack.repairs import buckets

Answer = tuple[int, dict[str, str], Any]

LONGEST_DAYS = 35
"""https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/PointInTimeRecovery_Howitworks.html"""

UNAVAILABLE = "PointInTimeRecoveryUnavailableException"

CONTINUOUS: dict[tuple[str, str], dict[str, Any]] = {}
"""Since when a table can be restored, and for how many days: by the account and the table's id."""


def apply(ddb: Any) -> None:
    """Put these operations in the place of MiniStack's."""
    ddb._update_continuous_backups = updating(ddb, ddb._update_continuous_backups)
    ddb._describe_continuous_backups = describing(ddb, ddb._describe_continuous_backups)
    ddb._restore_table_to_point_in_time = needing_recovery(
        ddb, ddb._restore_table_to_point_in_time, lambda data: data.get("SourceTableName") or data.get("SourceTableArn")
    )
    export = exporting(ddb, ddb._export_table_to_point_in_time)
    ddb._export_table_to_point_in_time = needing_recovery(ddb, export, lambda data: data.get("TableArn"))
    ddb._EXPORT_COMPLETE_AFTER_SEC = float("inf")
    ddb._import_source_objects = importing(ddb)


def table_of(ddb: Any, name: Any) -> dict[str, Any]:
    """Return the table that a name or an ARN means; empty if there is none."""
    return ddb._tables.get(ddb._normalize_table_name(name)) or {} if isinstance(name, str) else {}


def key_of(ddb: Any, table: dict[str, Any]) -> tuple[str, str]:
    """Return the key of a table in :data:`CONTINUOUS`."""
    return ddb.get_account_id(), str(table.get("TableId"))


def updating(ddb: Any, original: Callable[[Any], Answer]) -> Callable[[Any], Answer]:
    """Fault: the days of recovery are dropped, whatever their number."""

    def update(data: Any) -> Answer:
        wanted = data.get("PointInTimeRecoverySpecification") or {}
        days = wanted.get("RecoveryPeriodInDays")
        if days is not None and not 1 <= days <= LONGEST_DAYS:
            message = f"RecoveryPeriodInDays must be between 1 and {LONGEST_DAYS}"
            return ddb.error_response_json("ValidationException", message, 400)
        answer = original(data)
        if answer[0] != 200:
            return answer
        key = key_of(ddb, table_of(ddb, data.get("TableName")))
        if wanted.get("PointInTimeRecoveryEnabled"):
            held = CONTINUOUS.setdefault(key, {"since": time.time()})
            held["days"] = days or held.get("days") or LONGEST_DAYS
        else:
            CONTINUOUS.pop(key, None)
        return ddb._describe_continuous_backups(data)

    return update


def describing(ddb: Any, original: Callable[[Any], Answer]) -> Callable[[Any], Answer]:
    """Fault: a table can be restored to this very second only."""

    def describe(data: Any) -> Answer:
        status, headers, body = original(data)
        held = CONTINUOUS.get(key_of(ddb, table_of(ddb, data.get("TableName"))))
        if status != 200 or not held:
            return status, headers, body
        answer = json.loads(body)
        now = time.time()
        answer["ContinuousBackupsDescription"]["PointInTimeRecoveryDescription"] |= {
            "RecoveryPeriodInDays": held["days"],
            "EarliestRestorableDateTime": max(held["since"], now - held["days"] * 86400),
            "LatestRestorableDateTime": now,
        }
        return ddb.json_response(answer)

    return describe


def needing_recovery(
    ddb: Any, original: Callable[[Any], Answer], named: Callable[[Any], Any]
) -> Callable[[Any], Answer]:
    """Return an operation that is refused for a table without point-in-time recovery."""

    def serve(data: Any) -> Answer:
        table = table_of(ddb, named(data))
        if table and key_of(ddb, table) not in CONTINUOUS:
            message = f"Point in time recovery is not enabled for table '{table['TableName']}'"
            return ddb.error_response_json(UNAVAILABLE, message, 400)
        return original(data)

    return serve


def exporting(ddb: Any, original: Callable[[Any], Answer]) -> Callable[[Any], Answer]:
    """Fault: an export writes nothing."""

    def export(data: Any) -> Answer:
        known = set(ddb._exports)
        status, headers, body = original(data)
        if status != 200:
            return status, headers, body
        arn = json.loads(body)["ExportDescription"]["ExportArn"]
        if arn not in known:
            description = ddb._exports[arn]
            description.setdefault("ExportTime", description["StartTime"])
            description.setdefault("S3SseAlgorithm", "AES256")
            rows = table_of(ddb, data["TableArn"])["items"].values()
            items = [json.loads(json.dumps(item)) for row in list(rows) for item in list(row.values())]
            size = sum(ddb._item_size_bytes(item) for item in items)
            ddb.spawn_background(write, ddb.get_account_id(), description, items, size, thread_name="export")
            return ddb.json_response({"ExportDescription": description})
        return status, headers, body

    return export


def write(account: str, description: dict[str, Any], items: list[Any], size: int) -> None:
    """Write an export's files.

    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/S3DataExport.Output.html
    """
    if description["ExportFormat"] != "DYNAMODB_JSON" or description["ExportType"] != "FULL_EXPORT":
        failed = {"FailureCode": "NotEmulated", "FailureMessage": "Only full exports in DynamoDB JSON are written."}
        description.update(failed, ExportStatus="FAILED", EndTime=time.time())
        return
    bucket, prefix = description["S3Bucket"], description.get("S3Prefix", "").strip("/")
    folder = f"{prefix}/" * bool(prefix) + f"AWSDynamoDB/{description['ExportArn'].rpartition('/')[2]}"
    lines = "".join(json.dumps({"Item": item}, separators=(",", ":")) + "\n" for item in items).encode()
    packed = gzip.compress(lines, mtime=0)
    digest = hashlib.md5(packed)
    data_key = f"{folder}/data/{digest.hexdigest()[:26]}.json.gz"
    listed = {
        "itemCount": len(items),
        "md5Checksum": base64.b64encode(digest.digest()).decode(),
        "etag": digest.hexdigest(),
        "dataFileS3Key": data_key,
    }
    summary = {
        "version": "2020-06-30",
        "exportArn": description["ExportArn"],
        "startTime": moment(description["StartTime"]),
        "endTime": moment(time.time()),
        "tableArn": description["TableArn"],
        "tableId": description["TableId"],
        "exportTime": moment(description["ExportTime"]),
        "s3Bucket": bucket,
        "s3Prefix": prefix or None,
        "s3SseAlgorithm": description["S3SseAlgorithm"],
        "s3SseKmsKeyId": description.get("S3SseKmsKeyId"),
        "manifestFilesS3Key": f"{folder}/manifest-files.json",
        "billedSizeBytes": size,
        "itemCount": len(items),
        "outputFormat": "DYNAMODB_JSON",
        "exportType": "FULL_EXPORT",
    }
    try:
        buckets.put(account, bucket, f"{folder}/_started", b"")
        buckets.put(account, bucket, data_key, packed)
        for name, content in (("manifest-files", listed), ("manifest-summary", summary)):
            text = json.dumps(content, separators=(",", ":")).encode()
            buckets.put(account, bucket, f"{folder}/{name}.json", text)
            md5 = base64.b64encode(hashlib.md5(text).digest())
            buckets.put(account, bucket, f"{folder}/{name}.md5", md5)
    except buckets.NoBucket as error:
        code = str(error)
        description.update(FailureCode=f"S3{code}", FailureMessage=f"S3 answered {code}.")
        description.update(ExportStatus="FAILED", EndTime=time.time())
        return
    description.update(ItemCount=len(items), BilledSizeBytes=size, EndTime=time.time())
    description.update(ExportManifest=f"{folder}/manifest-summary.json", ExportStatus="COMPLETED")


def moment(seconds: float) -> str:
    """Return a time as a manifest tells it."""
    return time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(seconds))


def importing(ddb: Any) -> Callable[[Any, str], tuple[str, list[tuple[str, bytes]]]]:
    """Fault: what is imported is looked for in MiniStack's own S3."""

    def objects(source: Any, compression: str) -> tuple[str, list[tuple[str, bytes]]]:
        account, bucket = ddb.get_account_id(), source["S3Bucket"]
        prefix = source.get("S3KeyPrefix") or ""
        try:
            names = [name for name in buckets.keys(account, bucket, prefix) if not name.endswith("/")]
            if not names:
                message = f"No objects were found under s3://{bucket}/{prefix}"
                raise ddb._ImportFailed("S3NoSuchKey", message, table_created=False)
            found = [(name, buckets.get(account, bucket, name)) for name in names]
        except buckets.NoBucket as error:
            message = f"S3 answered {error}."
            raise ddb._ImportFailed(f"S3{error}", message, table_created=False) from error
        if compression == "GZIP":
            found = [(name, gzip.decompress(raw)) for name, raw in found]
        return bucket, found

    return objects
