"""Real engines for integration tests: one PostgreSQL and one Valkey a session, a clean database a test."""

from __future__ import annotations

import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import Engine, text

from mood_platform.db.engine import Sessions, make_engine, make_sessions
from mood_platform.errors import Misconfigured
from mood_platform.machine.postgres import PostgresCluster
from mood_platform.machine.valkey import ValkeyServer
from mood_platform.models import Base
from mood_platform.storage.local import LocalStore

ROOT = Path(__file__).resolve().parents[2]
FORGETFUL = ["-c", "fsync=off", "-c", "synchronous_commit=off", "-c", "full_page_writes=off"]
"""Nobody needs a test database after a power cut; this is most of the time of many small commits."""


@pytest.fixture(scope="session")
def engines_home() -> Iterator[Path]:
    """A short path (unix sockets), readable by the account PostgreSQL runs as."""
    with tempfile.TemporaryDirectory(prefix="mood-test-", dir="/tmp") as name:
        Path(name).chmod(0o755)
        yield Path(name)


@pytest.fixture(scope="session")
def database_url(engines_home: Path) -> Iterator[str]:
    """A database made by running the migrations in a cluster of its own."""
    cluster = PostgresCluster(engines_home / "pg")
    cluster.create()
    command_line = [*cluster.server_command(), *FORGETFUL]
    server = subprocess.Popen(command_line, cwd="/", stderr=subprocess.DEVNULL)
    try:
        wait_until((cluster.home / ".s.PGSQL.5432").exists)
        wait_until(lambda: _answers(cluster))
        migrate(cluster.url)
        yield cluster.url
    finally:
        server.send_signal(signal.SIGINT)
        server.wait(timeout=20)


@pytest.fixture(scope="session")
def broker_url(engines_home: Path) -> Iterator[str]:
    valkey = ValkeyServer(engines_home / "valkey")
    server = subprocess.Popen(valkey.server_command(), stdout=subprocess.DEVNULL)
    try:
        wait_until(valkey.socket.exists)
        yield valkey.url
    finally:
        server.terminate()
        server.wait(timeout=20)


@pytest.fixture(scope="session")
def database_engine(database_url: str) -> Iterator[Engine]:
    engine = make_engine(database_url, pool_size=25)
    yield engine
    engine.dispose()


@pytest.fixture
def sessions(database_engine: Engine) -> Sessions:
    """Sessions on an empty database; commits are real, so that locks and races are too."""
    names = ", ".join(table.name for table in Base.metadata.sorted_tables)
    with database_engine.begin() as connection:
        connection.execute(text(f"TRUNCATE {names} RESTART IDENTITY CASCADE"))
    return make_sessions(database_engine)


@pytest.fixture
def store(tmp_path: Path) -> LocalStore:
    return LocalStore(tmp_path / "objects")


def migrate(url: str, target: str = "head") -> None:
    """Run the migrations as an operator would, on one connection."""
    engine = make_engine(url)
    config = Config(str(ROOT / "platform" / "alembic.ini"))
    with engine.connect() as connection:
        config.attributes["connection"] = connection
        (command.downgrade if target == "base" else command.upgrade)(config, target)
    engine.dispose()


def wait_until(ready: Callable[[], bool], *, seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not ready():
        assert time.monotonic() < deadline, "the engine did not start in time"
        time.sleep(0.05)


def _answers(cluster: PostgresCluster) -> bool:
    try:
        cluster.create_database()
    except Misconfigured:
        return False
    return True
