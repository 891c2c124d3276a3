"""One emulator for the whole test run, shared by all xdist workers, and a fresh AWS account for each test."""

import itertools
import json
import os
import secrets
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import boto3
import botocore.loaders
import botocore.session
import pytest
import requests
from botocore.config import Config
from filelock import FileLock

ROOT = Path(__file__).resolve().parent.parent
LOADER = botocore.loaders.create_loader()
"""Keeps the services' models for all accounts: reading one takes up to half a second."""

SERVER = ROOT / "docker/localstack/.venv/bin/dva-localstack"


def free_port() -> int:
    """Return a TCP port that was free a moment ago on 127.0.0.1."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_healthy(url: str, process: subprocess.Popen[bytes], log: Path, seconds: float = 60) -> None:
    """Wait until the emulator answers its health check; fail with the end of its log if it does not."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if requests.get(f"{url}/_localstack/health", timeout=2).ok:
                return
        except requests.ConnectionError:
            time.sleep(0.05)
    pytest.exit(f"the test emulator did not start:\n{log.read_text()[-3000:]}", returncode=1)


def launch(folder: Path) -> tuple[str, subprocess.Popen[bytes]]:
    """Start an emulator whose state and log are in ``folder``; return its URL and its process."""
    port = free_port()
    log = folder / "emulator.log"
    folder.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as output:
        process = subprocess.Popen(
            [SERVER, "--port", str(port), "--state", folder / "state"],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    url = f"http://127.0.0.1:{port}"
    wait_healthy(url, process, log)
    return url, process


@pytest.fixture(scope="session")
def emulator(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Iterator[str]:
    """URL of the emulator; the first worker that needs it starts it, the last that finishes stops it.

    ``DVA_TEST_ENDPOINT`` names a server that already runs instead.
    """
    if given := os.environ.get("DVA_TEST_ENDPOINT"):
        yield given
        return
    base = tmp_path_factory.getbasetemp()
    folder = (base if worker_id == "master" else base.parent) / "emulator"
    folder.mkdir(parents=True, exist_ok=True)
    shared = folder / "users.json"
    with FileLock(folder / "lock"):
        if shared.exists():
            record = json.loads(shared.read_text())
            record["users"] += 1
        else:
            url, process = launch(folder)
            record = {"url": url, "pid": process.pid, "users": 1}
        shared.write_text(json.dumps(record))
    yield record["url"]
    with FileLock(folder / "lock"):
        record = json.loads(shared.read_text())
        record["users"] -= 1
        shared.write_text(json.dumps(record))
        if record["users"] == 0:
            shared.unlink()
            os.kill(record["pid"], 15)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Spread the runs of labs, which mostly wait, evenly among the other tests, which mostly compute.

    They go between two modules, so that no fixture of a module is made twice.
    """
    labs = [item for item in items if getattr(item, "originalname", "") == "test_solution_both_ways"]
    others = [item for item in items if item not in labs]
    spread: list[pytest.Item] = []
    placed = 0
    for _, module in itertools.groupby(others, key=lambda item: item.path):
        spread += module
        while placed * len(others) < len(labs) * (len(spread) - placed):
            spread.append(labs[placed])
            placed += 1
    items[:] = spread + labs[placed:]


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Stop the emulator that a worker which crashed left running."""
    if not hasattr(session.config, "workerinput"):
        shared = session.config._tmp_path_factory.getbasetemp() / "emulator" / "users.json"  # type: ignore[attr-defined]
        if shared.exists():
            with suppress(ProcessLookupError):
                os.kill(json.loads(shared.read_text())["pid"], 15)
            shared.unlink()


class Account:
    """An AWS account of its own on the test emulator: call it with a service's name to get a client."""

    def __init__(self, endpoint: str, account_id: str | None = None, region: str = "us-east-1") -> None:
        self.endpoint = endpoint
        self.id = account_id or str(secrets.randbelow(9 * 10**11) + 10**11)
        core = botocore.session.Session()
        core.register_component("data_loader", LOADER)
        self.session = boto3.Session(
            aws_access_key_id=self.id, aws_secret_access_key="test", region_name=region, botocore_session=core
        )

    def __call__(self, service: str, **config: Any) -> Any:
        """Return a boto3 client of this account; ``config`` goes to botocore's ``Config``."""
        settings: dict[str, Any] = {
            "retries": {"max_attempts": 1},
            "s3": {"addressing_style": "path"},
            **config,
        }
        return self.session.client(service, endpoint_url=self.endpoint, config=Config(**settings))


@pytest.fixture
def aws(emulator: str) -> Account:
    """A fresh account: ``aws("s3")`` is a client in it, ``aws.id`` its 12-digit id."""
    return Account(emulator)


@pytest.fixture
def another_account(emulator: str) -> Callable[[], Account]:
    """Return a function that makes a further fresh account, for what crosses accounts."""
    return lambda: Account(emulator)


@pytest.fixture(scope="session")
def account_on() -> type[Account]:
    """Return a function that makes a fresh account on the emulator at a URL, for tests that start their own."""
    return Account


def eventually[T](probe: Callable[[], T], seconds: float = 20) -> T:
    """Call ``probe`` until it returns something true and return that; the last AssertionError is raised if never."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            if value := probe():
                return value
            error: AssertionError = AssertionError(f"still {value!r} after {seconds} s")
        except AssertionError as caught:
            error = caught
        if time.monotonic() > deadline:
            raise error
        time.sleep(0.05)


@pytest.fixture(name="eventually")
def eventually_fixture() -> Callable[..., Any]:
    """The polling helper, for tests that wait for something asynchronous."""
    return eventually
