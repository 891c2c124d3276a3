"""Services that run on MiniStack are part of the same cloud as LocalStack's own."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from emulator.people import allow, role

PYTHON = Path(__file__).resolve().parents[2] / "docker/localstack/.venv/bin/python"

TABLE = {
    "Type": "AWS::DynamoDB::Table",
    "Properties": {
        "TableName": "orders",
        "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
        "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
    },
}


def deploy(aws: Any, eventually: Callable[..., Any], resources: dict[str, Any]) -> str:
    """Create a stack; return the status in which it ends."""
    client = aws("cloudformation")
    client.create_stack(StackName="stack", TemplateBody=json.dumps({"Resources": resources}))

    def status() -> str | None:
        found = client.describe_stacks(StackName="stack")["Stacks"][0]["StackStatus"]
        return None if found.endswith("IN_PROGRESS") else found

    return eventually(status, 40)


def test_a_stack_makes_their_resources(aws: Any, eventually: Callable[..., Any]) -> None:
    stream = {"Type": "AWS::Kinesis::Stream", "Properties": {"Name": "clicks", "ShardCount": 1}}
    assert deploy(aws, eventually, {"Table": TABLE, "Stream": stream}) == "CREATE_COMPLETE"
    assert aws("dynamodb").list_tables()["TableNames"] == ["orders"]
    assert aws("kinesis").list_streams()["StreamNames"] == ["clicks"]


def test_a_stack_with_an_unknown_resource_fails(aws: Any) -> None:
    """LocalStack by itself downloads the list of what is known.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/troubleshooting.html
    """
    body = json.dumps({"Resources": {"What": {"Type": "AWS::Nothing::Here"}}})
    with pytest.raises(ClientError, match=r"Unrecognized resource types: \[AWS::Nothing::Here\]"):
        aws("cloudformation").create_stack(StackName="unknown", TemplateBody=body)


def test_a_state_machine_writes_to_a_table(aws: Any, eventually: Callable[..., Any]) -> None:
    """https://docs.aws.amazon.com/step-functions/latest/dg/connect-ddb.html"""
    properties = TABLE["Properties"]
    assert isinstance(properties, dict)
    aws("dynamodb").create_table(**properties)
    task = {
        "Type": "Task",
        "Resource": "arn:aws:states:::dynamodb:putItem",
        "Parameters": {"TableName": "orders", "Item": {"id": {"S.$": "$.id"}}},
        "End": True,
    }
    writer = role(aws, allow("dynamodb:PutItem"), principal={"Service": "states.amazonaws.com"})
    machine = aws("stepfunctions").create_state_machine(
        name="writer",
        definition=json.dumps({"StartAt": "Put", "States": {"Put": task}}),
        roleArn=writer,
    )["stateMachineArn"]
    aws("stepfunctions").start_execution(stateMachineArn=machine, input='{"id": "1"}')
    items = eventually(lambda: aws("dynamodb").scan(TableName="orders")["Items"])
    assert items == [{"id": {"S": "1"}}]


@pytest.mark.parametrize("kind", ["user", "role"])
def test_users_and_roles_reach_their_accounts_tables(aws: Any, kind: str) -> None:
    """MiniStack sees the account, not the caller's access key, which is no account id here."""
    properties = TABLE["Properties"]
    assert isinstance(properties, dict)
    aws("dynamodb").create_table(**properties)
    iam = aws("iam")
    allowed = json.dumps(
        {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "dynamodb:*", "Resource": "*"}]}
    )
    if kind == "user":
        iam.create_user(UserName="dev")
        iam.put_user_policy(UserName="dev", PolicyName="all", PolicyDocument=allowed)
        made = iam.create_access_key(UserName="dev")["AccessKey"]
        keys = {"aws_access_key_id": made["AccessKeyId"], "aws_secret_access_key": made["SecretAccessKey"]}
    else:
        trust = {
            "Version": "2012-10-17",
            "Statement": [{"Effect": "Allow", "Principal": {"AWS": aws.id}, "Action": "sts:AssumeRole"}],
        }
        made_role = iam.create_role(RoleName="dev", AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
        iam.put_role_policy(RoleName="dev", PolicyName="all", PolicyDocument=allowed)
        made = aws("sts").assume_role(RoleArn=made_role, RoleSessionName="session")["Credentials"]
        keys = {
            "aws_access_key_id": made["AccessKeyId"],
            "aws_secret_access_key": made["SecretAccessKey"],
            "aws_session_token": made["SessionToken"],
        }
    client = boto3.client("dynamodb", endpoint_url=aws.endpoint, region_name="us-east-1", **keys)
    assert client.list_tables()["TableNames"] == ["orders"]


def test_web_pages_may_not_read_answers_unless_localstack_says_so(aws: Any) -> None:
    """MiniStack by itself allows every origin."""
    seen = aws("dynamodb").list_tables()["ResponseMetadata"]["HTTPHeaders"]
    assert not [name for name in seen if name.startswith("access-control")]


def test_an_upgrade_is_not_hidden_by_a_stale_plugin_index(tmp_path: Path) -> None:
    """plux keeps its index of plugins in the state folder and notices changes by rounded file times."""
    code = (
        "import sys; from pathlib import Path; from dva_localstack.__main__ import drop_stale_plugin_cache as drop; "
        "drop(Path(sys.argv[1]))"
    )

    def start() -> None:
        subprocess.run([PYTHON, "-c", code, tmp_path], check=True)

    index = tmp_path / "plux" / "index.txt"
    index.parent.mkdir()
    index.write_text("old")
    start()
    assert not index.exists()
    index.parent.mkdir()
    index.write_text("current")
    start()
    assert index.read_text() == "current"
    (tmp_path / "plugins.key").write_text("of other packages")
    start()
    assert not index.exists()
