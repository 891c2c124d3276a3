"""Roles and functions that a lab is given, where making them is not what it teaches.

Everything goes through the public API, and may run twice: what exists is brought up to date.
"""

import io
import json
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

RUNTIME = "python3.13"

LOGGING = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
"""The AWS managed policy that lets a function write its log:
https://docs.aws.amazon.com/lambda/latest/dg/lambda-intro-execution-role.html"""


def role(iam: Any, name: str, service: str, allow: Sequence[Mapping[str, Any]], managed: Sequence[str]) -> str:
    """Make a role that an AWS service can assume, or bring it up to date.

    :param iam: a boto3 client
    :param name: the role's name
    :param service: who may assume it, for example ``lambda.amazonaws.com``
    :param allow: statements of its inline policy, without ``Effect``: ``{"Action": ..., "Resource": ...}``
    :param managed: ARNs of managed policies to attach
    :return: the role's ARN
    """
    trust = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    try:
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=_policy([trust]))
    except iam.exceptions.EntityAlreadyExistsException:
        iam.update_assume_role_policy(RoleName=name, PolicyDocument=_policy([trust]))
    for arn in managed:
        iam.attach_role_policy(RoleName=name, PolicyArn=arn)
    if allow:
        document = _policy([{"Effect": "Allow", **statement} for statement in allow])
        iam.put_role_policy(RoleName=name, PolicyName="lab", PolicyDocument=document)
    return iam.get_role(RoleName=name)["Role"]["Arn"]


def function(client: Any, name: str, files: Sequence[Path], role_arn: str, **settings: Any) -> dict[str, Any]:
    """Make a Lambda function from a few files, or bring it up to date, and wait until it can be invoked.

    :param client: a boto3 client of Lambda
    :param name: the function's name
    :param files: what goes to the top level of the package; the first has the handler
    :param role_arn: its execution role
    :param settings: parameters of ``CreateFunction``, for example ``Timeout=10``. What an earlier call set and this one
        does not name goes back to ``CreateFunction``'s default.
    :return: the configuration, as ``GetFunctionConfiguration`` answers
    """
    settings = {"Runtime": RUNTIME, "Handler": f"{files[0].stem}.handler", "Role": role_arn, **settings}
    code = package(files)
    try:
        client.create_function(FunctionName=name, Code={"ZipFile": code}, **settings)
    except client.exceptions.ResourceConflictException:
        client.update_function_code(FunctionName=name, ZipFile=code)
        client.get_waiter("function_updated_v2").wait(FunctionName=name)
        defaults = {"Timeout": 3, "MemorySize": 128, "Environment": {"Variables": {}}, "Layers": []}
        client.update_function_configuration(FunctionName=name, **{**defaults, **settings})
        client.get_waiter("function_updated_v2").wait(FunctionName=name)
    client.get_waiter("function_active_v2").wait(FunctionName=name)
    return client.get_function_configuration(FunctionName=name)


def package(files: Sequence[Path]) -> bytes:
    """Return a zip archive with the files at its top level."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in files:
            archive.write(file, file.name)
    return buffer.getvalue()


def _policy(statements: Sequence[Mapping[str, Any]]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": statements})
