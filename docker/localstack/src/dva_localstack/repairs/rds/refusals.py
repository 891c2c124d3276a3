"""What RDS refuses and MiniStack accepts."""

import re
from types import ModuleType
from typing import Any

from dva_localstack.repairs.checks import Refusal, Value, before

ENGINES = (
    "aurora-mysql",
    "aurora-postgresql",
    "custom-oracle-ee",
    "custom-sqlserver-ee",
    "db2-ae",
    "db2-se",
    "mariadb",
    "mysql",
    "oracle-ee",
    "oracle-ee-cdb",
    "oracle-se2",
    "oracle-se2-cdb",
    "postgres",
    "sqlserver-ee",
    "sqlserver-ex",
    "sqlserver-se",
    "sqlserver-web",
)
"""https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBInstance.html"""

NAME = re.compile(r"[A-Za-z](?:-?[A-Za-z0-9])*")
NAME_LENGTH = 63
INSTANCE_CLASS = re.compile(r"db\.(serverless|[a-z0-9-]+\.(micro|small|medium|large|[0-9]*xlarge)[a-z0-9.-]*)")
FORBIDDEN_IN_PASSWORDS = '/@" '
SHORTEST_PASSWORD = 8
RESERVED_USERS = ("admin", "rdsadmin", "rdsrepladmin", "rds_superuser")
"""Names that RDS for PostgreSQL keeps for itself."""

STORAGE_GIB = range(20, 65537)
"""https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/CHAP_Storage.html"""

BACKUP_DAYS = range(36)


def apply(module: ModuleType) -> None:
    """Check requests before MiniStack sees them."""
    box: Any = module
    before(box, "_create_db_instance", refuse_instance)
    before(box, "_create_read_replica", refuse_replica)
    before(box, "_create_db_cluster", refuse_cluster)
    before(box, "_modify_db_instance", refuse_change)
    before(box, "_start_db_instance", refuse_start)
    before(box, "_stop_db_instance", refuse_stop)
    before(box, "_delete_db_instance", refuse_delete)
    before(box, "_create_db_snapshot", refuse_snapshot)


def refuse_name(field: str, name: str) -> Refusal | None:
    """Fault: names may be anything."""
    if NAME.fullmatch(name) and len(name) <= NAME_LENGTH:
        return None
    return (
        "InvalidParameterValue",
        f"The parameter {field} is not a valid identifier. Identifiers must begin with a letter; must contain only "
        "ASCII letters, digits, and hyphens; and must not end with a hyphen or contain two consecutive hyphens.",
    )


def refuse_password(password: str) -> Refusal | None:
    """Fault: passwords may be anything."""
    prefix = "The parameter MasterUserPassword is not a valid password"
    if not password.isascii() or not password.isprintable() or set(password) & set(FORBIDDEN_IN_PASSWORDS):
        only = "Only printable ASCII characters besides '/', '@', '\"', ' ' may be used."
        return "InvalidParameterValue", f"{prefix}. {only}"
    if len(password) < SHORTEST_PASSWORD:
        return "InvalidParameterValue", f"{prefix} because it is shorter than {SHORTEST_PASSWORD} characters."
    return None


def refuse_numbers(value: Value) -> Refusal | None:
    """Fault: days of backups may be any number."""
    days = value("BackupRetentionPeriod")
    if days and int(days) not in BACKUP_DAYS:
        return (
            "InvalidParameterValue",
            f"Invalid backup retention period: {days}. Retention period must be between 0 and 35.",
        )
    return None


def refuse_instance(module: Any, value: Value) -> Refusal | None:
    """Fault: engine, class, user, storage and subnet group may be anything, or missing."""
    if refusal := refuse_name("DBInstanceIdentifier", value("DBInstanceIdentifier")) or refuse_numbers(value):
        return refusal
    engine, instance_class = value("Engine"), value("DBInstanceClass")
    if engine not in ENGINES:
        return "InvalidParameterValue", f"Invalid DB engine: {engine}"
    if not INSTANCE_CLASS.fullmatch(instance_class):
        return "InvalidParameterValue", f"Invalid DB Instance class: {instance_class}"
    subnets = value("DBSubnetGroupName")
    if subnets and subnets != "default" and subnets not in module._subnet_groups:
        return "DBSubnetGroupNotFoundFault", f"DBSubnetGroup {subnets} not found."
    if value("DBClusterIdentifier") or engine.startswith("aurora"):
        return None
    return refuse_master(engine, value) or refuse_storage(engine, value)


