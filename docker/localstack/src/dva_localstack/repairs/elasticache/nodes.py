"""A Valkey process for every node that ElastiCache says it has."""

import threading
from collections.abc import Iterator
from typing import Any

from dva_localstack.databases.tls import Certificate
from dva_localstack.databases.valkey import HOST, Node
from dva_localstack.repairs.elasticache.parameters import settings

Record = dict[str, Any]

NODE = "_node"
"""Key of a record of MiniStack's under which its :class:`Node` is."""


class Nodes:
    """Starts, changes and stops the nodes of one MiniStack."""

    def __init__(self, module: Any) -> None:
        self.module = module
        self._certificate: Certificate | None = None
        self._lock = threading.Lock()

    def certificate(self) -> Certificate:
        """Return what all nodes with encryption in transit show, signed by MiniStack's authority."""
        from ministack.core.x509_utils import sign_leaf_certificate

        with self._lock:
            if self._certificate is None:
                authority, authority_key = self.module._ensure_serverless_ca()
                chain, key, _ = sign_leaf_certificate(
                    authority, authority_key, common_name="localhost", san_dns=["localhost"], san_ips=[HOST]
                )
                self._certificate = Certificate(chain, key)
            return self._certificate

    def start(self, record: Record, group: str, primary: Node | None = None) -> Node:
        """Start a node for a cache cluster and write its endpoint into the record.

        :param record: the cluster's
        :param group: name of the cache parameter group
        :param primary: the node to replicate
        """
        owner = self.module._replication_groups.get(record["ReplicationGroupId"]) or record
        node = Node(
            settings(self.module, group, record["CacheNodeType"]),
            token=self.module._record_auth(owner),
            certificate=self.certificate() if self.encrypted(record) else None,
            primary=primary,
        )
        record[NODE] = node
        self.module._publish_endpoint(record, HOST, node.port)
        return node

    @staticmethod
    def encrypted(record: Record) -> bool:
        """Say whether clients must use TLS; in the mode "preferred" they need not."""
        return bool(record["TransitEncryptionEnabled"]) and record.get("TransitEncryptionMode") != "preferred"

    def start_group(self, group: Record) -> None:
        """Start the nodes of a replication group: a primary and its replicas for each shard."""
        for shard in group["NodeGroups"]:
            for member in shard["NodeGroupMembers"]:
                self.start_member(group, shard, member)
            self.point(shard)

    def start_member(self, group: Record, shard: Record, member: Record) -> None:
        """Start one node of a shard."""
        record = self.module._clusters[member["CacheClusterId"]]
        primary = None if member["CurrentRole"] == "primary" else self.primary_of(shard)
        node = self.start(record, group["CacheParameterGroupName"], primary)
        member["ReadEndpoint"] = {"Address": HOST, "Port": node.port}

    def primary_of(self, shard: Record) -> Node:
        """Return the node that takes writes."""
        member = next(member for member in shard["NodeGroupMembers"] if member["CurrentRole"] == "primary")
        return self.module._clusters[member["CacheClusterId"]][NODE]

    def point(self, shard: Record) -> None:
        """Have a shard's endpoints name its primary, and a replica if it has one."""
        endpoints = {member["CurrentRole"]: member["ReadEndpoint"] for member in reversed(shard["NodeGroupMembers"])}
        shard["PrimaryEndpoint"] = dict(endpoints["primary"])
        shard["ReaderEndpoint"] = dict(endpoints.get("replica", endpoints["primary"]))

    def fail_over(self, shard: Record) -> None:
        """Make a shard's first replica its primary; the old primary comes back as a replica."""
        clusters = self.module._clusters
        old = next(member for member in shard["NodeGroupMembers"] if member["CurrentRole"] == "primary")
        new = next(member for member in shard["NodeGroupMembers"] if member["CurrentRole"] == "replica")
        promoted = clusters[new["CacheClusterId"]][NODE]
        promoted.in_sync()
        promoted.promote()
        old["CurrentRole"], new["CurrentRole"] = "replica", "primary"
        for member in shard["NodeGroupMembers"]:
            if member is not new:
                clusters[member["CacheClusterId"]][NODE].follow(promoted)
        self.point(shard)

    def records_using(self, group: str) -> Iterator[Record]:
        """Yield the clusters with a process that use a parameter group."""
        for record in self.module._clusters.values():
            if NODE in record and record["CacheParameterGroup"]["CacheParameterGroupName"] == group:
                yield record

    def configure(self, group: str) -> None:
        """Give a parameter group's values to the nodes that use it."""
        for record in self.records_using(group):
            record[NODE].configure(settings(self.module, group, record["CacheNodeType"]))

    @staticmethod
    def stop(record: Record | None) -> None:
        """End a record's process, if it has one."""
        if record and (node := record.pop(NODE, None)):
            node.stop()
