"""Which of our resource providers serves which resource type; LocalStack's serve the others."""

from collections.abc import Callable
from typing import Any

from localstack.services.cloudformation.resource_provider import ResourceProvider, ResourceProviderExecutor

from .custom_resource import CustomResource
from .nested_stack import NestedStack

OURS: dict[str, Callable[[], ResourceProvider[Any]]] = {
    "AWS::CloudFormation::CustomResource": CustomResource,
    "AWS::CloudFormation::Stack": NestedStack,
}


def find(resource_type: str) -> ResourceProvider[Any] | None:
    """Return our provider of a resource type, or None."""
    if str(resource_type).startswith("Custom::"):
        resource_type = "AWS::CloudFormation::CustomResource"
    make = OURS.get(resource_type)
    return make() if make else None


def install() -> None:
    """Have LocalStack ask :func:`find` first."""
    theirs = ResourceProviderExecutor.try_load_resource_provider

    def load(resource_type: str) -> ResourceProvider[Any] | None:
        return find(resource_type) or theirs(resource_type)

    ResourceProviderExecutor.try_load_resource_provider = staticmethod(load)
