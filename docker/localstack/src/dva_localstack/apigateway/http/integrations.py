"""What answers a request to an HTTP API: a function, or an HTTP server on this machine."""

import logging
import re
import urllib.parse
from typing import Any

import requests
from botocore.exceptions import ClientError
from localstack.http import Response
from werkzeug.datastructures import Headers

from .. import functions
from ..timeouts import within
from . import answers, services
from .call import Call
from .configuration import Record
from .events import format_1, format_2
from .mapping import Outgoing, change_request, change_response, value_of
from .tokens import on_loopback

LOG = logging.getLogger(__name__)

MAXIMUM_TIMEOUT = 30_000
"""Milliseconds: https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html"""

HOP_BY_HOP = ("connection", "content-encoding", "content-length", "host", "keep-alive", "transfer-encoding", "upgrade")


def answer(call: Call) -> Response:
    """Return the answer of the route's integration."""
    target = (call.route.get("target") or "").rpartition("/")[2]
    integration = call.snapshot.integrations.get(target)
    if integration is None:
        return answers.internal_error()
    work = {"AWS_PROXY": _of_function, "HTTP_PROXY": _of_server}.get(integration["integrationType"])
    if integration.get("integrationSubtype"):
        work = _of_service
    if work is None:
        LOG.warning("No integration of type %s", integration["integrationType"])
        return answers.internal_error()
    try:
        return within(int(integration.get("timeoutInMillis") or MAXIMUM_TIMEOUT), work, call, integration)
    except TimeoutError:
        return answers.message(503, "Service Unavailable")


def _of_function(call: Call, integration: Record) -> Response:
    version = integration.get("payloadFormatVersion") or "1.0"
    event: dict[str, Any] = format_2(call) if version == "2.0" else format_1(call)
    try:
        returned = functions.invoke(
            functions.function_arn(integration["integrationUri"], call.stage_variables),
            event,
            call.source_arn,
            integration.get("credentialsArn"),
        )
    except ClientError as error:
        LOG.warning("%s %s: %s", call.api.id, call.route["routeKey"], error)
        return answers.internal_error()
    return answers.internal_error() if returned.failed else answers.of_function(returned.payload, version)


def _of_service(call: Call, integration: Record) -> Response:
    response = services.answer(call, integration)
    change_response(call, integration.get("responseParameters") or {}, response)
    return response


def _of_server(call: Call, integration: Record) -> Response:
    place = re.sub(
        r"\{(\w+)\+?\}", lambda match: call.parameters.get(match[1], match[0]), integration["integrationUri"]
    )
    url = urllib.parse.urlsplit(value_of(call, place))
    headers = Headers([(name, value) for name, value in call.headers.items() if name not in HOP_BY_HOP])
    outgoing = Outgoing(url.path, headers, call.query)
    change_request(call, integration.get("requestParameters") or {}, outgoing)
    verb = integration.get("integrationMethod") or "ANY"
    if not on_loopback(url.geturl()):
        LOG.warning("%s is not on this machine: it is not called", url.geturl())
        return answers.message(503, "Service Unavailable")
    try:
        with requests.Session() as session:
            session.trust_env = False
            got = session.request(
                call.request.method if verb == "ANY" else verb,
                url._replace(path=outgoing.path, query="").geturl(),
                params=outgoing.query,
                headers=dict(outgoing.headers),
                data=call.request.get_data(),
                allow_redirects=False,
                timeout=MAXIMUM_TIMEOUT / 1000,
            )
    except requests.RequestException as error:
        LOG.warning("%s did not answer: %s", url.geturl(), error)
        return answers.message(503, "Service Unavailable")
    response = Response(got.content, got.status_code)
    response.headers.clear()
    response.headers.extend((name, value) for name, value in got.headers.items() if name.lower() not in HOP_BY_HOP)
    response.headers["Content-Length"] = str(len(got.content))
    change_response(call, integration.get("responseParameters") or {}, response)
    return response
