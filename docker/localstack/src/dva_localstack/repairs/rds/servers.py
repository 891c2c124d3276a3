"""A PostgreSQL process for every DB instance with the engine postgres.

The fault that all of these repair: without Docker, MiniStack's endpoints are addresses at which nothing listens.
"""

import logging
import shutil
import threading
from collections.abc import Callable
from types import ModuleType
from typing import Any

from dva_localstack.databases.postgres import HOST, Instance
from dva_localstack.repairs.checks import Answer, replace, then

LOG = logging.getLogger(__name__)

Record = dict[str, Any]

SERVER = "_server"
"""Key of an instance's record under which its :class:`Instance` is."""

SNAPSHOT = "_folder"
"""Key of a snapshot's record under which the folder with its data is."""


def apply(module: ModuleType) -> None:
    """Have processes started, changed and stopped by the operations that do so on AWS."""
    box: Any = module

    def instance(request: Any) -> Record:
        return box._instances[box._p(request, "DBInstanceIdentifier")]

    def created(request: Any, answer: Answer) -> Answer | None:
        record = instance(request)
        user, password = record["MasterUsername"], record["_MasterUserPassword"]
        database = box._p(request, "DBName")
        return launch(box, request, record, lambda server: server.create(user, password, database))

    def replicated(request: Any, answer: Answer) -> Answer | None:
        record = instance(request)
        source = box._instances[record["ReadReplicaSourceDBInstanceIdentifier"]]
        record.pop(SERVER, None)
        if SERVER not in source:
            return None
        return launch(box, request, record, lambda server: server.copy(source[SERVER], replica=True))

    def restored(request: Any, answer: Answer) -> Answer | None:
        snapshot = box._snapshots[box._p(request, "DBSnapshotIdentifier")]
        if SNAPSHOT not in snapshot:
            return None
        return launch(box, request, instance(request), lambda server: server.restore(snapshot[SNAPSHOT]))

    def stopped(request: Any, answer: Answer) -> None:
        if server := instance(request).get(SERVER):
            server.stop()

    def started(request: Any, answer: Answer) -> None:
        if server := instance(request).get(SERVER):
            server.start()

    def unsnapped(request: Any) -> Answer:
        snapshot = box._snapshots.get(box._p(request, "DBSnapshotIdentifier")) or {}
        answer = delete_snapshot(request)
        if answer[0] == 200 and SNAPSHOT in snapshot:
            shutil.rmtree(snapshot[SNAPSHOT], ignore_errors=True)
        return answer

    def deleted(request: Any) -> Answer:
        record = box._instances.get(box._p(request, "DBInstanceIdentifier")) or {}
        answer = delete(request)
        if answer[0] == 200:
            forget_replica(box, record)
            if server := record.pop(SERVER, None):
                server.delete()
        return answer

    delete, delete_snapshot = box._delete_db_instance, box._delete_db_snapshot
    replace(box, "_delete_db_instance", deleted)
    replace(box, "_delete_db_snapshot", unsnapped)
    then(box, "_create_db_instance", created)
    then(box, "_create_read_replica", replicated)
    then(box, "_restore_from_snapshot", restored)
    then(box, "_stop_db_instance", stopped)
    then(box, "_start_db_instance", started)
    passwords(box)
    snapshots_with_data(box)
    reboots(box)


def launch(module: Any, request: Any, record: Record, fill: Callable[[Instance], None]) -> Answer | None:
    """Start a server in the background, and answer that the instance is being created.

    :param fill: gives the server its data and starts it
    """
    if record["Engine"] != "postgres" or record.get("DBClusterIdentifier"):
        return None
    server = Instance(LOG.warning)
    record[SERVER] = server
    record["DBInstanceStatus"] = "creating"
    record["Endpoint"] = {"Address": HOST, "Port": server.port, "HostedZoneId": "Z2R2ITUGPM61AM"}

    def run() -> None:
        try:
            fill(server)
            record["DBInstanceStatus"] = "available"
        except (RuntimeError, OSError):
            record["DBInstanceStatus"] = "failed"
        if SERVER not in record:
            server.delete()

    # Written first: the background may be faster.
    operation = module._p(request, "Action")
    answer = module._single_instance_response(f"{operation}Response", f"{operation}Result", record)
    threading.Thread(target=run, daemon=True, name=f"postgres-{server.port}").start()
    return answer


def forget_replica(module: Any, record: Record) -> None:
    """Fault: a deleted replica stays in its source's list."""
    source = module._instances.get(record.get("ReadReplicaSourceDBInstanceIdentifier", "")) or {}
    replicas = source.get("ReadReplicaDBInstanceIdentifiers", [])
    if record["DBInstanceIdentifier"] in replicas:
        replicas.remove(record["DBInstanceIdentifier"])


def passwords(module: Any) -> None:
    """Fault: a password is changed with a library that is not there."""
    original = module._rotate_instance_password

    def rotate(record: Record, old: str, new: str) -> Any:
        if server := record.get(SERVER):
            server.set_password(record["MasterUsername"], new)
            return None
        return original(record, old, new)

    module._rotate_instance_password = rotate


def snapshots_with_data(module: Any) -> None:
    """Fault: a snapshot has no data."""
    original = module._create_snapshot_internal

    def create(snapshot_id: str, record: Record) -> Record:
        snapshot = original(snapshot_id, record)
        if (server := record.get(SERVER)) and record["DBInstanceStatus"] == "available":
            snapshot[SNAPSHOT] = server.save()
        return snapshot

    module._create_snapshot_internal = create


def reboots(module: Any) -> None:
    """Fault: a reboot closes no connection."""
    original = module._finish_instance_reboot

    def finish(record: Record, cluster: Any) -> None:
        if server := record.get(SERVER):
            server.stop()
            server.start()
        original(record, cluster)

    module._finish_instance_reboot = finish
