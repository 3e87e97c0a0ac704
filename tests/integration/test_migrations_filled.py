"""The migrations keep what a contest has: down to the first one and up again with rows in the tables."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, Engine, inspect, make_url, text

from mood_evaluator import Task
from mood_platform.db.engine import make_engine, make_sessions
from mood_platform.leaderboards.service import publish
from mood_platform.machine.migrations import CONFIGURATION
from mood_platform.models import Base, Challenge, Submission
from mood_platform.storage.local import LocalStore
from mood_platform.submissions.service import exclude, include
from mood_support.contest import Contest
from mood_support.factories import make_platform

pytestmark = pytest.mark.integration
FIRST = "0001"
TEAMS = (("good", 0.9), ("poor", 0.1))
Rows = dict[str, list[dict[str, Any]]]


@pytest.fixture(scope="module")
def filled(database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """A contest of two teams with its leaderboard; one team was excluded and came back."""
    admin = make_engine(database_url)
    with admin.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("DROP DATABASE IF EXISTS filled_test WITH (FORCE)"))
        connection.execute(text("CREATE DATABASE filled_test"))
    admin.dispose()
    url = make_url(database_url).set(database="filled_test").render_as_string(hide_password=False)
    engine = make_engine(url)
    with engine.connect() as connection:
        command.upgrade(_config(connection), "head")
    folder = tmp_path_factory.mktemp("filled")
    store, sets = LocalStore(folder / "objects"), folder / "sets"
    contest = Contest(make_platform(make_sessions(engine), store, sets, cases=6), sets)
    good, _ = (contest.enter(contest.join(name), quality=quality) for name, quality in TEAMS)
    contest.run()
    for step in (exclude, include):
        with contest.platform.open() as tx:
            step(tx, submission=tx.session.get_one(Submission, good.id), reason="A test.", actor="o")
    with contest.platform.open() as tx:
        challenge = tx.session.get_one(Challenge, contest.platform.challenge.id)
        publish(tx, challenge=challenge, task=Task.PIXEL, store=store, actor="o", before_close=True)
    yield engine
    engine.dispose()


def test_what_a_contest_has_goes_down_to_the_first_migration_and_comes_up_again(filled: Engine) -> None:
    with filled.connect() as connection:
        before = _rows(connection)
        assert all(before[name] for name in ("teams", "images", "uploads", "submissions", "runs", "events"))
        connection.rollback()
        config = _config(connection)
        command.downgrade(config, FIRST)
        oldest = {name: _columns(connection, name) for name in inspect(connection).get_table_names()}
        connection.rollback()  # so that the migrations commit
        command.upgrade(config, "head")
        command.check(config)
        after = _rows(connection)
    for name in before.keys() & oldest.keys():
        assert _only(after[name], oldest[name]) == _only(before[name], oldest[name]), name
    told = Counter(row["subject"] for row in before["events"])
    assert Counter(row["subject"] for row in after["events"]) == {
        name: told[name] for name in ("run", "case_run")
    }


def test_events_say_whose_they_are_before_and_after(filled: Engine) -> None:
    history = "SELECT {} FROM {} ORDER BY sequence"
    with filled.connect() as connection:
        config = _config(connection)
        runs = "events WHERE subject IN ('run', 'case_run')"
        now = connection.execute(text(history.format("subject, subject_id, run_id", runs))).all()
        connection.rollback()
        command.downgrade(config, "0024")
        whose = "subject, coalesce(case_run_id, run_id), run_id"
        assert connection.execute(text(history.format(whose, "run_events"))).all() == now
        wrong = "SELECT count(*) FROM run_events WHERE (case_run_id IS NULL) = (subject = 'case_run')"
        assert connection.scalar(text(wrong)) == 0
        connection.rollback()
        command.upgrade(config, "head")
        since = text("SELECT count(*) FROM submissions WHERE state_since <> submitted_at")
        assert connection.scalar(since) == 0, "of before it is known only when they came"


def _config(connection: Connection) -> Config:
    config = Config(str(CONFIGURATION))
    config.attributes["connection"] = connection
    return config


def _columns(connection: Connection, table: str) -> list[str]:
    return [column["name"] for column in inspect(connection).get_columns(table)]


def _rows(connection: Connection) -> Rows:
    return {
        table.name: [dict(row) for row in connection.execute(table.select()).mappings()]
        for table in Base.metadata.sorted_tables
    }


def _only(rows: list[dict[str, Any]], columns: list[str]) -> list[str]:
    """Columns that were there at the first migration and are today."""
    return sorted(repr({name: row[name] for name in columns if name in row}) for row in rows)
