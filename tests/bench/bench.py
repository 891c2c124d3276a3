"""How fast the emulator is: ``python tests/bench/bench.py``.

Prints the start time, the first call and a repeated call of each service, and a function cold and warm, beside
LocalStack 4.14.0 without the course's settings where that has the service. Figures of one machine compare with
each other only: read the ratios.
"""

import contextlib
import io
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import psutil
import requests
from botocore.config import Config

BIN = Path(__file__).resolve().parents[2] / "docker/localstack/.venv/bin"

REPEATS = 20
"""Calls of which the median is the repeated call."""

COLD_STARTS, WARM_CALLS = 5, 20

CALLS: dict[str, Callable[[Any], Any]] = {
    "s3": lambda client: client.list_buckets(),
    "sqs": lambda client: client.list_queues(),
    "dynamodb": lambda client: client.list_tables(),
    "lambda": lambda client: client.list_functions(),
    "sns": lambda client: client.list_topics(),
    "kinesis": lambda client: client.list_streams(),
    "stepfunctions": lambda client: client.list_state_machines(),
    "ssm": lambda client: client.describe_parameters(),
    "logs": lambda client: client.describe_log_groups(),
    "events": lambda client: client.list_rules(),
    "iam": lambda client: client.list_roles(),
    "sts": lambda client: client.get_caller_identity(),
    "cloudformation": lambda client: client.list_stacks(),
}

ONLY_OURS = {"dynamodb", "kinesis"}
"""What LocalStack without the plugin serves only after a download. Its functions need Docker."""

Figures = dict[str, float]
"""Names of measurements to milliseconds."""


def environment(port: int, state: Path, plugin: bool) -> tuple[list[str], dict[str, str]]:
    """Return the command that starts a server in the foreground, and its environment."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "PROVIDER_OVERRIDE_"))}
    if plugin:
        return [str(BIN / "dva-localstack"), "--port", str(port), "--state", str(state)], kept
    plain = {
        "OVERRIDE_IN_DOCKER": "0",
        "FILESYSTEM_ROOT": str(state),
        "XDG_CACHE_HOME": str(state / "cache"),
        "GATEWAY_LISTEN": f"127.0.0.1:{port}",
        "LOCALSTACK_HOST": f"localhost:{port}",
        "DNS_ADDRESS": "0",
        "SKIP_SSL_CERT_DOWNLOAD": "1",
        "DISABLE_EVENTS": "1",
    }
    return [str(BIN / "python"), "-m", "localstack.runtime.main"], kept | plain


@contextlib.contextmanager
def started(folder: Path, plugin: bool) -> Iterator[tuple[str, psutil.Process, float]]:
    """Start a server; yield its URL, its process and how long it took to be healthy in milliseconds."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command, variables = environment(port, folder / "state", plugin)
    url = f"http://127.0.0.1:{port}"
    begun = time.perf_counter()
    with (folder / "log").open("ab") as log:
        process = subprocess.Popen(command, env=variables, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    try:
        while True:
            if process.poll() is not None:
                raise RuntimeError((folder / "log").read_text()[-2000:])
            with contextlib.suppress(requests.ConnectionError):
                if requests.get(f"{url}/_localstack/health", timeout=30).ok:
                    break
            time.sleep(0.01)
        yield url, psutil.Process(process.pid), (time.perf_counter() - begun) * 1000
    finally:
        process.terminate()
        process.wait(60)


def milliseconds(call: Callable[[], Any]) -> float:
    """Return how long a call takes."""
    begun = time.perf_counter()
    call()
    return (time.perf_counter() - begun) * 1000


def clients(url: str) -> Callable[[str], Any]:
    """Return a function from a service's name to its client."""
    session = boto3.Session(aws_access_key_id="555566667777", aws_secret_access_key="test", region_name="us-east-1")
    config = Config(retries={"max_attempts": 0}, read_timeout=120)
    return lambda service: session.client(service, endpoint_url=url, config=config)


def of_services(client: Callable[[str], Any], services: list[str]) -> Figures:
    """Measure the first and the repeated call of each service."""
    figures = {}
    for service in services:
        caller = client(service)
        figures[f"{service} first"] = milliseconds(lambda caller=caller, s=service: CALLS[s](caller))
        figures[f"{service} again"] = statistics.median(
            milliseconds(lambda caller=caller, s=service: CALLS[s](caller)) for _ in range(REPEATS)
        )
    return figures


def of_functions(client: Callable[[str], Any]) -> Figures:
    """Measure a small function's first call, of new functions each, and its calls after that."""
    caller = client("lambda")
    statement = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    trust = json.dumps({"Version": "2012-10-17", "Statement": statement})
    role = client("iam").create_role(RoleName="bench", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    package = io.BytesIO()
    with zipfile.ZipFile(package, "w") as archive:
        archive.writestr("app.py", "def handler(event, context):\n    return 1\n")
    cold, warm = [], []
    for number in range(COLD_STARTS):
        name = f"bench-{number}"
        caller.create_function(
            FunctionName=name,
            Runtime="python3.13",
            Role=role,
            Handler="app.handler",
            Code={"ZipFile": package.getvalue()},
        )
        caller.get_waiter("function_active_v2").wait(FunctionName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 30})
        cold.append(milliseconds(lambda name=name: caller.invoke(FunctionName=name)))
        warm += [milliseconds(lambda name=name: caller.invoke(FunctionName=name)) for _ in range(WARM_CALLS)]
    return {"function cold": statistics.median(cold), "function warm": statistics.median(warm)}


def measure(plugin: bool) -> tuple[Figures, int]:
    """Measure one kind of server; return the figures and its memory after all calls, in MiB."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        folder = Path(name)
        with started(folder, plugin) as (_, _, first):
            pass
        with started(folder, plugin) as (url, process, second):
            client = clients(url)
            figures = {"start, new state": first, "start, again": second}
            figures |= of_services(client, [name for name in CALLS if plugin or name not in ONLY_OURS])
            if plugin:
                figures |= of_functions(client)
            tree = [process, *process.children(recursive=True)]
            memory = sum(item.memory_info().rss for item in tree)
    return figures, memory // 2**20


def main() -> None:
    """Measure both and print a table."""
    ours, our_memory = measure(plugin=True)
    plain, plain_memory = measure(plugin=False)
    print(f"{'':26}{'ours':>10}{'LocalStack':>14}{'ratio':>9}")
    for name, value in ours.items():
        other = plain.get(name)
        right = f"{other:11.0f} ms{value / other:9.2f}" if other else f"{'-':>14}{'-':>9}"
        print(f"{name:26}{value:7.0f} ms{right}")
    print(f"{'memory after all calls':26}{our_memory:6} MiB{plain_memory:10} MiB{our_memory / plain_memory:9.2f}")


if __name__ == "__main__":
    sys.exit(main())
