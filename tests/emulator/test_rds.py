"""RDS: what the API says about a PostgreSQL instance is true of the server behind it; other engines are objects."""

import contextlib
import secrets
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pg8000.native
import pytest
from botocore.exceptions import ClientError

PASSWORD = "correct-horse-9"


class Databases:
    """Makes DB instances in one account, connects to them, and deletes them after the test."""

    def __init__(self, account: Any) -> None:
        self.account = account
        self.api = account("rds")
        self.instances: list[str] = []
        self.connections: list[Any] = []

    def create(self, name: str = "orders", **request: Any) -> dict[str, Any]:
        """Create an instance and return its description when it is available."""
        request = {
            "Engine": "postgres",
            "DBInstanceClass": "db.t4g.micro",
            "MasterUsername": "shop",
            "MasterUserPassword": PASSWORD,
            "AllocatedStorage": 20,
            "DBName": "shop",
            **request,
        }
        answer = self.api.create_db_instance(DBInstanceIdentifier=name, **request)["DBInstance"]
        self.instances.append(name)
        assert answer["DBInstanceStatus"] == ("creating" if request["Engine"] == "postgres" else "available")
        return self.available(name)

    def describe(self, name: str) -> dict[str, Any]:
        """Return an instance's description."""
        return self.api.describe_db_instances(DBInstanceIdentifier=name)["DBInstances"][0]

    def available(self, name: str) -> dict[str, Any]:
        """Wait until an instance is available."""
        waiter = self.api.get_waiter("db_instance_available")
        waiter.wait(DBInstanceIdentifier=name, WaiterConfig={"Delay": 0.1, "MaxAttempts": 600})
        return self.describe(name)

    def connect(self, instance: dict[str, Any], user: str = "shop", password: str = PASSWORD) -> Any:
        """Return a connection to the database of an instance."""
        endpoint = instance["Endpoint"]
        found = pg8000.native.Connection(
            user, endpoint["Address"], instance["DBName"], endpoint["Port"], password, timeout=10
        )
        self.connections.append(found)
        return found

    def delete(self) -> None:
        """Delete what was created."""
        for connection in self.connections:
            with contextlib.suppress(pg8000.native.InterfaceError, OSError):
                connection.close()
        for name in self.instances:
            self.api.delete_db_instance(DBInstanceIdentifier=name, SkipFinalSnapshot=True)


@pytest.fixture
def databases(aws: Any) -> Iterator[Databases]:
    """Makes DB instances in a fresh account."""
    maker = Databases(aws)
    yield maker
    maker.delete()


def refused(call: Callable[..., Any], **request: Any) -> tuple[str, str]:
    """Make a call that must fail; return code and message."""
    with pytest.raises(ClientError) as caught:
        call(**request)
    error = caught.value.response["Error"]
    return error["Code"], error["Message"]


@pytest.fixture(scope="module")
def orders(emulator: str) -> Iterator[Databases]:
    """An instance named "orders" that several tests share; each has a table of its own."""
    account = str(secrets.randbelow(9 * 10**11) + 10**11)
    session = boto3.Session(aws_access_key_id=account, aws_secret_access_key="test", region_name="us-east-1")
    maker = Databases(lambda service: session.client(service, endpoint_url=emulator))
    maker.create()
    yield maker
    maker.delete()


def test_a_postgres_instance_is_a_postgres_server(orders: Databases) -> None:
    """https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_ConnectToPostgreSQLInstance.html"""
    connection = orders.connect(orders.describe("orders"))
    connection.run("CREATE TABLE items (id int PRIMARY KEY, item text)")
    connection.run("INSERT INTO items VALUES (1, 'book')")
    with pytest.raises(pg8000.native.DatabaseError):
        connection.run("INSERT INTO items VALUES (1, 'pen')")
    assert connection.run("SELECT item FROM items") == [["book"]]


def test_the_master_user_is_no_superuser(orders: Databases) -> None:
    """https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/Appendix.PostgreSQL.CommonDBATasks.Roles.html"""
    connection = orders.connect(orders.describe("orders"))
    assert connection.run("SELECT pg_has_role('shop', 'rds_superuser', 'member')") == [[True]]
    with pytest.raises(pg8000.native.DatabaseError):
        connection.run("ALTER SYSTEM SET log_statement = 'all'")
    connection.run("CREATE ROLE reader LOGIN PASSWORD 'reader-pass'")


def test_the_master_user_owns_the_database_postgres(orders: Databases) -> None:
    """https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/CHAP_PostgreSQL.html"""
    connection = orders.connect(orders.describe("orders") | {"DBName": "postgres"})
    connection.run("CREATE TABLE public.mine (number int)")
    assert connection.run("SELECT count(*) FROM public.mine") == [[0]]


