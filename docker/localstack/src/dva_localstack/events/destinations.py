"""API destinations.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-api-destinations.html
"""

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import requests
from localstack.aws.connect import connect_to
from localstack.services.events.api_destination import add_api_destination_authorization
from localstack.services.events.target import TRACE_HEADER_KEY, EventsApiDestinationTargetSender
from localstack.utils.aws.arns import parse_arn
from localstack.utils.http import add_query_params_to_url
from localstack.utils.json import extract_jsonpath

from .delivery import ORIGINAL, FailedDelivery

ANSWER_SECONDS = 5
"""How long a destination may take to answer."""

RETRIED = (401, 407, 409, 429)
"""Statuses besides 500 and more after which an event is sent again."""

HEADERS = {
    "User-Agent": "Amazon/EventBridge/ApiDestinations",
    "Content-Type": "application/json; charset=utf-8",
    "Range": "bytes=0-1048575",
    "Accept-Encoding": "gzip,deflate",
    "Connection": "close",
}


class ApiDestination(EventsApiDestinationTargetSender):
    """Faults: an answer of 429 or 5xx counts as success; ``*`` in the URL and paths into the event stay as they are."""

    def send_event(self, event: Any, trace_header: Any) -> None:
        """Send an event to the destination.

        :raises FailedDelivery: the destination did not take it
        """
        parts = parse_arn(self.target["Arn"])
        client = connect_to(aws_access_key_id=parts["account"], region_name=parts["region"]).events
        destination = client.describe_api_destination(Name=parts["resource"].split("/")[1])
        body = dict(event) if isinstance(event, dict) else event
        headers = {**HEADERS, TRACE_HEADER_KEY: trace_header.to_header_str()}
        given = self.target.get("HttpParameters") or {}
        destination["InvocationEndpoint"] = with_path(destination["InvocationEndpoint"], self._values(given))
        url = add_api_destination_authorization(destination, headers, body)
        names = {name.lower() for name in headers}
        headers |= {
            name: as_text(value)
            for name, value in (given.get("HeaderParameters") or {}).items()
            if name.lower() not in names
        }
        query = {name: as_text(value) for name, value in (given.get("QueryStringParameters") or {}).items()}
        url = add_query_params_to_url(url, query)
        try:
            answer = requests.request(
                destination["HttpMethod"], url, data=json.dumps(body), headers=headers, timeout=ANSWER_SECONDS
            )
        except requests.RequestException as error:
            raise FailedDelivery(str(error)) from error
        if not answer.ok:
            raise FailedDelivery(
                f"{url} answered {answer.status_code}: {answer.text}",
                permanent=answer.status_code < 500 and answer.status_code not in RETRIED,
                wait_seconds=retry_after(answer),
            )

    def _values(self, given: Mapping[str, Any]) -> list[str]:
        return [as_text(value) for value in given.get("PathParameterValues") or []]


def with_path(url: str, values: list[str]) -> str:
    """Return a URL with each ``*`` replaced by the next value."""
    for value in values:
        url = url.replace("*", quote(value, safe=""), 1)
    return url


def as_text(value: str) -> str:
    """Return a parameter; one that is a path is looked up in the event as it was before any transformation."""
    found = extract_jsonpath(ORIGINAL.get(), value) if value.startswith("$.") else value
    return found if isinstance(found, str) else json.dumps(found)


def retry_after(answer: requests.Response) -> float:
    """Return the seconds that an answer's ``Retry-After`` asks for; 0 if it does not."""
    text = answer.headers.get("Retry-After") or ""
    return float(text) if text.isdigit() else 0.0
