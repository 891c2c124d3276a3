"""What ElastiCache refuses and MiniStack accepts."""

import re
from types import ModuleType
from typing import Any

from dva_localstack.repairs.checks import Refusal, Value, before

ENGINES = ("memcached", "redis", "valkey")

NAME = re.compile(r"[A-Za-z](?:-?[A-Za-z0-9])*")
"""A letter first, then letters, digits and single hyphens, none at the end."""

NODE_TYPE = re.compile(r"cache\.[a-z][0-9]+[a-z]*\.(micro|small|medium|large|[0-9]*xlarge)")

CLUSTER_NAME_LENGTH, GROUP_NAME_LENGTH = 50, 40
"""https://docs.aws.amazon.com/AmazonElastiCache/latest/APIReference/API_CreateCacheCluster.html"""

TOKEN_LENGTHS = range(16, 129)
"""https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/auth.html"""

TOKEN_SYMBOLS = "!&#$^<>-"
"""What an AUTH token may hold besides letters and digits."""


def apply(module: ModuleType) -> None:
    """Check requests before MiniStack sees them."""
    box: Any = module
    before(box, "_create_cache_cluster", refuse_cluster)
    before(box, "_create_replication_group", refuse_group)
    before(box, "_modify_replication_group", refuse_group_change)
    before(box, "_delete_param_group", refuse_parameter_group_in_use)


def refuse_name(kind: str, name: str, length: int) -> Refusal | None:
    """Fault: names may be anything."""
    if NAME.fullmatch(name) and len(name) <= length:
        return None
    return (
        "InvalidParameterValue",
        f"The parameter {kind} is not a valid identifier. Identifiers must begin with a letter; must contain only "
        "ASCII letters, digits, and hyphens; and must not end with a hyphen or contain two consecutive hyphens.",
    )


def refuse_common(module: Any, value: Value) -> Refusal | None:
    """Fault: engine, node type, parameter group and token may be anything."""
    engine, node_type, group = value("Engine"), value("CacheNodeType"), value("CacheParameterGroupName")
    if engine and engine not in ENGINES:
        return "InvalidParameterValue", f"Invalid cache engine: {engine}."
    if node_type and not NODE_TYPE.fullmatch(node_type):
        return "InvalidParameterValue", f"The parameter CacheNodeType has an invalid value: {node_type}"
    if group and group not in module._param_groups:
        return "CacheParameterGroupNotFound", f"CacheParameterGroup not found: {group}"
    subnets = value("CacheSubnetGroupName")
    if subnets and subnets != "default" and subnets not in module._subnet_groups:
        return "CacheSubnetGroupNotFoundFault", f"Cache Subnet Group {subnets} does not exist."
    return refuse_token(value("AuthToken"))


def refuse_token(token: str) -> Refusal | None:
    """Fault: an AUTH token may be of any length and hold anything."""
    right = all((sign.isascii() and sign.isalnum()) or sign in TOKEN_SYMBOLS for sign in token)
    if not token or (len(token) in TOKEN_LENGTHS and right):
        return None
    return (
        "InvalidParameterValue",
        "Invalid AuthToken provided. An AuthToken has 16 to 128 printable characters; "
        f"of the symbols it may hold {TOKEN_SYMBOLS} only.",
    )


def refuse_cluster(module: Any, value: Value) -> Refusal | None:
    """Fault: a cache cluster may have any name, and Redis OSS and Valkey any number of nodes."""
    engine, count = value("Engine") or "redis", value("NumCacheNodes") or "1"
    refusal = refuse_name("CacheClusterIdentifier", value("CacheClusterId"), CLUSTER_NAME_LENGTH)
    if refusal or (refusal := refuse_common(module, value)):
        return refusal
    if not count.isdigit() or not 1 <= int(count) <= 40:
        return "InvalidParameterValue", "NumCacheNodes must be between 1 and 40."
    if engine != "memcached" and int(count) > 1:
        return (
            "InvalidParameterValue",
            f"Cannot create a {engine} cluster with a NumCacheNodes parameter greater than 1.",
        )
    return None


def refuse_group(module: Any, value: Value) -> Refusal | None:
    """Fault: a replication group may fail over without a replica, and be of Memcached."""
    refusal = refuse_name("ReplicationGroupId", value("ReplicationGroupId"), GROUP_NAME_LENGTH)
    if refusal or (refusal := refuse_common(module, value)):
        return refusal
    if value("Engine") == "memcached":
        return "InvalidParameterValue", "Replication groups are not supported for the engine memcached."
    shards = int(value("NumNodeGroups") or 1)
    replicas = int(value("ReplicasPerNodeGroup") or int(value("NumCacheClusters") or 1) - 1)
    if replicas > 5:
        return "InvalidParameterValue", "The number of replicas per node group must be between 0 and 5."
    failover = value("AutomaticFailoverEnabled").lower() == "true"
    if failover and shards == 1 and replicas < 1:
        return (
            "InvalidParameterCombination",
            "When using automatic failover, there must be at least 2 cache clusters in the replication group.",
        )
    if value("MultiAZEnabled").lower() == "true" and not failover:
        return "InvalidParameterCombination", "Multi-AZ requires automatic failover to be enabled."
    return None


def refuse_group_change(module: Any, value: Value) -> Refusal | None:
    """Fault: a change may name a parameter group or a token that cannot be."""
    group = module._replication_groups.get(value("ReplicationGroupId"))
    if group and value("AutomaticFailoverEnabled").lower() == "true" and len(group["MemberClusters"]) < 2:
        return (
            "InvalidParameterValue",
            "Must have at least 1 replica when cluster mode is disabled with auto failover enabled.",
        )
    return refuse_common(module, value)


def refuse_parameter_group_in_use(module: Any, value: Value) -> Refusal | None:
    """Fault: a parameter group may be deleted while clusters use it."""
    name = value("CacheParameterGroupName")
    used = [record["CacheParameterGroup"]["CacheParameterGroupName"] for record in module._clusters.values()]
    if name in used:
        return (
            "InvalidCacheParameterGroupState",
            f"One or more cache clusters are still members of this parameter group {name}, "
            "so the group cannot be deleted.",
        )
    return None
