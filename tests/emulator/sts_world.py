"""An account for tests of STS: roles, users and clients in one line, codes of MFA devices, tokens of a user pool."""

import base64
import hashlib
import hmac
import json
import struct
import time
from collections.abc import Callable
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

Statement = dict[str, Any]


def document(*statements: Statement) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def trust(principal: Any, *actions: str, condition: Statement | None = None) -> str:
    statement = {"Effect": "Allow", "Principal": principal, "Action": list(actions) or ["sts:AssumeRole"]}
    return document(statement | ({"Condition": condition} if condition else {}))


def totp(seed: bytes, steps_ago: int = 0) -> str:
    """Return the code that an authenticator app shows: https://www.rfc-editor.org/rfc/rfc6238"""
    counter = struct.pack(">Q", int(time.time()) // 30 - steps_ago)
    digest = hmac.new(base64.b32decode(seed), counter, hashlib.sha1).digest()
    number = struct.unpack(">I", digest[digest[-1] & 15 :][:4])[0] & 0x7FFFFFFF
    return f"{number % 1_000_000:06d}"


ASSUME: Statement = {"Effect": "Allow", "Action": ["sts:AssumeRole", "sts:TagSession"], "Resource": "*"}


class World:
    """An account with roles and users made in one line."""

    def __init__(self, account: Any) -> None:
        self.account = account
        self.iam = account("iam")
        self.sts = account("sts")

    def arn(self, role: str) -> str:
        return f"arn:aws:iam::{self.account.id}:role/{role}"

    def role(self, name: str, policy: str, **settings: Any) -> str:
        return self.iam.create_role(RoleName=name, AssumeRolePolicyDocument=policy, **settings)["Role"]["Arn"]

    def user(self, name: str, *allowed: Statement) -> dict[str, str]:
        self.iam.create_user(UserName=name)
        if allowed:
            self.iam.put_user_policy(UserName=name, PolicyName="inline", PolicyDocument=document(*allowed))
        return self.iam.create_access_key(UserName=name)["AccessKey"]

    def client(self, keys: dict[str, str], service: str = "sts") -> Any:
        return boto3.client(
            service,
            endpoint_url=self.account.endpoint,
            region_name="us-east-1",
            aws_access_key_id=keys["AccessKeyId"],
            aws_secret_access_key=keys["SecretAccessKey"],
            aws_session_token=keys.get("SessionToken"),
            config=Config(retries={"max_attempts": 1}, parameter_validation=False),
        )

    def mfa(self, user: str) -> tuple[str, bytes]:
        device = self.iam.create_virtual_mfa_device(VirtualMFADeviceName=user)["VirtualMFADevice"]
        seed = device["Base32StringSeed"]
        self.iam.enable_mfa_device(
            UserName=user,
            SerialNumber=device["SerialNumber"],
            AuthenticationCode1=totp(seed, 1),
            AuthenticationCode2=totp(seed),
        )
        return device["SerialNumber"], seed


def refused(code: str, call: Callable[..., Any], *text: str, **parameters: Any) -> str:
    with pytest.raises(ClientError) as caught:
        call(**parameters)
    error = caught.value.response["Error"]
    assert error["Code"] == code, error
    for part in text:
        assert part in error["Message"]
    return error["Message"]


class Tokens:
    """A user pool that gives ID tokens, known to IAM as a provider."""

    def __init__(self, world: World) -> None:
        idp = world.account("cognito-idp")
        pool = idp.create_user_pool(PoolName="people")["UserPool"]["Id"]
        flows = ["ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"]
        self.client_id = idp.create_user_pool_client(UserPoolId=pool, ClientName="app", ExplicitAuthFlows=flows)[
            "UserPoolClient"
        ]["ClientId"]
        idp.admin_create_user(UserPoolId=pool, Username="ann", MessageAction="SUPPRESS")
        idp.admin_set_user_password(UserPoolId=pool, Username="ann", Password="Pass-word-1", Permanent=True)
        self.id_token, self.access_token = (
            idp.initiate_auth(
                ClientId=self.client_id,
                AuthFlow="USER_PASSWORD_AUTH",
                AuthParameters={"USERNAME": "ann", "PASSWORD": "Pass-word-1"},
            )["AuthenticationResult"][kind]
            for kind in ("IdToken", "AccessToken")
        )
        body = self.id_token.split(".")[1]
        self.claims = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
        self.issuer = self.claims["iss"]
        self.name = self.issuer.split("://")[1]

    def register(self, world: World, audience: str) -> str:
        return world.iam.create_open_id_connect_provider(
            Url=self.issuer, ClientIDList=[audience], ThumbprintList=["0" * 40]
        )["OpenIDConnectProviderArn"]
