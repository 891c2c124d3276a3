"""``Lab``: an account of its own, and nothing left behind."""

import io
import json
import secrets
import zipfile

import boto3
import pytest
import requests
from botocore.config import Config
from IPython.core.interactiveshell import InteractiveShell

from dva import Lab, cleanup, sources
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


SOURCE = "def handler(event, context):\n    return {'was': event, 'where': __import__('os').environ.get('SHELF')}\n"


def test_a_function_from_the_labs_files_can_be_made_again(lab):
    """The second call brings code, settings and role up to date."""
    (lab.source).mkdir(parents=True)
    (lab.source / "app.py").write_text(SOURCE)
    role = lab.role("keeper", allow=[{"Action": "s3:GetObject", "Resource": "*"}])
    functions = lab.client("lambda")

    def answer():
        return json.load(functions.invoke(FunctionName=lab.name("keeper"), Payload="1")["Payload"])

    made = lab.function("keeper", "app.py", role=role, Timeout=9, Environment={"Variables": {"SHELF": "a"}})
    assert (made["State"], made["Timeout"], answer()) == ("Active", 9, {"was": 1, "where": "a"})
    (lab.source / "app.py").write_text(SOURCE.replace("'was'", "'is'"))
    again = lab.function("keeper", "app.py", role=lab.role("keeper"), MemorySize=256)
    assert (again["FunctionArn"], again["Timeout"], again["MemorySize"]) == (made["FunctionArn"], 3, 256)
    assert answer() == {"is": 1, "where": None}
    inline = lab.client("iam").get_role_policy(RoleName=lab.name("keeper"), PolicyName="lab")["PolicyDocument"]
    assert inline["Statement"] == [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}]
    attached = lab.client("iam").list_attached_role_policies(RoleName=lab.name("keeper"))["AttachedPolicies"]
    assert [policy["PolicyName"] for policy in attached] == ["AWSLambdaBasicExecutionRole"]


def test_clients_keep_the_endpoint_and_the_options_of_their_caller(lab):
    machines = lab.client("stepfunctions", config=Config(read_timeout=7))
    assert machines.meta.config.read_timeout == 7
    with pytest.raises(machines.exceptions.ClientError) as caught:
        machines.start_sync_execution(stateMachineArn=f"arn:aws:states:us-east-1:{lab.account_id}:stateMachine:none")
    assert caught.value.response["Error"]["Code"] == "StateMachineDoesNotExist"


def test_source_cells_are_saved_and_must_be_python(lab, monkeypatch):
    shell = InteractiveShell.instance()
    monkeypatch.setattr(sources, "get_ipython", lambda: shell)
    sources.offer(lab.source)
    shell.run_cell_magic("source", "app.py", SOURCE)
    assert (lab.source / "app.py").read_text() == SOURCE
    with pytest.raises(SyntaxError):
        shell.run_cell_magic("source", "app.py", "def handler(:\n")
    assert (lab.source / "app.py").read_text() == SOURCE


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
    reads_queues = "arn:aws:iam::aws:policy/service-role/AWSLambdaSQSQueueExecutionRole"
    iam.attach_role_policy(RoleName="kept", PolicyArn=reads_queues)
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
    make_events_and_more(account, role, arn["QueueArn"])
    make_a_network(account.client("ec2"))


def make_events_and_more(account, role, queue_arn):
    """Make what is found beside functions: rules, machines, secrets, caches, people."""
    events = account.client("events")
    bus = events.create_event_bus(Name="kept")["EventBusArn"]
    events.put_rule(Name="kept", EventBusName="kept", EventPattern='{"source": ["shop"]}')
    events.put_targets(Rule="kept", EventBusName="kept", Targets=[{"Id": "queue", "Arn": queue_arn}])
    events.create_archive(ArchiveName="kept", EventSourceArn=bus)
    machine = {"StartAt": "Done", "States": {"Done": {"Type": "Succeed"}}}
    account.client("stepfunctions").create_state_machine(name="kept", definition=json.dumps(machine), roleArn=role)
    account.client("secretsmanager").create_secret(Name="kept", SecretString="x")
    account.client("ssm").put_parameter(Name="/kept", Value="x", Type="String")
    cache = account.client("elasticache")
    cache.create_cache_cluster(CacheClusterId="kept", Engine="redis", CacheNodeType="cache.t4g.micro", NumCacheNodes=1)
    cache.create_replication_group(ReplicationGroupId="kept-too", ReplicationGroupDescription="x")
    iam = account.client("iam")
    iam.create_group(GroupName="kept")
    iam.create_user(UserName="kept")
    iam.add_user_to_group(GroupName="kept", UserName="kept")
    iam.create_access_key(UserName="kept")
    iam.attach_group_policy(GroupName="kept", PolicyArn="arn:aws:iam::aws:policy/ReadOnlyAccess")


def make_a_network(ec2):
    """Make a VPC whose parts hold on to each other."""
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.1.0/24")["Subnet"]["SubnetId"]
    gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(VpcId=vpc, InternetGatewayId=gateway)
    table = ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]
    ec2.associate_route_table(RouteTableId=table, SubnetId=subnet)
    ec2.create_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", GatewayId=gateway)
    address = ec2.allocate_address(Domain="vpc")["AllocationId"]
    ec2.create_nat_gateway(SubnetId=subnet, AllocationId=address)
    ec2.create_vpc_endpoint(
        VpcId=vpc, ServiceName="com.amazonaws.us-east-1.s3", VpcEndpointType="Gateway", RouteTableIds=[table]
    )
    one, other = (
        ec2.create_security_group(GroupName=name, Description=name, VpcId=vpc)["GroupId"] for name in ("one", "other")
    )
    for group, named in ((one, other), (other, one)):
        pair = {"IpProtocol": "tcp", "FromPort": 80, "ToPort": 80, "UserIdGroupPairs": [{"GroupId": named}]}
        ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[pair])


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
