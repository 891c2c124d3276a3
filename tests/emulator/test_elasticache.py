"""ElastiCache: what the API says about a cache is true of the Valkey server behind it."""

import signal
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests
import valkey
from botocore.exceptions import ClientError
from valkey.cluster import ValkeyCluster

TOKEN = "a-token-of-24-characters"


class Caches:
    """Makes caches in one account, connects to them, and deletes them after the test."""

    def __init__(self, account: Any) -> None:
        self.api = account("elasticache")
        self.endpoint = account.endpoint
        self.clusters: list[str] = []
        self.groups: list[str] = []
        self.serverless: list[str] = []
        self.connections: list[Any] = []

    def cluster(self, name: str = "sessions", **request: Any) -> tuple[str, int]:
        """Create a cluster of one node; return its host and port."""
        request = {"Engine": "valkey", "CacheNodeType": "cache.t3.micro", "NumCacheNodes": 1, **request}
        self.api.create_cache_cluster(CacheClusterId=name, **request)
        self.clusters.append(name)
        found = self.api.describe_cache_clusters(CacheClusterId=name, ShowCacheNodeInfo=True)["CacheClusters"][0]
        assert found["CacheClusterStatus"] == "available"
        endpoint = found["CacheNodes"][0]["Endpoint"]
        return endpoint["Address"], endpoint["Port"]

    def group(self, name: str = "sessions", **request: Any) -> dict[str, Any]:
        """Create a replication group; return its description."""
        request = {"Engine": "valkey", "CacheNodeType": "cache.t3.micro", "ReplicationGroupDescription": "-", **request}
        self.api.create_replication_group(ReplicationGroupId=name, **request)
        self.groups.append(name)
        return self.api.describe_replication_groups(ReplicationGroupId=name)["ReplicationGroups"][0]

    def connect(self, address: tuple[str, int], **settings: Any) -> Any:
        """Return a client."""
        host, port = address
        client = valkey.Valkey(host=host, port=port, decode_responses=True, socket_timeout=5, **settings)
        self.connections.append(client)
        return client

    def parameters(self, name: str = "small", **values: str) -> str:
        """Create a parameter group with values; underscores in their names stand for hyphens."""
        self.api.create_cache_parameter_group(
            CacheParameterGroupName=name, CacheParameterGroupFamily="valkey8", Description="-"
        )
        self.change(name, **values)
        return name

    def change(self, name: str, **values: str) -> None:
        """Change values of a parameter group."""
        rows = [{"ParameterName": key.replace("_", "-"), "ParameterValue": value} for key, value in values.items()]
        self.api.modify_cache_parameter_group(CacheParameterGroupName=name, ParameterNameValues=rows)

    def delete(self) -> None:
        """Delete what was created."""
        for connection in self.connections:
            connection.close()
        for name in self.clusters:
            self.api.delete_cache_cluster(CacheClusterId=name)
        for name in self.groups:
            self.api.delete_replication_group(ReplicationGroupId=name)
        for name in self.serverless:
            self.api.delete_serverless_cache(ServerlessCacheName=name)


@pytest.fixture
def caches(aws: Any) -> Iterator[Caches]:
    """Makes caches in a fresh account."""
    maker = Caches(aws)
    yield maker
    maker.delete()


def endpoint(description: dict[str, Any]) -> tuple[str, int]:
    """Return host and port of an endpoint in an answer."""
    return description["Address"], description["Port"]


def refused(call: Callable[..., Any], **request: Any) -> tuple[str, str]:
    """Make a call that must fail; return code and message."""
    with pytest.raises(ClientError) as caught:
        call(**request)
    error = caught.value.response["Error"]
    return error["Code"], error["Message"]


def test_keys_live_as_long_as_their_ttl(caches: Caches, eventually: Callable[..., Any]) -> None:
    """https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/Strategies.html#Strategies.WithTTL"""
    cache = caches.connect(caches.cluster())
    assert cache.get("user:1") is None
    cache.set("user:1", "Ana", px=150)
    assert cache.get("user:1") == "Ana"
    assert 0 < cache.pttl("user:1") <= 150
    eventually(lambda: cache.get("user:1") is None)


def test_each_cluster_has_data_of_its_own(caches: Caches) -> None:
    one, two = caches.connect(caches.cluster("one")), caches.connect(caches.cluster("two", Engine="redis"))
    one.set("key", "of one")
    assert two.get("key") is None


