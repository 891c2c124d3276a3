"""What every answer of S3 has: the host's id in an error, and who was charged.

LocalStack 4.14 writes the host's id into few errors, and never says that the requester was charged.
"""

import functools
from typing import Any
from xml.etree import ElementTree

from localstack.aws import handlers
from localstack.aws.api import RequestContext
from localstack.aws.chain import HandlerChain
from localstack.aws.protocol.serializer import S3ResponseSerializer
from localstack.http import Response
from localstack.services.s3.constants import S3_HOST_ID
from localstack.services.s3.provider import S3Provider

CHARGED = "dva_requester_is_charged"
"""Attribute of a request's context that is set where another account than the bucket's owner pays."""


class WholeAnswers(S3Provider):
    """An S3 provider whose answers lack nothing."""

    def on_after_init(self) -> None:
        """Have answers completed on their way out."""
        super().on_after_init()
        S3ResponseSerializer._add_additional_error_tags = functools.partialmethod(
            with_host_id, S3ResponseSerializer._add_additional_error_tags
        )
        handlers.run_custom_response_handlers.append(say_who_is_charged)


def with_host_id(self: Any, add_tags: Any, parameters: Any, root: Any, *args: Any) -> None:
    """Write the elements of an error, and the host's id.

    https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html#RESTErrorResponses
    """
    add_tags(self, parameters, root, *args)
    if root.tag == "Error" and root.find("HostId") is None:
        ElementTree.SubElement(root, "HostId").text = S3_HOST_ID


def say_who_is_charged(_: HandlerChain, context: RequestContext, response: Response) -> None:
    """Tell a requester that they pay.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/ObjectsinRequesterPaysBuckets.html
    """
    if getattr(context, CHARGED, False) and response.status_code < 400:
        response.headers["x-amz-request-charged"] = "requester"
