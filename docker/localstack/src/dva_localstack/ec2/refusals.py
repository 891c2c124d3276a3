"""What EC2 refuses and moto accepts, but for deletions."""

import ipaddress
import re
from typing import Any, NoReturn

from localstack.aws.api import CommonServiceException
from moto.ec2.models.instance_types import INSTANCE_TYPE_OFFERINGS

INSTANCE = re.compile(r"i-(?:[0-9a-f]{8}|[0-9a-f]{17})")
PORTS = range(65536)
SUBNET_BITS = range(16, 29)
"""https://docs.aws.amazon.com/vpc/latest/userguide/subnet-sizing.html"""


def refuse(code: str, message: str) -> NoReturn:
    """Raise an error of the caller's."""
    raise CommonServiceException(code, message, status_code=400, sender_fault=True)


def check_launch(backend: Any, request: Any) -> None:
    """Fault: instances can be run of any type, image and key pair.

    https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html
    """
    kind, image, key = request.get("InstanceType"), request.get("ImageId"), request.get("KeyName")
    offered = INSTANCE_TYPE_OFFERINGS["region"].get(backend.region_name) or ()
    if kind and kind not in {offering["InstanceType"] for offering in offered}:
        refuse("InvalidParameterValue", f"Invalid value '{kind}' for InstanceType.")
    if image and image not in backend.amis:
        refuse("InvalidAMIID.NotFound", f"The image id '[{image}]' does not exist")
    if key and key not in backend.key_pairs:
        refuse("InvalidKeyPair.NotFound", f"The key pair '{key}' does not exist")


def check_subnet(backend: Any, request: Any) -> None:
    """Fault: a subnet may be smaller than /28."""
    block = request.get("CidrBlock")
    if block and ipaddress.ip_network(block, strict=False).prefixlen not in SUBNET_BITS:
        refuse("InvalidSubnet.Range", f"The CIDR '{block}' is invalid.")


def check_rules(backend: Any, request: Any) -> None:
    """Fault: ports of a security group's rule may be any numbers.

    https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_IpPermission.html
    """
    for rule in request.get("IpPermissions") or [request]:
        if rule.get("IpProtocol") not in ("tcp", "udp", "6", "17"):
            continue
        first, last = rule.get("FromPort"), rule.get("ToPort")
        if first is None or last is None:
            text = "Invalid value 'Must specify both from and to ports with TCP/UDP.' for portRange."
            refuse("InvalidParameterValue", text)
        if first > last or first not in PORTS or last not in PORTS:
            refuse("InvalidParameterValue", f"Invalid TCP/UDP port range ({first}:{last})")


def check_route(backend: Any, request: Any) -> None:
    """Fault: a route may lead to an internet gateway of another VPC, or of none."""
    gateway = backend.internet_gateways.get(request.get("GatewayId"))
    table = backend.route_tables.get(request["RouteTableId"])
    if gateway and table and (not gateway.vpc or gateway.vpc.id != table.vpc_id):
        refuse(
            "InvalidParameterValue",
            f"route table {table.id} and network gateway {gateway.id} belong to different networks",
        )


def keep_local_route(backend: Any, request: Any) -> None:
    """Fault: the route within the VPC can be deleted."""
    table = backend.route_tables.get(request["RouteTableId"])
    block = request.get("DestinationCidrBlock")
    if table and any(one.local and one.destination_cidr_block == block for one in table.routes.values()):
        refuse("InvalidParameterValue", f"cannot remove local route {block} in route table {table.id}")


def check_tags(backend: Any, request: Any) -> None:
    """Fault: callers may set tags whose keys are AWS's own."""
    rows = [*(request.get("Tags") or ())]
    for specification in request.get("TagSpecifications") or ():
        rows += specification.get("Tags") or ()
    if any(str(row.get("Key", "")).lower().startswith("aws:") for row in rows):
        refuse("InvalidParameterValue", "Tag keys starting with 'aws:' are reserved for internal use")


def check_zone(backend: Any, request: Any) -> None:
    """Fault: a volume may be in a zone that does not exist."""
    zone = request.get("AvailabilityZone")
    if zone and zone not in [one.name for one in backend.describe_availability_zones()]:
        refuse("InvalidZone.NotFound", f"The zone '{zone}' does not exist.")


def check_instances(backend: Any, request: Any) -> None:
    """Fault: what is no id of an instance is not found, instead of malformed."""
    for name in request.get("InstanceIds") or ():
        if not INSTANCE.fullmatch(name):
            refuse("InvalidInstanceID.Malformed", f'Invalid id: "{name}"')


def check_life(backend: Any, request: Any) -> None:
    """Fault: a terminated instance can be started and stopped.

    https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ec2-instance-lifecycle.html
    """
    for name in request.get("InstanceIds") or ():
        instance = backend.get_instance_by_id(name)
        if instance and instance.state == "terminated":
            text = f"This instance '{name}' is not in a state from which it can be started or stopped."
            refuse("IncorrectInstanceState", text)
