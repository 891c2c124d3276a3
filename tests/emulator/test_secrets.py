"""Secrets Manager: rotation on schedule, requests sent twice, resource policies, replicas."""

import json
import subprocess
import uuid
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

PYTHON = Path(__file__).resolve().parents[2] / "docker/localstack/.venv/bin/python"


def refused(call: Any, code: str, **arguments: Any) -> str:
    """Assert that a call fails with ``code``; return the message."""
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    assert caught.value.response["Error"]["Code"] == code, caught.value.response
    return caught.value.response["Error"]["Message"]


@pytest.fixture
def secrets(aws: Any) -> Any:
    """A client with the secret ``db``."""
    client = aws("secretsmanager", parameter_validation=False)
    client.create_secret(Name="db", SecretString="first")
    return client


# Rotation: https://docs.aws.amazon.com/secretsmanager/latest/userguide/rotate-secrets_lambda-functions.html

ROTATION = """
    import boto3

    client = boto3.client("secretsmanager")

    def handler(event, context):
        print("STEP", event["Step"])
        secret, token = event["SecretId"], event["ClientRequestToken"]
        stages = client.describe_secret(SecretId=secret)["VersionIdsToStages"]
        assert "AWSPENDING" in stages[token]
        if event["Step"] == "createSecret":
            client.put_secret_value(
                SecretId=secret, ClientRequestToken=token, SecretString="rotated", VersionStages=["AWSPENDING"]
            )
        if event["Step"] == "finishSecret":
            current = next(version for version, labels in stages.items() if "AWSCURRENT" in labels)
            client.update_secret_version_stage(
                SecretId=secret, VersionStage="AWSCURRENT", MoveToVersionId=token, RemoveFromVersionId=current
            )
"""


@pytest.fixture
def rotation(functions: Any) -> str:
    """ARN of a function that rotates; Secrets Manager may invoke it."""
    name = functions.deploy(ROTATION)
    who = "secretsmanager.amazonaws.com"
    functions.client.add_permission(
        FunctionName=name, StatementId="rotation", Action="lambda:InvokeFunction", Principal=who
    )
    return functions.client.get_function(FunctionName=name)["Configuration"]["FunctionArn"]


def test_a_schedule_that_does_not_rotate_at_once_only_tests(
    secrets: Any, functions: Any, rotation: str, eventually: Any
) -> None:
    """https://docs.aws.amazon.com/secretsmanager/latest/APIReference/API_RotateSecret.html"""
    rules = {"ScheduleExpression": "cron(0 16 1,15 * ? *)", "Duration": "2h"}
    secrets.rotate_secret(SecretId="db", RotationLambdaARN=rotation, RotationRules=rules, RotateImmediately=False)
    name = rotation.rpartition(":")[2]
    assert eventually(lambda: functions.logged(name, "STEP")) == ["STEP testSecret\n"]
    found = secrets.describe_secret(SecretId="db")
    assert (found["RotationEnabled"], found["RotationRules"]) == (True, rules)
    assert (found["NextRotationDate"].hour, found["NextRotationDate"].day in (1, 15)) == (18, True)
    assert secrets.get_secret_value(SecretId="db")["SecretString"] == "first"
    assert eventually(
        lambda: list(secrets.describe_secret(SecretId="db")["VersionIdsToStages"].values()) == [["AWSCURRENT"]]
    )
    secrets.cancel_rotate_secret(SecretId="db")
    assert secrets.describe_secret(SecretId="db")["RotationEnabled"] is False


def test_a_rotation_leaves_one_current_version(secrets: Any, rotation: str, eventually: Any) -> None:
    """https://docs.aws.amazon.com/secretsmanager/latest/userguide/whats-in-a-secret.html"""
    started = secrets.rotate_secret(
        SecretId="db", RotationLambdaARN=rotation, RotationRules={"AutomaticallyAfterDays": 30}
    )
    assert eventually(lambda: secrets.get_secret_value(SecretId="db")["SecretString"] == "rotated")
    assert eventually(lambda: "LastRotatedDate" in secrets.describe_secret(SecretId="db"))
    stages = secrets.describe_secret(SecretId="db")["VersionIdsToStages"]
    assert stages.pop(started["VersionId"]) == ["AWSCURRENT"]
    assert list(stages.values()) == [["AWSPREVIOUS"]]


