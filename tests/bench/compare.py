"""The behavior suite against three emulators: ``.venv/bin/python tests/bench/compare.py``.

Runs ``tests/emulator`` unchanged against the course's emulator, LocalStack by itself and MiniStack by itself, one after
the other, none of them with Docker or a way to the internet, and writes how many tests of each service passed. The page
"Services" of the book is made from that file. Tests of the course's own parts are left out.
"""

import argparse
import datetime as dt
import importlib.metadata
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
import tomllib
import xml.etree.ElementTree as ET
from collections import Counter
from pathlib import Path

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from servers import BIN, SERVERS, started

ROOT = Path(__file__).resolve().parents[2]
SUITE = ROOT / "tests/emulator"
SERVICES = ROOT / "docker/localstack/src/dva_localstack/services.toml"
RESULT = ROOT / "chapters/reference/comparison.json"

GROUPS = {
    "cognito_identity": "cognito-identity",
    "cognito": "cognito-idp",
    "iam": "iam",
    "log": "logs",
    "parameters": "ssm",
    "vpc": "ec2",
    "accounts": "sts",
    "bucket": "s3",
    "http": "apigatewayv2",
    "sam": "cloudformation",
    "schedule": "scheduler",
    "secrets": "secretsmanager",
    "stream": "lambda",
}
"""First words, one or two, of a test file's name that are not the name of a service."""

OWN = {
    "test_forwarded_services",
    "test_lambda_isolation",
    "test_lambda_layer_list",
    "test_load",
    "test_log_patterns",
    "test_ministack_process",
    "test_policy_conditions",
    "test_policy_evaluation",
    "test_policy_properties",
    "test_policy_validation",
    "test_schedule_expressions",
    "test_service_index",
    "test_sockets",
    "test_urls",
}
"""Test files about parts of the course's emulator, which other servers do not have."""

Counts = dict[str, tuple[int, int]]
"""Services to tests that passed and tests that ran."""


def service_of(file: str, known: set[str]) -> str | None:
    """Return the service that a test file is about; None if it is about none.

    :param file: the file's name without its ending, for example ``test_sqs_redrive``
    """
    if file in OWN:
        return None
    words = file.removeprefix("test_").split("_")
    for name in (GROUPS.get("_".join(words[:2])), GROUPS.get(words[0]), words[0]):
        if name in known:
            return name
    raise ValueError(f"{file}: about which service? Name it in GROUPS or OWN")


def is_there(url: str, service: str) -> bool:
    """Tell whether a server has a service: whether any call that needs at most numbers is answered without a 5xx."""
    once = Config(retries={"total_max_attempts": 1}, read_timeout=20, inject_host_prefix=False)
    session = boto3.Session("000000000000", "x", region_name="us-east-1")
    client = session.client(service, endpoint_url=url, config=once)
    for method, operation in client.meta.method_to_api_mapping.items():
        shape = client.meta.service_model.operation_model(operation).input_shape
        needed = shape.required_members if shape else ()
        if not operation.startswith(("List", "Describe", "Get")):
            continue
        if any(shape.members[name].type_name != "integer" for name in needed):
            continue
        try:
            getattr(client, method)(**dict.fromkeys(needed, 1))
        except ClientError as error:
            if error.response["ResponseMetadata"]["HTTPStatusCode"] < 500:
                return True
        except BotoCoreError:
            continue
        else:
            return True
    return False


def run(url: str, files: list[Path], report: Path, workers: str) -> Counts:
    """Run test files against a server; return the counts by service, without those of services that are not there."""
    known = set(tomllib.loads(SERVICES.read_text("utf-8")))
    there = {service: is_there(url, service) for service in {service_of(path.stem, known) for path in files} if service}
    files = [path for path in files if there[service_of(path.stem, known) or ""]]
    if not files:
        return {}
    arguments = [sys.executable, "-m", "pytest", "-q", "-n", workers, "-p", "no:cacheprovider", "-p", "only_behavior"]
    arguments += ["--tb=no", "--no-header", f"--junitxml={report}", *map(str, files)]
    paths = [str(Path(__file__).parent), os.environ.get("PYTHONPATH", "")]
    variables = {**os.environ, "DVA_TEST_ENDPOINT": url, "PYTHONPATH": os.pathsep.join(filter(None, paths))}
    variables["AWS_MAX_ATTEMPTS"] = "2"
    done = subprocess.run(arguments, cwd=ROOT, env=variables, check=False, capture_output=True, text=True)
    if done.returncode not in (0, 1):
        raise RuntimeError(f"pytest ended with {done.returncode}:\n{done.stdout[-3000:]}{done.stderr[-2000:]}")
    return counts(report, known)


def counts(report: Path, known: set[str]) -> Counts:
    """Read pytest's report. A test with an error in a fixture did not pass; a skipped one did not run."""
    outcome: dict[tuple[str, str], bool] = {}
    for case in ET.parse(report).getroot().iter("testcase"):
        if case.find("skipped") is not None:
            continue
        file = next(part for part in case.attrib["classname"].split(".") if part.startswith("test_"))
        passed = case.find("failure") is None and case.find("error") is None
        key = (file, case.attrib["name"])
        outcome[key] = outcome.get(key, True) and passed
    ran, good = Counter[str](), Counter[str]()
    for (file, _), passed in outcome.items():
        if service := service_of(file, known):
            ran[service] += 1
            good[service] += passed
    return {service: (good[service], ran[service]) for service in ran}


def versions() -> dict[str, str]:
    """Return the versions of what is compared."""
    asked = "from importlib.metadata import version as v; print(v('localstack-core'), v('ministack'))"
    answer = subprocess.run([str(BIN / "python"), "-c", asked], capture_output=True, text=True, check=True)
    localstack, ministack = answer.stdout.split()
    return {
        "localstack": localstack,
        "ministack": ministack,
        "course": importlib.metadata.version("dva"),
        "python": platform.python_version(),
    }


def main() -> None:
    """Run the suite against each server and write the result."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--services", nargs="*", default=[], help="measure these only; the other rows of the file stay")
    parser.add_argument("--servers", nargs="*", default=list(SERVERS), choices=SERVERS)
    parser.add_argument("--workers", default="2")
    parser.add_argument("--output", type=Path, default=RESULT)
    given = parser.parse_args()
    known = set(tomllib.loads(SERVICES.read_text("utf-8")))
    files = [path for path in sorted(SUITE.glob("test_*.py")) if path.stem not in OWN]
    if given.services:
        files = [path for path in files if service_of(path.stem, known) in given.services]
    results: dict[str, Counts] = {}
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        for server in given.servers:
            folder = Path(name) / server
            begun = time.monotonic()
            with started(server, folder) as running:
                results[server] = run(running.url, files, folder / "report.xml", given.workers)
            good, ran = (sum(counts[place] for counts in results[server].values()) for place in (0, 1))
            print(f"{server}: {good} of {ran} in {time.monotonic() - begun:.0f} s", flush=True)
    services = sorted({service for result in results.values() for service in result})
    ran_by = {service: max(result.get(service, (0, 0))[1] for result in results.values()) for service in services}
    rows = {
        service: {server: results[server].get(service, (0, ran_by[service])) for server in given.servers}
        for service in services
    }
    document = {
        "date": dt.date.today().isoformat(),
        "command": "python tests/bench/compare.py",
        "versions": versions(),
        "services": rows,
    }
    if given.services:
        document["services"] = dict(sorted((json.loads(given.output.read_text("utf-8"))["services"] | rows).items()))
    given.output.write_text(json.dumps(document, indent=2) + "\n", "utf-8")


if __name__ == "__main__":
    main()
