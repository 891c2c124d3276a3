"""Resource types whose life is a few API calls each: one row in ``types/`` for a type."""

import time
import tomllib
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import jmespath
from botocore.exceptions import ClientError
from localstack.services.cloudformation.provider_utils import generate_default_name
from localstack.services.cloudformation.resource_provider import (
    OperationStatus,
    ProgressEvent,
    ResourceProvider,
    ResourceRequest,
)

from .convert import call, to_attribute
from .replacement import lasting
from .tags import retag

READY_SECONDS = 120
"""How long a resource may take until it is ready; one that takes longer fails its stack."""


@dataclass(frozen=True)
class Row:
    """How resources of one type are made, changed and deleted.

    Values of ``with`` are JMESPath expressions over the properties and attributes, and ``account`` and ``region``.
    """

    service: str
    """The service's name in botocore."""
    create: str
    """The operation, as boto3 names it."""
    ref: str
    """The property or attribute that Ref gives."""
    delete: str = ""
    update: str = ""
    """Without one, only what ``then`` and ``tags`` say can be changed."""
    name: str = ""
    """The property that gets a generated name where the template gives none."""
    lowercase: bool = False
    """Generated names have small letters only."""
    key: dict[str, str] = field(default_factory=dict)
    """Parameters that name the resource in update, delete and ready."""
    rename: dict[str, str] = field(default_factory=dict)
    """Properties that the API calls otherwise."""
    attributes: dict[str, str] = field(default_factory=dict)
    """Attributes: JMESPath over the creation's answer, after "=" a text with names of properties in braces, after "/"
    JMESPath for a path of which the last part is meant."""
    updated: dict[str, str] = field(default_factory=dict)
    """Attributes that the answer to an update gives."""
    fixed: dict[str, str] = field(default_factory=dict)
    """Parameters of the creation that no property gives: JMESPath."""
    force: dict[str, str] = field(default_factory=dict)
    """Parameters of the deletion besides the key: JMESPath."""
    then: list[dict[str, Any]] = field(default_factory=list)
    """Calls after creation and update: ``when`` a property is new or changed, ``call`` an operation ``with`` values;
    when it left, ``undo`` by an operation ``undo_with`` parameters. What is ``made`` the creation does itself."""
    tags: str = ""
    """What names the resource when its tags are changed: JMESPath."""
    untagged: bool = False
    """The creation takes no tags: they are set afterward."""
    ready: dict[str, str] = field(default_factory=dict)
    """``call`` an operation with the key ``until`` an expression over its answer is true; where ``fails`` gives a text,
    the resource has failed for that reason."""


@cache
def rows() -> dict[str, Row]:
    """Return the table: resource types to rows."""
    folder = Path(__file__).with_name("types")
    tables = [tomllib.loads(file.read_text()) for file in sorted(folder.glob("*.toml"))]
    return {name: Row(**row) for table in tables for name, row in table.items()}