def test_a_full_cache_evicts_what_is_used_least(caches: Caches) -> None:
    """https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/ParameterGroups.Engine.html"""
    group = caches.parameters(maxmemory_policy="allkeys-lfu", reserved_memory_percent="99")
    cache = caches.connect(caches.cluster(CacheParameterGroupName=group))
    for number in range(120):
        cache.set(f"page:{number}", "x" * 100_000)
        cache.get("page:0")
    assert cache.info("stats")["evicted_keys"] > 60
    assert cache.exists("page:0", "page:119") == 2


def test_only_keys_that_expire_are_evicted_by_default(caches: Caches) -> None:
    """https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/ParameterGroups.Engine.html"""
    group = caches.parameters(reserved_memory_percent="99")
    cache = caches.connect(caches.cluster(CacheParameterGroupName=group))
    for number in range(20):
        cache.set(f"kept:{number}", "x" * 100_000)
    for number in range(80):
        cache.set(f"page:{number}", "x" * 100_000, ex=600)
    assert cache.info("stats")["evicted_keys"] > 30
    assert cache.exists(*(f"kept:{number}" for number in range(20))) == 20


def test_a_full_cache_without_eviction_refuses_writes(caches: Caches) -> None:
    """https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/ParameterGroups.Engine.html"""
    group = caches.parameters(maxmemory_policy="noeviction", reserved_memory_percent="99")
    cache = caches.connect(caches.cluster(CacheParameterGroupName=group))

    def fill() -> None:
        for number in range(120):
            cache.set(f"page:{number}", "x" * 100_000)

    with pytest.raises(valkey.exceptions.OutOfMemoryError):
        fill()
    assert cache.get("page:0")


def test_a_quarter_of_a_nodes_memory_is_reserved(caches: Caches) -> None:
    """https://repost.aws/knowledge-center/available-memory-elasticache-redis-node"""
    memory = caches.connect(caches.cluster()).info("memory")
    assert memory["maxmemory"] == 402653184
    assert memory["maxmemory_policy"] == "volatile-lru"


def test_a_parameter_reaches_a_running_node(caches: Caches) -> None:
    """https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/ParameterGroups.Modifying.html"""
    group = caches.parameters()
    cache = caches.connect(caches.cluster(CacheParameterGroupName=group))
    caches.change(group, maxmemory_policy="allkeys-lfu")
    assert cache.info("memory")["maxmemory_policy"] == "allkeys-lfu"
    caches.api.reset_cache_parameter_group(CacheParameterGroupName=group, ResetAllParameters=True)
    assert cache.info("memory")["maxmemory_policy"] == "volatile-lru"


@pytest.mark.parametrize(
    ("name", "value"),
    [("maxmemory-policy", "oldest"), ("no-such-parameter", "1"), ("reserved-memory-percent", "101"), ("timeout", "x")],
)
def test_a_wrong_parameter_is_refused(caches: Caches, name: str, value: str) -> None:
    """https://docs.aws.amazon.com/AmazonElastiCache/latest/APIReference/API_ModifyCacheParameterGroup.html"""
    group = caches.parameters(timeout="20")
    rows = [{"ParameterName": name, "ParameterValue": value}]
    code, _ = refused(caches.api.modify_cache_parameter_group, CacheParameterGroupName=group, ParameterNameValues=rows)
    assert code == "InvalidParameterValue"


def test_a_parameter_group_in_use_cannot_be_deleted(caches: Caches) -> None:
    """https://docs.aws.amazon.com/AmazonElastiCache/latest/APIReference/API_DeleteCacheParameterGroup.html"""
    group = caches.parameters(timeout="20")
    caches.cluster(CacheParameterGroupName=group)
    code, _ = refused(caches.api.delete_cache_parameter_group, CacheParameterGroupName=group)
    assert code == "InvalidCacheParameterGroupState"


def test_administration_is_not_for_users(caches: Caches) -> None:
    """https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/RestrictedCommands.html"""
    cache = caches.connect(caches.cluster())
    for command in (["CONFIG", "GET", "maxmemory"], ["SHUTDOWN", "NOSAVE"], ["REPLICAOF", "NO", "ONE"]):
        with pytest.raises(valkey.exceptions.NoPermissionError):
            cache.execute_command(*command)
    assert cache.ping()


def test_a_reboot_empties_a_node(caches: Caches, eventually: Callable[..., Any]) -> None:
    """https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/nodes.rebooting.html"""
    address = caches.cluster()
    caches.connect(address).set("key", "value")
    caches.api.reboot_cache_cluster(CacheClusterId="sessions", CacheNodeIdsToReboot=["0001"])
    assert caches.connect(address).get("key") is None


