"""Faults of moto's EC2 that are repaired in its classes."""

import ipaddress
from typing import Any

from moto.ec2.models.nat_gateways import NatGatewayBackend
from moto.ec2.models.network_acls import NetworkAclBackend
from moto.ec2.models.security_groups import SecurityGroupBackend, SecurityGroupRule
from moto.ec2.models.vpc_peering_connections import VPCPeeringConnectionBackend
from moto.ec2.models.vpcs import VPCBackend


def apply() -> None:
    """Repair moto, once."""
    repair_endpoint_type()
    repair_default_group()
    repair_network_acls()
    repair_peering()
    repair_nat_gateways()


def repair_endpoint_type() -> None:
    """Fault: an endpoint created without a type has none, and cannot be deleted. AWS makes it a Gateway.

    https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateVpcEndpoint.html
    """
    original = VPCBackend.create_vpc_endpoint

    def create_vpc_endpoint(self: Any, *args: Any, endpoint_type: str | None = None, **given: Any) -> Any:
        return original(self, *args, endpoint_type=endpoint_type or "Gateway", **given)

    VPCBackend.create_vpc_endpoint = create_vpc_endpoint


def repair_default_group() -> None:
    """Fault: the default security group of a VPC does not let its members talk to each other.

    https://docs.aws.amazon.com/vpc/latest/userguide/default-security-group.html
    """
    original = SecurityGroupBackend.create_security_group

    def create_security_group(self: Any, *args: Any, **given: Any) -> Any:
        group = original(self, *args, **given)
        if group.is_default:
            source = {"GroupId": group.id, "OwnerId": self.account_id, "UserId": self.account_id}
            rule = SecurityGroupRule(self, "-1", group.id, None, None, None, source, is_egress=False)
            group.ingress_rules.append(rule)
        return group

    SecurityGroupBackend.create_security_group = create_security_group


def repair_network_acls() -> None:
    """Fault: a network ACL that is no default has no entries; on AWS its last ones deny everything.

    https://docs.aws.amazon.com/vpc/latest/userguide/custom-network-acl.html
    """
    original = NetworkAclBackend.create_network_acl

    def create_network_acl(self: Any, *args: Any, **given: Any) -> Any:
        made = original(self, *args, **given)
        for egress in (True, False) if not made.default else ():
            self.create_network_acl_entry(
                network_acl_id=made.id,
                rule_number=32767,
                protocol="-1",
                rule_action="deny",
                egress=egress,
                cidr_block="0.0.0.0/0",
                icmp_code=None,
                icmp_type=None,
                port_range_from=None,
                port_range_to=None,
                ipv6_cidr_block=None,
            )
        return made

    NetworkAclBackend.create_network_acl = create_network_acl


def repair_peering() -> None:
    """Fault: VPCs whose addresses overlap can be peered.

    https://docs.aws.amazon.com/vpc/latest/peering/vpc-peering-basics.html
    """
    original = VPCPeeringConnectionBackend.create_vpc_peering_connection

    def create_vpc_peering_connection(self: Any, vpc: Any, peer_vpc: Any, *args: Any, **given: Any) -> Any:
        made = original(self, vpc, peer_vpc, *args, **given)
        if ipaddress.ip_network(vpc.cidr_block).overlaps(ipaddress.ip_network(peer_vpc.cidr_block)):
            made._status.code = "failed"
            made._status.message = "Failed due to incorrect VPC-ID, Account ID, or overlapping CIDR range"
        return made

    VPCPeeringConnectionBackend.create_vpc_peering_connection = create_vpc_peering_connection


def repair_nat_gateways() -> None:
    """Fault: a NAT gateway that is deleted keeps its network interface and its address."""
    original = NatGatewayBackend.delete_nat_gateway

    def delete_nat_gateway(self: Any, nat_gateway_id: str) -> Any:
        gateway = original(self, nat_gateway_id)
        self.enis.pop(gateway._eni.id, None)
        for address in self.addresses:
            if address.eni and address.eni.id == gateway._eni.id:
                address.eni = None
                address.association_id = None
        return gateway

    NatGatewayBackend.delete_nat_gateway = delete_nat_gateway
