"""S3 on the gateway, for what MiniStack's services read from there and write there."""

import os
import urllib.error
import urllib.parse
import urllib.request
from xml.etree import ElementTree

GATEWAY = os.environ.get("DVA_GATEWAY_URL", "")
SECONDS = 30


class NoBucket(Exception):
    """There is no such bucket, or this account may not use it; the argument is S3's error code."""


def call(account: str, method: str, path: str, body: bytes | None = None) -> bytes:
    """Send a request as the root of an account.

    :param path: what follows the host, percent-encoded
    :raises NoBucket: S3 refused
    """
    scope = f"{account}/20260101/us-east-1/s3/aws4_request"
    headers = {"Authorization": f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0"}
    request = urllib.request.Request(f"{GATEWAY}/{path}", body, headers, method=method)
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with direct.open(request, timeout=SECONDS) as answer:
            return answer.read()
    except urllib.error.HTTPError as error:
        code = ElementTree.fromstring(error.read() or b"<Error/>").findtext("Code")
        raise NoBucket(code or str(error.code)) from error


def put(account: str, bucket: str, key: str, body: bytes) -> None:
    """Write an object."""
    call(account, "PUT", f"{bucket}/{urllib.parse.quote(key)}", body)


def get(account: str, bucket: str, key: str) -> bytes:
    """Read an object."""
    return call(account, "GET", f"{bucket}/{urllib.parse.quote(key)}")


def keys(account: str, bucket: str, prefix: str) -> list[str]:
    """Return the keys below a prefix, in order."""
    found: list[str] = []
    token = ""
    while True:
        asked = {"list-type": "2", "prefix": prefix} | ({"continuation-token": token} if token else {})
        page = ElementTree.fromstring(call(account, "GET", f"{bucket}?{urllib.parse.urlencode(asked)}"))
        space = page.tag.partition("}")[0] + "}" if page.tag.startswith("{") else ""
        found += [each.findtext(f"{space}Key") or "" for each in page.iter(f"{space}Contents")]
        token = page.findtext(f"{space}NextContinuationToken") or ""
        if not token:
            return found
