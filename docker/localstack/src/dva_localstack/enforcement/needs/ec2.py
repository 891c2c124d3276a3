"""EC2: the resources that an operation names, and those that it makes.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2.html
"""

from collections.abc import Iterator

from .call import Call, Context, Need

TYPES = {
    "acl": "network-acl",
    "ami": "image",
    "eipalloc": "elastic-ip",
    "eni": "network-interface",
    "i": "instance",
    "igw": "internet-gateway",
    "key": "key-pair",
    "lt": "launch-template",
    "nat": "natgateway",
    "pcx": "vpc-peering-connection",
    "rtb": "route-table",
    "sg": "security-group",
    "snap": "snapshot",
    "subnet": "subnet",
    "vol": "volume",
    "vpc": "vpc",
    "vpce": "vpc-endpoint",
}
"""Prefixes of ids, and the types that stand in ARNs."""

MADE = {
    "AllocateAddress": ("elastic-ip",),
    "CreateInternetGateway": ("internet-gateway",),
    "CreateKeyPair": ("key-pair",),
    "CreateLaunchTemplate": ("launch-template",),
    "CreateNatGateway": ("natgateway",),
    "CreateNetworkAcl": ("network-acl",),
    "CreateNetworkInterface": ("network-interface",),
    "CreateRouteTable": ("route-table",),
    "CreateSecurityGroup": ("security-group",),
    "CreateSnapshot": ("snapshot",),
    "CreateSubnet": ("subnet",),
    "CreateVolume": ("volume",),
    "CreateVpc": ("vpc",),
    "CreateVpcEndpoint": ("vpc-endpoint",),
    "CreateVpcPeeringConnection": ("vpc-peering-connection",),
    "ImportKeyPair": ("key-pair",),
    "RunInstances": ("instance", "network-interface", "volume"),
}
"""Types of what an operation makes: policies have to allow it on ``TYPE/*``."""

PUBLIC = frozenset({"image", "snapshot"})
"""Types whose ARNs have no account."""

NAMED = {
    "CreateRoute": ("RouteTableId",),
    "DeleteRoute": ("RouteTableId",),
    "ReplaceRoute": ("RouteTableId",),
    "ModifyInstanceAttribute": ("InstanceId",),
}
"""Operations of which only some parameters are judged."""

WITHOUT_CHOICE = {"subnet": ("SubnetId", "NetworkInterfaces"), "security-group": ("SecurityGroupIds", "SecurityGroups")}
"""Resources that RunInstances chooses where the parameters do not."""


def needs(call: Call) -> Iterator[Need]:
    """Yield the action on each resource that is named, used or made; on ``*`` for what has no resource."""
    action = f"ec2:{call.operation}"
    everywhere: Context = {"ec2:Region": call.region}
    if call.operation.startswith("Describe"):
        yield Need(action, "*", everywhere)
        return
    made = MADE.get(call.operation, ())
    resources = [*named(call), *(arn(call, kind, "*") for kind in made)]
    if call.operation == "RunInstances":
        resources += [arn(call, kind, "*") for kind, by in WITHOUT_CHOICE.items() if not any(map(call.params.get, by))]
    for resource in resources or ["*"]:
        yield Need(action, resource, everywhere | about(call, resource))
    for kind in sorted({row.get("ResourceType") or made[0] for row in call.params.get("TagSpecifications") or ()}):
        yield Need("ec2:CreateTags", arn(call, kind, "*"), everywhere | {"ec2:CreateAction": call.operation})


def named(call: Call) -> list[str]:
    """Return the ARNs of the resources whose ids are among a call's parameters."""
    wanted = NAMED.get(call.operation, tuple(call.params))
    given = [call.params[name] for name in wanted if name in call.params]
    for interface in call.params.get("NetworkInterfaces") or () if call.operation == "RunInstances" else ():
        given += [interface.get("SubnetId"), interface.get("Groups")]
    found = {}
    for value in given:
        for each in value if isinstance(value, list) else [value]:
            prefix, dash, rest = each.partition("-") if isinstance(each, str) else ("", "", "")
            if dash and rest.isalnum() and prefix in TYPES:
                found[arn(call, TYPES[prefix], each)] = True
    if call.params.get("KeyName"):
        found[arn(call, "key-pair", call.params["KeyName"])] = True
    return list(found)


def arn(call: Call, kind: str, name: str) -> str:
    """Return an ARN of EC2."""
    return call.arn("ec2", f"{kind}/{name}", account="" if kind in PUBLIC else None)


def about(call: Call, resource: str) -> Context:
    """Return the condition keys about one resource: an instance's type, tags, and the VPC that it is in."""
    if not call.detailed or resource == "*":
        return {}
    from moto.ec2.models import ec2_backends

    kind, _, name = resource.rpartition(":")[2].partition("/")
    backend = ec2_backends[call.account][call.region]
    keys: Context = {f"ec2:ResourceTag/{key}": value for key, value in backend.tags.get(name, {}).items()}
    vpc = None
    if kind == "subnet":
        vpc = next((subnets[name].vpc_id for subnets in backend.subnets.values() if name in subnets), None)
    elif kind == "security-group" and (group := backend.get_security_group_from_id(name)):
        vpc = group.vpc_id
    elif kind == "instance" and (instance := backend.get_instance_by_id(name)):
        keys["ec2:InstanceType"] = instance.instance_type
    elif kind == "instance" and call.operation == "RunInstances":
        keys["ec2:InstanceType"] = str(call.params.get("InstanceType") or "m1.small")
    return keys | {"ec2:Vpc": call.arn("ec2", f"vpc/{vpc}")} if vpc else keys
