"""Resource types whose life is a few API calls each: one row of ``types.toml`` for a type."""

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

from .convert import to_attribute, to_parameters
from .schemas import schema

READY_SECONDS = 120
"""How long a resource may take until it is ready."""


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
    """Without one, every change replaces the resource."""
    name: str = ""
    """The property that gets a generated name where the template gives none."""
    lowercase: bool = False
    """Generated names have small letters only."""
    key: dict[str, str] = field(default_factory=dict)
    """Parameters that name the resource in update, delete and ready."""
    rename: dict[str, str] = field(default_factory=dict)
    """Properties that the API calls otherwise."""
    attributes: dict[str, str] = field(default_factory=dict)
    """Attributes: JMESPath over the creation's answer, or after "=" a text with names of properties in braces."""
    fixed: dict[str, str] = field(default_factory=dict)
    """Parameters of the creation that no property gives: JMESPath."""
    force: dict[str, str] = field(default_factory=dict)
    """Parameters of the deletion besides the key: JMESPath."""
    then: list[dict[str, Any]] = field(default_factory=list)
    """Calls after creation and update: ``when`` a property is there, ``call`` an operation ``with`` parameters."""
    ready: dict[str, str] = field(default_factory=dict)
    """``call`` an operation with the key ``until`` an expression over its answer is true."""


@cache
def rows() -> dict[str, Row]:
    """Return the table: resource types to rows."""
    with Path(__file__).with_name("types.toml").open("rb") as file:
        return {name: Row(**row) for name, row in tomllib.load(file).items()}


class TableProvider(ResourceProvider[dict[str, Any]]):
    """Makes resources of one type as its row says."""

    def __init__(self, resource_type: str) -> None:
        """Prepare a provider of ``resource_type``, which has a row."""
        self.row = rows()[resource_type]
        aws = schema(resource_type) or {}
        fixed = list(aws.get("createOnlyProperties", []))
        if not self.row.update:
            fixed = [
                f"/properties/{name}" for name in aws.get("properties", {}) if name not in ("Tags", "UserPoolTags")
            ]
        self.SCHEMA = {"primaryIdentifier": [f"/properties/{self.row.ref}"], "createOnlyProperties": fixed}

    def create(self, request: ResourceRequest[dict[str, Any]]) -> ProgressEvent[dict[str, Any]]:
        """Create a resource and note its attributes."""
        row, model = self.row, dict(request.desired_state)
        if row.name and not model.get(row.name):
            name = generate_default_name(request.stack_name, request.logical_resource_id)
            model[row.name] = name.lower() if row.lowercase else name
        answer = self._call(request, row.create, model, row.fixed)
        self._note(request, model, answer)
        self._after(request, model)
        return ProgressEvent(OperationStatus.SUCCESS, resource_model=model)

    def update(self, request: ResourceRequest[dict[str, Any]]) -> ProgressEvent[dict[str, Any]]:
        """Change a resource in place."""
        previous = request.previous_state or {}
        known = {self.row.ref, self.row.name, *self.row.attributes}
        model = {name: value for name, value in previous.items() if name in known} | dict(request.desired_state)
        if self.row.update:
            self._call(request, self.row.update, model, self.row.key)
        self._after(request, model)
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
        api = client.meta.method_to_api_mapping[operation]
        given = {} if only else {self.row.rename.get(name, name): value for name, value in model.items()}
        scope = {**model, "account": request.account_id, "region": request.region_name, "token": request.request_token}
        given |= {name: jmespath.search(expression, scope) for name, expression in more.items()}
        return getattr(client, operation)(
            **to_parameters(client.meta.service_model.operation_model(api).input_shape, given)
        )

    def _note(self, request: ResourceRequest[dict[str, Any]], model: dict[str, Any], answer: Any) -> None:
        if self.row.ready:
            deadline = time.monotonic() + READY_SECONDS
            while True:
                answer = self._call(request, self.row.ready["call"], model, self.row.key, only=True)
                if jmespath.search(self.row.ready["until"], answer) or time.monotonic() > deadline:
                    break
                time.sleep(0.2)
        for name, expression in self.row.attributes.items():
            if expression.startswith("="):
                places = {**model, "account": request.account_id, "region": request.region_name}
                value = expression[1:].format_map(places)
            else:
                value = to_attribute(jmespath.search(expression, answer))
            model[name] = value

    def _after(self, request: ResourceRequest[dict[str, Any]], model: dict[str, Any]) -> None:
        for step in self.row.then:
            if model.get(step["when"]) is not None:
                self._call(request, step["call"], model, step["with"], only=True)


def is_missing(error: ClientError) -> bool:
    """Say whether a service answered that something does not exist."""
    code = error.response["Error"]["Code"]
    return "NotFound" in code or "DoesNotExist" in code or "NoSuch" in code
