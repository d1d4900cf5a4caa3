"""The PostgreSQL that a test run brings up: real, shared, and fresh for every caller."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.engine import Connection

from tests.support.databases import drop_database, fresh_database, postgres_url

PROJECT = Path(__file__).parents[2]
START_A_SERVER = (
    "from tests.support.databases import fresh_database; print(fresh_database('x'), flush=True);"
)


@pytest.fixture
def apart() -> Iterator[Path]:
    """A temporary directory for the servers of other test runs.

    Not `tmp_path`: pytest closes the way to that one for everybody else whenever a session begins,
    and as root the server runs as another user.
    """
    with tempfile.TemporaryDirectory() as directory:
        yield Path(directory)


def servers_in(directory: Path) -> Path:
    return directory / f"fulfillment-postgres-{os.getuid()}"


def run_in(directory: Path, *, run_id: str, script: str) -> subprocess.CompletedProcess[str]:
    """Run a Python script as a test run of its own that keeps its servers in `directory`."""
    foreign = ("DATABASE_URL", "FULFILLMENT_TEST_DATABASE_URL")
    environ = {name: value for name, value in os.environ.items() if name not in foreign}
    return subprocess.run(
        [sys.executable, "-c", script],
        cwd=PROJECT,
        env={**environ, "TMPDIR": str(directory), "PYTEST_XDIST_TESTRUNUID": run_id},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def scalar(url: str, query: str) -> object:
    engine = create_engine(url)
    with engine.connect() as connection:
        value: object = connection.execute(text(query)).scalar()
    engine.dispose()
    return value


def execute(url: str, *statements: str) -> None:
    engine = create_engine(url)
    connection: Connection
    with engine.begin() as connection:
        for statement in statements:
            connection.execute(text(statement))
    engine.dispose()


def make_a_table_of_bins(url: str) -> None:
    execute(url, "CREATE TABLE bin (code text)", "INSERT INTO bin VALUES ('W1-A-01-01-1')")


def test_the_server_is_a_real_postgresql_of_this_decade() -> None:
    version = scalar(postgres_url(), "SELECT current_setting('server_version_num')::int")
    assert isinstance(version, int)
    assert version >= 150_000


def test_two_callers_never_get_the_same_database() -> None:
    first, second = fresh_database("Pick lists"), fresh_database("Pick lists")
    make_a_table_of_bins(first)
    assert scalar(second, "SELECT count(*) FROM pg_tables WHERE tablename = 'bin'") == 0


def test_what_a_builder_makes_is_copied_and_not_shared() -> None:
    first = fresh_database("first", build=make_a_table_of_bins)
    execute(first, "DELETE FROM bin")
    second = fresh_database("second", build=make_a_table_of_bins)
    assert scalar(first, "SELECT count(*) FROM bin") == 0
    assert scalar(second, "SELECT count(*) FROM bin") == 1


def test_a_database_is_dropped_under_whoever_is_connected() -> None:
    url = fresh_database("left open")
    name = url.rpartition("/")[2].partition("?")[0]
    engine = create_engine(url)
    with engine.connect():
        drop_database(url)
    engine.dispose()
    found = scalar(postgres_url(), f"SELECT count(*) FROM pg_database WHERE datname = '{name}'")  # noqa: S608  our own name
    assert found == 0


def test_the_last_process_of_a_run_stops_and_removes_the_server(apart: Path) -> None:
    ended = run_in(apart, run_id="orderly", script=START_A_SERVER)
    assert ended.stdout.startswith("postgresql+psycopg://"), ended.stderr
    assert os.listdir(servers_in(apart)) == ["gate"]


def test_the_server_of_a_killed_run_is_swept_up_by_the_next_one(apart: Path) -> None:
    kill = "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"
    killed = run_in(apart, run_id="killed", script=START_A_SERVER + kill)
    assert killed.stdout.startswith("postgresql+psycopg://"), killed.stderr
    assert len(list(servers_in(apart).glob("*/cluster/postmaster.pid"))) == 1
    run_in(apart, run_id="next", script=START_A_SERVER)
    assert os.listdir(servers_in(apart)) == ["gate"]
