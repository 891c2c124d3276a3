"""Whether a request to an API was signed with a secret access key, in headers or in the URL, and not too long ago."""

import datetime
from dataclasses import dataclass
from typing import Any

from dva_localstack import sigv4

SKEW_SECONDS = 300
"""How far the clocks of client and service may be apart, and the life of a signature in the header."""


@dataclass(frozen=True)
class Signed:
    """What a signed request says about its signature and its sender."""

    by: sigv4.Signed
    token: str | None
    """Session token of temporary credentials."""
    expires: int = SKEW_SECONDS
    """Seconds."""
    in_url: bool = False


def read(request: Any) -> Signed | None:
    """Return what a request says about its signature, None when it is not signed or says it wrongly.

    :param request: an HTTP request or a WebSocket's
    """
    try:
        if request.args.get("X-Amz-Algorithm") == sigv4.ALGORITHM:
            said = {name.removeprefix("X-Amz-"): value for name, value in request.args.items()}
            by = sigv4.signed(said, said.get("Date", ""))
            return Signed(by, said.get("Security-Token"), int(said.get("Expires", "")), in_url=True)
        by = sigv4.signed(
            sigv4.parts_of(request.headers.get("Authorization", "")), request.headers.get("X-Amz-Date", "")
        )
    except ValueError:
        return None
    return Signed(by, request.headers.get("X-Amz-Security-Token"))


def matches(request: Any, signed: Signed, secret: str) -> bool:
    """Return whether the signature is that of the request as it arrived, with this secret, and not too old."""
    try:
        at = datetime.datetime.strptime(signed.by.time, "%Y%m%dT%H%M%SZ").replace(tzinfo=datetime.UTC)
    except ValueError:
        return False
    age = (datetime.datetime.now(datetime.UTC) - at).total_seconds()
    if not -SKEW_SECONDS <= age <= signed.expires or not signed.by.time.startswith(signed.by.date):
        return False
    socket = request.method == "WEBSOCKET"
    body = b"" if socket or signed.in_url else None
    return sigv4.matches(request, signed.by, secret, verb="GET" if socket else None, body=body)
