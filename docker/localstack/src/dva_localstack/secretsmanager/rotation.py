"""Rotation by a Lambda function: at once, on schedule, or both.

LocalStack 4.14 has the caller wait for the function, takes a function that Secrets Manager may not invoke, knows no
schedule expressions, fails at ``RotateImmediately=False``, and never rotates by itself.
"""

import json
import logging
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import ClientError
from localstack.aws.api import CommonServiceException, RequestContext, handler
from localstack.aws.api.secretsmanager import (
    InvalidParameterException,
    InvalidRequestException,
    ResourceNotFoundException,
)
from localstack.aws.connect import connect_to
from localstack.services.secretsmanager.provider import SecretNotFoundException, SecretsmanagerProvider
from moto.secretsmanager.models import FakeSecret, secretsmanager_backends

from dva_localstack.schedules.clock import Clock

from . import schedule

LOG = logging.getLogger(__name__)

STEPS = ("createSecret", "setSecret", "testSecret", "finishSecret")
"""https://docs.aws.amazon.com/secretsmanager/latest/userguide/rotate-secrets_lambda-functions.html"""

CURRENT, PENDING = "AWSCURRENT", "AWSPENDING"


class Rotation(SecretsmanagerProvider):
    """A Secrets Manager provider that rotates."""

    def __init__(self) -> None:
        super().__init__()
        self.clock = Clock("rotations")
        self.workers = ThreadPoolExecutor(4, thread_name_prefix="rotation")

    def on_before_stop(self) -> None:
        """Rotate nothing any more."""
        self.clock.stop()
        self.workers.shutdown(wait=False, cancel_futures=True)

    @handler("RotateSecret", expand=False)
    def rotate_secret(self, context: RequestContext, request: Any) -> Any:
        """Answer ``RotateSecret``, and rotate behind the caller's back.

        https://docs.aws.amazon.com/secretsmanager/latest/APIReference/API_RotateSecret.html
        """
        self._raise_if_invalid_secret_id(request["SecretId"])
        secret = self.own_secret(context, request["SecretId"])
        rules = request.get("RotationRules")
        function = request.get("RotationLambdaARN") or secret.rotation_lambda_arn
        if not function:
            raise InvalidRequestException("No Lambda rotation function ARN is associated with this secret.")
        try:
            schedule.check(rules or {})
        except schedule.BadRules as fault:
            raise InvalidParameterException(str(fault)) from fault
        check_function(secret, function)
        waiting = pending_version(secret)
        at_once = request.get("RotateImmediately") is not False
        secret.rotation_lambda_arn = function
        secret.rotation_requested = secret.rotation_enabled = True
        secret.rotation_rules = rules or getattr(secret, "rotation_rules", None) or {}
        self.plan(secret)
        token = waiting or request.get("ClientRequestToken") or str(uuid.uuid4())
        self.workers.submit(rotate if at_once else rehearse, secret, token)
        if waiting and at_once:
            raise InvalidRequestException("A previous rotation isn't complete. That rotation will be reattempted.")
        answer = {"ARN": secret.arn, "Name": secret.name}
        return {**answer, "VersionId": token} if at_once else answer

    def own_secret(self, context: RequestContext, secret_id: str) -> FakeSecret:
        """Return a secret that may be changed here.

        :raises ServiceException: it does not exist, is deleted, or is a replica
        """
        secret = self.get_moto_backend_for_resource(secret_id, context).secrets.get(secret_id)
        if secret is None:
            raise SecretNotFoundException()
        if not isinstance(secret, FakeSecret):
            raise InvalidRequestException(
                "Operation not permitted on a replica secret. Call must be made in primary secret's region."
            )
        if secret.is_deleted():
            raise InvalidRequestException(
                "You can't perform this operation on the secret because it was marked for deletion."
            )
        return secret

    def plan(self, secret: FakeSecret) -> None:
        """Have a secret rotated when its next window opens."""
        rules = secret.rotation_rules
        due = schedule.next_window(rules, datetime.now(UTC))
        if due is None:
            return
        secret.next_rotation_date = int(schedule.window_end(rules, due).timestamp())

        def fire() -> None:
            kept = secretsmanager_backends[secret.account_id][secret.region].secrets.get(secret.arn)
            if kept is secret and secret.rotation_rules is rules and secret.rotation_enabled:
                self.plan(secret)
                if not secret.is_deleted():
                    rotate(secret, pending_version(secret) or str(uuid.uuid4()))

        self.clock.call(due.timestamp(), fire)


def check_function(secret: FakeSecret, function: str) -> None:
    """Refuse a function that does not exist, or that Secrets Manager may not invoke."""
    try:
        connect_to(region_name=secret.region).lambda_.get_function(FunctionName=function)
    except ClientError as error:
        raise ResourceNotFoundException("Lambda does not exist or could not be accessed") from error
    try:
        lambda_client(secret).invoke(FunctionName=function, InvocationType="DryRun")
    except ClientError as error:
        raise CommonServiceException(
            "AccessDeniedException",
            "Secrets Manager cannot invoke the specified Lambda function. Ensure that the function policy grants "
            "access to the principal secretsmanager.amazonaws.com.",
            status_code=400,
            sender_fault=True,
        ) from error


def lambda_client(secret: FakeSecret) -> Any:
    """Return a client with which Secrets Manager itself invokes functions for a secret."""
    client = connect_to(region_name=secret.region).lambda_
    return client.request_metadata(source_arn=secret.arn, service_principal="secretsmanager")


def pending_version(secret: FakeSecret) -> str | None:
    """Return the version that a rotation left unfinished, if any."""
    for version_id, version in secret.versions.items():
        if PENDING in version["version_stages"] and CURRENT not in version["version_stages"]:
            return version_id
    return None


def ask(secret: FakeSecret, step: str, token: str) -> bool:
    """Have the function do a step; return whether it did."""
    event = {"Step": step, "SecretId": secret.arn, "ClientRequestToken": token, "RotationToken": str(uuid.uuid4())}
    try:
        answer = lambda_client(secret).invoke(FunctionName=secret.rotation_lambda_arn, Payload=json.dumps(event))
    except ClientError as error:
        LOG.info("Rotation of %s could not invoke its function: %s", secret.name, error)
        return False
    if answer.get("FunctionError"):
        LOG.info("Rotation of %s failed in %s: %s", secret.name, step, answer["Payload"].read().decode())
        return False
    return True


def stage(secret: FakeSecret, token: str) -> None:
    """Make the version that is to become the current one, without a value."""
    if token not in secret.versions:
        secret.remove_version_stages_from_old_versions([PENDING])
        now = int(datetime.now(UTC).timestamp())
        secret.versions[token] = {"createdate": now, "version_id": token, "version_stages": [PENDING]}


def rotate(secret: FakeSecret, token: str) -> None:
    """Have the function rotate a secret in four steps; a step that fails leaves the new version pending."""
    stage(secret, token)
    if all(ask(secret, step, token) for step in STEPS):
        secret.last_rotation_date = int(datetime.now(UTC).timestamp())
        version = secret.versions.get(token)
        if version and CURRENT in version["version_stages"] and PENDING in version["version_stages"]:
            version["version_stages"].remove(PENDING)


def rehearse(secret: FakeSecret, token: str) -> None:
    """Test a rotation's configuration: the function tests a pending version, which is dropped again."""
    current = secret.versions.get(secret.default_version_id or "", {})
    stage(secret, token)
    values = {name: current[name] for name in ("secret_string", "secret_binary") if name in current}
    secret.versions[token].update(values)
    ask(secret, "testSecret", token)
    secret.versions.pop(token, None)