def test_rotation_needs_a_function_that_may_be_invoked(secrets: Any, functions: Any) -> None:
    """https://docs.aws.amazon.com/secretsmanager/latest/userguide/troubleshoot_rotation.html"""
    arn = functions.client.get_function(FunctionName=functions.deploy(ROTATION))["Configuration"]["FunctionArn"]
    message = refused(secrets.rotate_secret, "AccessDeniedException", SecretId="db", RotationLambdaARN=arn)
    assert "grants access to the principal secretsmanager.amazonaws.com" in message
    gone = arn.replace("fn-", "no-")
    refused(secrets.rotate_secret, "ResourceNotFoundException", SecretId="db", RotationLambdaARN=gone)


@pytest.mark.parametrize(
    "rules",
    [
        {"ScheduleExpression": "rate(1 hour)"},
        {"ScheduleExpression": "rate(30 minutes)"},
        {"ScheduleExpression": "cron(30 8 * * ? *)"},
        {"ScheduleExpression": "cron(0 8,10 * * ? *)"},
        {"ScheduleExpression": "weekly"},
        {"ScheduleExpression": "rate(4 hours)", "Duration": "5h"},
        {"ScheduleExpression": "rate(4 hours)", "AutomaticallyAfterDays": 3},
        {"AutomaticallyAfterDays": 3, "Duration": "25h"},
    ],
    ids=lambda rules: "-".join(str(value) for value in rules.values()),
)
def test_a_schedule_that_cannot_be(secrets: Any, rules: dict[str, Any]) -> None:
    """https://docs.aws.amazon.com/secretsmanager/latest/userguide/rotate-secrets_schedule.html"""
    arn = "arn:aws:lambda:us-east-1:123456789012:function:any"
    call = {"SecretId": "db", "RotationLambdaARN": arn, "RotationRules": rules}
    refused(secrets.rotate_secret, "InvalidParameterException", **call)


WINDOWS = [
    ({"AutomaticallyAfterDays": 30}, "2026-12-23T00:00:00"),
    ({"AutomaticallyAfterDays": 1}, "2026-11-24T00:00:00"),
    ({"ScheduleExpression": "rate(10 days)"}, "2026-12-03T00:00:00"),
    ({"ScheduleExpression": "rate(8 hours)"}, "2026-11-24T01:00:00"),
    ({"ScheduleExpression": "cron(0 8 1 * ? *)"}, "2026-12-01T08:00:00"),
    ({"ScheduleExpression": "cron(0 0 ? * SUN#1 *)"}, "2026-12-06T00:00:00"),
    ({}, None),
]


def test_when_a_rotation_window_opens() -> None:
    """Counted from 23 November 2026, 17:30, a Monday.

    https://docs.aws.amazon.com/secretsmanager/latest/userguide/rotate-secrets_schedule.html
    """
    code = """
import json, sys
from datetime import UTC, datetime
from dva_localstack.secretsmanager.schedule import next_window
after = datetime(2026, 11, 23, 17, 30, tzinfo=UTC)
opens = [next_window(rules, after) for rules in json.load(sys.stdin)]
print(json.dumps([each and each.replace(tzinfo=None).isoformat() for each in opens]))
"""
    rules = json.dumps([each for each, _ in WINDOWS])
    run = subprocess.run([PYTHON, "-c", code], input=rules, capture_output=True, text=True, check=True)
    assert json.loads(run.stdout) == [opens for _, opens in WINDOWS]


# Requests: https://docs.aws.amazon.com/secretsmanager/latest/APIReference/API_CreateSecret.html


def test_a_request_sent_twice_makes_one_secret(secrets: Any) -> None:
    request = {"Name": "once", "SecretString": "value", "ClientRequestToken": str(uuid.uuid4())}
    assert secrets.create_secret(**request)["ARN"] == secrets.create_secret(**request)["ARN"]
    refused(secrets.create_secret, "ResourceExistsException", **{**request, "SecretString": "other"})


