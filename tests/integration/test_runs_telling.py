"""A team is told of hidden cases on the platform's clock; the test sets the clock of the database."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from mood_platform.accounts.principal import Principal
from mood_platform.db.engine import make_sessions
from mood_platform.db.transaction import transaction
from mood_platform.execution.fake_runtime import FakeRuntime, Scripted
from mood_platform.execution.runtime import CaseJob
from mood_platform.fake_queue import FakeQueue
from mood_platform.models import Run, RunState, Submission
from mood_platform.queueing import Job
from mood_platform.runs.sweeper import sweep
from mood_platform.storage.local import LocalStore
from mood_platform.submissions.queries import find_submission
from mood_platform.submissions.service import withdraw
from mood_platform.views.participant import SubmissionView
from mood_platform.views.submission import view_submission
from mood_support.drive import drive, echo
from mood_support.edition import make_edition
from mood_support.factories import TinyPlatform
from mood_support.hand_clock import HandClock, hand_clock

pytestmark = pytest.mark.integration
NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)


class World:
    """A hidden edition whose containers take as long as the test says."""

    def __init__(self, clock: HandClock, store: LocalStore, folder: Path, *, hidden: bool = True) -> None:
        self.clock, self.now, self.case_seconds = clock, NOON, 60.0
        self.at(0)
        sessions = make_sessions(clock.engine)
        with transaction(sessions, FakeQueue()) as tx:
            challenge = make_edition(tx, store=store, folder=folder / "sets", hidden=hidden)
        self.platform = TinyPlatform(sessions, store, challenge, folder / "cache")
        self.north: Principal = self.platform.join("north")

    def at(self, minutes: float) -> None:
        self.now = NOON + timedelta(minutes=minutes)
        self.clock.set(self.now)

    def run(self, submission: Submission) -> None:
        def answer(job: CaseJob) -> Scripted:
            self.now += timedelta(seconds=self.case_seconds)
            self.clock.set(self.now)
            return echo(job)

        drive(self.platform, FakeRuntime(answer))
        with self.platform.open() as tx:
            states = set(tx.session.scalars(select(Run.state).where(Run.submission_id == submission.id)))
        assert states == {RunState.SCORED}

    def sweep(self) -> None:
        sweep(self.platform.sessions, self.platform.queue, max_attempts=3)

    def view(self, submission: Submission) -> SubmissionView:
        with self.platform.open() as tx:
            row = find_submission(tx, team=self.north.require_team(), submission_id=submission.id)
            return view_submission(tx, row)

    def mails(self) -> list[str]:
        sent = [arguments["kind"] for job, arguments in self.platform.queue.sent if job is Job.SEND_MAIL]
        return [kind for kind in sent if kind == "run_scored"]


@pytest.fixture
def clock(database_url: str, sessions: object) -> Iterator[HandClock]:
    with hand_clock(database_url) as hand:
        yield hand


@pytest.fixture
def world(clock: HandClock, store: LocalStore, tmp_path: Path) -> World:
    return World(clock, store, tmp_path)


@pytest.mark.parametrize("case_seconds", [1.0, 20.0])
def test_a_slow_container_and_a_fast_one_look_the_same_until_the_next_tick(
    world: World, case_seconds: float
) -> None:
    submission = world.platform.submit(world.north)
    world.case_seconds = case_seconds
    world.run(submission)
    world.at(9.9)
    world.sweep()
    view = world.view(submission)
    assert (view.run.state, view.run.percent, view.over) == (RunState.RUNNING, 0, False)
    assert "12:10 UTC" in view.sentence
    assert world.mails() == []
    world.at(10)
    world.sweep()
    told = world.view(submission)
    assert (told.run.state, told.run.percent, told.over) == (RunState.SCORED, 100, True)
    assert told.run.since == NOON + timedelta(minutes=10)
    assert world.mails() == ["run_scored"]
    moments = {step.at for step in told.steps if step.name == "Scores computed"}
    assert moments == {NOON + timedelta(minutes=10)}


def test_the_end_is_mailed_once_however_often_the_platform_sweeps(world: World) -> None:
    submission = world.platform.submit(world.north)
    world.run(submission)
    world.at(40)
    for _ in range(3):
        world.sweep()
    assert world.mails() == ["run_scored"]


def test_what_was_withdrawn_before_its_end_was_told_is_never_told(world: World) -> None:
    submission = world.platform.submit(world.north)
    world.case_seconds = 1.0
    world.run(submission)
    with world.platform.open() as tx:
        withdraw(tx, principal=world.north, submission_id=submission.id)
    world.at(60)
    world.sweep()
    view = world.view(submission)
    assert (view.status, view.run.state, view.run.slowest) == ("withdrawn", RunState.CANCELLED, None)
    assert world.mails() == []


def test_where_nothing_is_hidden_the_end_is_told_at_once(
    clock: HandClock, store: LocalStore, tmp_path: Path
) -> None:
    world = World(clock, store, tmp_path, hidden=False)
    submission = world.platform.submit(world.north)
    world.case_seconds = 1.0
    world.run(submission)
    view = world.view(submission)
    assert (view.run.state, view.run.percent) == (RunState.SCORED, 100)
    assert view.run.next_told_at is None
    assert world.mails() == ["run_scored"]
