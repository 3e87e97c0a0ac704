"""A database whose clock a test sets, while that of the machine goes on: the rules follow the database."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Engine, text

from mood_platform.db.engine import make_engine

SCHEMA = (
    "CREATE SCHEMA hand",
    "CREATE TABLE hand.moment (at timestamptz NOT NULL)",
    "INSERT INTO hand.moment VALUES (clock_timestamp())",
    "CREATE FUNCTION hand.clock_timestamp() RETURNS timestamptz LANGUAGE sql AS 'SELECT at FROM hand.moment'",
)
PATH = "hand, pg_catalog, public"
"""PostgreSQL's own functions come second here, so that ours stands in for the one of the same name."""


@dataclass(frozen=True, slots=True)
class HandClock:
    """Stands still until it is set; for every connection made while it is there."""

    engine: Engine

    def set(self, moment: datetime) -> None:
        with self.engine.begin() as connection:
            connection.execute(text("UPDATE hand.moment SET at = :at"), {"at": moment})


@contextmanager
def hand_clock(database_url: str) -> Iterator[HandClock]:
    outside = make_engine(database_url)
    with outside.begin() as connection:
        name = connection.scalar(text("SELECT current_database()"))
        for statement in (*SCHEMA, f'ALTER DATABASE "{name}" SET search_path = {PATH}'):
            connection.execute(text(statement))
    inside = make_engine(database_url, pool_size=25)
    try:
        yield HandClock(inside)
    finally:
        inside.dispose()
        with outside.begin() as connection:
            connection.execute(text(f'ALTER DATABASE "{name}" RESET search_path'))
            connection.execute(text("DROP SCHEMA hand CASCADE"))
        outside.dispose()
