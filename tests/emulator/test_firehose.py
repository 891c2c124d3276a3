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


def refused(call: Callable[[], Any]) -> str:
    """Return the error code of a call that must fail."""
    with pytest.raises(ClientError) as error:
        call()
    return error.value.response["Error"]["Code"]


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
        """Create a delivery stream that waits for nothing, unless told otherwise."""
        self.client.create_delivery_stream(
            DeliveryStreamName="hose",
            ExtendedS3DestinationConfiguration={
                "RoleARN": self.role,
                "BucketARN": f"arn:aws:s3:::{self.bucket}",
                "BufferingHints": {"SizeInMBs": 1, "IntervalInSeconds": 0},
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
    report = json.loads(objects[bad])
    assert (report["rawData"], report["errorCode"]) == ("YmFk", "Lambda.ProcessingFailedStatus")


def test_a_function_that_fails_is_invoked_again(hose: Hose, functions: Any, eventually: Callable[..., Any]) -> None:
    """https://docs.aws.amazon.com/firehose/latest/dev/data-transformation-failure-handling.html"""
    arn = f"arn:aws:lambda:us-east-1:{hose.account.id}:function:{functions.deploy('def handler(e, c): 1 / 0')}"
    given = {"LambdaArn": arn, "NumberOfRetries": "1"}
    parameters = [{"ParameterName": name, "ParameterValue": value} for name, value in given.items()]
    processing = {"Enabled": True, "Processors": [{"Type": "Lambda", "Parameters": parameters}]}
    hose.create(ProcessingConfiguration=processing)
    hose.client.put_record(DeliveryStreamName="hose", Record={"Data": b"x"})
    ((key, content),) = eventually(hose.objects).items()
    report = json.loads(content)
    assert key.startswith("processing-failed/")
    assert (report["attemptsMade"], report["errorCode"]) == (2, "Lambda.FunctionError")


def test_a_prefix_has_the_time_and_the_object_is_compressed(hose: Hose, eventually: Callable[..., Any]) -> None:
    """https://docs.aws.amazon.com/firehose/latest/dev/s3-prefixes.html"""
    hose.create(Prefix="year=!{timestamp:yyyy}/", ErrorOutputPrefix="errors/", CompressionFormat="GZIP")
    hose.client.put_record(DeliveryStreamName="hose", Record={"Data": b"hello"})
    ((key, content),) = eventually(hose.objects).items()
    assert key.startswith(f"year={datetime.now(UTC):%Y}/hose-1-")
    assert key.endswith(".gz")
    assert gzip.decompress(content) == b"hello"


def test_records_wait_for_each_other(hose: Hose, eventually: Callable[..., Any]) -> None:
    """https://docs.aws.amazon.com/firehose/latest/dev/buffering-hints.html"""
    hose.create(BufferingHints={"SizeInMBs": 1, "IntervalInSeconds": 1})
    for text in (b"one ", b"two"):
        hose.client.put_record(DeliveryStreamName="hose", Record={"Data": text})
    assert hose.objects() == {}
    assert list(eventually(hose.objects).values()) == [b"one two"]


def test_a_full_buffer_does_not_wait(hose: Hose, eventually: Callable[..., Any]) -> None:
    """https://docs.aws.amazon.com/firehose/latest/dev/buffering-hints.html"""
    hose.create(BufferingHints={"SizeInMBs": 1, "IntervalInSeconds": 900})
    half = {"Data": b"x" * 2**19}
    hose.client.put_record_batch(DeliveryStreamName="hose", Records=[half, half])
    hose.client.put_record(DeliveryStreamName="hose", Record={"Data": b"waits"})
    assert [len(content) for content in eventually(hose.objects).values()] == [2**20]


def test_keys_in_the_data_choose_the_folder(hose: Hose, eventually: Callable[..., Any]) -> None:
    """https://docs.aws.amazon.com/firehose/latest/dev/dynamic-partitioning-partitioning-keys.html"""
    given = {"MetadataExtractionQuery": "{shop: .order.shop}", "JsonParsingEngine": "JQ-1.6"}
    parameters = [{"ParameterName": name, "ParameterValue": value} for name, value in given.items()]
    partitioned = {
        "Prefix": "shop=!{partitionKeyFromQuery:shop}/",
        "ErrorOutputPrefix": "errors/",
        "DynamicPartitioningConfiguration": {"Enabled": True},
        "ProcessingConfiguration": {
            "Enabled": True,
            "Processors": [
                {"Type": "MetadataExtraction", "Parameters": parameters},
                {"Type": "AppendDelimiterToRecord", "Parameters": []},
            ],
        },
    }
    assert refused(lambda: hose.create(**partitioned)) == "InvalidArgumentException"
    hose.create(**partitioned, BufferingHints={"SizeInMBs": 64, "IntervalInSeconds": 0})
    orders = [json.dumps({"order": {"shop": shop}}).encode() for shop in ("a", "b", "a")]
    hose.client.put_record_batch(
        DeliveryStreamName="hose", Records=[{"Data": order} for order in (*orders, b"no order")]
    )
    objects = eventually(lambda: len(hose.objects()) == 3 and hose.objects())
    found = {key.split("/")[0]: content for key, content in objects.items()}
    assert found["shop=a"] == orders[0] + b"\n" + orders[2] + b"\n"
    assert json.loads(found["errors"])["errorCode"] == "DynamicPartitioning.MetadataExtractionFailed"


def test_a_delivery_stream_reads_a_kinesis_stream(hose: Hose, eventually: Callable[..., Any]) -> None:
    """https://docs.aws.amazon.com/firehose/latest/dev/writing-with-kinesis-streams.html"""
    kinesis = hose.account("kinesis")
    kinesis.create_stream(StreamName="clicks", ShardCount=1)
    source = f"arn:aws:kinesis:us-east-1:{hose.account.id}:stream/clicks"
    hose.client.create_delivery_stream(
        DeliveryStreamName="hose",
        DeliveryStreamType="KinesisStreamAsSource",
        KinesisStreamSourceConfiguration={"KinesisStreamARN": source, "RoleARN": hose.role},
        ExtendedS3DestinationConfiguration={
            "RoleARN": hose.role,
            "BucketARN": f"arn:aws:s3:::{hose.bucket}",
            "BufferingHints": {"SizeInMBs": 1, "IntervalInSeconds": 0},
        },
    )
    kinesis.put_record(StreamName="clicks", Data=b"click", PartitionKey="k")
    assert list(eventually(hose.objects).values()) == [b"click"]
    put = {"DeliveryStreamName": "hose", "Record": {"Data": b"x"}}
    assert refused(lambda: hose.client.put_record(**put)) == "InvalidArgumentException"


def test_a_destination_has_defaults_and_keeps_what_a_change_leaves_out(hose: Hose) -> None:
    """https://docs.aws.amazon.com/firehose/latest/APIReference/API_UpdateDestination.html"""
    hose.create(BufferingHints={}, Prefix="raw/")
    change = {
        "DeliveryStreamName": "hose",
        "CurrentDeliveryStreamVersionId": "1",
        "DestinationId": "destinationId-000000000001",
        "ExtendedS3DestinationUpdate": {"CompressionFormat": "GZIP"},
    }
    hose.client.update_destination(**change)
    assert refused(lambda: hose.client.update_destination(**change)) == "ConcurrentModificationException"
    described = hose.client.describe_delivery_stream(DeliveryStreamName="hose")["DeliveryStreamDescription"]
    [destination] = described["Destinations"]
    destination = destination["ExtendedS3DestinationDescription"]
    assert destination["BufferingHints"] == {"SizeInMBs": 5, "IntervalInSeconds": 300}
    assert (destination["Prefix"], destination["CompressionFormat"]) == ("raw/", "GZIP")
    assert described["VersionId"] == "2"


@pytest.mark.parametrize(
    ("destination", "code"),
    [
        ({"BufferingHints": {"SizeInMBs": 129, "IntervalInSeconds": 60}}, "ValidationException"),
        ({"BufferingHints": {"SizeInMBs": 1, "IntervalInSeconds": 901}}, "ValidationException"),
        ({"CompressionFormat": "RAR"}, "ValidationException"),
        ({"Prefix": "!{shop:name}/", "ErrorOutputPrefix": "e/"}, "InvalidArgumentException"),
        ({"Prefix": "!{timestamp:yyyy}/"}, "InvalidArgumentException"),
        ({"ErrorOutputPrefix": "!{timestamp:yyyy}/"}, "InvalidArgumentException"),
        ({"DynamicPartitioningConfiguration": {"Enabled": True}}, "InvalidArgumentException"),
    ],
    ids=["size", "interval", "compression", "namespace", "no error prefix", "no error type", "no keys"],
)
def test_a_destination_that_makes_no_sense_is_refused(hose: Hose, destination: dict[str, Any], code: str) -> None:
    """https://docs.aws.amazon.com/firehose/latest/dev/s3-prefixes.html"""
    assert refused(lambda: hose.create(**destination)) == code


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
        assert refused(call) == "ResourceNotFoundException"


def test_names_come_in_pages(hose: Hose) -> None:
    """https://docs.aws.amazon.com/firehose/latest/APIReference/API_ListDeliveryStreams.html"""
    destination = {"RoleARN": hose.role, "BucketARN": f"arn:aws:s3:::{hose.bucket}"}
    for name in ("c", "a", "b"):
        hose.client.create_delivery_stream(DeliveryStreamName=name, S3DestinationConfiguration=destination)
    page = hose.client.list_delivery_streams(Limit=2)
    assert (page["DeliveryStreamNames"], page["HasMoreDeliveryStreams"]) == (["a", "b"], True)
    rest = hose.client.list_delivery_streams(ExclusiveStartDeliveryStreamName="b")
    assert (rest["DeliveryStreamNames"], rest["HasMoreDeliveryStreams"]) == (["c"], False)
