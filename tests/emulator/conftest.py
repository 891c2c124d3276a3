"""Fixtures for tests that deploy Lambda functions."""

import base64
import io
import json
import os
import re
import secrets
import signal
import socket
import subprocess
import textwrap
import time
import uuid
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests
from emulator.machines import Machines
from emulator.sts_world import World

SERVER = Path(__file__).resolve().parents[2] / "docker/localstack/.venv/bin/dva-localstack"


@pytest.fixture
def world(aws: Any) -> World:
    """A fresh account in which roles and users are made in one line."""
    return World(aws)


@pytest.fixture
def machines(aws: Any, eventually: Callable[..., Any]) -> Machines:
    """State machines of a fresh account."""
    return Machines(aws, eventually)


@pytest.fixture
def elsewhere(another_account: Callable[[], Any]) -> World:
    """Another such account."""
    return World(another_account())


@pytest.fixture
def s3(aws: Any) -> Any:
    """A client of S3 in a fresh account."""
    return aws("s3")


@pytest.fixture
def bucket(s3: Any) -> str:
    """An empty bucket."""
    name = f"bucket-{secrets.token_hex(6)}"
    s3.create_bucket(Bucket=name)
    return name


@pytest.fixture
def versioned(s3: Any, bucket: str) -> str:
    """An empty bucket with versioning."""
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    return bucket


@pytest.fixture
def sqs(aws: Any) -> Any:
    """A client in a fresh account."""
    return aws("sqs")


@pytest.fixture
def queue(sqs: Any) -> str:
    """URL of a standard queue."""
    return sqs.create_queue(QueueName="orders")["QueueUrl"]


@pytest.fixture
def fifo(sqs: Any) -> str:
    """URL of a FIFO queue without content-based deduplication."""
    return sqs.create_queue(QueueName="orders.fifo", Attributes={"FifoQueue": "true"})["QueueUrl"]


def archive(files: dict[str, str]) -> bytes:
    """Return a zip archive of ``files``, names to contents."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as bundle:
        for name, content in files.items():
            bundle.writestr(name, textwrap.dedent(content))
    return buffer.getvalue()


@dataclass
class Answer:
    """What an invocation returned."""

    payload: Any
    error: str | None
    version: str
    log: str

    @property
    def report(self) -> dict[str, str]:
        """The fields of the REPORT line, names to values."""
        line = next(line for line in self.log.splitlines() if line.startswith("REPORT"))
        return dict(field.split(": ", 1) for field in line.split("\t") if ": " in field)


class Functions:
    """Deploys and invokes functions in one account."""

    def __init__(self, account: Any) -> None:
        self.account = account
        self.client = account("lambda", read_timeout=60)
        self.deployed: list[str] = []
        self.roles: dict[str, str] = {}

    @staticmethod
    def archive(files: dict[str, str]) -> bytes:
        """Return a zip archive of ``files``, names to contents."""
        return archive(files)

    @property
    def role(self) -> str:
        """ARN of a role in this account that Lambda may assume and that may do everything."""
        return self.role_for("lambda", {"Effect": "Allow", "Action": "*", "Resource": "*"})

    def role_for(self, name: str, *statements: dict[str, Any]) -> str:
        """Return the ARN of an execution role of that name that may do what ``statements`` say."""
        if name not in self.roles:
            iam = self.account("iam")
            trust = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
            document = json.dumps({"Version": "2012-10-17", "Statement": trust})
            self.roles[name] = iam.create_role(RoleName=name, AssumeRolePolicyDocument=document)["Role"]["Arn"]
            if statements:
                allowed = json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
                iam.put_role_policy(RoleName=name, PolicyName="inline", PolicyDocument=allowed)
        return self.roles[name]

    def deploy(self, code: str | dict[str, str], **settings: Any) -> str:
        """Create a function of ``code`` (``app.py`` if a string), wait until it is active, return its name."""
        name = f"fn-{uuid.uuid4().hex[:8]}"
        files = {"app.py": code} if isinstance(code, str) else code
        request = {
            "FunctionName": name,
            "Runtime": "python3.13",
            "Role": self.role,
            "Handler": "app.handler",
            "Code": {"ZipFile": archive(files)},
            "Timeout": 10,
            **settings,
        }
        self.client.create_function(**request)
        self.deployed.append(name)
        self.client.get_waiter("function_active_v2").wait(
            FunctionName=name, WaiterConfig={"Delay": 0.05, "MaxAttempts": 400}
        )
        return name

    def delete(self) -> None:
        """Delete what was deployed, so that idle processes do not add up over a test run."""
        for name in self.deployed:
            self.client.delete_function(FunctionName=name)

    def layer(self, files: dict[str, str]) -> str:
        """Publish a layer of ``files`` and return the ARN of its version."""
        name = f"layer-{uuid.uuid4().hex[:8]}"
        published = self.client.publish_layer_version(LayerName=name, Content={"ZipFile": archive(files)})
        return published["LayerVersionArn"]

    def settle(self, name: str) -> None:
        """Wait until an update of the function has been carried out."""
        self.client.get_waiter("function_updated_v2").wait(
            FunctionName=name, WaiterConfig={"Delay": 0.05, "MaxAttempts": 400}
        )

    def invoke(self, name: str, event: Any = None, **request: Any) -> Answer:
        """Invoke synchronously and return all that came back."""
        response = self.client.invoke(FunctionName=name, Payload=json.dumps(event), LogType="Tail", **request)
        body = response["Payload"].read()
        return Answer(
            payload=json.loads(body) if body else None,
            error=response.get("FunctionError"),
            version=response["ExecutedVersion"],
            log=base64.b64decode(response.get("LogResult", "")).decode(),
        )

    def send(self, name: str, event: Any = None, **request: Any) -> None:
        """Invoke asynchronously."""
        response = self.client.invoke(FunctionName=name, Payload=json.dumps(event), InvocationType="Event", **request)
        assert response["StatusCode"] == 202

    def logged(self, name: str, pattern: str, group: str | None = None) -> list[str]:
        """Return the messages in the function's log group that match the regular expression ``pattern``."""
        logs = self.account("logs")
        try:
            events = logs.filter_log_events(logGroupName=group or f"/aws/lambda/{name}")["events"]
        except logs.exceptions.ResourceNotFoundException:
            return []
        return [event["message"] for event in events if re.search(pattern, event["message"])]


