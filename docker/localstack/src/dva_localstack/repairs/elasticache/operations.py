"""ElastiCache's operations with processes behind them.

The fault that all of these repair: without Docker, MiniStack names one address for every node of every cache, and
nothing listens there.
"""

import threading
from collections.abc import Callable
from types import ModuleType
from typing import Any

from dva_localstack.databases.valkey import HOST, Node
from dva_localstack.repairs.elasticache.nodes import NODE, Nodes, Record
from dva_localstack.repairs.elasticache.parameters import Answer, settings

MEMCACHED_PORT = 11211


def apply(module: ModuleType) -> None:
    """Have processes started, changed and stopped by the operations that do so on AWS."""
    nodes = Nodes(module)
    box: Any = module
    box._spawn_redis_container = lambda *_, engine, **__: (HOST, MEMCACHED_PORT if engine == "memcached" else 0, None)
    then(box, "_create_cache_cluster", lambda request: create_cluster(nodes, box._p(request, "CacheClusterId")))
    then(box, "_create_replication_group", lambda request: create_group(nodes, box._p(request, "ReplicationGroupId")))
    then(box, "_create_serverless_cache", lambda request: create_serverless(nodes, request))
    then(box, "_modify_cache_cluster", lambda request: modify_cluster(nodes, box._p(request, "CacheClusterId")))
    then(box, "_modify_replication_group", lambda request: modify_group(nodes, request))
    then(box, "_increase_replica_count", lambda request: change_replicas(nodes, request))
    then(box, "_decrease_replica_count", lambda request: change_replicas(nodes, request))
    then(box, "_modify_cache_parameter_group", lambda request: nodes.configure(group_name(box, request)))
    then(box, "_reset_cache_parameter_group", lambda request: nodes.configure(group_name(box, request)))
    then(box, "_reboot_cache_cluster", lambda request: reboot(nodes, box._p(request, "CacheClusterId")))
    delete_cluster(nodes)
    delete_group(nodes)
    delete_serverless(nodes)
    add_test_failover(nodes)


def then(module: Any, name: str, action: Callable[[Any], None]) -> None:
    """Have ``action`` called with the request after the operation ``name`` succeeded, and the answer made again.

    The answer of MiniStack's function is written before the action changed the records, so it is written anew.
    """
    original = getattr(module, name)

    def operation(request: Any) -> Answer:
        answer = original(request)
        if answer[0] != 200:
            return answer
        action(request)
        return written(module, request) or answer

    setattr(module, name, operation)


def written(module: Any, request: Any) -> Answer | None:
    """Write the answer to an operation on a cluster, group or serverless cache from its record."""
    operation = module._p(request, "Action")
    result = f"{operation}Result"
    for key, store, tag, write in (
        ("ReplicationGroupId", module._replication_groups, "ReplicationGroup", module._rg_xml),
        ("CacheClusterId", module._clusters, "CacheCluster", module._cluster_xml_inner),
        ("ServerlessCacheName", module._serverless_caches, "ServerlessCache", module._serverless_cache_xml),
    ):
        record = store.get(module._p(request, key))
        if record is not None and tag in operation.replace("TestFailover", "ReplicationGroup"):
            return module._xml(200, f"{operation}Response", f"<{result}><{tag}>{write(record)}</{tag}></{result}>")
    return None


def group_name(module: Any, request: Any) -> str:
    """Return the parameter group that a request names."""
    return str(module._p(request, "CacheParameterGroupName"))


def create_cluster(nodes: Nodes, name: str) -> None:
    """Start the node of a cluster with one node; without one, there is no cluster."""
    record = nodes.module._clusters[name]
    if record["Engine"] == "memcached":
        return
    try:
        nodes.start(record, record["CacheParameterGroup"]["CacheParameterGroupName"])
    except Exception:
        del nodes.module._clusters[name]
        raise


def create_group(nodes: Nodes, name: str) -> None:
    """Start the nodes of a replication group; without them, there is no group."""
    module = nodes.module
    group = module._replication_groups[name]
    try:
        nodes.start_group(group)
    except Exception:
        for member in group["MemberClusters"]:
            nodes.stop(module._clusters.pop(member, None))
        del module._replication_groups[name]
        raise


def create_serverless(nodes: Nodes, request: Any) -> None:
    """Start a serverless cache: a cluster of one shard that is available when it owns its slots, after two seconds."""
    module = nodes.module
    record = module._serverless_caches[module._p(request, "ServerlessCacheName").lower()]
    memory = (record["CacheUsageLimits"].get("DataStorage") or {}).get("Maximum")
    limits = {"maxmemory": f"{memory}gb", "maxmemory-policy": "volatile-lru"} if memory else {}
    record["Status"] = "creating"
    record[NODE] = node = Node(limits, certificate=nodes.certificate(), cluster=True)
    endpoint = {"Address": HOST, "Port": node.port}
    record["Endpoint"], record["ReaderEndpoint"] = dict(endpoint), dict(endpoint)

    def finish() -> None:
        node.own_all_slots()
        if record["Status"] == "creating":
            record["Status"] = "available"

    threading.Thread(target=finish, daemon=True, name="serverless-cache").start()