def test_a_label_is_moved_from_where_it_is(secrets: Any) -> None:
    """https://docs.aws.amazon.com/secretsmanager/latest/APIReference/API_UpdateSecretVersionStage.html"""
    old = secrets.get_secret_value(SecretId="db")["VersionId"]
    new = secrets.put_secret_value(SecretId="db", SecretString="2", VersionStages=["AWSPENDING"])["VersionId"]
    move = {"SecretId": "db", "VersionStage": "AWSCURRENT", "MoveToVersionId": new}
    message = refused(secrets.update_secret_version_stage, "InvalidParameterException", **move)
    assert f"currently attached to version {old}" in message
    secrets.update_secret_version_stage(**move, RemoveFromVersionId=old)
    assert secrets.get_secret_value(SecretId="db")["SecretString"] == "2"
    assert secrets.get_secret_value(SecretId="db", VersionStage="AWSPREVIOUS")["VersionId"] == old


def test_a_deleted_secret_takes_no_value_and_the_message_is_plain(secrets: Any) -> None:
    """https://docs.aws.amazon.com/secretsmanager/latest/APIReference/API_DeleteSecret.html"""
    message = refused(secrets.delete_secret, "InvalidParameterException", SecretId="db", RecoveryWindowInDays=31)
    assert message == "The RecoveryWindowInDays value must be between 7 and 30 days (inclusive)."
    secrets.delete_secret(SecretId="db")
    message = refused(secrets.put_secret_value, "InvalidRequestException", SecretId="db", SecretString="2")
    assert message == "You can't perform this operation on the secret because it was marked for deletion."


def test_nonsense_is_refused(secrets: Any) -> None:
    """https://docs.aws.amazon.com/secretsmanager/latest/APIReference/API_BatchGetSecretValue.html"""
    refused(secrets.batch_get_secret_value, "InvalidParameterException")
    refused(secrets.list_secrets, "InvalidNextTokenException", NextToken="none")
    nothing = dict.fromkeys(("ExcludeLowercase", "ExcludeUppercase", "ExcludeNumbers", "ExcludePunctuation"), True)
    refused(secrets.get_random_password, "InvalidParameterException", **nothing)


def test_a_public_policy_can_be_blocked(secrets: Any) -> None:
    """https://docs.aws.amazon.com/secretsmanager/latest/APIReference/API_PutResourcePolicy.html"""

    def policy(principal: Any) -> str:
        reading = {"Effect": "Allow", "Principal": principal, "Action": "secretsmanager:*", "Resource": "*"}
        return json.dumps({"Version": "2012-10-17", "Statement": [reading]})

    put, one = secrets.put_resource_policy, policy({"AWS": "123456789012"})
    refused(put, "MalformedPolicyDocumentException", SecretId="db", ResourcePolicy="everyone")
    refused(put, "PublicPolicyException", SecretId="db", ResourcePolicy=policy("*"), BlockPublicPolicy=True)
    put(SecretId="db", ResourcePolicy=one, BlockPublicPolicy=True)
    assert json.loads(secrets.get_resource_policy(SecretId="db")["ResourcePolicy"]) == json.loads(one)
    assert secrets.validate_resource_policy(ResourcePolicy=one)["PolicyValidationPassed"] is True
    assert secrets.validate_resource_policy(ResourcePolicy=policy("*"))["PolicyValidationPassed"] is False


def test_a_replica_is_read_and_can_be_promoted(aws: Any, secrets: Any) -> None:
    """https://docs.aws.amazon.com/secretsmanager/latest/userguide/replicate-secrets.html"""
    there = aws.session.client("secretsmanager", region_name="eu-west-1", endpoint_url=aws.endpoint)
    secrets.replicate_secret_to_regions(SecretId="db", AddReplicaRegions=[{"Region": "eu-west-1"}])
    secrets.put_secret_value(SecretId="db", SecretString="second")
    assert there.get_secret_value(SecretId="db")["SecretString"] == "second"
    refused(there.put_secret_value, "InvalidRequestException", SecretId="db", SecretString="third")
    refused(secrets.delete_secret, "InvalidRequestException", SecretId="db")
    there.stop_replication_to_replica(SecretId="db")
    there.put_secret_value(SecretId="db", SecretString="own")
    assert secrets.get_secret_value(SecretId="db")["SecretString"] == "second"
