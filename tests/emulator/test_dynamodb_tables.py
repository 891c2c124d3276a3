"""DynamoDB tables: their settings, point-in-time recovery, exports, imports and change records for Kinesis."""

import gzip
import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

BY_ID = {
    "BillingMode": "PAY_PER_REQUEST",
    "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
    "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
}


@pytest.fixture
def dynamodb(aws: Any) -> Any:
    """A client with the empty table ``things``."""
    client = aws("dynamodb", parameter_validation=False)
    client.create_table(TableName="things", **BY_ID)
    return client


@pytest.fixture
def arn(aws: Any, dynamodb: Any) -> str:
    """The table's ARN."""
    return f"arn:aws:dynamodb:us-east-1:{aws.id}:table/things"


def refused(call: Any, code: str, **arguments: Any) -> str:
    """Assert that a call fails with ``code``; return the message."""
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    assert caught.value.response["Error"]["Code"] == code, caught.value.response
    return caught.value.response["Error"]["Message"]


def index(**projection: Any) -> dict[str, Any]:
    return {"IndexName": "by-id", "KeySchema": BY_ID["KeySchema"], "Projection": projection}


@pytest.mark.parametrize(
    "change",
    [
        {"StreamSpecification": {"StreamEnabled": True}},
        {"GlobalSecondaryIndexes": []},
        {"GlobalSecondaryIndexes": [index()]},
        {"GlobalSecondaryIndexes": [index(ProjectionType="ALL", NonKeyAttributes=["name"])]},
        {"Tags": [{"Key": str(number), "Value": ""} for number in range(51)]},
    ],
    ids=["stream", "no index", "no projection", "projection", "tags"],
)
def test_a_table_that_cannot_be(dynamodb: Any, change: dict[str, Any]) -> None:
    """https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_CreateTable.html"""
    refused(dynamodb.create_table, "ValidationException", TableName="other", **BY_ID, **change)
    assert dynamodb.list_tables()["TableNames"] == ["things"]
    refused(dynamodb.list_tables, "ValidationException", Limit=101)


def test_time_to_live_is_switched_once(dynamodb: Any) -> None:
    """https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_UpdateTimeToLive.html"""

    def switch(enabled: bool, attribute: str = "until") -> Any:
        setting = {"Enabled": enabled, "AttributeName": attribute}
        return dynamodb.update_time_to_live(TableName="things", TimeToLiveSpecification=setting)

    assert refused(switch, "ValidationException", enabled=False) == "TimeToLive is already disabled"
    switch(True)
    assert refused(switch, "ValidationException", enabled=True) == "TimeToLive is already enabled"
    assert "different AttributeName" in refused(switch, "ValidationException", enabled=True, attribute="end")
    switch(False)
    found = dynamodb.describe_time_to_live(TableName="things")["TimeToLiveDescription"]
    assert found == {"TimeToLiveStatus": "DISABLED"}


def test_a_table_becomes_on_demand_four_times_a_day(dynamodb: Any) -> None:
    """https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-switching-capacity-modes.html"""
    warm = dynamodb.describe_table(TableName="things")["Table"]["WarmThroughput"]
    assert (warm["ReadUnitsPerSecond"], warm["WriteUnitsPerSecond"]) == (12000, 4000)
    units = {"ReadCapacityUnits": 1, "WriteCapacityUnits": 1}
    for number in range(5):
        dynamodb.update_table(TableName="things", BillingMode="PROVISIONED", ProvisionedThroughput=units)
        if number < 4:
            dynamodb.update_table(TableName="things", BillingMode="PAY_PER_REQUEST")
    refused(dynamodb.update_table, "LimitExceededException", TableName="things", BillingMode="PAY_PER_REQUEST")


def test_one_index_is_made_at_a_time(dynamodb: Any) -> None:
    """https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_UpdateTable.html"""
    made = [{"Create": {**index(ProjectionType="ALL"), "IndexName": name}} for name in ("one", "two")]
    given = {"TableName": "things", "AttributeDefinitions": BY_ID["AttributeDefinitions"]}
    refused(dynamodb.update_table, "LimitExceededException", **given, GlobalSecondaryIndexUpdates=made)
    dynamodb.update_table(**given, GlobalSecondaryIndexUpdates=made[:1])


def test_a_table_is_as_large_as_its_items(dynamodb: Any) -> None:
    """https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html"""
    for key in ("a", "b"):
        dynamodb.put_item(TableName="things", Item={"id": {"S": key}, "text": {"S": "x" * 93}})
    assert dynamodb.describe_table(TableName="things")["Table"]["TableSizeBytes"] == 200


def test_a_resource_policy_is_a_policy(dynamodb: Any, arn: str) -> None:
    """https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_PutResourcePolicy.html"""
    reading = {"Effect": "Allow", "Principal": {"AWS": "123456789012"}, "Action": "dynamodb:GetItem", "Resource": arn}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [reading]})
    refused(dynamodb.put_resource_policy, "ValidationException", ResourceArn=arn, Policy="everyone")
    revision = dynamodb.put_resource_policy(ResourceArn=arn, Policy=policy)["RevisionId"]
    assert dynamodb.get_resource_policy(ResourceArn=arn)["RevisionId"] == revision


# Backups: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/PointInTimeRecovery_Howitworks.html


def recover(dynamodb: Any, **more: Any) -> dict[str, Any]:
    setting = {"PointInTimeRecoveryEnabled": True, **more}
    answer = dynamodb.update_continuous_backups(TableName="things", PointInTimeRecoverySpecification=setting)
    return answer["ContinuousBackupsDescription"]["PointInTimeRecoveryDescription"]


