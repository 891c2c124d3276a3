"""Resource types of LocalStack's whose resources can be changed in place, or are finished after its providers' work."""

import copy
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from localstack.services.cloudformation.resource_provider import (
    OperationStatus,
    ProgressEvent,
    ResourceProvider,
    ResourceRequest,
)

from ..replacement import lasting
from . import functions, identities, networks, rest_apis, simple

Properties = dict[str, Any]
Function = Callable[[ResourceRequest[Any], Properties, Properties], None]


@dataclass(frozen=True)
class Change:
    """How resources of one type are changed.

    ``change`` is told a resource's model as it was and as it will be; for a new resource the first is empty.
    """

    change: Function
    at_creation: bool = False
    """LocalStack's provider leaves properties out when it creates: call ``change`` then, too."""
    theirs_first: bool = False
    """LocalStack's provider changes the most itself."""
    at_deletion: bool = False
    """What ``change`` made has to go before the resource can."""
    defaults: Callable[[ResourceRequest[Any]], Properties] | None = None
    """Gives the properties that LocalStack's provider needs, or defaults otherwise than AWS."""


CHANGES: dict[str, Change] = {
    "AWS::ApiGateway::Account": Change(
        rest_apis.patched("update_account", {}, {"CloudWatchRoleArn": "/cloudwatchRoleArn"})
    ),
    "AWS::ApiGateway::ApiKey": Change(
        rest_apis.patched(
            "update_api_key", {"apiKey": "APIKeyId"}, rest_apis.same("Description", "CustomerId", "Enabled")
        )
    ),
    "AWS::ApiGateway::Deployment": Change(
        rest_apis.patched(
            "update_deployment",
            {"restApiId": "RestApiId", "deploymentId": "DeploymentId"},
            rest_apis.same("Description"),
        )
    ),
    "AWS::ApiGateway::GatewayResponse": Change(rest_apis.gateway_response),
    "AWS::ApiGateway::Model": Change(rest_apis.model),
    "AWS::ApiGateway::RequestValidator": Change(
        rest_apis.patched(
            "update_request_validator",
            {"restApiId": "RestApiId", "requestValidatorId": "RequestValidatorId"},
            rest_apis.same("ValidateRequestBody", "ValidateRequestParameters"),
        )
    ),
    "AWS::ApiGateway::RestApi": Change(rest_apis.rest_api),
    "AWS::ApiGateway::Stage": Change(rest_apis.stage, at_creation=True),
    "AWS::ApiGateway::UsagePlan": Change(rest_apis.usage_plan),
    "AWS::CloudWatch::Alarm": Change(simple.again("cloudwatch", "put_metric_alarm")),
    "AWS::CloudWatch::CompositeAlarm": Change(simple.again("cloudwatch", "put_composite_alarm")),
    "AWS::EC2::InternetGateway": Change(networks.tagged("InternetGatewayId")),
    "AWS::EC2::NatGateway": Change(networks.tagged("NatGatewayId"), at_creation=True),
    "AWS::EC2::RouteTable": Change(networks.tagged("RouteTableId")),
    "AWS::EC2::SecurityGroup": Change(networks.security_group, at_creation=True),
    "AWS::EC2::Subnet": Change(networks.subnet),
    "AWS::EC2::VPC": Change(networks.vpc, at_creation=True),
    "AWS::EC2::VPCEndpoint": Change(networks.endpoint),
    "AWS::Events::Connection": Change(simple.again("events", "update_connection")),
    "AWS::Events::ApiDestination": Change(simple.again("events", "update_api_destination")),
    "AWS::Events::EventBus": Change(simple.event_bus, at_creation=True),
    "AWS::Events::EventBusPolicy": Change(simple.bus_policy),
    "AWS::Events::Rule": Change(simple.rule, at_deletion=True, defaults=simple.named("Name")),
    "AWS::IAM::Group": Change(identities.group),
    "AWS::IAM::InstanceProfile": Change(identities.instance_profile),
    "AWS::IAM::ManagedPolicy": Change(identities.managed_policy, at_deletion=True),
    "AWS::IAM::Policy": Change(identities.policy),
    "AWS::IAM::Role": Change(identities.role),
    "AWS::IAM::User": Change(identities.user, at_creation=True, at_deletion=True),
    "AWS::KMS::Alias": Change(simple.again("kms", "update_alias")),
    "AWS::KMS::Key": Change(simple.key),
    "AWS::Kinesis::Stream": Change(simple.stream, at_creation=True, defaults=simple.stream_mode),
    "AWS::KinesisFirehose::DeliveryStream": Change(simple.delivery_stream, defaults=simple.named("DeliveryStreamName")),
    "AWS::Lambda::EventInvokeConfig": Change(functions.invoke_config),
    "AWS::Lambda::EventSourceMapping": Change(functions.mapping),
    "AWS::Lambda::Function": Change(functions.function, at_creation=True),
    "AWS::Lambda::Url": Change(functions.url),
    "AWS::Logs::LogGroup": Change(simple.log_group, at_creation=True),
    "AWS::S3::BucketPolicy": Change(simple.bucket_policy),
    "AWS::SNS::Subscription": Change(simple.subscription),
    "AWS::SNS::Topic": Change(simple.topic),
    "AWS::SNS::TopicPolicy": Change(simple.topic_policy),
    "AWS::SSM::Parameter": Change(simple.parameter),
    "AWS::Scheduler::Schedule": Change(simple.again("scheduler", "update_schedule")),
    "AWS::Scheduler::ScheduleGroup": Change(simple.schedule_group),
    "AWS::SecretsManager::ResourcePolicy": Change(simple.secret_policy),
    "AWS::SecretsManager::Secret": Change(simple.secret),
    "AWS::StepFunctions::StateMachine": Change(simple.state_machine, theirs_first=True),
}
"""Resource types to what changes their resources."""