def test_a_deleted_cluster_answers_no_more(caches: Caches) -> None:
    """https://docs.aws.amazon.com/AmazonElastiCache/latest/APIReference/API_DeleteCacheCluster.html"""
    address = caches.cluster()
    assert caches.connect(address).ping()
    caches.api.delete_cache_cluster(CacheClusterId=caches.clusters.pop())
    with pytest.raises(valkey.exceptions.ConnectionError):
        caches.connect(address).ping()
    code, _ = refused(caches.api.describe_cache_clusters, CacheClusterId="sessions")
    assert code == "CacheClusterNotFound"


def test_replicas_copy_the_primary_and_take_no_writes(caches: Caches) -> None:
    """https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/Replication.Redis.Groups.html"""
    shard = caches.group(NumCacheClusters=2)["NodeGroups"][0]
    assert [member["CurrentRole"] for member in shard["NodeGroupMembers"]] == ["primary", "replica"]
    assert shard["PrimaryEndpoint"] != shard["ReaderEndpoint"]
    primary, reader = (
        caches.connect(endpoint(shard["PrimaryEndpoint"])),
        caches.connect(endpoint(shard["ReaderEndpoint"])),
    )
    primary.set("key", "value")
    assert primary.wait(1, 5000) == 1
    assert reader.get("key") == "value"
    with pytest.raises(valkey.exceptions.ReadOnlyError):
        reader.set("key", "other")


def test_a_failover_promotes_the_replica(caches: Caches, eventually: Callable[..., Any]) -> None:
    """https://docs.aws.amazon.com/AmazonElastiCache/latest/APIReference/API_TestFailover.html"""
    before = caches.group(NumCacheClusters=2, AutomaticFailoverEnabled=True)["NodeGroups"][0]
    caches.connect(endpoint(before["PrimaryEndpoint"])).set("key", "value")
    caches.api.test_failover(ReplicationGroupId="sessions", NodeGroupId="0001")
    groups = caches.api.describe_replication_groups(ReplicationGroupId="sessions")["ReplicationGroups"]
    after = groups[0]["NodeGroups"][0]
    assert [member["CurrentRole"] for member in after["NodeGroupMembers"]] == ["replica", "primary"]
    assert after["PrimaryEndpoint"] == before["ReaderEndpoint"]
    promoted = caches.connect(endpoint(after["PrimaryEndpoint"]))
    assert promoted.get("key") == "value"
    assert promoted.set("key", "new")
    with pytest.raises(valkey.exceptions.ReadOnlyError):
        eventually(lambda: caches.connect(endpoint(before["PrimaryEndpoint"])).set("key", "new") is None)


def test_failover_needs_a_replica(caches: Caches) -> None:
    """https://docs.aws.amazon.com/AmazonElastiCache/latest/APIReference/API_CreateReplicationGroup.html"""
    code, message = refused(caches.group, NumCacheClusters=1, AutomaticFailoverEnabled=True)
    assert code == "InvalidParameterCombination"
    assert "there must be at least 2 cache clusters in the replication group" in message


def test_a_further_replica_has_the_data(caches: Caches, eventually: Callable[..., Any]) -> None:
    """https://docs.aws.amazon.com/AmazonElastiCache/latest/APIReference/API_IncreaseReplicaCount.html"""
    shard = caches.group(NumCacheClusters=1)["NodeGroups"][0]
    caches.connect(endpoint(shard["PrimaryEndpoint"])).set("key", "value")
    request = {"ReplicationGroupId": "sessions", "NewReplicaCount": 1, "ApplyImmediately": True}
    shard = caches.api.increase_replica_count(**request)["ReplicationGroup"]["NodeGroups"][0]
    reader = caches.connect(endpoint(shard["ReaderEndpoint"]))
    eventually(lambda: reader.get("key") == "value")


def test_a_token_needs_encryption_in_transit(caches: Caches) -> None:
    """https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/auth.html"""
    code, message = refused(caches.group, AuthToken=TOKEN)
    assert (code, "only supported when encryption-in-transit is enabled" in message) == ("InvalidParameterValue", True)
    code, _ = refused(caches.group, AuthToken="too short", TransitEncryptionEnabled=True)
    assert code == "InvalidParameterValue"


def authority(caches: Caches, folder: Any) -> str:
    """Save the certificate of the authority that signs the caches' certificates; return the file's name."""
    file = folder / "ca.pem"
    file.write_bytes(requests.get(f"{caches.endpoint}/_dva/elasticache/ca.pem", timeout=10).content)
    return str(file)


