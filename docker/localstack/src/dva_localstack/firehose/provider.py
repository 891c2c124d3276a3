"""LocalStack's Firehose provider with our repairs."""

import base64
import gzip
import json
from datetime import UTC, datetime
from typing import Any

from localstack.aws.connect import connect_to
from localstack.services.firehose.provider import FirehoseProvider
from localstack.services.plugins import Service
from localstack.utils.aws.arns import parse_arn, s3_bucket_name
from localstack.utils.aws.client_types import ServicePrincipal

from .objects import key_of

FAILED = "processing-failed"
"""Error output type of records that a transform did not process, and the default folder for them."""


class CourseFirehoseProvider(FirehoseProvider):
    """Faults: what a transform says about a record is ignored; prefixes are literal; nothing is compressed.

    https://docs.aws.amazon.com/firehose/latest/dev/data-transformation.html
    """

    def _preprocess_records(self, processor: dict[str, Any], records: list[dict[str, Any]]) -> list[dict[str, Any]]:
        if processor.get("Type") != "Lambda":
            return super()._preprocess_records(processor, records)
        given = {part["ParameterName"]: part["ParameterValue"] for part in processor.get("Parameters", [])}
        arn = given["LambdaArn"]
        sent = []
        for number, record in enumerate(records):
            data = record.get("Data") or record.get("data") or b""
            arrived = record.get("ApproximateArrivalTimestamp")
            sent.append(
                {
                    "recordId": str(number),
                    "approximateArrivalTimestamp": arrived,
                    "data": data if isinstance(data, str) else data.decode(),
                }
            )
        parts = parse_arn(arn)
        event = {"invocationId": key_of("", "i", datetime.now(UTC))[-36:], "region": parts["region"], "records": sent}
        client = connect_to(aws_access_key_id=parts["account"], region_name=parts["region"]).lambda_
        answer = client.invoke(FunctionName=arn, Payload=json.dumps(event))
        payload = json.loads(answer["Payload"].read() or "null")
        results = {}
        if not answer.get("FunctionError") and isinstance(payload, dict):
            results = {result.get("recordId"): result for result in payload.get("records", [])}
        kept = []
        for record in sent:
            result = results.get(record["recordId"], {"result": "ProcessingFailed"})
            if result.get("result") == "Ok":
                kept.append({"data": result["data"]})
            elif result.get("result") != "Dropped":
                kept.append({"data": record["data"], FAILED: arn})
        return kept

    def _put_records_to_s3_bucket(
        self, stream_name: str, records: list[dict[str, Any]], s3_destination_description: dict[str, Any]
    ) -> None:
        good = [data_of(record) for record in records if FAILED not in record]
        bad = [record for record in records if FAILED in record]
        prefix = s3_destination_description.get("Prefix") or ""
        if good:
            self._write(stream_name, s3_destination_description, prefix, b"".join(good))
        if bad:
            now = int(datetime.now(UTC).timestamp() * 1000)
            lines = [
                json.dumps(
                    {
                        "attemptsMade": 1,
                        "arrivalTimestamp": now,
                        "errorCode": "Lambda.FunctionError",
                        "errorMessage": "The Lambda function was not able to process the record.",
                        "attemptEndingTimestamp": now,
                        "rawData": record["data"],
                        "lambdaArn": record[FAILED],
                    }
                )
                for record in bad
            ]
            errors = s3_destination_description.get("ErrorOutputPrefix") or f"{prefix}{FAILED}/"
            self._write(stream_name, s3_destination_description, errors, "\n".join(lines).encode() + b"\n")

    def _write(self, stream: str, destination: dict[str, Any], prefix: str, body: bytes) -> None:
        extension = destination.get("FileExtension") or ""
        if destination.get("CompressionFormat") == "GZIP":
            body, extension = gzip.compress(body), extension or ".gz"
        key = key_of(prefix, stream, datetime.now(UTC), extension, FAILED)
        clients = connect_to.with_assumed_role(
            role_arn=destination["RoleARN"], service_principal=ServicePrincipal.firehose
        )
        client = clients.s3.request_metadata(source_arn=stream, service_principal=ServicePrincipal.firehose)
        client.put_object(Bucket=s3_bucket_name(destination["BucketARN"]), Key=key, Body=body)


def data_of(record: dict[str, Any]) -> bytes:
    """Return a record's data."""
    return base64.b64decode(record.get("Data") or record.get("data") or b"")


def create_service() -> Service:
    """Return Firehose."""
    return Service.for_provider(CourseFirehoseProvider())