def refuse_master(engine: str, value: Value) -> Refusal | None:
    """Fault: the master user and the password have defaults."""
    user, password = value("MasterUsername"), value("MasterUserPassword")
    if not user:
        return "InvalidParameterValue", "The parameter MasterUsername must be provided and must not be blank."
    if engine == "postgres" and user.lower() in RESERVED_USERS:
        return (
            "InvalidParameterValue",
            f"MasterUsername {user} cannot be used as it is a reserved word used by the engine",
        )
    if value("ManageMasterUserPassword").lower() == "true":
        return None
    if not password:
        return "InvalidParameterValue", "The parameter MasterUserPassword must be provided and must not be blank."
    return refuse_password(password)


def refuse_storage(engine: str, value: Value) -> Refusal | None:
    """Fault: storage may be missing, or of any size."""
    size, kind = value("AllocatedStorage"), value("StorageType") or "gp2"
    if not size:
        return "InvalidParameterCombination", "The parameter AllocatedStorage must be provided."
    if kind in ("gp2", "gp3") and engine in ("postgres", "mysql", "mariadb") and int(size) not in STORAGE_GIB:
        return "InvalidParameterValue", f"Invalid storage size for engine name {engine} and storage type {kind}: {size}"
    return None


def refuse_replica(module: Any, value: Value) -> Refusal | None:
    """Fault: a replica may be made of an instance without automated backups."""
    source = module._instances.get(value("SourceDBInstanceIdentifier"))
    if source and not int(source.get("BackupRetentionPeriod") or 0):
        return (
            "InvalidDBInstanceState",
            "Automated backups are not enabled for this database instance. To enable automated backups, use "
            "ModifyDBInstance to set the backup retention period to a non-zero value.",
        )
    return refuse_state(module, value("SourceDBInstanceIdentifier"), "available")


def refuse_cluster(module: Any, value: Value) -> Refusal | None:
    """Fault: a cluster may have any name, engine and password."""
    if refusal := refuse_name("DBClusterIdentifier", value("DBClusterIdentifier")) or refuse_numbers(value):
        return refusal
    if value("Engine") not in ("aurora-mysql", "aurora-postgresql", "mysql", "postgres", "neptune"):
        return "InvalidParameterValue", f"Invalid DB engine: {value('Engine')}"
    return refuse_password(value("MasterUserPassword")) if value("MasterUserPassword") else None


def refuse_change(module: Any, value: Value) -> Refusal | None:
    """Fault: a change may set any password and any days of backups, and make storage smaller."""
    if value("MasterUserPassword") and (refusal := refuse_password(value("MasterUserPassword"))):
        return refusal
    record = module._instances.get(value("DBInstanceIdentifier"))
    size = value("AllocatedStorage")
    if record and size and int(size) < int(record["AllocatedStorage"]):
        return "InvalidParameterValue", "Requested size is less than or equal to the current size."
    return refuse_numbers(value)


def refuse_state(module: Any, name: str, needed: str) -> Refusal | None:
    """Refuse what cannot be done to an instance in its state; an instance that is not there is not refused here."""
    record = module._instances.get(name)
    if record is None or record["DBInstanceStatus"] == needed:
        return None
    return "InvalidDBInstanceState", f"Instance {name} is not in {needed} state."


def refuse_start(module: Any, value: Value) -> Refusal | None:
    """Fault: an instance may be started that is not stopped."""
    return refuse_state(module, value("DBInstanceIdentifier"), "stopped")


def refuse_stop(module: Any, value: Value) -> Refusal | None:
    """Fault: an instance may be stopped that is not available."""
    return refuse_state(module, value("DBInstanceIdentifier"), "available")


def refuse_snapshot(module: Any, value: Value) -> Refusal | None:
    """Fault: a snapshot may be taken of an instance that is not available."""
    return refuse_state(module, value("DBInstanceIdentifier"), "available")


def refuse_delete(module: Any, value: Value) -> Refusal | None:
    """Fault: an instance may be deleted without a word about the final snapshot."""
    record = module._instances.get(value("DBInstanceIdentifier"))
    member = record and (record.get("DBClusterIdentifier") or record.get("ReadReplicaSourceDBInstanceIdentifier"))
    if member or value("SkipFinalSnapshot").lower() == "true" or value("FinalDBSnapshotIdentifier"):
        return None
    return (
        "InvalidParameterCombination",
        "FinalDBSnapshotIdentifier is required unless SkipFinalSnapshot is specified.",
    )
