"""Two of everything at the same moment: sweepers, reapers, doorbells, scorers; each effect happens once."""

from __future__ import annotations

import multiprocessing
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from threading import Barrier
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import func, select, update

from mood_platform.db.engine import Sessions, make_engine, make_sessions
from mood_platform.execution.fake_runtime import FakeRuntime
from mood_platform.fake_queue import FakeQueue
from mood_platform.models import TERMINAL, CaseRun, CaseRunState, Event, Run, RunState, Stage
from mood_platform.nodes.execute import work_once
from mood_platform.nodes.reaper import reap
from mood_platform.queueing import Message, ScoreRun
from mood_platform.runs.sweeper import sweep
from mood_platform.scoring.score_case import score_case
from mood_platform.scoring.score_run import score_run
from mood_platform.storage.local import LocalStore
from mood_support.drive import drive, echo, evaluation_of
from mood_support.factories import ALL_STAGES, TinyPlatform, make_platform

pytestmark = pytest.mark.integration

MANY = 4


@pytest.fixture
def platform(sessions: Sessions, store: LocalStore, tmp_path: Path) -> TinyPlatform:
    return make_platform(sessions, store, tmp_path / "sets", cases=2)


def at_once(act: Callable[[], Any]) -> list[Any]:
    """By threads that begin together."""
    together = Barrier(MANY)

    def begin(_: int) -> Any:
        together.wait()
        return act()

    with ThreadPoolExecutor(MANY) as many:
        return list(many.map(begin, range(MANY)))


def by_processes(database_url: str, platform: TinyPlatform, act: Callable[[TinyPlatform], object]) -> None:
    """By processes that begin together: scoring forks, which threads had better not."""
    fork = multiprocessing.get_context("fork")
    together = fork.Barrier(2)

    def begin() -> None:
        sessions = make_sessions(make_engine(database_url))
        together.wait()
        act(replace(platform, sessions=sessions, queue=FakeQueue()))

    both = [fork.Process(target=begin) for _ in range(2)]
    for one in both:
        one.start()
    for one in both:
        one.join()
    assert [one.exitcode for one in both] == [0, 0]


def events_after(platform: TinyPlatform) -> Counter[str]:
    with platform.open() as tx:
        return Counter(tx.session.scalars(select(Event.after)))


def test_sweepers_release_each_lost_case_once(platform: TinyPlatform) -> None:
    for name in ("north", "south", "east"):
        platform.submit(platform.join(name), stage=Stage.TOY)
        assert platform.claim() is not None
    with platform.open() as tx:
        tx.session.execute(
            update(CaseRun).where(CaseRun.claim_id.is_not(None)).values(lease_until=func.now())
        )
    lost = at_once(lambda: sweep(platform.sessions, platform.queue, max_attempts=3))
    assert sum(lost) == 3
    assert events_after(platform)[CaseRunState.QUEUED] == 3


def test_reapers_remove_what_is_dead_and_nothing_else(platform: TinyPlatform) -> None:
    platform.submit(platform.join("north"))
    alive = platform.claim()
    assert alive is not None
    runtime = FakeRuntime()
    dead = [UUID(int=number).hex for number in range(5)]
    runtime.live = dict.fromkeys([alive.claim_id.hex, *dead], "test")
    at_once(lambda: reap(platform.door(), runtime, instance="test"))
    assert runtime.live == {alive.claim_id.hex: "test"}


def test_many_bells_for_one_case_start_one_container(platform: TinyPlatform) -> None:
    platform.submit(platform.join("north"), stage=Stage.TOY)
    with platform.open() as tx:
        rest = select(CaseRun.id).order_by(CaseRun.position).limit(1)
        others = update(CaseRun).where(CaseRun.id != rest.scalar_subquery())
        tx.session.execute(others.values(lease_until=func.now() + func.make_interval(0, 0, 0, 0, 1)))
    runtime = FakeRuntime(echo)
    slot = platform.slot(runtime)
    assert Counter(at_once(lambda: work_once(slot, stages=ALL_STAGES))) == {True: 1, False: MANY - 1}
    assert len(runtime.jobs) == 1
    assert events_after(platform)[CaseRunState.COLLECTED] == 1


def test_a_prediction_that_two_evaluators_are_told_to_score_is_scored_once(
    platform: TinyPlatform, database_url: str
) -> None:
    platform.submit(platform.join("north"))
    work_once(platform.slot(FakeRuntime(echo)), stages=ALL_STAGES)
    with platform.open() as tx:
        case = tx.session.scalars(select(CaseRun).where(CaseRun.state == CaseRunState.COLLECTED)).one()
    by_processes(database_url, platform, lambda own: score_case(evaluation_of(own), case_run_id=case.id))
    assert events_after(platform)[CaseRunState.SUCCEEDED] == 1


def test_a_run_that_two_evaluators_are_told_to_finish_is_finished_once(
    platform: TinyPlatform, database_url: str
) -> None:
    submission = platform.submit(platform.join("north"), stage=Stage.TOY)
    unfinished = replace(platform, queue=WithoutRuns())
    unfinished.queue.pending += platform.queue.pending
    drive(unfinished, FakeRuntime(echo))
    run = platform.run_of(submission)
    assert run.state is RunState.RUNNING
    by_processes(database_url, platform, lambda own: score_run(evaluation_of(own), run_id=run.id))
    score_run(evaluation_of(platform), run_id=run.id)
    with platform.open() as tx:
        after = Counter(tx.session.scalars(select(Event.after).where(Event.subject == "run")))
        open_cases = select(func.count()).where(CaseRun.run_id == run.id, CaseRun.state.not_in(TERMINAL))
        assert tx.session.scalar(open_cases) == 0
        assert tx.session.get_one(Run, run.id).results_key is not None
    assert after == {RunState.RUNNING: 1, RunState.SCORING: 1, RunState.SCORED: 1}


class WithoutRuns(FakeQueue):
    """Loses what would finish a Run."""

    def send(self, message: Message) -> None:
        if not isinstance(message, ScoreRun):
            super().send(message)
