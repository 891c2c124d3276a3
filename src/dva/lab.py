"""The ground that every lab notebook stands on: a session on the local server, in an AWS account of its own."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import boto3
import requests
from botocore.config import Config
from localstack_client.session import Session

from dva import checks, cleanup, deploying, endpoint, sources
from dva.errors import CourseError
from dva.paths import ROOT, state


def _as_is(options: dict[str, Any]) -> dict[str, Any]:
    """Return options of a client that keeps its endpoint: no operation puts a word before the host's name."""
    config = Config(inject_host_prefix=False)
    return {**options, "config": config.merge(options["config"]) if options.get("config") else config}


class Account:
    """An AWS account on the local server.

    :param lab: name of the lab that it belongs to
    :param run: tells runs of the same lab apart
    :param label: tells the accounts of one run apart; empty for the lab's own
    :param server: where it lives
    """

    def __init__(self, lab: str, run: str, label: str, server: endpoint.Endpoint) -> None:
        self._key = (endpoint.learner(), lab, run, label)
        self.account_id = endpoint.account_id(*self._key)
        self.region = endpoint.DEFAULT_REGION
        self.endpoint = server.url
        self._sessions: dict[str, Session] = {}

    @property
    def session(self) -> Session:
        """localstack-client's session: ``client`` and ``resource`` as boto3's, always on the local server."""
        return self._session(self.region)

    def _session(self, region: str) -> Session:
        if region not in self._sessions:
            self._sessions[region] = Session(
                aws_access_key_id=self.account_id,
                aws_secret_access_key="test",
                region_name=region,
                localstack_host=self.endpoint.split("://", 1)[1],
            )
        return self._sessions[region]

    def client(self, service: str, region_name: str | None = None, **options: Any) -> Any:
        """Return a boto3 client in this account.

        :param service: boto3's name of the service, for example ``"s3"``
        :param region_name: AWS Region; default: :attr:`region`
        :param options: passed to ``boto3.client``, for example ``config=Config(retries={"max_attempts": 2})``
        """
        return self._session(region_name or self.region).client(service, **_as_is(options))

    def resource(self, service: str, region_name: str | None = None, **options: Any) -> Any:
        """Return a boto3 resource in this account; parameters as for :meth:`client`."""
        return self._session(region_name or self.region).resource(service, **_as_is(options))

    def name(self, base: str) -> str:
        """Return a name that nobody else has, always the same for this account.

        :param base: lower-case letters, digits and hyphens
        :return: ``base`` and ten hexadecimal digits: valid for buckets, queues, tables and functions. Bucket names
            are shared by all accounts and at most 63 characters long
            (https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html).
        """
        return f"{base}-{hashlib.sha256('/'.join((*self._key, base)).encode()).hexdigest()[:10]}"

    def role(
        self,
        base: str,
        service: str = "lambda.amazonaws.com",
        allow: Sequence[Mapping[str, Any]] = (),
        managed: Sequence[str] = (),
    ) -> str:
        """Make a role for a service, or bring it up to date, where a lab is not about roles.

        :param base: the role's name is :meth:`name` of this
        :param service: who may assume it
        :param allow: what it may do: statements without ``Effect``, ``{"Action": "sqs:SendMessage", "Resource": arn}``
        :param managed: ARNs of managed policies; a role for Lambda always gets the one for logs
        :return: the role's ARN
        """
        if service == "lambda.amazonaws.com":
            managed = (deploying.LOGGING, *managed)
        return deploying.role(self.client("iam"), self.name(base), service, allow, managed)

    def _services(self) -> set[str]:
        """Return the services worth a look when cleaning up: those that the server has started."""
        rows = {row.service for row in cleanup.SWEEPS}
        health = _get(f"{self.endpoint}/_localstack/health").get("services", {})
        if not health:
            return rows
        return {name for name in rows if health.get(name) == "running"}

    def _sweep(self) -> tuple[int, list[str]]:
        services = self._services()
        deleted, left = 0, []
        for region in set(self._sessions) | {self.region}:
            gone, kept = cleanup.sweep(partial(self.client, region_name=region), services)
            deleted += gone
            left += kept
        return deleted, left