def modify_cluster(nodes: Nodes, name: str) -> None:
    """Give a cluster's node the values of its parameter group and node type."""
    record = nodes.module._clusters[name]
    if node := record.get(NODE):
        group = record["CacheParameterGroup"]["CacheParameterGroupName"]
        node.configure(settings(nodes.module, group, record["CacheNodeType"]))


def modify_group(nodes: Nodes, request: Any) -> None:
    """Give the nodes of a group its parameter group, its node type and its tokens."""
    module = nodes.module
    group = module._replication_groups[module._p(request, "ReplicationGroupId")]
    for name in group["MemberClusters"]:
        record = module._clusters[name]
        record["CacheNodeType"] = group["CacheNodeType"]
        record["CacheParameterGroup"]["CacheParameterGroupName"] = group["CacheParameterGroupName"]
        modify_cluster(nodes, name)
        if module._p(request, "AuthToken") or module._p(request, "AuthTokenUpdateStrategy"):
            record[NODE].passwords(group["_auth_tokens"], bool(group.get("_auth_optional")))


def change_replicas(nodes: Nodes, request: Any) -> None:
    """Start replicas that a group has got, and stop those that it has lost."""
    module = nodes.module
    group = module._replication_groups[module._p(request, "ReplicationGroupId")]
    wanted = [member["CacheClusterId"] for shard in group["NodeGroups"] for member in shard["NodeGroupMembers"]]
    for name in group["MemberClusters"]:
        if name not in wanted:
            nodes.stop(module._clusters.pop(name, None))
    template = module._clusters[group["NodeGroups"][0]["NodeGroupMembers"][0]["CacheClusterId"]]
    for shard in group["NodeGroups"]:
        for member in shard["NodeGroupMembers"]:
            name = member["CacheClusterId"]
            if name not in module._clusters:
                module._clusters[name] = copied(module, template, name)
                nodes.start_member(group, shard, member)
        nodes.point(shard)
    group["MemberClusters"] = wanted


def copied(module: Any, template: Record, name: str) -> Record:
    """Return the record of a further cluster of a replication group."""
    record = {key: value for key, value in template.items() if key != NODE}
    record["CacheNodes"] = [dict(node) for node in template["CacheNodes"]]
    return record | {"CacheClusterId": name, "CacheClusterArn": module._arn_cluster(name)}


def reboot(nodes: Nodes, name: str) -> None:
    """Start a cluster's process anew: its data is lost, as on AWS."""
    if node := nodes.module._clusters[name].get(NODE):
        node.restart()


def delete_cluster(nodes: Nodes) -> None:
    """Stop the process of a deleted cluster."""
    module = nodes.module
    original = module._delete_cache_cluster

    def delete(request: Any) -> Answer:
        record = module._clusters.get(module._p(request, "CacheClusterId"))
        answer = original(request)
        if answer[0] == 200:
            nodes.stop(record)
        return answer

    module._delete_cache_cluster = delete


def delete_group(nodes: Nodes) -> None:
    """Stop the processes of a deleted replication group."""
    module = nodes.module
    original = module._delete_replication_group

    def delete(request: Any) -> Answer:
        group = module._replication_groups.get(module._p(request, "ReplicationGroupId")) or {}
        records = [module._clusters.get(name) for name in group.get("MemberClusters", [])]
        answer = original(request)
        if answer[0] == 200:
            for record in records:
                nodes.stop(record)
        return answer

    module._delete_replication_group = delete


def delete_serverless(nodes: Nodes) -> None:
    """Stop the process of a deleted serverless cache."""
    module = nodes.module
    original = module._delete_serverless_cache

    def delete(request: Any) -> Answer:
        record = module._serverless_caches.get(module._p(request, "ServerlessCacheName").lower())
        answer = original(request)
        if answer[0] == 200:
            nodes.stop(record)
        return answer

    module._delete_serverless_cache = delete


def add_test_failover(nodes: Nodes) -> None:
    """Fault: TestFailover is not known.

    https://docs.aws.amazon.com/AmazonElastiCache/latest/APIReference/API_TestFailover.html
    """
    module = nodes.module
    handle = module.handle_request

    def test_failover(request: Any) -> Answer:
        name = module._p(request, "ReplicationGroupId")
        group = module._replication_groups.get(name)
        if group is None:
            return module._error("ReplicationGroupNotFoundFault", f"ReplicationGroup {name} not found.", 404)
        shards = {shard["NodeGroupId"]: shard for shard in group["NodeGroups"]}
        shard = shards.get(module._p(request, "NodeGroupId"))
        if shard is None:
            return module._error("NodeGroupNotFoundFault", "The node group was not found.", 404)
        if group["AutomaticFailover"] != "enabled":
            message = "TestFailover is only supported for replication groups with automatic failover enabled."
            return module._error("InvalidReplicationGroupState", message, 400)
        nodes.fail_over(shard)
        answer = written(module, request)
        assert answer is not None
        return answer

    async def handle_request(method: str, path: str, headers: Any, body: bytes, query: Any) -> Answer:
        fields = dict(query) | module.parse_qs(body.decode("utf-8", errors="replace"))
        if module._p(fields, "Action") == "TestFailover":
            return await module.run_offloop(test_failover, fields)
        return await handle(method, path, headers, body, query)

    module.handle_request = handle_request
