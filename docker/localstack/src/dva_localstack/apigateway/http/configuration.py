"""The configuration of HTTP and WebSocket APIs, read from MiniStack, and its snapshots by deployment."""

import threading
from dataclasses import dataclass, field
from typing import Any

import requests

from dva_localstack.ministack import SIDECAR

Record = dict[str, Any]


@dataclass(frozen=True)
class Snapshot:
    """What a deployment holds."""

    api: Record
    routes: tuple[Record, ...]
    integrations: dict[str, Record]
    authorizers: dict[str, Record]


@dataclass
class Api:
    """One API: whose it is, and what is known of it since its last change."""

    id: str
    account: str
    region: str
    protocol: str
    version: int = 0
    """Counts changes, so that what was read before one is not kept after it."""
    current: Snapshot | None = None
    stages: dict[str, Record] | None = None
    deployments: dict[str, Snapshot] = field(default_factory=dict)

    @property
    def arn(self) -> str:
        """``arn:aws:execute-api:REGION:ACCOUNT:API``."""
        return f"arn:aws:execute-api:{self.region}:{self.account}:{self.id}"


class Registry:
    """All APIs by id; the ids are unique among accounts."""

    def __init__(self) -> None:
        self._apis: dict[str, Api] = {}
        self._lock = threading.Lock()

    def add(self, api: Api) -> None:
        """Note a new API."""
        self._apis[api.id] = api

    def remove(self, api_id: str) -> None:
        """Forget an API."""
        self._apis.pop(api_id, None)

    def get(self, api_id: str) -> Api | None:
        """Return an API, None when there is none of this id."""
        return self._apis.get(api_id)

    def changed(self, api_id: str) -> None:
        """Have the API's configuration read anew."""
        if api := self._apis.get(api_id):
            with self._lock:
                api.version += 1
                api.current = api.stages = None

    def stages(self, api: Api) -> dict[str, Record]:
        """Return the API's stages by name."""
        version, stages = api.version, api.stages
        if stages is None:
            stages = {item["stageName"]: item for item in _items(api, "stages")}
            with self._lock:
                if api.version == version:
                    api.stages = stages
        return stages

    def current(self, api: Api) -> Snapshot:
        """Return the API as it is now."""
        version, snapshot = api.version, api.current
        if snapshot is None:
            snapshot = read(api)
            with self._lock:
                if api.version == version:
                    api.current = snapshot
        return snapshot

    def deployed(self, api: Api, stage: Record) -> Snapshot | None:
        """Return what a stage serves: the API as it is where it deploys by itself, else its deployment's snapshot."""
        if stage.get("autoDeploy"):
            return self.current(api)
        return api.deployments.get(stage.get("deploymentId") or "")


REGISTRY = Registry()


def ask(account: str, region: str, verb: str, path: str, data: Record | None = None) -> requests.Response:
    """Send a request to MiniStack's API Gateway as an account.

    :param path: below ``/v2``, for example ``/apis``
    """
    scope = f"{account}/20260101/{region}/apigateway/aws4_request"
    headers = {"Authorization": f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0"}
    with requests.Session() as session:
        session.trust_env = False
        return session.request(verb, f"{SIDECAR.url}/v2{path}", json=data, headers=headers, timeout=30)


def read(api: Api) -> Snapshot:
    """Read the API as it is now from MiniStack."""
    return Snapshot(
        ask(api.account, api.region, "GET", f"/apis/{api.id}").json(),
        tuple(_items(api, "routes")),
        {item["integrationId"]: item for item in _items(api, "integrations")},
        {item["authorizerId"]: item for item in _items(api, "authorizers")},
    )


def _items(api: Api, kind: str) -> list[Record]:
    answer = ask(api.account, api.region, "GET", f"/apis/{api.id}/{kind}")
    return answer.json()["items"] if answer.ok else []
