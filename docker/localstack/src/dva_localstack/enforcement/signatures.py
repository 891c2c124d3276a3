"""Whether a request was signed with the secret of the key that it names: Signature Version 4 in headers.

Requests of the account's root are not checked: its secret may be anything. Presigned URLs are LocalStack's to check.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
"""

import hashlib
import hmac
import re
from urllib.parse import quote, unquote_plus

from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from localstack.aws.api import RequestContext
from localstack.aws.chain import HandlerChain
from localstack.http import Request, Response
from localstack.http.request import get_raw_path

from .callers import Caller

AUTHORIZATION = re.compile(
    r"AWS4-HMAC-SHA256\s+Credential=(?P<key>[^/,\s]+)/(?P<date>\d{8})/(?P<region>[^/]+)/(?P<service>[^/]+)/aws4_request,"
    r"\s*SignedHeaders=(?P<headers>[^,\s]+),\s*Signature=(?P<signature>[0-9a-f]{64})"
)


class Mismatch(Exception):
    """The signature is not the one that the key's secret makes."""


def keep_body(chain: HandlerChain, context: RequestContext, response: Response) -> None:
    """Keep the bytes of a form: once it is parsed they are gone, and they are what was signed."""
    request = context.request
    if request.mimetype == "application/x-www-form-urlencoded" and "Authorization" in request.headers:
        request.get_data(cache=True, parse_form_data=False)


def check(context: RequestContext, caller: Caller) -> None:
    """Check the signature of a call, unless it stands in the URL.

    :raises Mismatch: it was made with another secret, or for another request
    """
    request = context.request
    if "X-Amz-Signature" not in request.args and "Signature" not in request.args:
        check_request(request, caller)


def check_request(request: Request, caller: Caller) -> None:
    """Check the signature in the headers of a request.

    :raises Mismatch: it was made with another secret, or for another request
    """
    header = request.headers.get("Authorization", "")
    if caller.secret is None or not header.startswith("AWS4-HMAC-SHA256"):
        return
    found = AUTHORIZATION.match(header)
    if found is None:
        raise Mismatch(header)
    expected = signature_of(request, caller.secret, found)
    if not hmac.compare_digest(expected, found["signature"]):
        raise Mismatch(found["key"])


def signature_of(request: Request, secret: str, parts: re.Match[str]) -> str:
    """Return the signature that a secret makes of a request.

    :param parts: of the Authorization header: what was signed, when and where
    """
    kind = S3SigV4Auth if parts["service"] == "s3" else SigV4Auth
    signer = kind(Credentials(parts["key"], secret), parts["service"], parts["region"])
    canonical = "\n".join(
        [
            request.method,
            canonical_path(request, parts["service"]),
            canonical_query(request),
            canonical_headers(request, parts["headers"]),
            parts["headers"],
            payload_hash(request),
        ]
    )
    signed = AWSRequest(method=request.method, url="/")
    signed.context["timestamp"] = request.headers.get("X-Amz-Date", "")
    return str(signer.signature(signer.string_to_sign(signed, canonical), signed))


def canonical_path(request: Request, service: str) -> str:
    """Return the path as it is signed: as sent for S3, encoded once more for all others."""
    path = get_raw_path(request) or "/"
    return path if service == "s3" else quote(path, safe="/~")


def canonical_query(request: Request) -> str:
    """Return the query as it is signed: encoded and sorted."""
    parts = [part.partition("=") for part in request.query_string.decode("latin-1").split("&") if part]
    pairs = sorted((recoded(name), recoded(value)) for name, _, value in parts)
    return "&".join(f"{name}={value}" for name, value in pairs)


def recoded(text: str) -> str:
    """Return a part of a query in the one encoding that is signed."""
    return quote(unquote_plus(text, errors="surrogateescape"), safe="-_.~", errors="surrogateescape")


def canonical_headers(request: Request, names: str) -> str:
    """Return the signed headers as they are signed."""
    lines = []
    for name in names.split(";"):
        values = request.headers.getlist(name)
        lines.append(f"{name}:{','.join(' '.join(value.split()) for value in values)}\n")
    return "".join(lines)


def payload_hash(request: Request) -> str:
    """Return the hash of the body: the header's where there is one, as for S3, else that of what was sent."""
    given = request.headers.get("X-Amz-Content-SHA256")
    return given or hashlib.sha256(request.get_data(cache=True, parse_form_data=False)).hexdigest()