class Changing(ResourceProvider[Properties]):
    """LocalStack's provider of a type, whose resources can be changed. Fault: most of them could not."""

    def __init__(self, theirs: ResourceProvider[Any], how: Change) -> None:
        """Wrap LocalStack's provider."""
        self.theirs, self.how, self.SCHEMA = theirs, how, theirs.SCHEMA

    def create(self, request: ResourceRequest[Properties]) -> ProgressEvent[Properties]:
        """Create a resource; what LocalStack's provider does with the properties is no concern of the model."""
        if self.how.defaults and "given" not in request.custom_context:
            request.desired_state = {**self.how.defaults(request), **request.desired_state}
        given = request.custom_context.setdefault("given", copy.deepcopy(dict(request.desired_state)))
        event = self.theirs.create(request)
        if event.status == OperationStatus.IN_PROGRESS:
            event.custom_context = {**event.custom_context, "given": given}
        elif event.status == OperationStatus.SUCCESS:
            event.resource_model = {**(event.resource_model or {}), **given}
            if self.how.at_creation:
                self.how.change(request, {}, event.resource_model)
        return event

    def update(self, request: ResourceRequest[Properties]) -> ProgressEvent[Properties]:
        """Change a resource in place."""
        before = dict(request.previous_state or {})
        after = lasting(request.resource_type, before) | dict(request.desired_state)
        if self.how.theirs_first:
            event = self.theirs.update(request)
            if event.status != OperationStatus.SUCCESS:
                return event
            after |= event.resource_model or {}
        self.how.change(request, before, after)
        return ProgressEvent(OperationStatus.SUCCESS, resource_model=after)

    def delete(self, request: ResourceRequest[Properties]) -> ProgressEvent[Properties]:
        """Delete a resource."""
        if self.how.at_deletion and not request.custom_context.get("undone"):
            before = dict(request.desired_state)
            self.how.change(request, before, lasting(request.resource_type, before))
        event = self.theirs.delete(request)
        event.custom_context = {**event.custom_context, "undone": True}
        return event