class TableProvider(ResourceProvider[dict[str, Any]]):
    """Makes resources of one type as its row says."""

    def __init__(self, resource_type: str) -> None:
        """Prepare a provider of ``resource_type``, which has a row."""
        self.row = rows()[resource_type]
        self.SCHEMA = {"primaryIdentifier": [f"/properties/{self.row.ref}"], "createOnlyProperties": []}

    def create(self, request: ResourceRequest[dict[str, Any]]) -> ProgressEvent[dict[str, Any]]:
        """Create a resource and note its attributes."""
        row, model = self.row, dict(request.desired_state)
        if row.name and not model.get(row.name):
            name = generate_default_name(request.stack_name, request.logical_resource_id)
            model[row.name] = name.lower() if row.lowercase else name
        answer = self._call(request, row.create, model, row.fixed)
        self._note(request, model, answer)
        self._after(request, {}, model)
        if row.untagged:
            self._retag(request, {}, model)
        return ProgressEvent(OperationStatus.SUCCESS, resource_model=model)

    def update(self, request: ResourceRequest[dict[str, Any]]) -> ProgressEvent[dict[str, Any]]:
        """Change a resource in place."""
        row, before = self.row, dict(request.previous_state or {})
        known = {row.ref, row.name, *row.attributes}
        model = {name: value for name, value in before.items() if name in known}
        model |= lasting(request.resource_type, before) | dict(request.desired_state)
        later = {step["when"] for step in row.then} | ({"Tags"} if row.tags else set())
        names = {*before, *request.desired_state} - known
        changed = {name for name in names if model.get(name) != before.get(name)} - later
        if changed and not row.update:
            raise NotImplementedError
        if changed:
            answer = self._call(request, row.update, model, {**row.fixed, **row.key})
            if row.ready:
                self._wait(request, model)
            elif row.update == row.create:
                self._note(request, model, answer)
            model |= {name: to_attribute(jmespath.search(path, answer)) for name, path in row.updated.items()}
        self._after(request, before, model)
        self._retag(request, before, model)
        return ProgressEvent(OperationStatus.SUCCESS, resource_model=model)

    def delete(self, request: ResourceRequest[dict[str, Any]]) -> ProgressEvent[dict[str, Any]]:
        """Delete a resource; one that is gone already is no error."""
        if self.row.delete:
            try:
                self._call(request, self.row.delete, request.desired_state, self.row.key | self.row.force, only=True)
            except ClientError as error:
                if not is_missing(error):
                    raise
        return ProgressEvent(OperationStatus.SUCCESS, resource_model={})

    def _call(
        self,
        request: ResourceRequest[dict[str, Any]],
        operation: str,
        model: dict[str, Any],
        more: dict[str, str],
        only: bool = False,
    ) -> Any:
        """Call an operation with the properties, unless ``only``, and with the expressions ``more``."""
        client = getattr(request.aws_client_factory, self.row.service.replace("-", "_"))
        given = {} if only else {self.row.rename.get(name, name): value for name, value in model.items()}
        scope = {**model, "account": request.account_id, "region": request.region_name, "token": request.request_token}
        given |= {name: jmespath.search(expression, scope) for name, expression in more.items()}
        return call(client, operation, given)

    def _wait(self, request: ResourceRequest[dict[str, Any]], model: dict[str, Any]) -> Any:
        """Wait until a resource is ready; return how it is described.

        :raises TimeoutError: it never was
        """
        ready, deadline = self.row.ready, time.monotonic() + READY_SECONDS
        while True:
            answer = self._call(request, ready["call"], model, self.row.key, only=True)
            if jmespath.search(ready["until"], answer):
                return answer
            if "fails" in ready and (reason := jmespath.search(ready["fails"], answer)):
                raise RuntimeError(reason)
            if time.monotonic() > deadline:
                raise TimeoutError(f"Resource {request.logical_resource_id} did not stabilize.")
            time.sleep(0.2)

    def _note(self, request: ResourceRequest[dict[str, Any]], model: dict[str, Any], answer: Any) -> None:
        if self.row.ready:
            answer = self._wait(request, model)
        for name, expression in self.row.attributes.items():
            if expression.startswith("="):
                places = {**model, "account": request.account_id, "region": request.region_name}
                value = expression[1:].format_map(places)
            elif expression.startswith("/"):
                value = jmespath.search(expression[1:], answer).split("/")[-1]
            else:
                value = to_attribute(jmespath.search(expression, answer))
            model[name] = value

    def _after(self, request: ResourceRequest[dict[str, Any]], before: dict[str, Any], model: dict[str, Any]) -> None:
        for step in self.row.then:
            old, new = before.get(step["when"]), model.get(step["when"])
            if step.get("made") and not before:
                continue
            if new is not None and new != old:
                self._call(request, step["call"], model, step["with"], only=True)
            elif new is None and old is not None and "undo" in step:
                self._call(request, step["undo"], model, step["undo_with"], only=True)

    def _retag(self, request: ResourceRequest[dict[str, Any]], before: dict[str, Any], model: dict[str, Any]) -> None:
        if self.row.tags and before.get("Tags") != model.get("Tags"):
            client = getattr(request.aws_client_factory, self.row.service.replace("-", "_"))
            retag(client, jmespath.search(self.row.tags, model), before.get("Tags"), model.get("Tags"))


def is_missing(error: ClientError) -> bool:
    """Say whether a service answered that something does not exist."""
    code = error.response["Error"]["Code"]
    return "NotFound" in code or "DoesNotExist" in code or "NoSuch" in code
