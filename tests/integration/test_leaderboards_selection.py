"""Which Submission stands for a Team: the latest in time that counts, by its first scored Run."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from mood_evaluator import Task
from mood_platform.accounts.principal import Principal
from mood_platform.db.engine import Sessions
from mood_platform.db.transaction import transaction
from mood_platform.failures import FailureReason
from mood_platform.fake_queue import FakeQueue
from mood_platform.leaderboards.selection import find_pending, select_contenders
from mood_platform.models import Challenge, Run, RunState, Stage, Submission
from mood_platform.runs.service import rerun, void_run
from mood_platform.storage.local import LocalStore
from mood_platform.submissions.queries import find_any_submission, newest_run
from mood_platform.submissions.service import exclude, submit, withdraw
from mood_support.edition import make_edition, make_image, make_participant

pytestmark = pytest.mark.integration
SCORED = (RunState.RUNNING, RunState.SCORING, RunState.SCORED)


class World:
    """A challenge whose Runs are moved by hand."""

    def __init__(self, sessions: Sessions, store: LocalStore, folder: Path) -> None:
        self.sessions, self.queue = sessions, FakeQueue()
        with transaction(sessions, self.queue) as tx:
            self.challenge = make_edition(tx, store=store, folder=folder, cases=2)
            self.north, self.south = make_participant(tx, "north"), make_participant(tx, "south")

    def submit(
        self, *, by: Principal | None = None, task: Task = Task.PIXEL, stage: Stage = Stage.CHALLENGE
    ) -> Submission:
        principal = by or self.north
        with transaction(self.sessions, self.queue) as tx:
            image = make_image(tx, principal=principal)
            return submit(tx, principal=principal, image_id=image.id, task=task, stage=stage)

    def score(self, submission: Submission) -> Run:
        return self.move(submission, *SCORED)

    def move(self, submission: Submission, *states: RunState, reason: FailureReason | None = None) -> Run:
        with transaction(self.sessions, self.queue) as tx:
            run = newest_run(tx, submission=submission)
            for state in states:
                run.advance(state, now=tx.now, reason=reason)
            return run

    def scored(self, *, by: Principal | None = None) -> Submission:
        submission = self.submit(by=by)
        self.score(submission)
        return submission

    def withdraw(self, submission: Submission) -> None:
        with transaction(self.sessions, self.queue) as tx:
            withdraw(tx, principal=self.north, submission_id=submission.id)

    def exclude(self, submission: Submission) -> None:
        with transaction(self.sessions, self.queue) as tx:
            found = find_any_submission(tx, submission_id=submission.id)
            exclude(tx, submission=found, reason="Rules.", actor="o@example.org")

    def standings(self) -> list[tuple[str, int, str]]:
        """(team, submission number, standing) of every contender."""
        with transaction(self.sessions, self.queue) as tx:
            challenge = tx.session.get_one(Challenge, self.challenge.id)
            found = select_contenders(tx, challenge=challenge, task=Task.PIXEL)
            return [(entry.key, entry.submission.number, entry.standing.value) for entry in found]

    def pending(self) -> list[int]:
        with transaction(self.sessions, self.queue) as tx:
            return [row.number for row in find_pending(tx, challenge=self.challenge, task=Task.PIXEL)]


@pytest.fixture
def world(sessions: Sessions, store: LocalStore, tmp_path: Path) -> World:
    return World(sessions, store, tmp_path)


def test_the_latest_counts_whichever_finished_last(world: World) -> None:
    first, second = world.submit(), world.submit()
    world.score(second)
    world.score(first)
    world.scored(by=world.south)
    assert world.standings() == [("north", 2, "ranked"), ("south", 1, "ranked")]


def test_a_team_without_a_scored_run_is_not_listed(world: World) -> None:
    world.submit()
    assert world.standings() == []


def test_toy_runs_and_the_other_task_do_not_count(world: World) -> None:
    world.score(world.submit(stage=Stage.TOY))
    world.score(world.submit(task=Task.SAMPLE))
    assert world.standings() == []


def test_a_withdrawn_submission_falls_out(world: World) -> None:
    world.scored()
    world.withdraw(world.scored())
    assert world.standings() == [("north", 1, "ranked")]


def test_an_excluded_submission_falls_out(world: World) -> None:
    world.scored()
    world.exclude(world.scored())
    assert world.standings() == [("north", 1, "ranked")]


def test_a_team_with_nothing_but_an_excluded_entry_is_listed_without_a_rank(world: World) -> None:
    world.exclude(world.scored())
    assert world.standings() == [("north", 1, "excluded")]


def test_a_late_entry_is_listed_only_for_a_team_that_has_no_other(world: World) -> None:
    world.scored()
    late, early = world.scored(), world.scored(by=world.south)
    with transaction(world.sessions, world.queue) as tx:
        challenge = tx.session.get_one(Challenge, world.challenge.id)
        challenge.closes, challenge.upload_grace_seconds = late.submitted_at, 0
    assert early.submitted_at > late.submitted_at
    assert world.standings() == [("north", 1, "ranked"), ("south", 1, "late")]


def test_a_reference_team_has_no_rank(world: World) -> None:
    with transaction(world.sessions, world.queue) as tx:
        reference = make_participant(tx, "reference", reference=True)
    world.scored(by=reference)
    assert world.standings() == [("reference", 1, "reference")]


def test_a_failed_run_leaves_the_earlier_submission(world: World) -> None:
    world.scored()
    world.move(world.submit(), RunState.FAILED, reason=FailureReason.TOY_FAILED)
    assert world.standings() == [("north", 1, "ranked")]
    assert world.pending() == []


def test_the_first_scored_run_counts_until_it_is_voided(world: World) -> None:
    submission = world.submit()
    first = world.score(submission)
    with transaction(world.sessions, world.queue) as tx:
        rerun(
            tx,
            submission=find_any_submission(tx, submission_id=submission.id),
            reason="Check.",
            actor="o@x.org",
        )
    second = world.score(submission)

    def counting() -> list[object]:
        with transaction(world.sessions, world.queue) as tx:
            return [c.run.id for c in select_contenders(tx, challenge=world.challenge, task=Task.PIXEL)]

    assert counting() == [first.id]
    with transaction(world.sessions, world.queue) as tx:
        void_run(tx, run=tx.session.get_one(Run, first.id), reason="The node was broken.", actor="o@x.org")
    assert counting() == [second.id]


def test_a_live_run_that_would_count_is_waited_for(world: World) -> None:
    world.scored()
    newer = world.submit()
    assert world.pending() == [2]
    world.score(newer)
    assert world.pending() == []


def test_an_older_live_run_is_not_waited_for(world: World) -> None:
    world.submit()
    world.scored()
    assert world.pending() == []


def test_a_late_live_run_is_not_waited_for(world: World) -> None:
    late = world.submit()
    with transaction(world.sessions, world.queue) as tx:
        challenge = tx.session.get_one(Challenge, world.challenge.id)
        challenge.closes = late.submitted_at - timedelta(hours=3)
    with transaction(world.sessions, world.queue) as tx:
        challenge = tx.session.get_one(Challenge, world.challenge.id)
        assert find_pending(tx, challenge=challenge, task=Task.PIXEL) == []
