"""MiniStack's Kinesis behind LocalStack's gateway."""

from collections.abc import Iterator

import requests
from localstack.aws.api import RequestContext, ServiceRequest
from localstack.http import Response
from localstack.services.plugins import Service

from dva_localstack.ministack import SIDECAR
from dva_localstack.providers import Forwarder, credential

SUBSCRIPTION_SECONDS = 310
"""A subscription lasts five minutes; the answer may take a little longer:
https://docs.aws.amazon.com/kinesis/latest/APIReference/API_SubscribeToShard.html"""

INTERNAL = "x-dva-internal"
"""Header of requests that one of our services makes: the limits of reads are for clients."""

NOT_FORWARDED = ("authorization", "host", "content-length", "connection", "accept-encoding")
"""Headers that the request to MiniStack gets anew."""


class KinesisForwarder(Forwarder):
    """Passes on the events of SubscribeToShard as they come.

    Fault: a forwarded answer is read to its end before it is passed on, which is five minutes here.
    """

    def __init__(self) -> None:
        super().__init__("kinesis")

    def forward(self, context: RequestContext, request: ServiceRequest) -> Response:
        """Send one request to MiniStack and return its answer."""
        context.request.headers.pop(INTERNAL, None)
        if context.is_internal_call:
            context.request.headers[INTERNAL] = "1"
        if context.operation.name != "SubscribeToShard":
            return super().forward(context, request)
        headers = {name: value for name, value in context.request.headers.items() if name.lower() not in NOT_FORWARDED}
        headers["Authorization"] = credential(context)
        session = requests.Session()
        session.trust_env = False
        answer = session.post(
            SIDECAR.url,
            data=context.request.get_data(),
            headers=headers,
            stream=True,
            timeout=SUBSCRIPTION_SECONDS,
        )
        kind = {"Content-Type": answer.headers["Content-Type"]}
        if not answer.ok:
            return Response(answer.content, answer.status_code, kind)

        def chunks() -> Iterator[bytes]:
            with session, answer:
                yield from answer.raw.stream(1024 * 1024)

        return Response(chunks(), answer.status_code, kind)


def create_service() -> Service:
    """Return Kinesis."""
    return Service.for_provider(KinesisForwarder(), dispatch_table_factory=Forwarder.dispatch_table)