@pytest.fixture
def functions(aws: Any) -> Iterator[Functions]:
    """Deploys and invokes functions in a fresh account."""
    deployer = Functions(aws)
    yield deployer
    deployer.delete()


@pytest.fixture(scope="module")
def module_functions(emulator: str, account_on: Callable[[str], Any]) -> Iterator[Functions]:
    """Deploys and invokes functions in an account that the tests of one module share."""
    deployer = Functions(account_on(emulator))
    yield deployer
    deployer.delete()


class OwnServer:
    """An emulator of the test's own, with its own environment; ``functions`` is for a fresh account on it."""

    def __init__(self, folder: Path, variables: dict[str, str], account_on: Callable[[str], Any]) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        self.functions = Functions(account_on(self.url))
        self.log = folder / "emulator.log"
        self.state = folder / "state"
        with self.log.open("wb") as output:
            self.process = subprocess.Popen(
                [SERVER, "--port", str(port), "--state", self.state],
                env={**os.environ, **variables},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        deadline = time.monotonic() + 60
        while self.process.poll() is None and time.monotonic() < deadline:
            try:
                if requests.get(f"{self.url}/_localstack/health", timeout=2).ok:
                    return
            except requests.ConnectionError:
                time.sleep(0.05)
        pytest.fail(f"the test's own emulator did not start:\n{self.log.read_text()[-3000:]}")

    def stop(self, how: signal.Signals = signal.SIGTERM) -> None:
        """Send a signal and wait for the end."""
        if self.process.poll() is None:
            self.process.send_signal(how)
            self.process.wait(30)


@pytest.fixture
def own_server(tmp_path: Path, account_on: Callable[[str], Any]) -> Iterator[Callable[..., OwnServer]]:
    """Return a function that starts an emulator with further environment variables; stopped after the test."""
    started: list[OwnServer] = []

    def start(**variables: str) -> OwnServer:
        folder = tmp_path / f"server-{len(started)}"
        folder.mkdir()
        started.append(OwnServer(folder, variables, account_on))
        return started[-1]

    yield start
    for server in started:
        server.stop()
