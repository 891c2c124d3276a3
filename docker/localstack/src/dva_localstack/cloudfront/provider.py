"""CloudFront's provider: forwarded, and distributions that answer by path."""

import re
from typing import Any

from localstack.aws.api import RequestContext, ServiceRequest
from localstack.http import Response
from localstack.services.edge import ROUTER
from localstack.services.plugins import Service

from dva_localstack.cloudfront import cache, serving
from dva_localstack.providers import Forwarder

METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]


class Distributions(Forwarder):
    """Forwards CloudFront to MiniStack, and remembers whose distributions there are."""

    def __init__(self) -> None:
        super().__init__("cloudfront")

    def on_before_start(self) -> None:
        """Start MiniStack, and serve distributions."""
        super().on_before_start()
        ROUTER.add(f"{serving.PREFIX}/", endpoint=serving.serve, defaults={"path": ""}, methods=METHODS)
        ROUTER.add(f"{serving.PREFIX}/<path:path>", endpoint=serving.serve, methods=METHODS)

    def dispatch_table(self) -> dict[str, Any]:
        """Return the table of operations."""
        return dict.fromkeys(self.model.operation_names, self.noted)

    def noted(self, context: RequestContext, request: ServiceRequest) -> Response:
        """Forward a request; note new distributions, and forget what is invalidated or deleted."""
        answer = self.forward(context, request)
        if answer.status_code >= 300 or context.operation is None:
            return answer
        given: Any = request
        name = context.operation.name
        if name.startswith("CreateDistribution") and (found := re.search(rb"<Id>(E[A-Z0-9]+)</Id>", answer.get_data())):
            serving.OWNERS[found[1].decode()] = context.account_id
        elif name == "CreateInvalidation":
            cache.forget(given["DistributionId"], given["InvalidationBatch"]["Paths"].get("Items") or [])
        elif name == "DeleteDistribution":
            serving.OWNERS.pop(given["Id"], None)
            cache.forget(given["Id"], ["*"])
        return answer


def create_service() -> Service:
    """Return the service."""
    return Service.for_provider(Distributions(), dispatch_table_factory=Distributions.dispatch_table)
