"""Networks of EC2: what LocalStack's providers leave out when they make them, and changes in place."""

import json
from typing import Any, ClassVar

from localstack.services.cloudformation.resource_provider import (
    OperationStatus,
    ProgressEvent,
    ResourceProvider,
    ResourceRequest,
)
from localstack.services.ec2.resource_providers.aws_ec2_route import EC2RouteProvider
from localstack.services.ec2.resource_providers.aws_ec2_subnetroutetableassociation import (
    EC2SubnetRouteTableAssociationProvider,
)

from ..convert import call
from ..tags import retag

Properties = dict[str, Any]

EVERYWHERE = [{"IpProtocol": "-1", "CidrIp": "0.0.0.0/0"}]
"""The outbound rule of a new security group, as long as its template names none."""


def truth(value: Any) -> dict[str, bool]:
    """Return a boolean attribute as EC2 wants it."""
    return {"Value": str(value).lower() == "true"}


def vpc(request: ResourceRequest[Any], before: Properties, after: Properties) -> None:
    """Set a VPC's DNS attributes, one in a call as EC2 wants it, and its tags."""
    client = request.aws_client_factory.ec2
    for name, default in (("EnableDnsSupport", True), ("EnableDnsHostnames", False)):
        if after.get(name) != before.get(name):
            client.modify_vpc_attribute(VpcId=after["VpcId"], **{name: truth(after.get(name, default))})
    retag(client, after["VpcId"], before.get("Tags"), after.get("Tags"))


def subnet(request: ResourceRequest[Any], before: Properties, after: Properties) -> None:
    """Set a subnet's attributes, one in a call, and its tags."""
    client = request.aws_client_factory.ec2
    for name in ("MapPublicIpOnLaunch", "AssignIpv6AddressOnCreation", "EnableDns64"):
        if after.get(name) != before.get(name):
            client.modify_subnet_attribute(SubnetId=after["SubnetId"], **{name: truth(after.get(name, False))})
    retag(client, after["SubnetId"], before.get("Tags"), after.get("Tags"))


def endpoint(request: ResourceRequest[Any], before: Properties, after: Properties) -> None:
    """Change a VPC endpoint's policy, route tables, subnets and security groups."""
    client = request.aws_client_factory.ec2
    given: Properties = {"VpcEndpointId": after["Id"]}
    if after.get("PolicyDocument") != before.get("PolicyDocument"):
        policy = after.get("PolicyDocument")
        given |= {"PolicyDocument": json.dumps(policy)} if policy else {"ResetPolicy": True}
    for name in ("RouteTableIds", "SubnetIds", "SecurityGroupIds"):
        old, new = set(before.get(name) or []), set(after.get(name) or [])
        if new - old:
            given[f"Add{name}"] = sorted(new - old)
        if old - new:
            given[f"Remove{name}"] = sorted(old - new)
    if len(given) > 1:
        client.modify_vpc_endpoint(**given)


def tagged(name: str) -> Any:
    """Return what changes the tags of a resource, all that can be changed about it."""

    def change(request: ResourceRequest[Any], before: Properties, after: Properties) -> None:
        retag(request.aws_client_factory.ec2, after[name], before.get("Tags"), after.get("Tags"))

    return change


def security_group(request: ResourceRequest[Any], before: Properties, after: Properties) -> None:
    """Bring a security group's own rules and tags from one model to another.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-ec2-securitygroup.html
    """
    client, group = request.aws_client_factory.ec2, after["GroupId"]
    default = {"SecurityGroupEgress": EVERYWHERE} if after.get("VpcId") else {}
    for name, verb in (("SecurityGroupIngress", "ingress"), ("SecurityGroupEgress", "egress")):
        old = permissions(before.get(name) or default.get(name) or [])
        new = permissions(after.get(name) or default.get(name) or [])
        if gone := [rule for rule in old if rule not in new]:
            getattr(client, f"revoke_security_group_{verb}")(GroupId=group, IpPermissions=gone)
        if made := [rule for rule in new if rule not in old]:
            getattr(client, f"authorize_security_group_{verb}")(GroupId=group, IpPermissions=made)
    retag(client, group, before.get("Tags"), after.get("Tags"))


def permissions(rules: list[Properties]) -> list[Properties]:
    """Return rules of a template as EC2 wants them."""
    return [permission(rule) for rule in rules]


