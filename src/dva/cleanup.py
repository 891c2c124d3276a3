"""Delete everything in an AWS account, and see that nothing is left.

Only through the public API, so that it works against every server that a lab can use. A service is a list of
:class:`Sweep` rows; a lab that uses a further service adds its rows here.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from typing import Any

from botocore.exceptions import ClientError

from dva.waiting import WaitTimeout, wait_until


@dataclass(frozen=True)
class Sweep:
    """One kind of resource: how to list it and how to delete one."""

    service: str
    kind: str
    find: Callable[[Any], Iterable[str]]
    delete: Callable[[Any, str], object]


def _pages(client: Any, operation: str, key: str, **parameters: Any) -> Iterator[Any]:
    """Yield the items under ``key`` of every page of a list operation."""
    if client.can_paginate(operation):
        for page in client.get_paginator(operation).paginate(**parameters):
            yield from page.get(key, [])
    else:
        yield from getattr(client, operation)(**parameters).get(key, [])


def _fields(operation: str, key: str, field: str, **parameters: Any) -> Callable[[Any], Iterable[str]]:
    return lambda client: [item[field] for item in _pages(client, operation, key, **parameters)]


def _items(operation: str, key: str) -> Callable[[Any], Iterable[str]]:
    return lambda client: list(_pages(client, operation, key))


def _has_object_lock(s3: Any, bucket: str) -> bool:
    """Return whether Object Lock is on: without it S3 refuses a request that would bypass it."""
    try:
        s3.get_object_lock_configuration(Bucket=bucket)
    except ClientError:
        return False
    return True


def _delete_bucket(s3: Any, bucket: str) -> None:
    for upload in _pages(s3, "list_multipart_uploads", "Uploads", Bucket=bucket):
        s3.abort_multipart_upload(Bucket=bucket, Key=upload["Key"], UploadId=upload["UploadId"])
    bypass = {"BypassGovernanceRetention": True} if _has_object_lock(s3, bucket) else {}
    for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket):
        listed = page.get("Versions", []) + page.get("DeleteMarkers", [])
        if listed:
            doomed = [{"Key": item["Key"], "VersionId": item["VersionId"]} for item in listed]
            s3.delete_objects(Bucket=bucket, Delete={"Objects": doomed, "Quiet": True}, **bypass)
    s3.delete_bucket(Bucket=bucket)


def _delete_role(iam: Any, role: str) -> None:
    for policy in _pages(iam, "list_attached_role_policies", "AttachedPolicies", RoleName=role):
        iam.detach_role_policy(RoleName=role, PolicyArn=policy["PolicyArn"])
    for name in _pages(iam, "list_role_policies", "PolicyNames", RoleName=role):
        iam.delete_role_policy(RoleName=role, PolicyName=name)
    for profile in _pages(iam, "list_instance_profiles_for_role", "InstanceProfiles", RoleName=role):
        iam.remove_role_from_instance_profile(RoleName=role, InstanceProfileName=profile["InstanceProfileName"])
    iam.delete_role(RoleName=role)


def _own_roles(iam: Any) -> list[str]:
    """List roles, but for those that AWS services make for themselves."""
    return [r["RoleName"] for r in _pages(iam, "list_roles", "Roles") if not r["Path"].startswith("/aws-service-role/")]


def _delete_table(dynamodb: Any, table: str) -> None:
    if dynamodb.describe_table(TableName=table)["Table"].get("DeletionProtectionEnabled"):
        dynamodb.update_table(TableName=table, DeletionProtectionEnabled=False)
    dynamodb.delete_table(TableName=table)


def _layer_versions(lambda_: Any) -> list[str]:
    return [
        f"{layer['LayerName']}:{version['Version']}"
        for layer in _pages(lambda_, "list_layers", "Layers")
        for version in _pages(lambda_, "list_layer_versions", "LayerVersions", LayerName=layer["LayerName"])
    ]


def _delete_layer_version(lambda_: Any, label: str) -> None:
    name, version = label.rsplit(":", 1)
    lambda_.delete_layer_version(LayerName=name, VersionNumber=int(version))


def _delete_policy(iam: Any, arn: str) -> None:
    for version in _pages(iam, "list_policy_versions", "Versions", PolicyArn=arn):
        if not version["IsDefaultVersion"]:
            iam.delete_policy_version(PolicyArn=arn, VersionId=version["VersionId"])
    iam.delete_policy(PolicyArn=arn)


def _delete_user(iam: Any, user: str) -> None:
    for group in _pages(iam, "list_groups_for_user", "Groups", UserName=user):
        iam.remove_user_from_group(UserName=user, GroupName=group["GroupName"])
    for policy in _pages(iam, "list_attached_user_policies", "AttachedPolicies", UserName=user):
        iam.detach_user_policy(UserName=user, PolicyArn=policy["PolicyArn"])
    for name in _pages(iam, "list_user_policies", "PolicyNames", UserName=user):
        iam.delete_user_policy(UserName=user, PolicyName=name)
    for key in _pages(iam, "list_access_keys", "AccessKeyMetadata", UserName=user):
        iam.delete_access_key(UserName=user, AccessKeyId=key["AccessKeyId"])
    for device in _pages(iam, "list_mfa_devices", "MFADevices", UserName=user):
        iam.deactivate_mfa_device(UserName=user, SerialNumber=device["SerialNumber"])
        iam.delete_virtual_mfa_device(SerialNumber=device["SerialNumber"])
    with suppress(ClientError):
        iam.delete_login_profile(UserName=user)
    iam.delete_user(UserName=user)


def _delete_group(iam: Any, group: str) -> None:
    for policy in _pages(iam, "list_attached_group_policies", "AttachedPolicies", GroupName=group):
        iam.detach_group_policy(GroupName=group, PolicyArn=policy["PolicyArn"])
    for name in _pages(iam, "list_group_policies", "PolicyNames", GroupName=group):
        iam.delete_group_policy(GroupName=group, PolicyName=name)
    iam.delete_group(GroupName=group)


def _rules(events: Any) -> list[str]:
    """List rules as ``bus/rule``."""
    return [
        f"{bus['Name']}/{rule['Name']}"
        for bus in _pages(events, "list_event_buses", "EventBuses")
        for rule in _pages(events, "list_rules", "Rules", EventBusName=bus["Name"])
    ]


def _delete_rule(events: Any, label: str) -> None:
    bus, rule = label.split("/", 1)
    targets = [
        target["Id"] for target in _pages(events, "list_targets_by_rule", "Targets", Rule=rule, EventBusName=bus)
    ]
    if targets:
        events.remove_targets(Rule=rule, EventBusName=bus, Ids=targets, Force=True)
    events.delete_rule(Name=rule, EventBusName=bus, Force=True)


def _own_buses(events: Any) -> list[str]:
    return [bus["Name"] for bus in _pages(events, "list_event_buses", "EventBuses") if bus["Name"] != "default"]


def _own_vpcs(ec2: Any) -> list[str]:
    return [vpc["VpcId"] for vpc in _pages(ec2, "describe_vpcs", "Vpcs") if not vpc.get("IsDefault")]


def _delete_vpc(ec2: Any, vpc: str) -> None:
    """Delete a VPC with what is in it, in the order in which EC2 lets go."""
    here = [{"Name": "vpc-id", "Values": [vpc]}]
    endpoints = [e["VpcEndpointId"] for e in _pages(ec2, "describe_vpc_endpoints", "VpcEndpoints", Filters=here)]
    if endpoints:
        ec2.delete_vpc_endpoints(VpcEndpointIds=endpoints)
    for gateway in ec2.describe_nat_gateways(Filters=here)["NatGateways"]:
        ec2.delete_nat_gateway(NatGatewayId=gateway["NatGatewayId"])
    for face in _pages(ec2, "describe_network_interfaces", "NetworkInterfaces", Filters=here):
        with suppress(ClientError):
            ec2.delete_network_interface(NetworkInterfaceId=face["NetworkInterfaceId"])
    for table in _pages(ec2, "describe_route_tables", "RouteTables", Filters=here):
        links = table.get("Associations", [])
        if any(link.get("Main") for link in links):
            continue
        for link in links:
            ec2.disassociate_route_table(AssociationId=link["RouteTableAssociationId"])
        ec2.delete_route_table(RouteTableId=table["RouteTableId"])
    for subnet in _pages(ec2, "describe_subnets", "Subnets", Filters=here):
        ec2.delete_subnet(SubnetId=subnet["SubnetId"])
    attached = [{"Name": "attachment.vpc-id", "Values": [vpc]}]
    for gateway in _pages(ec2, "describe_internet_gateways", "InternetGateways", Filters=attached):
        ec2.detach_internet_gateway(InternetGatewayId=gateway["InternetGatewayId"], VpcId=vpc)
        ec2.delete_internet_gateway(InternetGatewayId=gateway["InternetGatewayId"])
    groups = list(_pages(ec2, "describe_security_groups", "SecurityGroups", Filters=here))
    for group in groups:  # rules that name another group hold it
        if group.get("IpPermissions"):
            ec2.revoke_security_group_ingress(GroupId=group["GroupId"], IpPermissions=group["IpPermissions"])
        if group.get("IpPermissionsEgress"):
            ec2.revoke_security_group_egress(GroupId=group["GroupId"], IpPermissions=group["IpPermissionsEgress"])
    for group in groups:
        if group["GroupName"] != "default":
            ec2.delete_security_group(GroupId=group["GroupId"])
    ec2.delete_vpc(VpcId=vpc)


SWEEPS = [
    Sweep("events", "rule", _rules, _delete_rule),
    Sweep("events", "event bus", _own_buses, lambda c, name: c.delete_event_bus(Name=name)),
    Sweep(
        "events",
        "archive",
        _fields("list_archives", "Archives", "ArchiveName"),
        lambda c, name: c.delete_archive(ArchiveName=name),
    ),
    Sweep(
        "stepfunctions",
        "state machine",
        _fields("list_state_machines", "stateMachines", "stateMachineArn"),
        lambda c, name: c.delete_state_machine(stateMachineArn=name),
    ),
    Sweep(
        "lambda",
        "event source mapping",
        _fields("list_event_source_mappings", "EventSourceMappings", "UUID"),
        lambda c, name: c.delete_event_source_mapping(UUID=name),
    ),
    Sweep(
        "lambda",
        "function",
        _fields("list_functions", "Functions", "FunctionName"),
        lambda c, name: c.delete_function(FunctionName=name),
    ),
    Sweep("lambda", "layer version", _layer_versions, _delete_layer_version),
    Sweep("s3", "bucket", _fields("list_buckets", "Buckets", "Name"), _delete_bucket),
    Sweep("sqs", "queue", _items("list_queues", "QueueUrls"), lambda c, name: c.delete_queue(QueueUrl=name)),
    Sweep(
        "sns",
        "topic",
        _fields("list_topics", "Topics", "TopicArn"),
        lambda c, name: c.delete_topic(TopicArn=name),
    ),
    Sweep("dynamodb", "table", _items("list_tables", "TableNames"), _delete_table),
    Sweep(
        "kinesis",
        "stream",
        _items("list_streams", "StreamNames"),
        lambda c, name: c.delete_stream(StreamName=name, EnforceConsumerDeletion=True),
    ),
    Sweep(
        "secretsmanager",
        "secret",
        _fields("list_secrets", "SecretList", "ARN"),
        lambda c, name: c.delete_secret(SecretId=name, ForceDeleteWithoutRecovery=True),
    ),
    Sweep(
        "ssm",
        "parameter",
        _fields("describe_parameters", "Parameters", "Name"),
        lambda c, name: c.delete_parameter(Name=name),
    ),
    Sweep(
        "elasticache",
        "replication group",
        _fields("describe_replication_groups", "ReplicationGroups", "ReplicationGroupId"),
        lambda c, name: c.delete_replication_group(ReplicationGroupId=name),
    ),
    Sweep(
        "elasticache",
        "cache cluster",
        _fields("describe_cache_clusters", "CacheClusters", "CacheClusterId"),
        lambda c, name: c.delete_cache_cluster(CacheClusterId=name),
    ),
    Sweep("ec2", "VPC", _own_vpcs, _delete_vpc),
    Sweep(
        "ec2",
        "elastic IP address",
        _fields("describe_addresses", "Addresses", "AllocationId"),
        lambda c, name: c.release_address(AllocationId=name),
    ),
    Sweep("iam", "user", _fields("list_users", "Users", "UserName"), _delete_user),
    Sweep("iam", "group", _fields("list_groups", "Groups", "GroupName"), _delete_group),
    Sweep("iam", "role", _own_roles, _delete_role),
    Sweep(
        "iam",
        "customer managed policy",
        _fields("list_policies", "Policies", "Arn", Scope="Local"),
        _delete_policy,
    ),
    # Last: a function that still runs would write its log group anew.
    Sweep(
        "logs",
        "log group",
        _fields("describe_log_groups", "logGroups", "logGroupName"),
        lambda c, name: c.delete_log_group(logGroupName=name),
    ),
]


def leftovers(client: Callable[[str], Any], services: Iterable[str]) -> list[str]:
    """List what exists in an account.

    :param client: returns a boto3 client of the account for a service's name
    :param services: services to look at; those without a row in :data:`SWEEPS` are passed over
    :return: one ``service kind name`` for each resource
    """
    wanted = set(services)
    return [
        f"{sweep.service} {sweep.kind} {name}"
        for sweep in SWEEPS
        if sweep.service in wanted
        for name in sweep.find(client(sweep.service))
    ]


PATIENCE = 20.0
"""Longest wait, in seconds, for deletions that take time."""


def sweep(client: Callable[[str], Any], services: Iterable[str]) -> tuple[int, list[str]]:
    """Delete everything in an account.

    :param client: returns a boto3 client of the account for a service's name
    :param services: services to look at
    :return: how many resources were deleted, and what could not be (as :func:`leftovers` names it)
    """
    made = cache(client)
    wanted = set(services)
    deleted = 0
    for row in SWEEPS:
        if row.service not in wanted:
            continue
        handle = made(row.service)
        for name in row.find(handle):
            # A resource that another deletion took along, or that cannot be deleted, shows in the last look.
            with suppress(ClientError):
                row.delete(handle, name)
                deleted += 1
    left: list[str] = []

    def is_empty() -> bool:
        left[:] = leftovers(made, wanted)
        return not left

    with suppress(WaitTimeout):
        wait_until(is_empty, PATIENCE)
    return deleted, left
