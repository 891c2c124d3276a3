"""Which of our resource providers serves which resource type; LocalStack's serve the others."""

from collections.abc import Callable
from typing import Any

from localstack.services.cloudformation.resource_provider import ResourceProvider, ResourceProviderExecutor

from .aliases import Alias
from .changes import CHANGES, Changing
from .changes.buckets import Bucket
from .changes.distributions import Distribution
from .changes.networks import Association, GroupRule, Route
from .changes.rest_apis import Authorizer, Method
from .custom_resource import CustomResource
from .http_api import HttpApi
from .nested_stack import NestedStack
from .table import TableProvider, rows
from .tables import Table
from .waiting import WaitCondition, WaitConditionHandle

OURS: dict[str, Callable[[], ResourceProvider[Any]]] = {
    "AWS::ApiGateway::Authorizer": Authorizer,
    "AWS::ApiGateway::Method": Method,
    "AWS::ApiGatewayV2::Api": HttpApi,
    "AWS::CloudFront::Distribution": Distribution,
    "AWS::CloudFormation::CustomResource": CustomResource,
    "AWS::CloudFormation::Stack": NestedStack,
    "AWS::CloudFormation::WaitCondition": WaitCondition,
    "AWS::CloudFormation::WaitConditionHandle": WaitConditionHandle,
    "AWS::DynamoDB::Table": Table,
    "AWS::EC2::Route": Route,
    "AWS::EC2::SecurityGroupEgress": lambda: GroupRule("egress"),
    "AWS::EC2::SecurityGroupIngress": lambda: GroupRule("ingress"),
    "AWS::EC2::SubnetRouteTableAssociation": Association,
    "AWS::Lambda::Alias": Alias,
    "AWS::S3::Bucket": Bucket,
}


def find(resource_type: str) -> ResourceProvider[Any] | None:
    """Return our provider of a resource type, or None."""
    if str(resource_type).startswith("Custom::"):
        resource_type = "AWS::CloudFormation::CustomResource"
    if make := OURS.get(resource_type):
        return make()
    return TableProvider(resource_type) if resource_type in rows() else None


def install() -> None:
    """Have LocalStack ask :func:`find` first."""
    theirs = ResourceProviderExecutor.try_load_resource_provider

    def load(resource_type: str) -> ResourceProvider[Any] | None:
        if found := find(resource_type):
            return found
        provider = theirs(resource_type)
        return Changing(provider, CHANGES[resource_type]) if provider and resource_type in CHANGES else provider

    ResourceProviderExecutor.try_load_resource_provider = staticmethod(load)
