"""One call or more to each service that labs use: ``python tests/tour.py`` starts a server, tours it and stops it.

For tests that watch what the server does meanwhile, and that cannot use pytest's fixtures where they run.
"""

import contextlib
import io
import json
import socket
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import requests
from botocore.config import Config

SERVER = Path(__file__).resolve().parent.parent / "docker/localstack/.venv/bin/dva-localstack"


class Tour:
    """A client for each service, in one account, and the calls."""

    def __init__(self, url: str, account: str = "777788889999") -> None:
        """Tour the server at ``url`` as ``account``."""
        self.url = url
        self.account = account
        self.session = boto3.Session(aws_access_key_id=account, aws_secret_access_key="test", region_name="us-east-1")

    def client(self, service: str) -> Any:
        """Return a boto3 client."""
        config = Config(retries={"max_attempts": 1}, s3={"addressing_style": "path"}, read_timeout=60)
        return self.session.client(service, endpoint_url=self.url, config=config)

    def run(self) -> list[str]:
        """Make all calls; return the names of the services."""
        stops = [name for name in dir(self) if name.startswith("call_")]
        for name in stops:
            getattr(self, name)()
        return [name.removeprefix("call_") for name in stops]

    def call_s3(self) -> None:
        s3 = self.client("s3")
        bucket = f"tour-{self.account}"
        s3.create_bucket(Bucket=bucket)
        s3.put_object(Bucket=bucket, Key="a", Body=b"1")
        url = s3.generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": "a"})
        assert requests.get(url, timeout=10).content == b"1"

    def call_sqs(self) -> None:
        sqs = self.client("sqs")
        queue = sqs.create_queue(QueueName="tour")["QueueUrl"]
        sqs.send_message(QueueUrl=queue, MessageBody="hello")
        assert sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=2)["Messages"]

    def call_sns(self) -> None:
        sns = self.client("sns")
        topic = sns.create_topic(Name="tour")["TopicArn"]
        sns.publish(TopicArn=topic, Message="hello")

    def call_dynamodb(self) -> None:
        dynamodb = self.client("dynamodb")
        dynamodb.create_table(
            TableName="tour",
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
            StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"},
        )
        dynamodb.put_item(TableName="tour", Item={"id": {"S": "1"}})
        assert self.client("dynamodbstreams").list_streams()["Streams"]

    def call_kinesis(self) -> None:
        self.client("kinesis").create_stream(StreamName="tour", ShardCount=1)

    def call_logs(self) -> None:
        self.client("logs").create_log_group(logGroupName="/tour")

    def call_cloudwatch(self) -> None:
        data = [{"MetricName": "m", "Value": 1}]
        self.client("cloudwatch").put_metric_data(Namespace="tour", MetricData=data)

    def call_iam(self) -> None:
        trusted = {"Service": ["lambda.amazonaws.com", "states.amazonaws.com"]}
        trust = {"Statement": [{"Effect": "Allow", "Principal": trusted, "Action": "sts:AssumeRole"}]}
        self.client("iam").create_role(RoleName="tour", AssumeRolePolicyDocument=json.dumps(trust))

    def call_sts(self) -> None:
        assert self.client("sts").get_caller_identity()["Account"] == self.account

    def call_ssm(self) -> None:
        self.client("ssm").put_parameter(Name="/tour", Value="1", Type="String")

    def call_secretsmanager(self) -> None:
        self.client("secretsmanager").create_secret(Name="tour", SecretString="1")

    def call_kms(self) -> None:
        self.client("kms").create_key()

    def call_events(self) -> None:
        self.client("events").put_events(Entries=[{"Source": "tour", "DetailType": "t", "Detail": "{}"}])

    def call_stepfunctions(self) -> None:
        client = self.client("stepfunctions")
        state = {"Type": "Pass", "Output": "{% 1 + 1 %}", "End": True}
        definition = {"QueryLanguage": "JSONata", "StartAt": "A", "States": {"A": state}}
        machine = client.create_state_machine(
            name="tour", definition=json.dumps(definition), roleArn=f"arn:aws:iam::{self.account}:role/tour"
        )["stateMachineArn"]
        run = client.start_execution(stateMachineArn=machine)["executionArn"]
        assert wait(lambda: client.describe_execution(executionArn=run).get("output")) == "2"

    def call_cloudformation(self) -> None:
        client = self.client("cloudformation")
        template = {"Resources": {"Queue": {"Type": "AWS::SQS::Queue"}}}
        client.create_stack(StackName="tour", TemplateBody=json.dumps(template))
        client.get_waiter("stack_create_complete").wait(StackName="tour", WaiterConfig={"Delay": 1, "MaxAttempts": 30})

    def call_apigateway(self) -> None:
        self.client("apigateway").create_rest_api(name="tour")

    def call_lambda(self) -> None:
        client = self.client("lambda")
        package = io.BytesIO()
        with zipfile.ZipFile(package, "w") as archive:
            archive.writestr("app.py", "def handler(event, context):\n    return event['n'] + 1\n")
        client.create_function(
            FunctionName="tour",
            Runtime="python3.13",
            Role=self.role("lambda.amazonaws.com"),
            Handler="app.handler",
            Code={"ZipFile": package.getvalue()},
        )
        client.get_waiter("function_active_v2").wait(FunctionName="tour", WaiterConfig={"Delay": 1, "MaxAttempts": 30})
        assert json.load(client.invoke(FunctionName="tour", Payload=b'{"n": 1}')["Payload"]) == 2

    def role(self, service: str) -> str:
        """Create a role that a service may assume; return its ARN."""
        statement = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
        trust = json.dumps({"Version": "2012-10-17", "Statement": statement})
        name = f"tour-{service.partition('.')[0]}"
        return self.client("iam").create_role(RoleName=name, AssumeRolePolicyDocument=trust)["Role"]["Arn"]

    def call_server(self) -> None:
        for path in ("/_localstack/health", "/_localstack/info", "/_localstack/plugins"):
            requests.get(self.url + path, timeout=20).raise_for_status()


def wait[T](probe: Callable[[], T], seconds: float = 30) -> T:
    """Call ``probe`` until it returns something true, and return that."""
    deadline = time.monotonic() + seconds
    while not (value := probe()):
        if time.monotonic() > deadline:
            raise TimeoutError(f"still {value!r} after {seconds} s")
        time.sleep(0.05)
    return value


@contextlib.contextmanager
def server(folder: Path, *options: str) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """Start a server whose state is in ``folder``; yield its URL and process, and stop it."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "emulator.log").open("wb") as log:
        process = subprocess.Popen(
            [SERVER, "--port", str(port), "--state", folder / "state", *options],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    url = f"http://127.0.0.1:{port}"

    def healthy() -> bool:
        if process.poll() is not None:
            raise RuntimeError((folder / "emulator.log").read_text()[-3000:])
        with contextlib.suppress(requests.ConnectionError):
            return requests.get(f"{url}/_localstack/health", timeout=5).ok
        return False

    try:
        wait(healthy, 60)
        yield url, process
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def main() -> None:
    """Start a server, tour it, stop it; print the services."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder, server(Path(folder)) as (url, _):
        print(" ".join(Tour(url).run()), file=sys.stdout)


if __name__ == "__main__":
    main()
