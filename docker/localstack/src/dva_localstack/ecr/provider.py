"""ECR's provider: forwarded, and the layers of images for clients to download."""

import requests
from localstack.http import Request, Response
from localstack.services.edge import ROUTER
from localstack.services.plugins import Service

from dva_localstack.ministack import SIDECAR
from dva_localstack.providers import Forwarder

LAYERS = "/_dva/ecr/layers/<account>/<region>/<path:repository>/<digest>"
"""Path of a layer, to which GetDownloadUrlForLayer leads; on AWS the URL is one of S3."""


class Registry(Forwarder):
    """Forwards ECR to MiniStack."""

    def __init__(self) -> None:
        super().__init__("ecr")

    def on_before_start(self) -> None:
        """Start MiniStack, and serve layers."""
        super().on_before_start()
        ROUTER.add(LAYERS, endpoint=layer, methods=["GET"])


def layer(request: Request, account: str, region: str, repository: str, digest: str) -> Response:
    """Return the bytes of a layer."""
    with requests.Session() as session:
        session.trust_env = False
        host = {"Host": f"{account}.dkr.ecr.{region}.amazonaws.com"}
        answer = session.get(f"{SIDECAR.url}/v2/{repository}/blobs/{digest}", headers=host, timeout=30)
    return Response(answer.content, answer.status_code, mimetype="application/octet-stream")


def create_service() -> Service:
    """Return the service."""
    return Service.for_provider(Registry(), dispatch_table_factory=Forwarder.dispatch_table)
