"""Replicates are made once a Run, by a job; a draft reads them, and says so while they are being made."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, text

from mood_evaluator import SCORING_VERSION, Dataset, Task
from mood_platform.db.engine import Sessions
from mood_platform.errors import Conflict
from mood_platform.leaderboards.service import draft, publish
from mood_platform.leaderboards.stored_replicates import read_stored
from mood_platform.models import Challenge, Leaderboard, Replicates, Submission, Team
from mood_platform.queueing import Job
from mood_platform.runs.sweeper import sweep
from mood_platform.storage.faulty import FaultyStore
from mood_platform.storage.local import LocalStore
from mood_platform.storage.store import ObjectStore
from mood_platform.submissions.service import exclude
from mood_support.contest import Contest
from mood_support.factories import make_platform

pytestmark = pytest.mark.integration
OLGA = "olga@example.org"
TEAMS = {"north": 0.45, "south": 0.3, "west": 0.1}


@pytest.fixture(params=list(Task))
def contest(request: pytest.FixtureRequest, sessions: Sessions, store: LocalStore, tmp_path: Path) -> Contest:
    return scored(sessions, store, tmp_path / "sets", request.param)


@pytest.fixture
def sampled(sessions: Sessions, store: LocalStore, tmp_path: Path) -> Contest:
    return scored(sessions, store, tmp_path / "sets", Task.SAMPLE)


def scored(sessions: Sessions, store: LocalStore, folder: Path, task: Task) -> Contest:
    made = Contest(make_platform(sessions, store, folder, cases=4), folder)
    for team, quality in TEAMS.items():
        made.enter(made.join(team), quality=quality, task=task)
    made.run()
    return made


def task_of(contest: Contest) -> Task:
    with contest.platform.open() as tx:
        return tx.session.scalars(select(Submission)).first().task  # type: ignore[union-attr]


def draft_of(contest: Contest) -> dict[str, Any]:
    task = task_of(contest)
    with contest.platform.open() as tx:
        challenge = tx.session.get_one(Challenge, contest.platform.challenge.id)
        return draft(tx, challenge=challenge, task=task, store=contest.platform.store).to_json()


def publish_it(contest: Contest, *, store: ObjectStore | None = None) -> Leaderboard:
    task = task_of(contest)
    with contest.platform.open() as tx:
        challenge = tx.session.get_one(Challenge, contest.platform.challenge.id)
        where = store or contest.platform.store
        return publish(tx, challenge=challenge, task=task, actor=OLGA, store=where, before_close=True)


def rows_of(contest: Contest) -> list[Replicates]:
    with contest.platform.open() as tx:
        return list(tx.session.scalars(select(Replicates)))


def forget(contest: Contest) -> None:
    """As before there were any: the rows are gone, and so are the jobs."""
    with contest.platform.open() as tx:
        for row in tx.session.scalars(select(Replicates)):
            tx.session.delete(row)


def test_a_scored_run_gets_its_replicates_once_and_the_draft_reads_them(contest: Contest) -> None:
    rows = rows_of(contest)
    assert len(rows) == len(TEAMS) == contest.platform.queue.names().count(Job.DRAW_REPLICATES)
    for row in rows:
        found = read_stored(contest.platform.store, row.key or "")
        assert (found.scoring_version, found.draws, row.attempt) == (SCORING_VERSION, 1000, 1)
        for dataset in Dataset:
            own = found.of(dataset)
            assert own is not None
            assert (own.draws.shape, own.influences.shape) == ((1000,), (4,))
    document = draft_of(contest)
    assert document["replicates_pending"] == []
    for row in document["rows"]:
        assert row["rank_interval"] is not None
        assert all(cell["interval"] is not None for cell in row["datasets"].values())
    assert [len(part["pairs"]) for part in document["significance"].values()] == [3, 3]


def test_runs_of_before_get_theirs_by_the_sweeper_and_the_draft_is_the_same(contest: Contest) -> None:
    before = draft_of(contest)
    forget(contest)
    waiting = draft_of(contest)
    assert {one["team"] for one in waiting["replicates_pending"]} == set(TEAMS)
    assert [row["rank"] for row in waiting["rows"]] == [row["rank"] for row in before["rows"]]
    assert {row["rank_interval"] for row in waiting["rows"]} == {None}
    with pytest.raises(Conflict, match="are being made: north #1, south #1, west #1"):
        publish_it(contest)
    for _ in range(2):
        sweep(contest.platform.sessions, contest.platform.queue, max_attempts=3)
    contest.run()
    assert len(rows_of(contest)) == len(TEAMS)
    assert draft_of(contest) == before


def test_when_the_scoring_version_moves_they_are_made_again(sampled: Contest) -> None:
    before = draft_of(sampled)
    with sampled.platform.open() as tx:
        for row in tx.session.scalars(select(Replicates)):
            row.scoring_version = SCORING_VERSION - 1
    assert len(draft_of(sampled)["replicates_pending"]) == len(TEAMS)
    sweep(sampled.platform.sessions, sampled.platform.queue, max_attempts=3)
    sampled.run()
    assert (
        sorted(row.scoring_version for row in rows_of(sampled))
        == [SCORING_VERSION - 1] * 3 + [SCORING_VERSION] * 3
    )
    assert draft_of(sampled) == before


def test_what_cannot_be_made_is_given_up_after_three_attempts_and_told(contest: Contest) -> None:
    forget(contest)
    platform = contest.platform
    with platform.open() as tx:
        victim = tx.session.scalars(select(Team).where(Team.handle == "south")).one()
        [submission] = tx.session.scalars(select(Submission).where(Submission.team_id == victim.id))
        tx.session.execute(
            text("UPDATE runs SET results_key = :key WHERE submission_id = :id"),
            {"key": "runs/nowhere/results.json", "id": submission.id},
        )
    for _ in range(4):
        sweep(platform.sessions, platform.queue, max_attempts=3)
        contest.run()
        with platform.open() as tx:
            tx.session.execute(text("UPDATE replicates SET since = since - interval '1 hour'"))
    [lost] = [row for row in rows_of(contest) if row.key is None]
    assert lost.attempt == 3
    assert lost.problem


def test_nobody_waits_for_a_board_that_is_computed(sampled: Contest) -> None:
    """While the stored objects are read, another transaction may change the Challenge's submissions."""
    tried: list[bool] = []

    def lock_elsewhere() -> None:
        with sampled.platform.open() as tx:
            tx.session.execute(text("SELECT id FROM challenges FOR UPDATE NOWAIT"))
            tried.append(True)

    publish_it(sampled, store=when_read(sampled.platform.store, lock_elsewhere))
    assert tried


def test_what_changes_while_a_board_is_computed_is_in_it(sampled: Contest) -> None:
    def exclude_somebody() -> None:
        with sampled.platform.open() as tx:
            query = select(Submission).join(Submission.team).where(Team.handle == "north")
            exclude(tx, submission=tx.session.scalars(query).one(), reason="Used labels.", actor=OLGA)

    board = publish_it(sampled, store=when_read(sampled.platform.store, exclude_somebody))
    assert {row["team"]: row["rank"] for row in board.document["rows"]}["north"] is None


def when_read(behind: ObjectStore, happens: Callable[[], None]) -> FaultyStore:
    """A store in which something happens when the first object is read."""
    waiting = [happens]

    def fault(operation: str, key: str) -> None:
        if operation == "read" and waiting:
            waiting.pop()()

    return FaultyStore(behind, fault)
