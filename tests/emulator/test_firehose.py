"""Data Firehose: transforms by a function, and objects in S3.

https://docs.aws.amazon.com/firehose/latest/dev/data-transformation.html
"""

import gzip
import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError

TRANSFORM = """
import base64

def handler(event, context):
    out = []
    for record in event["records"]:
        text = base64.b64decode(record["data"]).decode()
        result = {"drop": "Dropped", "bad": "ProcessingFailed"}.get(text, "Ok")
        data = base64.b64encode((text.upper() + "\\n").encode()).decode()
        out.append({"recordId": record["recordId"], "result": result, "data": data})
    return {"records": out}
"""


class Hose:
    """A delivery stream to a bucket of one account."""

    def __init__(self, account: Any) -> None:
        self.account = account
        self.client = account("firehose")
        self.s3 = account("s3")
        trust = {
            "Version": "2012-10-17",
            "Statement": [
                {"Effect": "Allow", "Principal": {"Service": "firehose.amazonaws.com"}, "Action": "sts:AssumeRole"}
            ],
        }
        allow = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
        iam = account("iam")
        self.role = iam.create_role(RoleName="hose", AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
        iam.put_role_policy(RoleName="hose", PolicyName="all", PolicyDocument=json.dumps(allow))
        self.bucket = f"lake-{account.id}"
        self.s3.create_bucket(Bucket=self.bucket)

    def create(self, **destination: Any) -> None:
        self.client.create_delivery_stream(
            DeliveryStreamName="hose",
            ExtendedS3DestinationConfiguration={
                "RoleARN": self.role,
                "BucketARN": f"arn:aws:s3:::{self.bucket}",
                **destination,
            },
        )

    def objects(self) -> dict[str, bytes]:
        """Return what is in the bucket, keys to contents."""
        found = self.s3.list_objects_v2(Bucket=self.bucket).get("Contents", [])
        return {item["Key"]: self.s3.get_object(Bucket=self.bucket, Key=item["Key"])["Body"].read() for item in found}


@pytest.fixture
def hose(aws: Any) -> Hose:
    """A delivery stream in a fresh account."""
    return Hose(aws)


def test_a_function_keeps_drops_and_fails_records(hose: Hose, functions: Any, eventually: Callable[..., Any]) -> None:
    """https://docs.aws.amazon.com/firehose/latest/dev/data-transformation-status-model.html"""
    arn = f"arn:aws:lambda:us-east-1:{hose.account.id}:function:{functions.deploy(TRANSFORM)}"
    hose.create(
        Prefix="good/",
        ErrorOutputPrefix="errors/!{firehose:error-output-type}/",
        ProcessingConfiguration={
            "Enabled": True,
            "Processors": [{"Type": "Lambda", "Parameters": [{"ParameterName": "LambdaArn", "ParameterValue": arn}]}],
        },
    )
    records = [{"Data": text} for text in (b"one", b"drop", b"bad", b"two")]
    answer = hose.client.put_record_batch(DeliveryStreamName="hose", Records=records)
    assert answer["FailedPutCount"] == 0
    objects = eventually(lambda: len(hose.objects()) == 2 and hose.objects())
    bad, good = sorted(objects)
    assert good.startswith("good/")
    assert objects[good] == b"ONE\nTWO\n"
    assert bad.startswith("errors/processing-failed/")
    assert json.loads(objects[bad])["rawData"] == "YmFk"


def test_a_prefix_has_the_time_and_the_object_is_compressed(hose: Hose, eventually: Callable[..., Any]) -> None:
    """https://docs.aws.amazon.com/firehose/latest/dev/s3-prefixes.html"""
    hose.create(Prefix="year=!{timestamp:yyyy}/", ErrorOutputPrefix="errors/", CompressionFormat="GZIP")
    hose.client.put_record(DeliveryStreamName="hose", Record={"Data": b"hello"})
    ((key, content),) = eventually(hose.objects).items()
    assert key.startswith(f"year={datetime.now(UTC):%Y}/hose-1-")
    assert key.endswith(".gz")
    assert gzip.decompress(content) == b"hello"


def test_a_plain_prefix_gets_the_hour(hose: Hose, eventually: Callable[..., Any]) -> None:
    """https://docs.aws.amazon.com/firehose/latest/dev/s3-object-name.html"""
    hose.create(Prefix="raw-")
    before = f"raw-{datetime.now(UTC):%Y/%m/%d/}"
    hose.client.put_record(DeliveryStreamName="hose", Record={"Data": b"hello"})
    assert next(iter(eventually(hose.objects))).startswith(before)


def test_a_stream_that_does_not_exist(hose: Hose) -> None:
    """https://docs.aws.amazon.com/firehose/latest/APIReference/API_PutRecord.html"""
    for call in (
        lambda: hose.client.put_record(DeliveryStreamName="missing", Record={"Data": b"x"}),
        lambda: hose.client.describe_delivery_stream(DeliveryStreamName="missing"),
    ):
        with pytest.raises(ClientError) as error:
            call()
        assert error.value.response["Error"]["Code"] == "ResourceNotFoundException"
