"""Custom resources: a Lambda function or an SNS topic does the work and answers by a PUT to a URL of ours."""

import json
import secrets
import threading
from typing import Any, ClassVar

from localstack import config
from localstack.http import Request, Response
from localstack.services.cloudformation.resource_provider import (
    OperationStatus,
    ProgressEvent,
    ResourceProvider,
    ResourceRequest,
)
from localstack.services.edge import ROUTER
from localstack.utils.urls import localstack_host

PATH = "/_dva/cloudformation/responses"

PATIENCE_SECONDS = 120
"""How long an answer is waited for where ServiceTimeout does not say. AWS waits an hour."""

RESPONSE_BYTES = 4096
"""https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/crpg-ref-responses.html"""

GIVEN = "__given__"
"""Where a model keeps the properties of the template, without those that the function answered."""


class Mailbox:
    """Waits for the answers of custom resources, each at a URL that nobody can guess."""

    def __init__(self) -> None:
        self._waiting: dict[str, tuple[threading.Event, list[bytes]]] = {}
        self._lock = threading.Lock()
        self._rule: Any = None

    def open(self) -> tuple[str, str]:
        """Return a new token and the URL at which its answer is awaited."""
        token = secrets.token_urlsafe(24)
        with self._lock:
            if self._rule is None:
                self._rule = ROUTER.add(f"{PATH}/<token>", self.receive, methods=["PUT"])
            self._waiting[token] = (threading.Event(), [])
        return token, f"{config.get_protocol()}://{localstack_host().host_and_port()}{PATH}/{token}"

    def receive(self, request: Request, token: str) -> Response:
        """Take an answer; a URL is good for one."""
        waiting = self._waiting.get(token)
        if not waiting:
            return Response("This URL is not awaited, or not any more.", 403)
        waiting[1].append(request.get_data())
        waiting[0].set()
        return Response("", 200)

    def wait(self, token: str, seconds: float) -> dict[str, Any]:
        """Return the answer.

        :raises CustomResourceError: none came in time, or it is none
        """
        event, answers = self._waiting[token]
        arrived = event.wait(seconds)
        del self._waiting[token]
        if not arrived:
            raise CustomResourceError("CloudFormation did not receive a response from your Custom Resource.")
        if len(answers[0]) > RESPONSE_BYTES:
            raise CustomResourceError("Response object is too long.")
        try:
            answer = json.loads(answers[0])
        except ValueError as error:
            raise CustomResourceError("Invalid Response object: it is not JSON.") from error
        if not isinstance(answer, dict) or answer.get("Status") not in ("SUCCESS", "FAILED"):
            raise CustomResourceError("Invalid Response object: Value of property Status must be SUCCESS or FAILED")
        return answer


class CustomResourceError(Exception):
    """A custom resource that did not do its work."""


MAILBOX = Mailbox()


class CustomResource(ResourceProvider[dict[str, Any]]):
    """AWS::CloudFormation::CustomResource and Custom::Anything.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/crpg-ref-requests.html
    """

    SCHEMA: ClassVar[dict[str, Any]] = {
        "primaryIdentifier": ["/properties/PhysicalResourceId"],
        "createOnlyProperties": [],
    }

    def create(self, request: ResourceRequest[dict[str, Any]]) -> ProgressEvent[dict[str, Any]]:
        """Send a Create request."""
        answer = self._ask(request, "Create", request.desired_state, {})
        if not answer.get("PhysicalResourceId"):
            raise CustomResourceError("Invalid PhysicalResourceId: a response must contain one.")
        return self._event(request, answer, answer["PhysicalResourceId"])

    def update(self, request: ResourceRequest[dict[str, Any]]) -> ProgressEvent[dict[str, Any]]:
        """Send an Update request; another physical id in the answer means a replacement."""
        previous = request.previous_state or {}
        physical = previous["PhysicalResourceId"]
        old = {"PhysicalResourceId": physical, "OldResourceProperties": written(given(previous))}
        answer = self._ask(request, "Update", given(request.desired_state), old)
        return self._event(request, answer, answer.get("PhysicalResourceId") or physical)

    def delete(self, request: ResourceRequest[dict[str, Any]]) -> ProgressEvent[dict[str, Any]]:
        """Send a Delete request."""
        model = request.desired_state
        self._ask(request, "Delete", given(model), {"PhysicalResourceId": model["PhysicalResourceId"]})
        return ProgressEvent(OperationStatus.SUCCESS, resource_model={})

    def _event(
        self, request: ResourceRequest[dict[str, Any]], answer: dict[str, Any], physical: str
    ) -> ProgressEvent[dict[str, Any]]:
        properties = given(request.desired_state)
        model = {**(answer.get("Data") or {}), "PhysicalResourceId": physical, GIVEN: properties}
        return ProgressEvent(OperationStatus.SUCCESS, resource_model=model)

    def _ask(
        self, request: ResourceRequest[dict[str, Any]], kind: str, properties: dict[str, Any], more: dict[str, Any]
    ) -> dict[str, Any]:
        token = properties.get("ServiceToken")
        if not token:
            raise CustomResourceError("Property ServiceToken cannot be empty.")
        mail, url = MAILBOX.open()
        event = {
            "RequestType": kind,
            "ServiceToken": token,
            "ResponseURL": url,
            "StackId": request.stack_id,
            "RequestId": request.request_token,
            "LogicalResourceId": request.logical_resource_id,
            "ResourceType": request.resource_type,
            "ResourceProperties": written(properties),
            **more,
        }
        clients = request.aws_client_factory
        if ":sns:" in token:
            clients.sns.publish(TopicArn=token, Message=json.dumps(event), Subject="AWS CloudFormation custom resource")
        else:
            clients.lambda_.invoke(FunctionName=token, InvocationType="Event", Payload=json.dumps(event).encode())
        answer = MAILBOX.wait(mail, float(properties.get("ServiceTimeout") or PATIENCE_SECONDS))
        if answer["Status"] == "FAILED":
            reason = answer.get("Reason") or "no reason"
            raise CustomResourceError(
                f"Received response status [FAILED] from custom resource. Message returned: {reason}"
            )
        return answer


def given(model: dict[str, Any]) -> dict[str, Any]:
    """Return the template's properties of a resource."""
    return model.get(GIVEN, model)


def written(value: Any) -> Any:
    """Return properties as CloudFormation sends them: all scalars are text."""
    if isinstance(value, dict):
        return {key: written(item) for key, item in value.items()}
    if isinstance(value, list):
        return [written(item) for item in value]
    return str(value).lower() if isinstance(value, bool) else str(value)
