"""Users and roles of a test's account, whose clients are judged by IAM: for tests of enforcement."""

import json
import uuid
from typing import Any

import boto3
import pytest
from botocore.client import BaseClient
from botocore.config import Config
from botocore.exceptions import ClientError


def allow(action: Any, resource: Any = "*", **more: Any) -> dict[str, Any]:
    """Return a statement that allows."""
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def deny(action: Any, resource: Any = "*", **more: Any) -> dict[str, Any]:
    """Return a statement that denies."""
    return {"Effect": "Deny", "Action": action, "Resource": resource, **more}


def policy(*statements: dict[str, Any]) -> str:
    """Return a policy document as JSON."""
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def trust(principal: Any, **more: Any) -> str:
    """Return a trust policy as JSON."""
    return policy({"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole", **more})


class Person:
    """The holder of credentials: call it with a service's name to get a client."""

    def __init__(self, endpoint: str, arn: str, credentials: dict[str, str], region: str = "us-east-1") -> None:
        self.endpoint = endpoint
        self.arn = arn
        self.credentials = credentials
        self.session = boto3.Session(
            aws_access_key_id=credentials["AccessKeyId"],
            aws_secret_access_key=credentials["SecretAccessKey"],
            aws_session_token=credentials.get("SessionToken"),
            region_name=region,
        )

    def __call__(self, service: str, **config: Any) -> Any:
        """Return a boto3 client; ``config`` goes to botocore's ``Config``."""
        settings: dict[str, Any] = {"retries": {"max_attempts": 1}, "s3": {"addressing_style": "path"}, **config}
        return self.session.client(service, endpoint_url=self.endpoint, config=Config(**settings))


def user(account: Any, *statements: dict[str, Any], **settings: Any) -> Person:
    """Create a user with an inline policy of ``statements`` and an access key; ``settings`` go to CreateUser."""
    iam = account("iam")
    name = f"user-{uuid.uuid4().hex[:8]}"
    made = iam.create_user(UserName=name, **settings)["User"]
    if statements:
        iam.put_user_policy(UserName=name, PolicyName="inline", PolicyDocument=policy(*statements))
    person = Person(account.endpoint, made["Arn"], iam.create_access_key(UserName=name)["AccessKey"])
    person.name = name  # type: ignore[attr-defined]
    return person


def role(account: Any, *statements: dict[str, Any], principal: Any = None, **settings: Any) -> str:
    """Create a role with an inline policy of ``statements`` that its account trusts; return its ARN."""
    iam = account("iam")
    name = f"role-{uuid.uuid4().hex[:8]}"
    trusted = trust(principal or {"AWS": f"arn:aws:iam::{account.id}:root"})
    made = iam.create_role(RoleName=name, AssumeRolePolicyDocument=trusted, **settings)["Role"]
    if statements:
        iam.put_role_policy(RoleName=name, PolicyName="inline", PolicyDocument=policy(*statements))
    return made["Arn"]


def assume(caller: Any, role_arn: str, **request: Any) -> Person:
    """Assume a role and return its session; ``request`` goes to AssumeRole."""
    answer = caller("sts").assume_role(RoleArn=role_arn, RoleSessionName="test", **request)
    return Person(caller.endpoint, answer["AssumedRoleUser"]["Arn"], answer["Credentials"])


def session(account: Any, *statements: dict[str, Any], **request: Any) -> Person:
    """Return a session of a new role that may do what ``statements`` say; ``request`` goes to AssumeRole."""
    caller = user(account, allow("sts:AssumeRole"))
    return assume(caller, role(account, *statements), **request)


def let_send(account: Any, queue: str, service: str, source_arn: str) -> None:
    """Let a service, such as ``sns``, send to a queue of an account because of one of its resources."""
    sqs = account("sqs")
    condition = {"ArnLike": {"aws:SourceArn": source_arn}}
    arn = f"arn:aws:sqs:us-east-1:{account.id}:{queue}"
    statement = allow("sqs:SendMessage", arn, Principal={"Service": f"{service}.amazonaws.com"}, Condition=condition)
    url = sqs.get_queue_url(QueueName=queue)["QueueUrl"]
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy(statement)})


def refused(call: Any, code: str = "AccessDenied", status: int | None = None) -> str:
    """Make a call that must be refused with an error code; return the message.

    :param call: a function without parameters
    :param status: the HTTP status that the answer must have
    """
    with pytest.raises(ClientError) as caught:
        call()
    error = caught.value.response
    assert error["Error"]["Code"] == code, error
    if status:
        assert error["ResponseMetadata"]["HTTPStatusCode"] == status
    return error["Error"].get("Message", "")


def unsigned(account: Any, service: str) -> BaseClient:
    """Return a client that signs nothing."""
    from botocore import UNSIGNED

    return boto3.client(
        service,
        endpoint_url=account.endpoint,
        region_name="us-east-1",
        config=Config(signature_version=UNSIGNED, s3={"addressing_style": "path"}),
    )
