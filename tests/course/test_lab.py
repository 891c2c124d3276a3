"""``Lab``: an account of its own, and nothing left behind."""

import io
import json
import secrets
import zipfile

import boto3
import pytest
import requests

from dva import Lab, cleanup
from dva.checks import CheckFailed, check
from dva.errors import CourseError


@pytest.fixture
def lab(lab_environment):
    lab = Lab("a-lab", run=secrets.token_hex(4))
    yield lab
    lab._sweep_all()


def test_the_same_lab_finds_its_things_again(lab):
    bucket = lab.name("photos")
    lab.client("s3").create_bucket(Bucket=bucket)
    again = Lab("a-lab", run=lab.run)
    assert again.account_id == lab.account_id
    assert again.name("photos") == bucket
    assert [b["Name"] for b in again.client("s3").list_buckets()["Buckets"]] == [bucket]


def test_learners_labs_runs_and_labels_have_accounts_of_their_own(lab, monkeypatch):
    ids = {lab.account_id, lab.account("partner").account_id, Lab("b-lab", run=lab.run).account_id}
    ids.add(Lab("a-lab", run="another").account_id)
    monkeypatch.setenv("DVA_LEARNER", "somebody")
    ids.add(Lab("a-lab", run=lab.run).account_id)
    assert len(ids) == 5
    assert lab.account("partner") is lab.account("partner")


def test_plain_boto3_lands_in_the_labs_account(lab):
    assert boto3.client("sts").get_caller_identity()["Account"] == lab.account_id
    assert boto3.client("s3").meta.endpoint_url == lab.endpoint


def test_names_are_valid_for_buckets(lab):
    name = lab.name("b" * 52)
    assert len(name) == 63
    lab.client("s3").create_bucket(Bucket=name)


def test_no_server_is_one_sentence(lab_environment, monkeypatch):
    monkeypatch.setenv("DVA_ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(CourseError, match=r"Nothing answers at http://127\.0\.0\.1:9: run `dva up`"):
        Lab("a-lab")


def test_a_restarted_server_is_the_hint_of_the_next_check(lab, capsys):
    lab._server_session = "the one before"
    with pytest.raises(CheckFailed), check("it is on", hint="something else"):
        raise AssertionError("off")
    assert "has restarted and is empty: choose Run > Run All Above" in capsys.readouterr().out


def test_a_stopped_server_is_the_hint_of_the_next_check(lab, capsys, monkeypatch):
    monkeypatch.setattr(lab, "endpoint", "http://127.0.0.1:9")
    with pytest.raises(CheckFailed), check("it is on", hint="something else"):
        raise AssertionError("off")
    assert "does not answer: run `dva up`" in capsys.readouterr().out


def make_one_of_each(account, other_region=None):
    """Make one resource for every row of SWEEPS."""
    s3 = account.client("s3")
    bucket = account.name("kept")
    s3.create_bucket(Bucket=bucket)
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    for body in (b"1", b"2"):
        s3.put_object(Bucket=bucket, Key="a", Body=body)
    s3.delete_object(Bucket=bucket, Key="a")
    s3.create_multipart_upload(Bucket=bucket, Key="big")
    queue = account.client("sqs").create_queue(QueueName="kept")["QueueUrl"]
    arn = account.client("sqs").get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]
    account.client("sns").create_topic(Name="kept")
    iam = account.client("iam")
    trust = {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
        ],
    }
    policy = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:Get*", "Resource": "*"}]}
    role = iam.create_role(RoleName="kept", AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
    iam.put_role_policy(RoleName="kept", PolicyName="inline", PolicyDocument=json.dumps(policy))
    managed = iam.create_policy(PolicyName="kept", PolicyDocument=json.dumps(policy))["Policy"]["Arn"]
    iam.create_policy_version(PolicyArn=managed, PolicyDocument=json.dumps(policy), SetAsDefault=True)
    iam.attach_role_policy(RoleName="kept", PolicyArn=managed)
    package = io.BytesIO()
    with zipfile.ZipFile(package, "w") as archive:
        archive.writestr("app.py", "def handler(event, context):\n    return event\n")
    functions = account.client("lambda")
    functions.create_function(
        FunctionName="kept",
        Runtime="python3.13",
        Role=role,
        Handler="app.handler",
        Code={"ZipFile": package.getvalue()},
    )
    functions.get_waiter("function_active_v2").wait(FunctionName="kept")
    functions.publish_layer_version(LayerName="kept", Content={"ZipFile": package.getvalue()})
    functions.create_event_source_mapping(FunctionName="kept", EventSourceArn=arn["QueueArn"])
    account.client("logs").create_log_group(logGroupName="/kept")
    account.client("dynamodb").create_table(
        TableName="kept",
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
        DeletionProtectionEnabled=True,
    )
    account.client("kinesis").create_stream(StreamName="kept", ShardCount=1)


def test_cleanup_deletes_one_of_each_kind(lab, capsys):
    make_one_of_each(lab)
    lab.account("partner").client("sns").create_topic(Name="theirs")
    lab.client("sqs", region_name="eu-west-1").create_queue(QueueName="far")
    (lab.folder / "sub").mkdir()
    (lab.folder / "sub" / "file").write_text("x")
    every_service = {row.service for row in cleanup.SWEEPS}
    found = cleanup.leftovers(lab.client, every_service)
    assert {line.rsplit(" ", 1)[0] for line in found} == {f"{row.service} {row.kind}" for row in cleanup.SWEEPS}
    lab.cleanup()
    assert "nothing left behind" in capsys.readouterr().out
    assert cleanup.leftovers(lab.client, every_service) == []
    assert (
        "Topics" not in lab.account("partner").client("sns").list_topics()
        or not (lab.account("partner").client("sns").list_topics()["Topics"])
    )
    assert not lab.client("sqs", region_name="eu-west-1").list_queues().get("QueueUrls")
    assert list(lab.folder.iterdir()) == []


def test_cleanup_names_what_it_cannot_delete(lab, monkeypatch):
    lab.client("sqs").create_queue(QueueName="stuck")
    stubborn = [
        cleanup.Sweep(row.service, row.kind, row.find, lambda c, name: None) if row.kind == "queue" else row
        for row in cleanup.SWEEPS
    ]
    with monkeypatch.context() as patch:
        patch.setattr(cleanup, "SWEEPS", stubborn)
        patch.setattr(cleanup, "PATIENCE", 0.2)
        with pytest.raises(CourseError, match=r"Left behind: sqs queue .*stuck"):
            lab.cleanup()


def test_reset_says_what_it_did(lab, capsys):
    lab.client("sqs").create_queue(QueueName="one")
    lab.reset()
    assert "a-lab is empty again: 1 resource deleted" in capsys.readouterr().out


def test_the_server_that_lacks_a_service_is_told_in_one_line(lab_environment, emulator, monkeypatch, capsys, tmp_path):
    folder = tmp_path / "labs" / "1-development"
    folder.mkdir(parents=True)
    (folder / "a-lab.ipynb").write_text(json.dumps({"metadata": {"dva": {"services": ["s3", "teleportation"]}}}))
    monkeypatch.setattr("dva.lab.ROOT", tmp_path)
    Lab("a-lab", run="missing")
    assert "This server does not have teleportation" in capsys.readouterr().out
    assert requests.get(f"{emulator}/_localstack/health", timeout=5).ok
