"""MiniStack's process: found again after a crash, and never left behind."""

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import psutil
import pytest
import tour
from botocore.config import Config
from botocore.exceptions import ClientError


@pytest.fixture
def running(tmp_path: Path) -> Iterator[tuple[Any, Any, Path]]:
    """A server of its own with a table: a DynamoDB client, the server's process, its log."""
    with tour.server(tmp_path) as (url, process):
        client = boto3.client(
            "dynamodb",
            endpoint_url=url,
            region_name="us-east-1",
            aws_access_key_id="111122223333",
            aws_secret_access_key="test",
            config=Config(retries={"total_max_attempts": 1}),
        )
        create(client)
        yield client, process, tmp_path / "emulator.log"


def create(client: Any) -> None:
    client.create_table(
        TableName="orders",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )


def child_of(pid: int) -> psutil.Process:
    """Return MiniStack's process below a server's."""
    found = [
        process
        for process in psutil.Process(pid).children(recursive=True)
        if "dva_localstack.ministack_child" in process.cmdline()
    ]
    assert len(found) == 1
    return found[0]


def ends(process: psutil.Process, seconds: float = 15) -> bool:
    """Say whether a process ends in time; a zombie has ended."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if not process.is_running() or process.status() == psutil.STATUS_ZOMBIE:
            return True
        time.sleep(0.05)
    return False


def test_it_is_started_again_when_it_dies_and_ends_with_the_server(running: Any) -> None:
    """Its data is lost and the log says so; the port stays, and a caller sees at most an error that SDKs retry."""
    client, server, log = running
    first = child_of(server.pid)
    first.kill()
    assert ends(first)
    codes: list[str] = []

    def answers() -> bool:
        try:
            return client.list_tables()["TableNames"] == []
        except ClientError as error:
            codes.append(error.response["Error"]["Code"])
            return False

    tour.wait(answers, 60)
    assert set(codes) <= {"InternalServerError"}
    create(client)
    second = child_of(server.pid)
    assert second.pid != first.pid
    assert "MiniStack ended with code -9" in log.read_text()
    server.terminate()
    server.wait(30)
    assert ends(second)


def test_it_ends_when_the_server_is_killed_and_has_nothing_of_the_users(running: Any) -> None:
    """Its parent's death closes a pipe, SIGKILL included."""
    _, server, _ = running
    child = child_of(server.pid)
    environment = child.environ()
    assert environment["BIND_HOST"] == "127.0.0.1"
    assert not {name for name in environment if name.startswith("AWS_") and "ACCESS" in name}
    os.kill(server.pid, signal.SIGKILL)
    server.wait(30)
    assert ends(child)
