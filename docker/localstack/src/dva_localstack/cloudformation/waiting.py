"""Signals: wait conditions, and resources whose creation policy waits for signals."""

import json
import re
import secrets
import threading
import time
from dataclasses import dataclass, field
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

PATH = "/_dva/cloudformation/signals"

PATIENCE_SECONDS = 300
"""How long a creation policy waits where it does not say: PT5M."""


@dataclass
class Box:
    """The signals for one handle or resource, by their unique ids."""

    changed: threading.Condition = field(default_factory=threading.Condition)
    signals: dict[str, tuple[str, str, str]] = field(default_factory=dict)
    """Unique ids to status, data and reason."""

    def put(self, unique_id: str, status: str, data: str = "", reason: str = "") -> None:
        """Take a signal; the first of a unique id counts."""
        with self.changed:
            self.signals.setdefault(unique_id, (status, data, reason))
            self.changed.notify_all()

    def wait(self, count: int, seconds: float, cancelled: threading.Event) -> bool:
        """Wait for ``count`` successes or one failure; say whether they came in time."""
        deadline = time.monotonic() + seconds
        with self.changed:
            while not self.failures() and len(self.signals) < count:
                left = deadline - time.monotonic()
                if left <= 0 or cancelled.is_set():
                    return False
                self.changed.wait(min(left, 0.2))
        return True

    def failures(self) -> list[tuple[str, str]]:
        """Return unique ids and reasons of the signals that tell of a failure."""
        return [(name, reason) for name, (status, _, reason) in self.signals.items() if status == "FAILURE"]


class Boxes:
    """All boxes: of handles by the end of their URL, of resources by stack and logical id."""

    def __init__(self) -> None:
        self._boxes: dict[str, Box] = {}
        self._rule: Any = None
        self._lock = threading.Lock()

    def of(self, name: str) -> Box:
        """Return a box, a new one if need be."""
        with self._lock:
            return self._boxes.setdefault(name, Box())

    def drop(self, name: str) -> None:
        """Forget a box."""
        self._boxes.pop(name, None)

    def new_url(self) -> str:
        """Return a URL to which signals can be PUT."""
        token = secrets.token_urlsafe(24)
        with self._lock:
            if self._rule is None:
                self._rule = ROUTER.add(f"{PATH}/<token>", self.receive, methods=["PUT"])
        self.of(token)
        return f"{config.get_protocol()}://{localstack_host().host_and_port()}{PATH}/{token}"

    def receive(self, request: Request, token: str) -> Response:
        """Take a signal as cfn-signal and curl send it."""
        try:
            signal = json.loads(request.get_data())
            unique_id, status = str(signal["UniqueId"]), str(signal["Status"])
        except (ValueError, KeyError, TypeError):
            return Response("A signal is JSON with Status, UniqueId, Data and Reason.", 400)
        if token not in self._boxes or status not in ("SUCCESS", "FAILURE"):
            return Response("", 403)
        self.of(token).put(unique_id, status, str(signal.get("Data", "")), str(signal.get("Reason", "")))
        return Response("", 200)


BOXES = Boxes()


class WaitConditionHandle(ResourceProvider[dict[str, Any]]):
    """AWS::CloudFormation::WaitConditionHandle: a URL for signals."""

    SCHEMA: ClassVar[dict[str, Any]] = {"primaryIdentifier": ["/properties/Id"], "createOnlyProperties": []}

    def create(self, request: ResourceRequest[dict[str, Any]]) -> ProgressEvent[dict[str, Any]]:
        """Make a URL."""
        return ProgressEvent(OperationStatus.SUCCESS, resource_model={**request.desired_state, "Id": BOXES.new_url()})

    def update(self, request: ResourceRequest[dict[str, Any]]) -> ProgressEvent[dict[str, Any]]:
        """Keep the URL."""
        return ProgressEvent(OperationStatus.SUCCESS, resource_model=dict(request.previous_state or {}))

    def delete(self, request: ResourceRequest[dict[str, Any]]) -> ProgressEvent[dict[str, Any]]:
        """Take no more signals."""
        BOXES.drop(request.desired_state["Id"].rsplit("/", 1)[-1])
        return ProgressEvent(OperationStatus.SUCCESS, resource_model={})


class WaitCondition(ResourceProvider[dict[str, Any]]):
    """AWS::CloudFormation::WaitCondition. Fault: it waited for nothing."""

    SCHEMA: ClassVar[dict[str, Any]] = {"primaryIdentifier": ["/properties/Id"], "createOnlyProperties": []}

    def create(self, request: ResourceRequest[dict[str, Any]]) -> ProgressEvent[dict[str, Any]]:
        """Wait for as many signals as the template says; one with a creation policy waits there."""
        model = dict(request.desired_state)
        model["Id"] = f"{request.stack_id}/{request.logical_resource_id}"
        model["Data"] = "{}"
        if handle := model.get("Handle"):
            box, count = BOXES.of(handle.rsplit("/", 1)[-1]), int(model.get("Count", 1))
            came = box.wait(count, float(model.get("Timeout", PATIENCE_SECONDS)), cancelled(request.stack_id))
            for unique_id, reason in box.failures():
                raise RuntimeError(f"WaitCondition received failed message: '{reason}' for uniqueId: {unique_id}")
            if not came:
                got = len(box.signals)
                raise TimeoutError(f"WaitCondition timed out. Received {got} conditions when expecting {count}")
            data = {name: data for name, (_, data, _) in box.signals.items()}
            model["Data"] = json.dumps(data, separators=(",", ":"))
        return ProgressEvent(OperationStatus.SUCCESS, resource_model=model)

    def update(self, request: ResourceRequest[dict[str, Any]]) -> ProgressEvent[dict[str, Any]]:
        """Refuse to wait again.

        https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-cloudformation-waitcondition.html
        """
        raise RuntimeError("Update to resource type AWS::CloudFormation::WaitCondition is not supported.")

    def delete(self, request: ResourceRequest[dict[str, Any]]) -> ProgressEvent[dict[str, Any]]:
        """Forget it."""
        return ProgressEvent(OperationStatus.SUCCESS, resource_model={})


CANCELLED: dict[str, threading.Event] = {}
"""Stacks with an operation under way, and whether somebody cancelled it."""


def cancelled(stack_id: str) -> threading.Event:
    """Return what tells that a stack's operation was cancelled."""
    return CANCELLED.get(stack_id) or threading.Event()


def fault_of_policy(stack_id: str, name: str, policy: Any) -> str:
    """Wait as a resource's creation policy says; return why it failed, or an empty text.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-attribute-creationpolicy.html
    """
    signal = (policy or {}).get("ResourceSignal")
    if signal is None:
        return ""
    count = int(signal.get("Count", 1))
    key = f"{stack_id}/{name}"
    box = BOXES.of(key)
    came = box.wait(count, seconds_of(str(signal.get("Timeout", "PT5M"))), cancelled(stack_id))
    failed, got = len(box.failures()), len(box.signals)
    BOXES.drop(key)
    if failed:
        return (
            f"Received {failed} FAILURE signal(s) out of {count}. "
            "Unable to satisfy 100% MinSuccessfulInstancesPercent requirement"
        )
    if not came:
        return f"Failed to receive {count - got} resource signal(s) within the specified duration"
    return ""


def seconds_of(duration: str) -> float:
    """Return an ISO 8601 duration such as PT1H30M in seconds."""
    found = re.fullmatch(r"PT(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?", duration)
    hours, minutes, seconds = (int(part or 0) for part in found.groups()) if found else (0, 5, 0)
    return float(hours * 3600 + minutes * 60 + seconds)
