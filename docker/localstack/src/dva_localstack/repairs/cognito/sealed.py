"""Refresh tokens, which only the user pool can read.

Fault: MiniStack's are signed and readable; AWS's are encrypted:
https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-using-the-refresh-token.html
"""

import base64
import hashlib
import json
import os
from functools import cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from ministack.services import cognito

from dva_localstack.repairs.cognito.store import Data

HEADER = {"cty": "JWT", "enc": "A256GCM", "alg": "dir"}
"""Of a JSON Web Encryption: https://www.rfc-editor.org/rfc/rfc7516"""

NONCE, TAG = 12, 16
"""Sizes in bytes, from https://www.rfc-editor.org/rfc/rfc7518#section-5.3"""


@cache
def cipher() -> AESGCM:
    """Return the cipher, whose key comes from the key that is kept with the server's state."""
    private = cognito._RSA_PRIVATE_KEY.private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return AESGCM(hashlib.sha256(b"refresh tokens" + private).digest())


def encoded(content: bytes) -> str:
    """Return bytes as one part of a token."""
    return base64.urlsafe_b64encode(content).decode().rstrip("=")


def sealed(claims: Data) -> str:
    """Return a token that hides its claims."""
    header, nonce = encoded(json.dumps(HEADER).encode()), os.urandom(NONCE)
    hidden = cipher().encrypt(nonce, json.dumps(claims).encode(), header.encode())
    return ".".join((header, "", encoded(nonce), encoded(hidden[:-TAG]), encoded(hidden[-TAG:])))


def opened(token: object) -> Data:
    """Return the claims of a token that was sealed here; none of any other."""
    parts = str(token).split(".")
    if len(parts) != 5:
        return {}
    try:
        nonce, hidden, tag = (base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)) for part in parts[2:])
        return json.loads(cipher().decrypt(nonce, hidden + tag, parts[0].encode()))
    except (ValueError, InvalidTag):
        return {}