def test_a_read_replica_follows_its_source_and_takes_no_writes(
    orders: Databases, eventually: Callable[..., Any]
) -> None:
    """https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_ReadRepl.html"""
    source = orders.connect(orders.describe("orders"))
    source.run("CREATE TABLE replicated (id int)")
    orders.api.create_db_instance_read_replica(DBInstanceIdentifier="replica", SourceDBInstanceIdentifier="orders")
    orders.instances.append("replica")
    described = orders.available("replica")
    assert described["ReadReplicaSourceDBInstanceIdentifier"] == "orders"
    assert orders.describe("orders")["ReadReplicaDBInstanceIdentifiers"] == ["replica"]
    replica = orders.connect(described)
    source.run("INSERT INTO replicated VALUES (1)")
    eventually(lambda: replica.run("SELECT id FROM replicated") == [[1]])
    with pytest.raises(pg8000.native.DatabaseError):
        replica.run("INSERT INTO replicated VALUES (2)")


def test_a_restored_snapshot_has_the_data_of_its_time(orders: Databases) -> None:
    """https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_RestoreFromSnapshot.html"""
    connection = orders.connect(orders.describe("orders"))
    connection.run("CREATE TABLE restored (id int)")
    connection.run("INSERT INTO restored VALUES (1)")
    snapshot = orders.api.create_db_snapshot(DBSnapshotIdentifier="before", DBInstanceIdentifier="orders")
    assert snapshot["DBSnapshot"]["SnapshotType"] == "manual"
    connection.run("DELETE FROM restored")
    orders.api.restore_db_instance_from_db_snapshot(
        DBInstanceIdentifier="restored", DBSnapshotIdentifier="before", DBInstanceClass="db.t4g.micro"
    )
    orders.instances.append("restored")
    restored = orders.available("restored")
    assert restored["Endpoint"]["Port"] != orders.describe("orders")["Endpoint"]["Port"]
    assert orders.connect(restored).run("SELECT id FROM restored") == [[1]]
    orders.api.delete_db_snapshot(DBSnapshotIdentifier="before")


def test_a_stopped_instance_keeps_its_data_and_its_new_password(databases: Databases) -> None:
    """https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_StopInstance.html"""
    instance = databases.create()
    databases.connect(instance).run("CREATE TABLE orders (id int)")
    new = "another-horse-8"
    databases.api.modify_db_instance(DBInstanceIdentifier="orders", MasterUserPassword=new, ApplyImmediately=True)
    databases.api.stop_db_instance(DBInstanceIdentifier="orders")
    assert databases.describe("orders")["DBInstanceStatus"] == "stopped"
    with pytest.raises(pg8000.native.InterfaceError):
        databases.connect(instance, password=new)
    code, _ = refused(databases.api.stop_db_instance, DBInstanceIdentifier="orders")
    assert code == "InvalidDBInstanceState"
    databases.api.start_db_instance(DBInstanceIdentifier="orders")
    instance = databases.available("orders")
    assert databases.connect(instance, password=new).run("SELECT count(*) FROM orders") == [[0]]
    with pytest.raises(pg8000.native.DatabaseError):
        databases.connect(instance)


@pytest.mark.parametrize(
    ("request_", "code", "said"),
    [
        ({"name": "two--hyphens"}, "InvalidParameterValue", "DBInstanceIdentifier is not a valid identifier"),
        ({"Engine": "dbase"}, "InvalidParameterValue", "Invalid DB engine"),
        ({"DBInstanceClass": "t3.micro"}, "InvalidParameterValue", "Invalid DB Instance class: t3.micro"),
        ({"MasterUserPassword": "short"}, "InvalidParameterValue", "shorter than 8 characters"),
        ({"MasterUserPassword": "with@at-sign"}, "InvalidParameterValue", "Only printable ASCII characters besides"),
        ({"MasterUsername": "admin"}, "InvalidParameterValue", "reserved word"),
        ({"AllocatedStorage": 5}, "InvalidParameterValue", "Invalid storage size"),
        ({"BackupRetentionPeriod": 36}, "InvalidParameterValue", "between 0 and 35"),
        ({"DBSubnetGroupName": "not-here"}, "DBSubnetGroupNotFoundFault", "not-here"),
        ({"DBParameterGroupName": "not-here"}, "DBParameterGroupNotFound", "not-here"),
    ],
)
def test_a_wrong_instance_is_refused(databases: Databases, request_: dict[str, Any], code: str, said: str) -> None:
    """https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBInstance.html"""
    found, message = refused(databases.create, **request_)
    assert found == code
    assert said in message
    assert databases.api.describe_db_instances()["DBInstances"] == []


