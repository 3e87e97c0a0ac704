"""Whatever happens between two transactions of a scorer, no step of a Run is lost or taken twice."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, update

from mood_platform.db.engine import Sessions
from mood_platform.execution.fake_runtime import FakeRuntime, Scripted
from mood_platform.failures import FailureReason
from mood_platform.models import CaseRun, CaseRunState, Run, RunState, Stage
from mood_platform.nodes.execute import work_once
from mood_platform.queueing import Job
from mood_platform.runs.sweeper import sweep
from mood_platform.scoring.score_run import score_run
from mood_platform.storage.local import LocalStore
from mood_support.drive import drive, echo, evaluation_of
from mood_support.factories import ALL_STAGES, TinyPlatform, make_platform
from mood_support.interrupted import InterruptedSessions
from mood_support.invariants import breaches

pytestmark = pytest.mark.integration

CRASHING = FakeRuntime(lambda _job: Scripted.ending(1, log=b"no weights"))


@pytest.fixture
def platform(sessions: Sessions, store: LocalStore, tmp_path: Path) -> TinyPlatform:
    return make_platform(sessions, store, tmp_path / "sets", cases=2)


def end_all_but_one(platform: TinyPlatform) -> None:
    """Work until one case of the Run is queued."""
    slot = platform.slot(CRASHING)
    with platform.open() as tx:
        queued = len(tx.session.scalars(select(CaseRun.id).where(CaseRun.state == CaseRunState.QUEUED)).all())
    for _ in range(queued - 1):
        work_once(slot, stages=ALL_STAGES)


@pytest.mark.parametrize("at", range(1, 8))
def test_a_toy_run_whose_last_case_ends_between_any_two_looks_still_gets_its_report(
    at: int, platform: TinyPlatform
) -> None:
    submission = platform.submit(platform.join("north"), stage=Stage.TOY)
    end_all_but_one(platform)
    slot = platform.slot(CRASHING)
    interrupted = InterruptedSessions(
        platform.sessions, at=at, act=lambda: work_once(slot, stages=ALL_STAGES)
    )
    score_run(replace(evaluation_of(platform), sessions=interrupted), run_id=platform.run_of(submission).id)
    drive(platform, CRASHING)
    run = platform.run_of(submission)
    assert run.toy_report_key is not None, f"{run.state}: no toy report, and nothing will make it"
    assert (run.state, run.reason) == (RunState.FAILED, FailureReason.TOY_FAILED)
    mails = [arguments["kind"] for job, arguments in platform.queue.sent if job is Job.SEND_MAIL]
    assert mails == ["run_failed"]


@pytest.fixture
def unreported(platform: TinyPlatform) -> Run:
    """A Run of an older version, which was scored without its toy report."""
    submission = platform.submit(platform.join("north"), stage=Stage.TOY)
    drive(platform, FakeRuntime(echo))
    with platform.open() as tx:
        tx.session.execute(update(Run).values(toy_report_key=None, toy_reported_at=None))
    platform.queue.sent.clear()
    return platform.run_of(submission)


def test_a_scored_run_without_its_toy_report_breaks_an_invariant(
    platform: TinyPlatform, unreported: Run
) -> None:
    with platform.open() as tx:
        (breach,) = breaches(tx.session, platform.store)
    assert f"Run {unreported.id}" in breach
    assert "without its toy report" in breach


def test_the_sweeper_has_a_missing_toy_report_made(platform: TinyPlatform, unreported: Run) -> None:
    with platform.open() as tx:
        tx.session.execute(update(Run).values(state_since=tx.now - timedelta(minutes=5)))
    sweep(platform.sessions, platform.queue, max_attempts=3)
    drive(platform, FakeRuntime(echo))
    with platform.open() as tx:
        assert breaches(tx.session, platform.store) == []
        run = tx.session.get_one(Run, unreported.id)
    assert (run.state, run.results_key) == (RunState.SCORED, unreported.results_key)
    mails = [arguments["kind"] for job, arguments in platform.queue.sent if job is Job.SEND_MAIL]
    assert mails == ["toy_report"]
