"""The migrations build exactly the tables of the models, and can be undone."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4, uuid5

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, inspect, make_url, text

from mood_platform.db.engine import make_engine
from mood_platform.machine.migrations import CONFIGURATION
from mood_platform.machine.postgres import PostgresCluster

pytestmark = pytest.mark.integration
IMAGES_OF_TEAMS = ("0011", "0012")
HANDLES = ("0017", "0018")
ENTRIES = ("0018", "0019")
WEIGHED = ("0020", "0022")
AS_WRITTEN = ("0022", "0023")
"""Revisions before and after."""


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


BEFORE_RETENTION: dict[str, dict[str, object]] = {
    "teams": {},
    "challenges": {},
    "images": {"state": "accepted", "digest": "sha256:1", "facts": '{"unpacked": 1000}'},
    "submissions": {"task": "pixel", "stage": "challenge", "state": "accepted"},
    "runs": {"stage": "challenge", "state": "scored"},
    "test_sets": {"dataset": "brain"},
    "cases": {},
    "case_runs": {
        "dataset": "brain",
        "state": "succeeded",
        "toy": True,
        "prediction_key": "runs/a/prediction",
        "log_key": "runs/a/log",
    },
}


def test_what_cases_left_before_is_known_by_its_key_and_images_weigh_what_they_do_unpacked(
    database_url: str,
) -> None:
    with migrated(database_url, "0009") as (config, connection):
        for table, values in BEFORE_RETENTION.items():
            insert(connection, table, required_columns(connection, table) | values)
        connection.commit()
        command.upgrade(config, "0010")
        kept = connection.execute(text("SELECT key, kind, toy, size FROM kept_objects ORDER BY kind")).all()
        assert [tuple(row) for row in kept] == [
            ("runs/a/log", "log", True, None),
            ("runs/a/prediction", "prediction", True, None),
        ]
        assert connection.execute(text("SELECT kept_bytes FROM images")).scalars().all() == [1000]


def test_results_and_rescorings_of_before_are_of_scoring_version_1(database_url: str) -> None:
    with migrated(database_url, "0005") as (config, connection):
        for table in ("teams", "challenges", "images", "submissions"):
            insert(connection, table, required_columns(connection, table) | BEFORE_RETENTION[table])
        for number, key in enumerate(("runs/a/results.json", None)):
            run = {"id": uuid4(), "number": number, "stage": "challenge", "results_key": key}
            run |= {"state": "scored" if key else "failed"}
            insert(connection, "runs", required_columns(connection, "runs") | run)
        insert(connection, "rescorings", required_columns(connection, "rescorings") | {"task": "pixel"})
        connection.commit()
        command.upgrade(config, "0006")
        versions = "SELECT scoring_version FROM {} ORDER BY 1"
        assert connection.scalars(text(versions.format("runs"))).all() == [1, None]
        assert connection.scalars(text(versions.format("rescorings"))).all() == [1]
        command.upgrade(config, "head")
        assert (
            connection.scalars(text("SELECT count(*) FROM replicates")).one() == 0
        )  # the sweeper orders them


def test_equal_images_of_a_team_become_the_earliest_and_submissions_and_uploads_follow(
    database_url: str,
) -> None:
    before, after = IMAGES_OF_TEAMS
    teams, images = {name: uuid4() for name in "ab"}, {name: uuid4() for name in ("first", "second", "third")}
    images["other"] = uuid4()
    with migrated(database_url, before) as (config, connection):
        for table in ("challenges", "users"):
            insert(connection, table, required_columns(connection, table))
        for name, team in teams.items():
            insert(connection, "teams", required_columns(connection, "teams") | {"id": team, "slug": name})
        for hour, name in enumerate(("other", "second", "first", "third")):  # in the order of their checks
            begun = at({"first": 1, "second": 2, "third": 3, "other": 0}[name])
            team = {"team_id": teams["b" if name == "other" else "a"]}
            upload = {"id": uuid5(images[name], "upload"), "state": "used", "created_at": begun} | team
            insert(connection, "uploads", required_columns(connection, "uploads") | upload)
            image = {"id": images[name], "upload_id": upload["id"], "state": "accepted", "digest": "sha256:1"}
            image |= {"upload_begun_at": begun, "created_at": begun} | team
            if name in ("first", "third"):
                image["duplicate_of"] = images["second"]
            else:
                image |= {"kept_bytes": 1000 + hour, "leaves_at": begun}
            insert(connection, "images", required_columns(connection, "images") | image)
        submission = {"image_id": images["second"], "team_id": teams["a"], "task": "pixel"}
        submission |= {"stage": "challenge", "state": "accepted"}
        insert(connection, "submissions", required_columns(connection, "submissions") | submission)
        board = {"task": "pixel", "document": '{"rows": [{"image": "sha256:1"}]}', "digest": "abc"}
        insert(connection, "leaderboards", required_columns(connection, "leaderboards") | board)
        connection.commit()
        published = connection.execute(text("SELECT document, digest FROM leaderboards")).all()
        command.upgrade(config, after)
        rows = connection.execute(text("SELECT id, upload_begun_at, kept_bytes, leaves_at FROM images"))
        assert {row.id: tuple(row)[1:] for row in rows} == {
            images["first"]: (at(1), 1001, at(2)),
            images["other"]: (at(0), 1000, at(0)),
        }
        assert connection.scalars(text("SELECT image_id FROM submissions")).all() == [images["first"]]
        uploads = connection.execute(text("SELECT id, image_id FROM uploads")).all()
        assert {tuple(row) for row in uploads} == {
            (uuid5(image, "upload"), images["other" if name == "other" else "first"])
            for name, image in images.items()
        }
        assert connection.execute(text("SELECT document, digest FROM leaderboards")).all() == published
        command.downgrade(config, before)
        assert connection.scalars(text("SELECT count(*) FROM uploads WHERE challenge_id IS NULL")).one() == 0


def test_slugs_become_handles_and_of_names_that_look_alike_the_oldest_is_protected(
    database_url: str,
) -> None:
    before, after = HANDLES
    with migrated(database_url, before) as (config, connection):
        for hour, (slug, name) in enumerate(
            (("north", "North"), ("n-rth", "N\u043erth"), ("south", "South"))
        ):
            team = {"id": uuid4(), "slug": slug, "name": name, "created_at": at(hour)}
            insert(connection, "teams", required_columns(connection, "teams") | team)
        connection.commit()
        command.upgrade(config, after)
        rows = connection.execute(
            text("SELECT handle, capitals, small_letters FROM teams ORDER BY created_at")
        )
        assert [tuple(row) for row in rows] == [
            ("north", "NORTH", "north"),
            ("n-rth", None, None),
            ("south", "SOUTH", "south"),
        ]
        command.downgrade(config, before)
        assert connection.scalars(text("SELECT slug FROM teams WHERE slug = 'n-rth'")).all() == ["n-rth"]


def test_names_that_look_alike_as_written_stay_and_the_oldest_is_protected(database_url: str) -> None:
    before, after = AS_WRITTEN
    with migrated(database_url, before) as (config, connection):
        for hour, (handle, name, capitals) in enumerate(
            (("al", "Team Al", "TEAM AL"), ("ai", "Team AI", "TEAM AI"), ("vs", "Team\u180b Al", "old"))
        ):
            team = {
                "id": uuid4(),
                "handle": handle,
                "name": name,
                "capitals": capitals,
                "created_at": at(hour),
            }
            insert(connection, "teams", required_columns(connection, "teams") | team)
        connection.commit()
        command.upgrade(config, after)
        looks = text("SELECT capitals, small_letters, as_written FROM teams ORDER BY created_at")
        assert [tuple(row) for row in connection.execute(looks)] == [
            ("TEAM AL", "team al", "team al"),
            ("TEAM AI", "team ai", None),
            (None, None, None),
        ]
        command.downgrade(config, before)
        assert connection.scalars(text("SELECT count(*) FROM teams")).one() == 3


def test_teams_that_have_submitted_are_admitted(database_url: str) -> None:
    before, after = ENTRIES
    teams, challenges = [uuid4(), uuid4()], [uuid4(), uuid4()]
    with migrated(database_url, before) as (config, connection):
        for place, team in enumerate(teams):
            row = required_columns(connection, "teams") | {"id": team, "handle": f"{place}"}
            insert(connection, "teams", row)
        image = required_columns(connection, "images") | {"state": "accepted", "team_id": teams[0]}
        insert(connection, "images", image)
        for place, challenge in enumerate(challenges):
            row = required_columns(connection, "challenges") | {"id": challenge, "slug": f"{place}"}
            insert(connection, "challenges", row)
        for number, hour in enumerate((3, 2), start=1):
            submission = {"id": uuid4(), "team_id": teams[0], "challenge_id": challenges[1], "number": number}
            submission |= {"submitted_at": at(hour), "task": "pixel", "stage": "toy", "state": "accepted"}
            insert(connection, "submissions", required_columns(connection, "submissions") | submission)
        connection.commit()
        command.upgrade(config, after)
        rows = connection.execute(
            text("SELECT team_id, challenge_id, state, asked_at, decided_by FROM entries")
        )
        assert [tuple(row) for row in rows] == [(teams[0], challenges[1], "admitted", at(2), "platform")]
        command.downgrade(config, before)


def test_replicates_of_before_stay_and_are_looked_at_again(database_url: str) -> None:
    before, after = WEIGHED
    with migrated(database_url, before) as (config, connection):
        for table in ("teams", "challenges", "images", "submissions", "runs"):
            insert(connection, table, required_columns(connection, table) | BEFORE_RETENTION[table])
        for key, attempt in (("runs/a/replicates-v2.json", 3), (None, 2)):
            made = {"id": uuid4(), "results_key": f"{key}", "key": key, "attempt": attempt}
            insert(connection, "replicates", required_columns(connection, "replicates") | made)
        connection.commit()
        command.upgrade(config, after)
        rows = connection.execute(text("SELECT key, weighed, attempt FROM replicates ORDER BY key"))
        assert [tuple(row) for row in rows] == [("runs/a/replicates-v2.json", False, 0), (None, False, 2)]
        command.downgrade(config, before)


def at(hour: int) -> datetime:
    return datetime(2026, 5, 1, hour, tzinfo=UTC)


EMPTY = {
    "uuid": "0f8b0000-0000-4000-8000-000000000001",
    "text": "x",
    "character varying": "x",
    "integer": 0,
    "bigint": 0,
    "boolean": False,
    "jsonb": "{}",
    "timestamp with time zone": "2026-01-01T00:00:00Z",
}


def required_columns(connection: Connection, table: str) -> dict[str, object]:
    """A value of the right kind for every column that must have one; all ids are the same."""
    query = text(
        "SELECT column_name, data_type FROM information_schema.columns "
        "WHERE table_name = :table AND is_nullable = 'NO' AND column_default IS NULL"
    )
    return {name: EMPTY[kind] for name, kind in connection.execute(query, {"table": table})}


def insert(connection: Connection, table: str, values: dict[str, object]) -> None:
    names = ", ".join(values)
    places = ", ".join(f":{name}" for name in values)
    connection.execute(text(f"INSERT INTO {table} ({names}) VALUES ({places})"), values)


@contextmanager
def migrated(database_url: str, target: str) -> Iterator[tuple[Config, Connection]]:
    """A database of its own at an older revision."""
    admin = make_engine(database_url)
    with admin.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("DROP DATABASE IF EXISTS older_test WITH (FORCE)"))
        connection.execute(text("CREATE DATABASE older_test"))
    admin.dispose()
    url = make_url(database_url).set(database="older_test").render_as_string(hide_password=False)
    engine, config = make_engine(url), Config(str(CONFIGURATION))
    with engine.connect() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, target)
        yield config, connection
    engine.dispose()
