"""VPCs as objects: address ranges, routes, security groups; no packet is sent."""

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError


def refused(call: Callable[..., Any], **request: Any) -> str:
    """Make a call that must fail; return the code."""
    with pytest.raises(ClientError) as caught:
        call(**request)
    return str(caught.value.response["Error"]["Code"])


@pytest.fixture
def ec2(aws: Any) -> Any:
    """A client in a fresh account."""
    return aws("ec2")


@pytest.fixture
def vpc(ec2: Any) -> str:
    """Id of a VPC with the range 10.0.0.0/16."""
    return ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]


HTTPS = {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}


def test_subnets_lie_in_the_vpc_and_do_not_overlap(ec2: Any, vpc: str) -> None:
    """https://docs.aws.amazon.com/vpc/latest/userguide/subnet-sizing.html"""
    ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.0.0/24")
    assert refused(ec2.create_subnet, VpcId=vpc, CidrBlock="10.0.0.128/25") == "InvalidSubnet.Conflict"
    assert refused(ec2.create_subnet, VpcId=vpc, CidrBlock="10.1.0.0/24") == "InvalidSubnet.Range"


def test_five_addresses_of_a_subnet_are_reserved(ec2: Any, vpc: str) -> None:
    """https://docs.aws.amazon.com/vpc/latest/userguide/subnet-sizing.html"""
    assert ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.0.0/24")["Subnet"]["AvailableIpAddressCount"] == 251


def test_a_route_table_has_the_local_route_and_takes_others(ec2: Any, vpc: str) -> None:
    """https://docs.aws.amazon.com/vpc/latest/userguide/VPC_Route_Tables.html"""
    gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
    table = ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]
    ec2.create_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", GatewayId=gateway)
    routes = ec2.describe_route_tables(RouteTableIds=[table])["RouteTables"][0]["Routes"]
    assert {row["DestinationCidrBlock"]: row["GatewayId"] for row in routes} == {
        "10.0.0.0/16": "local",
        "0.0.0.0/0": gateway,
    }


def test_a_vpc_has_one_internet_gateway(ec2: Any, vpc: str) -> None:
    """https://docs.aws.amazon.com/vpc/latest/userguide/VPC_Internet_Gateway.html"""
    gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
    other = ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    assert refused(ec2.attach_internet_gateway, InternetGatewayId=gateway, VpcId=other) == "Resource.AlreadyAssociated"


def test_a_rule_is_there_once(ec2: Any, vpc: str) -> None:
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html"""
    group = ec2.create_security_group(GroupName="web", Description="web", VpcId=vpc)["GroupId"]
    ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[HTTPS])
    again = refused(ec2.authorize_security_group_ingress, GroupId=group, IpPermissions=[HTTPS])
    assert again == "InvalidPermission.Duplicate"
    other = {**HTTPS, "FromPort": 80, "ToPort": 80}
    missing = refused(ec2.revoke_security_group_ingress, GroupId=group, IpPermissions=[other])
    assert missing == "InvalidPermission.NotFound"


def test_a_group_name_is_used_once_in_a_vpc(ec2: Any, vpc: str) -> None:
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateSecurityGroup.html"""
    ec2.create_security_group(GroupName="web", Description="web", VpcId=vpc)
    code = refused(ec2.create_security_group, GroupName="web", Description="web", VpcId=vpc)
    assert code == "InvalidGroup.Duplicate"


def test_a_rule_may_name_a_group(ec2: Any, vpc: str) -> None:
    """https://docs.aws.amazon.com/vpc/latest/userguide/security-group-rules.html"""
    web = ec2.create_security_group(GroupName="web", Description="web", VpcId=vpc)["GroupId"]
    db = ec2.create_security_group(GroupName="db", Description="db", VpcId=vpc)["GroupId"]
    permission = {"IpProtocol": "tcp", "FromPort": 5432, "ToPort": 5432, "UserIdGroupPairs": [{"GroupId": web}]}
    ec2.authorize_security_group_ingress(GroupId=db, IpPermissions=[permission])
    found = ec2.describe_security_groups(GroupIds=[db])["SecurityGroups"][0]["IpPermissions"][0]["UserIdGroupPairs"]
    assert [pair["GroupId"] for pair in found] == [web]


def test_an_acl_entry_number_is_used_once(ec2: Any, vpc: str) -> None:
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateNetworkAclEntry.html"""
    acl = ec2.create_network_acl(VpcId=vpc)["NetworkAcl"]["NetworkAclId"]
    entry = {
        "NetworkAclId": acl,
        "RuleNumber": 100,
        "Protocol": "6",
        "PortRange": {"From": 443, "To": 443},
        "RuleAction": "allow",
        "Egress": False,
        "CidrBlock": "0.0.0.0/0",
    }
    ec2.create_network_acl_entry(**entry)
    assert refused(ec2.create_network_acl_entry, **entry) == "NetworkAclEntryAlreadyExists"


def test_what_is_not_there_is_not_found(ec2: Any, vpc: str) -> None:
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html"""
    assert refused(ec2.describe_vpcs, VpcIds=["vpc-0123456789abcdef0"]) == "InvalidVpcID.NotFound"
    assert refused(ec2.describe_subnets, SubnetIds=["subnet-0123456789abcdef0"]) == "InvalidSubnetID.NotFound"
    assert refused(ec2.describe_security_groups, GroupIds=["sg-0123456789abcdef0"]) == "InvalidGroup.NotFound"


