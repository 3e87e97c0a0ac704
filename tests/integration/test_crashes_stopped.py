"""Workers that stand still (SIGSTOP) past their lease, at bad moments: their successors go on undisturbed."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from multiprocessing.process import BaseProcess
from pathlib import Path

import pytest
from sqlalchemy import func, select, text, update

from mood_platform.db.engine import Sessions, make_engine, make_sessions
from mood_platform.db.transaction import transaction
from mood_platform.execution.fake_runtime import FakeRuntime, Scripted
from mood_platform.failures import FailureReason
from mood_platform.fake_queue import FakeQueue
from mood_platform.machine.processes import wait_until
from mood_platform.models import CaseRun, CaseRunState, Event
from mood_platform.nodes.execute import work_once
from mood_platform.runs.claims import claim_next
from mood_platform.runs.sweeper import sweep
from mood_platform.storage.faulty import FaultyStore
from mood_platform.storage.local import LocalStore
from mood_support.factories import ALL_STAGES, NODE, TinyPlatform, make_platform

pytestmark = pytest.mark.integration


def stand_still() -> None:
    os.kill(os.getpid(), signal.SIGSTOP)


@dataclass(frozen=True)
class World:
    platform: TinyPlatform
    database_url: str

    @contextmanager
    def stopped(self, act: Callable[[TinyPlatform], object]) -> Iterator[BaseProcess]:
        """A process of its own that stands still in the middle of `act`; it goes on and ends afterwards."""
        worker = multiprocessing.get_context("fork").Process(target=self._alone, args=(act,))
        worker.start()
        assert worker.pid is not None
        stat = Path(f"/proc/{worker.pid}/stat")
        try:
            assert wait_until(lambda: stat.read_text().rpartition(")")[2].split()[0] == "T", seconds=30)
            yield worker
        finally:
            os.kill(worker.pid, signal.SIGCONT)
            worker.join()

    def _alone(self, act: Callable[[TinyPlatform], object]) -> None:
        sessions = make_sessions(make_engine(self.database_url))
        act(replace(self.platform, sessions=sessions, queue=FakeQueue()))

    def lapse(self) -> None:
        """The lease of every running case is over, and the sweeper comes by."""
        with self.platform.open() as tx:
            over = update(CaseRun).where(CaseRun.state == CaseRunState.RUNNING)
            tx.session.execute(over.values(lease_until=func.now()))
        assert sweep(self.platform.sessions, self.platform.queue, max_attempts=3) == 1

    def first_case(self) -> tuple[CaseRun, list[Event]]:
        with self.platform.open() as tx:
            case = tx.session.scalars(select(CaseRun).where(CaseRun.attempt > 0)).one()
            events = select(Event).where(Event.subject_id == case.id).order_by(Event.sequence)
            return case, list(tx.session.scalars(events))


@pytest.fixture
def world(sessions: Sessions, store: LocalStore, tmp_path: Path, database_url: str) -> World:
    platform = make_platform(sessions, store, tmp_path / "sets", cases=2)
    platform.submit(platform.join("north"))
    return World(platform, database_url)


def work_and_stop_while_the_container_runs(platform: TinyPlatform) -> None:
    runtime = FakeRuntime(lambda _: Scripted.writing(b"late"), before_case=lambda _: stand_still())
    work_once(platform.slot(runtime), stages=ALL_STAGES)


def work_and_stop_before_the_row(platform: TinyPlatform) -> None:
    """The prediction is stored already; the log, which is next, waits."""

    def stop_at_the_log(operation: str, key: str) -> None:
        if key.endswith("/log"):
            stand_still()

    store = FaultyStore(platform.store, stop_at_the_log)
    slot = platform.slot(FakeRuntime(lambda _: Scripted.writing(b"late")), store=store)
    work_once(slot, stages=ALL_STAGES)


@pytest.mark.parametrize("act", [work_and_stop_while_the_container_runs, work_and_stop_before_the_row])
def test_a_worker_that_stood_still_past_its_lease_does_not_record_over_its_successor(
    world: World, act: Callable[[TinyPlatform], None]
) -> None:
    with world.stopped(act) as worker:
        lost, _ = world.first_case()
        world.lapse()
        successor = world.platform.slot(FakeRuntime(lambda _: Scripted.writing(b"in time")))
        assert work_once(successor, stages=ALL_STAGES)
    assert worker.exitcode == 0
    case, events = world.first_case()
    assert case.id == lost.id
    assert [event.after for event in events] == ["running", "queued", "running", "collected"]
    assert events[1].reason is FailureReason.LOST_LEASE
    assert case.claim_id != lost.claim_id
    assert case.prediction_key is not None
    assert str(case.claim_id) in case.prediction_key
    assert world.platform.store.read(case.prediction_key, limit=100) == b"in time"


def claim_and_stop_in_the_turn(platform: TinyPlatform) -> None:
    with platform.open() as tx:
        claim_next(tx, stages=ALL_STAGES, node=NODE, lease_seconds=60)
        stand_still()


def test_a_process_that_stands_still_in_its_turn_to_claim_loses_the_turn_not_the_platform(
    world: World,
) -> None:
    with world.stopped(claim_and_stop_in_the_turn) as worker:
        assert world.platform.claim() is not None
    assert worker.exitcode != 0
    case, events = world.first_case()
    assert (case.attempt, len(events)) == (1, 1)


def test_no_transaction_of_the_platform_may_stand_still_for_ever(world: World) -> None:
    with transaction(world.platform.sessions, world.platform.queue) as tx:
        assert tx.session.scalar(text("SHOW idle_in_transaction_session_timeout")) == "1h"
        assert tx.session.scalar(text("SHOW lock_timeout")) == "20s"
