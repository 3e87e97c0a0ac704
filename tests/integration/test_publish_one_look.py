"""Nothing is published over the head of a Run that ends while the board is made."""

from __future__ import annotations

from pathlib import Path
from uuid import UUID

import pytest

from mood_evaluator import Task
from mood_platform.db.engine import Sessions
from mood_platform.errors import Conflict
from mood_platform.execution.fake_runtime import FakeRuntime
from mood_platform.leaderboards.service import publish
from mood_platform.models import Challenge, RunState
from mood_platform.nodes.execute import work_once
from mood_platform.queueing import Job
from mood_platform.scoring.score_case import score_case
from mood_platform.scoring.score_run import score_run
from mood_platform.storage.faulty import FaultyStore
from mood_platform.storage.local import LocalStore
from mood_support.contest import Contest
from mood_support.drive import echo, evaluation_of
from mood_support.factories import ALL_STAGES, TinyPlatform, make_platform

pytestmark = pytest.mark.integration


@pytest.fixture
def platform(sessions: Sessions, store: LocalStore, tmp_path: Path) -> TinyPlatform:
    """North is scored."""
    folder = tmp_path / "sets"
    contest = Contest(make_platform(sessions, store, folder), folder)
    contest.enter(contest.join("north"), quality=0.5)
    contest.run()
    return contest.platform


def submit_and_stop_before_the_results(platform: TinyPlatform, name: str) -> UUID:
    """All its cases are scored; the last step of its Run is still to come."""
    submission = platform.submit(platform.join(name))
    slot, evaluation = platform.slot(FakeRuntime(echo)), evaluation_of(platform)
    for step in (lambda run_id: score_run(evaluation, run_id=UUID(run_id)), lambda run_id: None):
        while work_once(slot, stages=ALL_STAGES):
            pass
        platform.queue.drain(
            {
                Job.SCORE_CASE: lambda case_run_id: score_case(evaluation, case_run_id=UUID(case_run_id)),
                Job.SCORE_RUN: step,
            }
        )
    run = platform.run_of(submission)
    assert run.state is RunState.RUNNING
    return run.id


def test_a_run_that_ends_while_the_board_is_made_is_waited_for(platform: TinyPlatform) -> None:
    run_id = submit_and_stop_before_the_results(platform, "south")
    asked: list[str] = []

    def the_other_run_ends(_operation: str, key: str) -> None:
        if not asked:
            asked.append(key)
            score_run(evaluation_of(platform), run_id=run_id)

    with platform.open() as tx, pytest.raises(Conflict, match="south #1"):
        publish(
            tx,
            challenge=tx.session.get_one(Challenge, platform.challenge.id),
            task=Task.PIXEL,
            actor="organizer@example.org",
            store=FaultyStore(platform.store, the_other_run_ends),
            before_close=True,
        )
    assert asked