class Lab(Account):
    """One learner's run of one lab. What exists in its account stays there until :meth:`reset` or :meth:`cleanup`.

    :param name: the lab's file name without its ending
    :param run: papermill gives every run another value, so that two runs never share an account
    :raises CourseError: if the server is not allowed, or does not answer
    """

    def __init__(self, name: str, run: str = "mine") -> None:
        server = endpoint.resolve()
        super().__init__(name, run, "", server)
        self.lab, self.run = name, run
        self._server = server
        self._others: dict[str, Account] = {}
        info = _get(f"{server.url}/_localstack/info") if _answers(server.url) else None
        if info is None:
            raise CourseError(
                f"Nothing answers at {server.url}: run `dva up` (or `make up`) in a terminal, then run this cell again."
            )
        self._server_session = info.get("session_id")
        endpoint.apply_clean_environment(server.url, self.account_id)
        boto3.DEFAULT_SESSION = None  # made anew from the clean environment at its next use
        self.folder = state() / "scratch" / f"{name}-{self.account_id}"
        self.folder.mkdir(parents=True, exist_ok=True)
        sources.offer(self.source)
        checks.check.lab = name
        checks.check.excuse = self._excuse
        checks.install()
        print(f"Lab {name}: account {self.account_id}, region {self.region}, server {self.endpoint}")
        if missing := self._missing_services():
            print(f"This server does not have {', '.join(missing)}: tasks that need it cannot pass here.")

    @property
    def source(self) -> Path:
        """Where cells that begin with ``%%source app.py`` save their text."""
        return self.folder / "source"

    def function(self, base: str, *files: str, role: str, **settings: Any) -> dict[str, Any]:
        """Make a Lambda function, or bring it up to date, and wait until it can be invoked.

        :param base: the function's name is :meth:`name` of this
        :param files: files saved by ``%%source``; the first one has the function ``handler``
        :param role: ARN of the execution role
        :param settings: parameters of ``CreateFunction``, for example ``Timeout=10``
        :return: the configuration; ``FunctionName`` and ``FunctionArn`` are in it
        """
        paths = [self.source / file for file in files]
        return deploying.function(self.client("lambda"), self.name(base), paths, role, **settings)

    def account(self, label: str) -> Account:
        """Return a further account of this run, the same one for the same label."""
        if label not in self._others:
            self._others[label] = Account(self.lab, self.run, label, self._server)
        return self._others[label]

    def reset(self) -> None:
        """Delete everything in this lab's accounts and begin again."""
        deleted, left = self._sweep_all()
        if left:
            raise CourseError(f"These could not be deleted: {', '.join(left)}. `dva reset` empties the whole server.")
        print(f"{self.lab} is empty again: {_count(deleted)} deleted. Run the notebook from the top.")

    def cleanup(self) -> None:
        """Delete everything in this lab's accounts and prove that nothing is left.

        :raises CourseError: if something is left, naming it
        """
        _, left = self._sweep_all()
        if left:
            raise CourseError(f"Left behind: {', '.join(left)}. Delete it by hand, or empty the server by `dva reset`.")
        print(f"{self.lab}: everything deleted, nothing left behind.")

    def _sweep_all(self) -> tuple[int, list[str]]:
        deleted, left = self._sweep()
        for other in self._others.values():
            gone, kept = other._sweep()
            deleted += gone
            left += kept
        for file in sorted(self.folder.rglob("*"), reverse=True):
            file.rmdir() if file.is_dir() and not file.is_symlink() else file.unlink()
        return deleted, left

    def _excuse(self) -> str | None:
        """Say what is wrong with the server, if that is why a check failed."""
        if not _answers(self.endpoint):
            return "The emulator does not answer: run `dva up` in a terminal, then Run > Run All Above Selected Cell."
        if _get(f"{self.endpoint}/_localstack/info").get("session_id") != self._server_session:
            return (
                "The emulator has restarted and is empty: choose Run > Run All Above Selected Cell, "
                "then this cell again."
            )
        return None

    def _missing_services(self) -> list[str]:
        found = next(iter(sorted((ROOT / "labs").glob(f"*/{self.lab}.ipynb"))), None)
        known = _get(f"{self.endpoint}/_localstack/health").get("services")
        if found is None or not known:
            return []
        return [name for name in _declared_services(found) if known.get(name, "disabled") == "disabled"]


def _declared_services(notebook: Path) -> list[str]:
    try:
        return list(json.loads(notebook.read_text())["metadata"]["dva"]["services"])
    except (OSError, ValueError, KeyError, TypeError):
        return []


def _get(url: str) -> dict[str, Any]:
    """Return the JSON object at ``url``, or an empty one where the server has no such page."""
    try:
        answer = requests.get(url, timeout=5).json()
    except (requests.RequestException, ValueError):
        return {}
    return answer if isinstance(answer, dict) else {}


def _answers(url: str) -> bool:
    try:
        requests.get(f"{url}/_localstack/health", timeout=5)
    except requests.RequestException:
        return False
    return True


def _count(number: int) -> str:
    return "1 resource" if number == 1 else f"{number} resources"