def test_encryption_and_token_are_required(caches: Caches, tmp_path: Any) -> None:
    """https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/auth.html"""
    shard = caches.group(AuthToken=TOKEN, TransitEncryptionEnabled=True)["NodeGroups"][0]
    address = endpoint(shard["PrimaryEndpoint"])
    tls = {"ssl": True, "ssl_ca_certs": authority(caches, tmp_path)}
    assert caches.connect(address, password=TOKEN, **tls).ping()
    with pytest.raises(valkey.exceptions.ConnectionError):
        caches.connect(address, password=TOKEN).ping()
    with pytest.raises(valkey.exceptions.AuthenticationError):
        caches.connect(address, **tls).ping()
    with pytest.raises(valkey.exceptions.AuthenticationError):
        caches.connect(address, password="another-token-1234", **tls).ping()


def test_a_rotated_token_and_the_one_before_it_are_good_until_one_is_set(caches: Caches, tmp_path: Any) -> None:
    """https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/auth.html#auth-modifyng-token"""
    shard = caches.group(AuthToken=TOKEN, TransitEncryptionEnabled=True)["NodeGroups"][0]
    address, new = endpoint(shard["PrimaryEndpoint"]), "the-token-after-that"
    tls = {"ssl": True, "ssl_ca_certs": authority(caches, tmp_path)}

    def change(strategy: str) -> None:
        caches.api.modify_replication_group(
            ReplicationGroupId="sessions", AuthToken=new, AuthTokenUpdateStrategy=strategy, ApplyImmediately=True
        )

    change("ROTATE")
    assert caches.connect(address, password=TOKEN, **tls).ping()
    assert caches.connect(address, password=new, **tls).ping()
    change("SET")
    assert caches.connect(address, password=new, **tls).ping()
    with pytest.raises(valkey.exceptions.AuthenticationError):
        caches.connect(address, password=TOKEN, **tls).ping()


def test_a_serverless_cache_speaks_tls_and_cluster_mode(
    caches: Caches, tmp_path: Any, eventually: Callable[..., Any]
) -> None:
    """https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/WhatIs.corecomponents.html"""
    caches.api.create_serverless_cache(ServerlessCacheName="carts", Engine="valkey")
    caches.serverless.append("carts")

    def available() -> dict[str, Any] | None:
        found = caches.api.describe_serverless_caches(ServerlessCacheName="carts")["ServerlessCaches"][0]
        return found if found["Status"] == "available" else None

    host, port = endpoint(eventually(available)["Endpoint"])
    tls: dict[str, Any] = {"ssl": True, "ssl_ca_certs": authority(caches, tmp_path)}
    with ValkeyCluster(host=host, port=port, decode_responses=True, **tls) as client:
        client.set("cart:1", "3 items")
        assert client.get("cart:1") == "3 items"
    with pytest.raises(valkey.exceptions.ConnectionError):
        caches.connect((host, port)).ping()


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        ({"Engine": "oracle"}, "InvalidParameterValue"),
        ({"NumCacheNodes": 2}, "InvalidParameterValue"),
        ({"CacheNodeType": "t3.micro"}, "InvalidParameterValue"),
        ({"name": "ends-with-"}, "InvalidParameterValue"),
        ({"name": "1-first"}, "InvalidParameterValue"),
        ({"CacheParameterGroupName": "not-here"}, "CacheParameterGroupNotFound"),
        ({"CacheSubnetGroupName": "not-here"}, "CacheSubnetGroupNotFoundFault"),
    ],
)
def test_a_wrong_cluster_is_refused(caches: Caches, request_: dict[str, Any], code: str) -> None:
    """https://docs.aws.amazon.com/AmazonElastiCache/latest/APIReference/API_CreateCacheCluster.html"""
    assert refused(caches.cluster, **request_)[0] == code
    assert caches.api.describe_cache_clusters()["CacheClusters"] == []


def test_a_name_is_taken_once(caches: Caches) -> None:
    """https://docs.aws.amazon.com/AmazonElastiCache/latest/APIReference/API_CreateCacheCluster.html"""
    address = caches.cluster()
    caches.connect(address).set("key", "value")
    assert refused(caches.cluster)[0] == "CacheClusterAlreadyExists"
    assert caches.connect(address).get("key") == "value"


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_nodes_end_with_the_emulator(
    own_server: Callable[..., Any],
    account_on: Callable[[str], Any],
    eventually: Callable[..., Any],
    how: signal.Signals,
) -> None:
    """No server of a learner's cache is left behind, however the emulator ends."""
    server = own_server()
    caches = Caches(account_on(server.url))
    address = caches.cluster()
    assert caches.connect(address).ping()
    server.stop(how)

    def gone() -> bool:
        try:
            return not caches.connect(address).ping()
        except valkey.exceptions.ConnectionError:
            return True

    eventually(gone)