def test_deleting_needs_a_word_about_the_final_snapshot(databases: Databases) -> None:
    """https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DeleteDBInstance.html"""
    databases.create(Engine="mysql")
    code, message = refused(databases.api.delete_db_instance, DBInstanceIdentifier="orders")
    assert code == "InvalidParameterCombination"
    assert message == "FinalDBSnapshotIdentifier is required unless SkipFinalSnapshot is specified."
    databases.api.delete_db_instance(DBInstanceIdentifier="orders", FinalDBSnapshotIdentifier="last")
    databases.instances.clear()
    assert databases.api.describe_db_snapshots()["DBSnapshots"][0]["DBSnapshotIdentifier"] == "last"


def test_deletion_protection_protects(databases: Databases) -> None:
    """https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_DeleteInstance.html"""
    databases.create(Engine="mysql", DeletionProtection=True)
    code, _ = refused(databases.api.delete_db_instance, DBInstanceIdentifier="orders", SkipFinalSnapshot=True)
    assert code == "InvalidParameterCombination"
    databases.api.modify_db_instance(DBInstanceIdentifier="orders", DeletionProtection=False, ApplyImmediately=True)


def test_a_replica_needs_backups_of_its_source(databases: Databases) -> None:
    """https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_ReadRepl.html"""
    databases.create(Engine="mysql", BackupRetentionPeriod=0)
    code, message = refused(
        databases.api.create_db_instance_read_replica,
        DBInstanceIdentifier="replica",
        SourceDBInstanceIdentifier="orders",
    )
    assert code == "InvalidDBInstanceState"
    assert message.startswith("Automated backups are not enabled for this database instance.")


def test_multi_az_is_a_property_that_can_be_changed(databases: Databases) -> None:
    """https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/Concepts.MultiAZSingleStandby.html"""
    assert databases.create(Engine="mysql", MultiAZ=False)["MultiAZ"] is False
    databases.api.modify_db_instance(DBInstanceIdentifier="orders", MultiAZ=True, ApplyImmediately=True)
    assert databases.describe("orders")["MultiAZ"] is True


def test_an_aurora_cluster_has_a_writer_and_a_reader_endpoint(databases: Databases) -> None:
    """https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/Aurora.Overview.Endpoints.html"""
    databases.api.create_db_cluster(
        DBClusterIdentifier="shop",
        Engine="aurora-postgresql",
        MasterUsername="shop",
        MasterUserPassword=PASSWORD,
    )
    for name in ("one", "two"):
        databases.api.create_db_instance(
            DBInstanceIdentifier=name,
            DBClusterIdentifier="shop",
            Engine="aurora-postgresql",
            DBInstanceClass="db.r6g.large",
        )
    cluster = databases.api.describe_db_clusters(DBClusterIdentifier="shop")["DBClusters"][0]
    writers = {member["DBInstanceIdentifier"]: member["IsClusterWriter"] for member in cluster["DBClusterMembers"]}
    assert writers == {"one": True, "two": False}
    assert cluster["Endpoint"]
    assert cluster["ReaderEndpoint"]
    databases.api.failover_db_cluster(DBClusterIdentifier="shop", TargetDBInstanceIdentifier="two")
    cluster = databases.api.describe_db_clusters(DBClusterIdentifier="shop")["DBClusters"][0]
    writers = {member["DBInstanceIdentifier"]: member["IsClusterWriter"] for member in cluster["DBClusterMembers"]}
    assert writers == {"one": False, "two": True}


def test_a_subnet_group_is_of_subnets_of_one_vpc(databases: Databases) -> None:
    """https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBSubnetGroup.html"""
    ec2 = databases.account("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnets = [
        ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.0.{number}.0/24", AvailabilityZone=f"us-east-1{zone}")["Subnet"][
            "SubnetId"
        ]
        for number, zone in enumerate("ab")
    ]
    group = databases.api.create_db_subnet_group(
        DBSubnetGroupName="private", DBSubnetGroupDescription="-", SubnetIds=subnets
    )["DBSubnetGroup"]
    assert group["VpcId"] == vpc
    assert sorted(subnet["SubnetIdentifier"] for subnet in group["Subnets"]) == sorted(subnets)
    code, _ = refused(
        databases.api.create_db_subnet_group,
        DBSubnetGroupName="wrong",
        DBSubnetGroupDescription="-",
        SubnetIds=["subnet-0123456789abcdef0"],
    )
    assert code == "InvalidSubnet"