def permission(rule: Properties) -> Properties:
    """Return one rule of a template as EC2 wants it."""
    text = {"Description": rule["Description"]} if rule.get("Description") else {}
    made: Properties = {"IpProtocol": str(rule["IpProtocol"])}
    if made["IpProtocol"] != "-1":
        made |= {name: int(rule[name]) for name in ("FromPort", "ToPort") if name in rule}
    if rule.get("CidrIp"):
        made["IpRanges"] = [{"CidrIp": rule["CidrIp"], **text}]
    if rule.get("CidrIpv6"):
        made["Ipv6Ranges"] = [{"CidrIpv6": rule["CidrIpv6"], **text}]
    if group := rule.get("SourceSecurityGroupId") or rule.get("DestinationSecurityGroupId"):
        made["UserIdGroupPairs"] = [{"GroupId": group, **text}]
    if prefixes := rule.get("SourcePrefixListId") or rule.get("DestinationPrefixListId"):
        made["PrefixListIds"] = [{"PrefixListId": prefixes, **text}]
    return made


class GroupRule(ResourceProvider[Properties]):
    """AWS::EC2::SecurityGroupIngress and AWS::EC2::SecurityGroupEgress."""

    SCHEMA: ClassVar[Properties] = {"primaryIdentifier": ["/properties/Id"], "createOnlyProperties": []}

    def __init__(self, verb: str) -> None:
        """Prepare a provider of rules; ``verb`` is ingress or egress."""
        self.verb = verb

    def create(self, request: ResourceRequest[Any]) -> ProgressEvent[Any]:
        """Add a rule to a security group."""
        model = dict(request.desired_state)
        answer = self.act(request, "authorize", model)
        made = answer.get("SecurityGroupRules") or [{}]
        model["Id"] = made[0].get("SecurityGroupRuleId") or request.logical_resource_id
        return ProgressEvent(OperationStatus.SUCCESS, resource_model=model)

    def update(self, request: ResourceRequest[Any]) -> ProgressEvent[Any]:
        """Change a rule's description, all that can be changed about it."""
        before: Properties = dict(request.previous_state or {})
        model = {**dict(request.desired_state), "Id": before["Id"]}
        self.act(request, "revoke", before)
        self.act(request, "authorize", model)
        return ProgressEvent(OperationStatus.SUCCESS, resource_model=model)

    def delete(self, request: ResourceRequest[Any]) -> ProgressEvent[Any]:
        """Take a rule from its security group."""
        self.act(request, "revoke", dict(request.desired_state))
        return ProgressEvent(OperationStatus.SUCCESS, resource_model={})

    def act(self, request: ResourceRequest[Any], deed: str, rule: Properties) -> Any:
        """Authorize or revoke a rule."""
        operation = getattr(request.aws_client_factory.ec2, f"{deed}_security_group_{self.verb}")
        group = {"GroupId": rule["GroupId"]} if rule.get("GroupId") else {"GroupName": rule["GroupName"]}
        return operation(**group, IpPermissions=[permission(rule)])


class Route(EC2RouteProvider):
    """Fault: a route led nowhere, whatever target its template named, and could not be changed."""

    def create(self, request: ResourceRequest[Any]) -> ProgressEvent[Any]:
        """Add a route to its table."""
        model = dict(request.desired_state)
        call(request.aws_client_factory.ec2, "create_route", model)
        where = model.get("DestinationCidrBlock") or model.get("DestinationIpv6CidrBlock")
        model["Id"] = f"{model['RouteTableId']}|{where or model.get('DestinationPrefixListId')}"
        return ProgressEvent(OperationStatus.SUCCESS, resource_model=model)

    def update(self, request: ResourceRequest[Any]) -> ProgressEvent[Any]:
        """Give a route another target."""
        model = {**dict(request.desired_state), "Id": (request.previous_state or {})["Id"]}
        call(request.aws_client_factory.ec2, "replace_route", model)
        return ProgressEvent(OperationStatus.SUCCESS, resource_model=model)

    def delete(self, request: ResourceRequest[Any]) -> ProgressEvent[Any]:
        """Take a route from its table."""
        call(request.aws_client_factory.ec2, "delete_route", dict(request.desired_state))
        return ProgressEvent(OperationStatus.SUCCESS, resource_model={})


class Association(EC2SubnetRouteTableAssociationProvider):
    """Fault: a subnet that had a route table never got another one, and its stack waited for that."""

    def create(self, request: ResourceRequest[Any]) -> ProgressEvent[Any]:
        """Give a subnet a route table, in the place of one that it has."""
        client, model = request.aws_client_factory.ec2, dict(request.desired_state)
        of_subnet = [{"Name": "association.subnet-id", "Values": [model["SubnetId"]]}]
        tables = client.describe_route_tables(Filters=of_subnet)["RouteTables"]
        found = [
            item for table in tables for item in table["Associations"] if item.get("SubnetId") == model["SubnetId"]
        ]
        table = {"RouteTableId": model["RouteTableId"]}
        if found:
            old = found[0]["RouteTableAssociationId"]
            model["Id"] = client.replace_route_table_association(AssociationId=old, **table)["NewAssociationId"]
        else:
            model["Id"] = client.associate_route_table(SubnetId=model["SubnetId"], **table)["AssociationId"]
        return ProgressEvent(OperationStatus.SUCCESS, resource_model=model)