def test_an_endpoint_without_a_type_is_a_gateway(ec2: Any, vpc: str) -> None:
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateVpcEndpoint.html"""
    made = ec2.create_vpc_endpoint(VpcId=vpc, ServiceName="com.amazonaws.us-east-1.s3")["VpcEndpoint"]
    found = ec2.describe_vpc_endpoints(VpcEndpointIds=[made["VpcEndpointId"]])["VpcEndpoints"]
    assert found[0]["VpcEndpointType"] == "Gateway"
    assert ec2.delete_vpc_endpoints(VpcEndpointIds=[made["VpcEndpointId"]])["Unsuccessful"] == []


def test_private_dns_needs_both_dns_attributes_of_the_vpc(ec2: Any, vpc: str) -> None:
    """https://docs.aws.amazon.com/vpc/latest/privatelink/create-interface-endpoint.html"""
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.77.0/24")["Subnet"]["SubnetId"]
    request = {
        "VpcId": vpc,
        "ServiceName": "com.amazonaws.us-east-1.secretsmanager",
        "VpcEndpointType": "Interface",
        "SubnetIds": [subnet],
    }
    assert refused(ec2.create_vpc_endpoint, **request, PrivateDnsEnabled=True) == "InvalidParameter"
    endpoint = ec2.create_vpc_endpoint(**request, PrivateDnsEnabled=False)["VpcEndpoint"]["VpcEndpointId"]
    assert refused(ec2.modify_vpc_endpoint, VpcEndpointId=endpoint, PrivateDnsEnabled=True) == "InvalidParameter"
    ec2.modify_vpc_attribute(VpcId=vpc, EnableDnsHostnames={"Value": True})
    ec2.modify_vpc_endpoint(VpcEndpointId=endpoint, PrivateDnsEnabled=True)
    assert ec2.describe_vpc_endpoints(VpcEndpointIds=[endpoint])["VpcEndpoints"][0]["PrivateDnsEnabled"] is True
    ec2.modify_vpc_endpoint(VpcEndpointId=endpoint, PrivateDnsEnabled=False)
    assert ec2.describe_vpc_endpoints(VpcEndpointIds=[endpoint])["VpcEndpoints"][0]["PrivateDnsEnabled"] is False


def test_private_dns_is_on_unless_refused_and_once_for_a_service(ec2: Any, vpc: str) -> None:
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateVpcEndpoint.html (PrivateDnsEnabled)"""
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.77.0/24")["Subnet"]["SubnetId"]
    service = "com.amazonaws.us-east-1.sqs"
    request = {"VpcId": vpc, "ServiceName": service, "VpcEndpointType": "Interface", "SubnetIds": [subnet]}
    assert refused(ec2.create_vpc_endpoint, **request) == "InvalidParameter"
    ec2.modify_vpc_attribute(VpcId=vpc, EnableDnsHostnames={"Value": True})
    assert ec2.create_vpc_endpoint(**request)["VpcEndpoint"]["PrivateDnsEnabled"] is True
    assert refused(ec2.create_vpc_endpoint, **request) == "InvalidParameter"
    unknown = {**request, "ServiceName": "com.amazonaws.us-east-1.nonsense"}
    assert refused(ec2.create_vpc_endpoint, **unknown) == "InvalidServiceName"


def test_a_group_that_another_names_stays(ec2: Any, vpc: str) -> None:
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DeleteSecurityGroup.html"""
    web, db = (
        ec2.create_security_group(GroupName=name, Description=name, VpcId=vpc)["GroupId"] for name in ("web", "db")
    )
    rule = {"IpProtocol": "tcp", "FromPort": 5432, "ToPort": 5432, "UserIdGroupPairs": [{"GroupId": web}]}
    ec2.authorize_security_group_ingress(GroupId=db, IpPermissions=[rule])
    assert refused(ec2.delete_security_group, GroupId=web) == "DependencyViolation"
    ec2.delete_security_group(GroupId=db)
    ec2.delete_security_group(GroupId=web)


