"""The migrations build exactly the tables of the models, and can be undone."""

from __future__ import annotations

from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import inspect, make_url, text

from mood_platform.db.engine import make_engine
from mood_platform.machine.migrations import CONFIGURATION
from mood_platform.machine.postgres import PostgresCluster

pytestmark = pytest.mark.integration


def test_models_and_migrations_agree_and_the_migrations_go_down_and_up_again(database_url: str) -> None:
    admin = make_engine(database_url)
    with admin.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("DROP DATABASE IF EXISTS migrations_test"))
        connection.execute(text("CREATE DATABASE migrations_test"))
    admin.dispose()
    engine = make_engine(
        make_url(database_url).set(database="migrations_test").render_as_string(hide_password=False)
    )
    config = Config(str(CONFIGURATION))
    with engine.connect() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
        command.check(config)
        command.downgrade(config, "base")
        assert inspect(connection).get_table_names() == ["alembic_version"]
        command.upgrade(config, "head")
        command.check(config)
    engine.dispose()


def test_a_cluster_is_created_once_and_then_left_alone(engines_home: Path, database_url: str) -> None:
    cluster = PostgresCluster(engines_home / "pg")
    before = (cluster.data / "postgresql.conf").read_text()
    cluster.create()
    assert (cluster.data / "postgresql.conf").read_text() == before
