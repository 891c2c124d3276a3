"""ElastiCache's provider: forwarded, and the certificate authority of its nodes for clients to fetch."""

import requests
from localstack.http import Request, Response
from localstack.services.edge import ROUTER
from localstack.services.plugins import Service

from dva_localstack.ministack import SIDECAR
from dva_localstack.providers import Forwarder

AUTHORITY = "/_dva/elasticache/ca.pem"
"""Path of the certificate that clients trust for nodes with encryption in transit; AWS's are trusted everywhere."""


class ElastiCache(Forwarder):
    """Forwards ElastiCache to MiniStack."""

    def __init__(self) -> None:
        super().__init__("elasticache")

    def on_before_start(self) -> None:
        """Start MiniStack, and serve the authority's certificate."""
        super().on_before_start()
        ROUTER.add(AUTHORITY, endpoint=authority, methods=["GET"])


def authority(request: Request) -> Response:
    """Return the certificate of the authority that signs the nodes' certificates, in PEM."""
    with requests.Session() as session:
        session.trust_env = False
        answer = session.get(f"{SIDECAR.url}/_ministack/elasticache/ca.pem", timeout=30)
    return Response(answer.content, answer.status_code, mimetype="application/x-pem-file")


def create_service() -> Service:
    """Return the service."""
    return Service.for_provider(ElastiCache(), dispatch_table_factory=Forwarder.dispatch_table)
