"""A request to an HTTP API, with what is found out about it on the way to its integration."""

import datetime
import uuid
from dataclasses import dataclass, field
from typing import Any

from localstack.http import Request
from localstack.utils.urls import localstack_host

from ..endpoint import PREFIX
from .configuration import Api, Record, Snapshot


@dataclass
class Call:
    """One request."""

    request: Request
    api: Api
    stage: Record
    snapshot: Snapshot
    route: Record
    parameters: dict[str, str]
    """Path parameters."""
    path: str
    """Without the stage, percent encoded as the client sent it."""
    authorizer: dict[str, Any] = field(default_factory=dict)
    """``jwt``, ``lambda`` or ``iam``, with what it found."""
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    at: datetime.datetime = field(default_factory=lambda: datetime.datetime.now(datetime.UTC))

    @property
    def stage_name(self) -> str:
        """The stage's name."""
        return self.stage["stageName"]

    @property
    def stage_variables(self) -> dict[str, str]:
        """The stage's variables."""
        return self.stage.get("stageVariables") or {}

    @property
    def whole_path(self) -> str:
        """The path with the stage, which ``$default`` is not shown in."""
        return self.path if self.stage_name == "$default" else f"/{self.stage_name}{self.path}"

    @property
    def domain_name(self) -> str:
        """Where the API answers; on AWS a host name, here a host name and the path below which the API is."""
        return domain_name(self.api.id)

    @property
    def headers(self) -> dict[str, str]:
        """Header names in lower case, to values; several values are joined with commas."""
        joined: dict[str, list[str]] = {}
        for name, value in self.request.headers:
            if name.lower() not in ("connection", "transfer-encoding"):
                joined.setdefault(name.lower(), []).append(value)
        return {name: ",".join(values) for name, values in joined.items()}

    @property
    def query(self) -> dict[str, list[str]]:
        """Query parameters, decoded, each with all its values."""
        return {name: list(values) for name, values in self.request.args.lists()}

    @property
    def source_ip(self) -> str:
        """The client's address."""
        return self.request.remote_addr or "127.0.0.1"

    @property
    def user_agent(self) -> str:
        """What the client says it is."""
        return self.request.headers.get("User-Agent", "")

    @property
    def time(self) -> str:
        """The time of the request as API Gateway writes it."""
        return self.at.strftime("%d/%b/%Y:%H:%M:%S +0000")

    @property
    def epoch(self) -> int:
        """The time of the request in milliseconds."""
        return int(self.at.timestamp() * 1000)

    @property
    def arn(self) -> str:
        """The ARN of the method and path: what policies are compared with."""
        return f"{self.api.arn}/{self.stage_name}/{self.request.method}{self.path}"

    @property
    def source_arn(self) -> str:
        """The ARN of the route, on whose behalf a function is invoked."""
        key = self.route["routeKey"]
        method, _, pattern = key.partition(" ")
        return f"{self.api.arn}/{self.stage_name}/{key if not pattern else method + pattern}"


def domain_name(api_id: str) -> str:
    """Return host, port and path such that ``http://<it>/<stage>`` opens."""
    return f"{localstack_host().host_and_port()}{PREFIX}/{api_id}"
