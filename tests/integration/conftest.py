"""Real engines for integration tests: one PostgreSQL and one Valkey a session, a clean database a test."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import Engine, text

from mood_platform.db.engine import Sessions, make_engine, make_sessions
from mood_platform.machine.migrations import CONFIGURATION
from mood_platform.models import Base
from mood_platform.storage.local import LocalStore
from mood_support.engines import running_postgres, running_valkey


@pytest.fixture(scope="session")
def engines_home() -> Iterator[Path]:
    """A short path (unix sockets), readable by the account PostgreSQL runs as."""
    with tempfile.TemporaryDirectory(prefix="mood-test-", dir="/tmp") as name:
        Path(name).chmod(0o755)
        yield Path(name)


@pytest.fixture(scope="session")
def database_url(engines_home: Path) -> Iterator[str]:
    """A database made by running the migrations in a cluster of its own."""
    with running_postgres(engines_home / "pg") as url:
        migrate(url)
        yield url


@pytest.fixture(scope="session")
def broker_url(engines_home: Path) -> Iterator[str]:
    with running_valkey(engines_home / "valkey") as url:
        yield url


@pytest.fixture(scope="session")
def database_engine(database_url: str) -> Iterator[Engine]:
    engine = make_engine(database_url, pool_size=25)
    yield engine
    engine.dispose()


@pytest.fixture(scope="session")
def start_afresh(database_engine: Engine) -> Callable[[], Sessions]:
    """Sessions on an empty database; commits are real, so that locks and races are too."""
    names = ", ".join(table.name for table in Base.metadata.sorted_tables)

    def start() -> Sessions:
        with database_engine.begin() as connection:
            connection.execute(text(f"TRUNCATE {names} RESTART IDENTITY CASCADE"))
        return make_sessions(database_engine)

    return start


@pytest.fixture
def sessions(start_afresh: Callable[[], Sessions]) -> Sessions:
    """The usual way: one empty database a test. A module with one world for all tests calls for its own."""
    return start_afresh()


@pytest.fixture
def store(tmp_path: Path) -> LocalStore:
    return LocalStore(tmp_path / "objects")


def migrate(url: str, target: str = "head") -> None:
    """Run the migrations as an operator would, on one connection."""
    engine = make_engine(url)
    config = Config(str(CONFIGURATION))
    with engine.connect() as connection:
        config.attributes["connection"] = connection
        (command.downgrade if target == "base" else command.upgrade)(config, target)
    engine.dispose()