def test_a_table_is_restored_to_a_time_that_was_kept(dynamodb: Any) -> None:
    target = {"SourceTableName": "things", "TargetTableName": "again", "UseLatestRestorableTime": True}
    refused(dynamodb.restore_table_to_point_in_time, "PointInTimeRecoveryUnavailableException", **target)
    assert recover(dynamodb)["RecoveryPeriodInDays"] == 35
    refused(lambda: recover(dynamodb, RecoveryPeriodInDays=36), "ValidationException")
    assert recover(dynamodb, RecoveryPeriodInDays=7)["RecoveryPeriodInDays"] == 7
    dynamodb.put_item(TableName="things", Item={"id": {"S": "1"}})
    dynamodb.restore_table_to_point_in_time(**target)
    assert dynamodb.scan(TableName="again")["Count"] == 1


def test_an_export_is_files_in_s3(aws: Any, dynamodb: Any, arn: str, eventually: Any) -> None:
    """https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/S3DataExport.Output.html"""
    s3, bucket = aws("s3"), f"export-{aws.id}"
    s3.create_bucket(Bucket=bucket)
    target = {"TableArn": arn, "S3Bucket": bucket, "S3Prefix": "daily"}
    refused(dynamodb.export_table_to_point_in_time, "PointInTimeRecoveryUnavailableException", **target)
    recover(dynamodb)
    items = [{"id": {"S": str(number)}} for number in range(3)]
    for item in items:
        dynamodb.put_item(TableName="things", Item=item)
    export = dynamodb.export_table_to_point_in_time(**target)["ExportDescription"]

    def done() -> dict[str, Any] | None:
        found = dynamodb.describe_export(ExportArn=export["ExportArn"])["ExportDescription"]
        return found if found["ExportStatus"] != "IN_PROGRESS" else None

    found = eventually(done)
    assert (found["ExportStatus"], found["ItemCount"]) == ("COMPLETED", 3)

    def read(key: str) -> bytes:
        return s3.get_object(Bucket=bucket, Key=key)["Body"].read()

    summary = json.loads(read(found["ExportManifest"]))
    files = json.loads(read(summary["manifestFilesS3Key"]))
    lines = gzip.decompress(read(files["dataFileS3Key"])).decode().splitlines()
    assert sorted(json.loads(line)["Item"]["id"]["S"] for line in lines) == ["0", "1", "2"]
    assert files["dataFileS3Key"].startswith(f"daily/AWSDynamoDB/{export['ExportArn'].rpartition('/')[2]}/data/")


def test_an_import_makes_a_table_of_files_in_s3(aws: Any, dynamodb: Any, eventually: Any) -> None:
    """https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/S3DataImport.HowItWorks.html"""
    s3, bucket = aws("s3"), f"import-{aws.id}"
    s3.create_bucket(Bucket=bucket)
    s3.put_object(Bucket=bucket, Key="rows/1.csv", Body=b"id,name\n1,pen\n2,ink\n")

    def imported(name: str, prefix: str) -> dict[str, Any]:
        made = dynamodb.import_table(
            S3BucketSource={"S3Bucket": bucket, "S3KeyPrefix": prefix},
            InputFormat="CSV",
            TableCreationParameters={"TableName": name, **BY_ID},
        )["ImportTableDescription"]

        def done() -> dict[str, Any] | None:
            found = dynamodb.describe_import(ImportArn=made["ImportArn"])["ImportTableDescription"]
            return found if found["ImportStatus"] != "IN_PROGRESS" else None

        return eventually(done)

    assert imported("rows", "rows/")["ImportedItemCount"] == 2
    assert dynamodb.get_item(TableName="rows", Key={"id": {"S": "2"}})["Item"]["name"] == {"S": "ink"}
    failed = imported("none", "none/")
    assert (failed["ImportStatus"], failed["FailureCode"]) == ("FAILED", "S3NoSuchKey")


def test_kinesis_gets_a_record_of_each_change(aws: Any, dynamodb: Any, eventually: Any) -> None:
    """https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/kds.html"""
    kinesis = aws("kinesis")
    kinesis.create_stream(StreamName="changes", ShardCount=1)
    kinesis.get_waiter("stream_exists").wait(StreamName="changes", WaiterConfig={"Delay": 1, "MaxAttempts": 10})
    stream = kinesis.describe_stream_summary(StreamName="changes")["StreamDescriptionSummary"]["StreamARN"]
    dynamodb.enable_kinesis_streaming_destination(TableName="things", StreamArn=stream)

    def active() -> bool:
        found = dynamodb.describe_kinesis_streaming_destination(TableName="things")
        return found["KinesisDataStreamDestinations"][0]["DestinationStatus"] == "ACTIVE"

    eventually(active)
    dynamodb.put_item(TableName="things", Item={"id": {"S": "1"}})
    shard = {"ShardId": "shardId-000000000000", "ShardIteratorType": "TRIM_HORIZON"}
    place = kinesis.get_shard_iterator(StreamName="changes", **shard)["ShardIterator"]
    record = json.loads(eventually(lambda: kinesis.get_records(ShardIterator=place)["Records"])[0]["Data"])
    assert (record["tableName"], record["eventName"], record["recordFormat"]) == (
        "things",
        "INSERT",
        "application/json",
    )
    assert record["dynamodb"]["NewImage"] == {"id": {"S": "1"}}
    assert record["dynamodb"]["SizeBytes"] == 6
    assert record["dynamodb"]["ApproximateCreationDateTime"] > 10**12
