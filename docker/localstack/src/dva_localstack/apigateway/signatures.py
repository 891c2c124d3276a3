"""Whether a request was signed with a secret access key: Signature Version 4, in the header or in the URL.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
"""

import datetime
import hmac
import urllib.parse
from dataclasses import dataclass
from typing import Any

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

ALGORITHM = "AWS4-HMAC-SHA256"
SKEW_SECONDS = 300
"""How far the clocks of client and service may be apart, and the life of a signature in the header."""


@dataclass(frozen=True)
class Signed:
    """What a signed request says about its signature."""

    access_key: str
    date: str
    region: str
    service: str
    headers: tuple[str, ...]
    signature: str
    time: str
    token: str | None
    expires: int = SKEW_SECONDS
    """Seconds."""
    in_url: bool = False


def read(request: Any) -> Signed | None:
    """Return what a request says about its signature, None when it is not signed or says it wrongly.

    :param request: an HTTP request or a WebSocket's
    """
    in_url = request.args.get("X-Amz-Algorithm") == ALGORITHM
    if in_url:
        said = {name.removeprefix("X-Amz-"): value for name, value in request.args.items()}
        time, token = said.get("Date", ""), said.get("Security-Token")
    else:
        scheme, _, rest = request.headers.get("Authorization", "").partition(" ")
        if scheme != ALGORITHM:
            return None
        said = dict(part.strip().partition("=")[::2] for part in rest.split(","))
        time, token = request.headers.get("X-Amz-Date", ""), request.headers.get("X-Amz-Security-Token")
    try:
        key, date, region, service, _ = said["Credential"].split("/")
        headers = tuple(said["SignedHeaders"].split(";"))
        expires = int(said["Expires"]) if in_url else SKEW_SECONDS
        return Signed(key, date, region, service, headers, said["Signature"], time, token, expires, in_url)
    except (KeyError, ValueError):
        return None


def matches(request: Any, signed: Signed, secret: str) -> bool:
    """Return whether the signature is that of the request as it arrived, with this secret, and not too old."""
    try:
        at = datetime.datetime.strptime(signed.time, "%Y%m%dT%H%M%SZ").replace(tzinfo=datetime.UTC)
    except ValueError:
        return False
    age = (datetime.datetime.now(datetime.UTC) - at).total_seconds()
    if not -SKEW_SECONDS <= age <= signed.expires or not signed.time.startswith(signed.date):
        return False
    auth = SigV4Auth(Credentials(signed.access_key, secret, signed.token), signed.service, signed.region)
    rebuilt = _rebuilt(request, signed)
    text = auth.string_to_sign(rebuilt, auth.canonical_request(rebuilt))
    return hmac.compare_digest(auth.signature(text, rebuilt), signed.signature)


def _rebuilt(request: Any, signed: Signed) -> AWSRequest:
    """Return the request as botocore would have signed it."""
    path, _, query = (request.environ.get("RAW_URI") or request.path).partition("?")
    kept = [item for item in query.split("&") if item and not item.startswith("X-Amz-Signature=")]
    url = urllib.parse.urlunsplit(("http", request.headers.get("Host", ""), path, "&".join(kept), ""))
    headers = {name: ",".join(request.headers.getlist(name)) for name in signed.headers}
    verb = "GET" if request.method == "WEBSOCKET" else request.method
    body = b"" if request.method == "WEBSOCKET" or signed.in_url else request.get_data()
    rebuilt = AWSRequest(verb, url, headers, body)
    rebuilt.context["timestamp"] = signed.time
    return rebuilt
