"""What a client of Cognito does by itself: check a token's signature, answer SRP, compute a TOTP code."""

import base64
import hashlib
import hmac
import json
import struct
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
import requests
from botocore.exceptions import ClientError

PASSWORD = "Str0ng-Pass!"

SHA256_PREFIX = bytes.fromhex("3031300d060960864801650304020105000420")
"""DigestInfo of SHA-256: https://www.rfc-editor.org/rfc/rfc8017#section-9.2"""


def decoded(part: str) -> bytes:
    """Return the bytes of a base64url text without padding."""
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def claims(token: str) -> dict[str, Any]:
    """Return a token's claims, unverified."""
    return json.loads(decoded(token.split(".")[1]))


def verified(token: str, keys_url: str) -> dict[str, Any]:
    """Return the claims of a token that is signed by one of the keys at ``keys_url`` (RS256)."""
    head, body, signature = token.split(".")
    header = json.loads(decoded(head))
    assert header["alg"] == "RS256"
    key = next(key for key in requests.get(keys_url, timeout=10).json()["keys"] if key["kid"] == header["kid"])
    modulus, exponent = (int.from_bytes(decoded(key[name])) for name in ("n", "e"))
    size = (modulus.bit_length() + 7) // 8
    plain = pow(int.from_bytes(decoded(signature)), exponent, modulus).to_bytes(size)
    digest = SHA256_PREFIX + hashlib.sha256(f"{head}.{body}".encode()).digest()
    assert plain == b"\0\1" + b"\xff" * (size - len(digest) - 3) + b"\0" + digest
    return json.loads(decoded(body))


def totp(secret: str, step: int = 0) -> str:
    """Return the code of an authenticator app: https://www.rfc-editor.org/rfc/rfc6238"""
    counter = struct.pack(">Q", int(time.time() // 30) + step)
    digest = hmac.new(base64.b32decode(secret + "=" * (-len(secret) % 8)), counter, "sha1").digest()
    start = digest[-1] & 15
    return f"{(int.from_bytes(digest[start : start + 4]) & 0x7FFFFFFF) % 10**6:06d}"


def secret_hash(username: str, client_id: str, secret: str) -> str:
    """Return SECRET_HASH: https://docs.aws.amazon.com/cognito/latest/developerguide/signing-up-users-in-your-app.html"""
    return base64.b64encode(hmac.digest(secret.encode(), (username + client_id).encode(), "sha256")).decode()


def refusal(call: Callable[..., Any], **request: Any) -> tuple[str, str]:
    """Return code and message of the error that a call must raise."""
    with pytest.raises(ClientError) as caught:
        call(**request)
    return caught.value.response["Error"]["Code"], caught.value.response["Error"]["Message"]


@dataclass
class Pool:
    """A user pool with one app client, in the account of a test."""

    account: Any
    settings: dict[str, Any] = field(default_factory=dict)
    client_settings: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.idp = self.account("cognito-idp")
        self.pool = self.idp.create_user_pool(PoolName="people", **self.settings)["UserPool"]
        self.id = self.pool["Id"]
        flows = ["ALLOW_USER_PASSWORD_AUTH", "ALLOW_USER_SRP_AUTH", "ALLOW_REFRESH_TOKEN_AUTH", "ALLOW_CUSTOM_AUTH"]
        self.app = self.client(**{"ExplicitAuthFlows": flows, **self.client_settings})
        self.client_id = self.app["ClientId"]

    def client(self, **settings: Any) -> dict[str, Any]:
        """Create a further app client."""
        return self.idp.create_user_pool_client(UserPoolId=self.id, ClientName="app", **settings)["UserPoolClient"]

    @property
    def url(self) -> str:
        """The pool's path on the gateway, with 127.0.0.1."""
        return f"{self.account.endpoint}/{self.id}"

    def user(self, name: str = "ana", password: str = PASSWORD, **attributes: str) -> str:
        """Create a confirmed user and return its name."""
        listed = [{"Name": key.replace("__", ":"), "Value": value} for key, value in attributes.items()]
        self.idp.admin_create_user(UserPoolId=self.id, Username=name, UserAttributes=listed, MessageAction="SUPPRESS")
        self.idp.admin_set_user_password(UserPoolId=self.id, Username=name, Password=password, Permanent=True)
        return name

    def sign_up(self, name: str = "ana", password: str = PASSWORD, **attributes: str) -> dict[str, Any]:
        """Sign a user up by themselves."""
        listed = [{"Name": key.replace("__", ":"), "Value": value} for key, value in attributes.items()]
        return self.idp.sign_up(ClientId=self.client_id, Username=name, Password=password, UserAttributes=listed)

    def sign_in(self, name: str = "ana", password: str = PASSWORD, **more: Any) -> dict[str, Any]:
        """Sign in with a password and return the whole answer."""
        return self.idp.initiate_auth(
            ClientId=self.client_id,
            AuthFlow="USER_PASSWORD_AUTH",
            AuthParameters={"USERNAME": name, "PASSWORD": password},
            **more,
        )

    def tokens(self, name: str = "ana", password: str = PASSWORD) -> dict[str, Any]:
        """Sign in with a password and return the tokens."""
        return self.sign_in(name, password)["AuthenticationResult"]

    def refresh(self, token: str) -> dict[str, Any]:
        """Renew the tokens with a refresh token."""
        answer = self.idp.initiate_auth(
            ClientId=self.client_id, AuthFlow="REFRESH_TOKEN_AUTH", AuthParameters={"REFRESH_TOKEN": token}
        )
        return answer["AuthenticationResult"]

    def codes(self, name: str) -> list[dict[str, Any]]:
        """Return the messages that were sent to a user, newest first."""
        answer = requests.get(
            f"{self.account.endpoint}/_dva/cognito/codes", params={"pool": self.id, "user": name}, timeout=10
        )
        return answer.json()["messages"]

    def code(self, name: str = "ana") -> str:
        """Return the newest code that was sent to a user."""
        return self.codes(name)[0]["code"]
