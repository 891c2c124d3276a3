"""Deletions that EC2 refuses because something else needs what would go, and moto does not.

https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html (DependencyViolation)
"""

from typing import Any

from dva_localstack.ec2.refusals import refuse


def keep_group(backend: Any, request: Any) -> None:
    """Faults: a security group that another one's rule names, or a network interface has, can be deleted."""
    group = request.get("GroupId")
    if group is None:
        return
    found = backend.get_security_group_from_id(group)
    if found and found.name == "default":
        refuse("CannotDelete", f'the specified group: "{group}" name: "default" cannot be deleted by a user')
    others = [one for groups in backend.groups.values() for one in groups.values() if one.id != group]
    rules = [rule for one in others for rule in (*one.ingress_rules, *one.egress_rules)]
    if any(rule.source_group.get("GroupId") == group for rule in rules) or any(
        group in [one.id for one in face.group_set] for face in interfaces(backend)
    ):
        refuse("DependencyViolation", f"resource {group} has a dependent object")


def keep_vpc(backend: Any, request: Any) -> None:
    """Fault: a VPC with an internet gateway, a security group, a network ACL or an interface can be deleted."""
    vpc = request["VpcId"]
    used = (
        any(one.vpc and one.vpc.id == vpc for one in backend.internet_gateways.values())
        or any(one.name != "default" for one in backend.groups.get(vpc, {}).values())
        or any(one.vpc_id == vpc and not one.default for one in backend.network_acls.values())
        or any(face.subnet.vpc_id == vpc for face in interfaces(backend))
    )
    if vpc in backend.vpcs and used:
        refuse("DependencyViolation", f"The vpc '{vpc}' has dependencies and cannot be deleted.")


def keep_subnet(backend: Any, request: Any) -> None:
    """Fault: a subnet with an instance, an endpoint or a NAT gateway can be deleted."""
    subnet = request["SubnetId"]
    if any(face.subnet.id == subnet for face in interfaces(backend)):
        refuse("DependencyViolation", f"The subnet '{subnet}' has dependencies and cannot be deleted.")


def keep_main_table(backend: Any, request: Any) -> None:
    """Fault: the main route table of a VPC can be deleted."""
    table = backend.route_tables.get(request["RouteTableId"])
    if table and table.main_association_id:
        refuse("DependencyViolation", f"The routeTable '{table.id}' has dependencies and cannot be deleted.")


def keep_address(backend: Any, request: Any) -> None:
    """Fault: an elastic IP address that a NAT gateway has can be released."""
    for address in backend.addresses:
        if address.allocation_id and address.allocation_id == request.get("AllocationId") and address.eni:
            refuse("InvalidIPAddress.InUse", f"Address {address.public_ip} is in use.")


def interfaces(backend: Any) -> list[Any]:
    """Return the network interfaces that there are. Fault: moto keeps those of terminated instances."""
    return [face for face in backend.enis.values() if not (face.instance and face.instance.state == "terminated")]
