"""How fast the emulator is: ``python tests/bench/bench.py``.

Prints the start time, the first call and a repeated call of each service, and a function cold and warm, beside
LocalStack 4.14.0 by itself where that has the service. Figures of one machine compare with
each other only: read the ratios.
"""

import argparse
import io
import json
import statistics
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3
import psutil
from botocore.config import Config
from servers import started

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


def measure(server: str) -> tuple[Figures, int]:
    """Measure one kind of server; return the figures and its memory after all calls, in MiB."""
    ours = server == "course"
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        with started(server, Path(name)) as first:
            pass
        with started(server, Path(name)) as running:
            client = clients(running.url)
            figures = {"start, new state": first.seconds * 1000, "start, again": running.seconds * 1000}
            figures |= of_services(client, [name for name in CALLS if ours or name not in ONLY_OURS])
            if ours:
                figures |= of_functions(client)
            process = psutil.Process(running.pid)
            tree = [process, *process.children(recursive=True)]
            memory = sum(item.memory_info().rss for item in tree)
    return figures, memory // 2**20


def main() -> None:
    """Measure both and print a table."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    ours, our_memory = measure("course")
    plain, plain_memory = measure("localstack")
    print(f"{'':26}{'ours':>10}{'LocalStack':>14}{'ratio':>9}")
    for name, value in ours.items():
        other = plain.get(name)
        right = f"{other:11.0f} ms{value / other:9.2f}" if other else f"{'-':>14}{'-':>9}"
        print(f"{name:26}{value:7.0f} ms{right}")
    print(f"{'memory after all calls':26}{our_memory:6} MiB{plain_memory:10} MiB{our_memory / plain_memory:9.2f}")


if __name__ == "__main__":
    sys.exit(main())