def test_the_default_group_lets_its_members_talk_and_stays(ec2: Any, vpc: str) -> None:
    """https://docs.aws.amazon.com/vpc/latest/userguide/default-security-group.html"""
    here = [{"Name": "vpc-id", "Values": [vpc]}]
    group = ec2.describe_security_groups(Filters=here)["SecurityGroups"][0]
    pairs = group["IpPermissions"][0]["UserIdGroupPairs"]
    assert (group["GroupName"], [pair["GroupId"] for pair in pairs]) == ("default", [group["GroupId"]])
    assert refused(ec2.delete_security_group, GroupId=group["GroupId"]) == "CannotDelete"


def test_a_vpc_in_use_stays_and_its_tags_go_with_it(ec2: Any, vpc: str) -> None:
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DeleteVpc.html"""
    ec2.create_tags(Resources=[vpc], Tags=[{"Key": "Name", "Value": "shop"}])
    gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
    assert refused(ec2.delete_vpc, VpcId=vpc) == "DependencyViolation"
    ec2.detach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
    group = ec2.create_security_group(GroupName="web", Description="web", VpcId=vpc)["GroupId"]
    assert refused(ec2.delete_vpc, VpcId=vpc) == "DependencyViolation"
    ec2.delete_security_group(GroupId=group)
    ec2.delete_vpc(VpcId=vpc)
    assert ec2.describe_tags()["Tags"] == []


def test_a_subnet_with_a_nat_gateway_stays(ec2: Any, vpc: str) -> None:
    """https://docs.aws.amazon.com/vpc/latest/userguide/nat-gateway-working-with.html"""
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.1.0/24")["Subnet"]["SubnetId"]
    address = ec2.allocate_address(Domain="vpc")["AllocationId"]
    nat = ec2.create_nat_gateway(SubnetId=subnet, AllocationId=address)["NatGateway"]["NatGatewayId"]
    assert refused(ec2.delete_subnet, SubnetId=subnet) == "DependencyViolation"
    ec2.delete_nat_gateway(NatGatewayId=nat)
    ec2.delete_subnet(SubnetId=subnet)


def test_a_route_leads_to_a_gateway_of_its_vpc_and_the_local_route_stays(ec2: Any, vpc: str) -> None:
    """https://docs.aws.amazon.com/vpc/latest/userguide/route-table-options.html"""
    table = ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]
    gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    route = {"RouteTableId": table, "DestinationCidrBlock": "0.0.0.0/0", "GatewayId": gateway}
    assert refused(ec2.create_route, **route) == "InvalidParameterValue"
    local = {"RouteTableId": table, "DestinationCidrBlock": "10.0.0.0/16"}
    assert refused(ec2.delete_route, **local) == "InvalidParameterValue"


def test_nonsense_is_refused(ec2: Any, vpc: str) -> None:
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html"""
    group = ec2.create_security_group(GroupName="web", Description="web", VpcId=vpc)["GroupId"]
    turned = [{**HTTPS, "FromPort": 443, "ToPort": 80}]
    code = refused(ec2.authorize_security_group_ingress, GroupId=group, IpPermissions=turned)
    assert code == "InvalidParameterValue"
    assert refused(ec2.create_subnet, VpcId=vpc, CidrBlock="10.0.0.0/29") == "InvalidSubnet.Range"
    assert refused(ec2.describe_instances, InstanceIds=["web"]) == "InvalidInstanceID.Malformed"
    reserved = [{"Key": "aws:owner", "Value": "me"}]
    assert refused(ec2.create_tags, Resources=[vpc], Tags=reserved) == "InvalidParameterValue"


def test_a_dry_run_does_nothing(ec2: Any, vpc: str) -> None:
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DeleteVpc.html (DryRun)"""
    assert refused(ec2.delete_vpc, VpcId=vpc, DryRun=True) == "DryRunOperation"
    assert ec2.describe_vpcs(VpcIds=[vpc])["Vpcs"]


def test_a_new_network_acl_denies_everything(ec2: Any, vpc: str) -> None:
    """https://docs.aws.amazon.com/vpc/latest/userguide/custom-network-acl.html"""
    acl = ec2.create_network_acl(VpcId=vpc)["NetworkAcl"]["NetworkAclId"]
    entries = ec2.describe_network_acls(NetworkAclIds=[acl])["NetworkAcls"][0]["Entries"]
    assert {(entry["RuleNumber"], entry["RuleAction"]) for entry in entries} == {(32767, "deny")}


def test_overlapping_networks_are_not_peered(ec2: Any, vpc: str) -> None:
    """https://docs.aws.amazon.com/vpc/latest/peering/vpc-peering-basics.html"""
    inside = ec2.create_vpc(CidrBlock="10.0.5.0/24")["Vpc"]["VpcId"]
    made = ec2.create_vpc_peering_connection(VpcId=vpc, PeerVpcId=inside)["VpcPeeringConnection"]
    found = ec2.describe_vpc_peering_connections(VpcPeeringConnectionIds=[made["VpcPeeringConnectionId"]])
    assert found["VpcPeeringConnections"][0]["Status"]["Code"] == "failed"
