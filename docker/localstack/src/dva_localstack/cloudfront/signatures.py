"""Signed URLs and signed cookies.

https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/private-content-signed-urls.html
"""

import base64
import fnmatch
import ipaddress
import json
import time
from collections.abc import Iterable, Mapping
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import load_pem_public_key

PARAMETERS = ("Expires", "Policy", "Signature", "Key-Pair-Id")
"""Query parameters that are CloudFront's own: they are not part of the URL that was signed."""


class Refused(Exception):
    """A request that is not signed as it must be."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def check(given: Mapping[str, str], keys: Mapping[str, str], urls: Iterable[str], address: str) -> None:
    """Let a request pass whose signature is good.

    :param given: the parameters of :data:`PARAMETERS`, from the URL or from cookies
    :param keys: trusted public keys in PEM, by their ids
    :param urls: what the client may have signed: the URL that it asked for, as it is called here and on AWS
    :param address: of the client
    :raises Refused: no signature, or one that does not open this
    """
    for name in ("Key-Pair-Id", "Signature"):
        if not given.get(name):
            code = "MissingKey" if name == "Key-Pair-Id" else "AccessDenied"
            raise Refused(code, f"Missing {name} query parameter or cookie value")
    if given["Key-Pair-Id"] not in keys:
        raise Refused("InvalidKey", "Unknown Key")
    if given.get("Policy"):
        policies = [decoded(given["Policy"])]
    else:
        policies = [canned(url, given.get("Expires", "")).encode() for url in urls]
    key, signature = keys[given["Key-Pair-Id"]], decoded(given["Signature"])
    signed = next((text for text in policies if verifies(key, signature, text)), None)
    if signed is None or not allows(signed, urls, address):
        raise Refused("AccessDenied", "Access denied")


def canned(url: str, expires: str) -> str:
    """Return the policy that a URL with ``Expires`` stands for."""
    return f'{{"Statement":[{{"Resource":"{url}","Condition":{{"DateLessThan":{{"AWS:EpochTime":{expires}}}}}}}]}}'


def decoded(text: str) -> bytes:
    """Return what was Base64 with CloudFront's letters."""
    try:
        return base64.b64decode(text.translate(str.maketrans("-_~", "+=/")))
    except ValueError:
        raise Refused("AccessDenied", "Access denied") from None


def verifies(pem: str, signature: bytes, text: bytes) -> bool:
    """Tell whether a signature of a text is by the holder of a key: of its SHA-1 hash."""
    key, digest = load_pem_public_key(pem.encode()), hashes.SHA1()
    try:
        if isinstance(key, rsa.RSAPublicKey):
            key.verify(signature, text, padding.PKCS1v15(), digest)
        elif isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(signature, text, ec.ECDSA(digest))
        else:
            return False
    except InvalidSignature:
        return False
    return True


def allows(policy: bytes, urls: Iterable[str], address: str) -> bool:
    """Tell whether a policy is about one of the URLs, now and for this client."""
    try:
        statement: Any = json.loads(policy)["Statement"][0]
        condition, resource = statement["Condition"], statement.get("Resource", "*")
        until, since = condition["DateLessThan"], condition.get("DateGreaterThan") or {}
        network = (condition.get("IpAddress") or {}).get("AWS:SourceIp", "0.0.0.0/0")
        inside = ipaddress.ip_address(address) in ipaddress.ip_network(network, strict=False)
        in_time = int(since.get("AWS:EpochTime", 0)) <= time.time() < int(until["AWS:EpochTime"])
    except (ValueError, KeyError, TypeError, IndexError):
        return False
    exact = resource.replace("[", "[[]").replace("http*://", "*://")
    return inside and in_time and any(fnmatch.fnmatchcase(url, exact) for url in urls)
