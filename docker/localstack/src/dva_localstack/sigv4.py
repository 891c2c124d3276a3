"""The signature that a secret access key makes of a request: Signature Version 4.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
"""

import hashlib
import hmac
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, unquote_plus

from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from localstack.http.request import get_raw_path

ALGORITHM = "AWS4-HMAC-SHA256"


@dataclass(frozen=True)
class Signed:
    """What a signed request says about its signature."""

    access_key: str
    date: str
    """The day of the key's scope, for example ``20261123``."""
    region: str
    service: str
    headers: tuple[str, ...]
    """Names of the headers that are signed."""
    signature: str
    time: str
    """When it was signed, for example ``20261123T080000Z``."""


def parts_of(header: str) -> dict[str, str]:
    """Return the parts of an Authorization header by name; none if it is not one of Signature Version 4."""
    scheme, _, rest = header.partition(" ")
    if scheme != ALGORITHM:
        return {}
    return dict(part.strip().partition("=")[::2] for part in rest.split(","))


def signed(parts: dict[str, str], time: str) -> Signed:
    """Return what the parts of a header or of a URL say about a signature.

    :param parts: with the names Credential, SignedHeaders and Signature
    :raises ValueError: a part is missing or has another form
    """
    try:
        key, date, region, service, end = parts["Credential"].split("/")
        found = Signed(key, date, region, service, tuple(parts["SignedHeaders"].split(";")), parts["Signature"], time)
    except KeyError as missing:
        raise ValueError(f"no {missing} in the signature") from None
    if end != "aws4_request":
        raise ValueError("the scope of the key does not end with aws4_request")
    return found


def matches(request: Any, said: Signed, secret: str, *, verb: str | None = None, body: bytes | None = None) -> bool:
    """Tell whether the signature is that of a request, as it arrived, with this secret.

    :param request: an HTTP request or a WebSocket's
    :param verb: what was signed, where it is not the request's own method
    :param body: what was signed, where it is not the request's own body
    """
    payload = payload_hash(request) if body is None else hashlib.sha256(body).hexdigest()
    canonical = "\n".join(
        [
            verb or request.method,
            canonical_path(request, said.service),
            canonical_query(request),
            canonical_headers(request, said.headers),
            ";".join(said.headers),
            payload,
        ]
    )
    kind = S3SigV4Auth if said.service == "s3" else SigV4Auth
    signer = kind(Credentials(said.access_key, secret), said.service, said.region)
    stamp = AWSRequest(method=request.method, url="/")
    stamp.context["timestamp"] = said.time
    expected = str(signer.signature(signer.string_to_sign(stamp, canonical), stamp))
    return hmac.compare_digest(expected.encode(), said.signature.encode("utf-8", "replace"))


def canonical_path(request: Any, service: str) -> str:
    """Return the path as it is signed: as sent for S3, encoded once more for all others."""
    path = get_raw_path(request) or "/"
    return path if service == "s3" else quote(path, safe="/~")


def canonical_query(request: Any) -> str:
    """Return the query as it is signed: encoded, sorted, without the signature itself."""
    parts = [part.partition("=") for part in request.query_string.decode("latin-1").split("&") if part]
    pairs = sorted((recoded(name), recoded(value)) for name, _, value in parts if name != "X-Amz-Signature")
    return "&".join(f"{name}={value}" for name, value in pairs)


def recoded(text: str) -> str:
    """Return a part of a query in the one encoding that is signed."""
    return quote(unquote_plus(text, errors="surrogateescape"), safe="-_.~", errors="surrogateescape")


def canonical_headers(request: Any, names: tuple[str, ...]) -> str:
    """Return the signed headers as they are signed."""
    lines = []
    for name in names:
        values = request.headers.getlist(name)
        lines.append(f"{name}:{','.join(' '.join(value.split()) for value in values)}\n")
    return "".join(lines)


def payload_hash(request: Any) -> str:
    """Return the hash of the body: the header's where there is one, as for S3, else that of what was sent."""
    given = request.headers.get("X-Amz-Content-SHA256")
    return given or hashlib.sha256(request.get_data(cache=True, parse_form_data=False)).hexdigest()
