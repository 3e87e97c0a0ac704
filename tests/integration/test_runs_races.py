"""Two at once: whoever comes second waits, finds what the first left, and each case ends once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, text, update

from mood_platform.db.engine import Sessions
from mood_platform.db.transaction import Transaction
from mood_platform.execution.outcome import Outcome
from mood_platform.execution.runtime import Collected, Execution
from mood_platform.failures import FailureReason
from mood_platform.machine.processes import wait_until
from mood_platform.models import CaseRun, CaseRunState, Event, Run, RunState
from mood_platform.nodes.door import Claim
from mood_platform.queueing import Job
from mood_platform.runs.claims import record
from mood_platform.runs.service import cancel_run
from mood_platform.runs.sweeper import sweep
from mood_platform.storage.local import LocalStore
from mood_support.factories import TinyPlatform, make_platform

pytestmark = pytest.mark.integration

DONE = Execution(collected=Collected.PRESENT, exit_code=0, seconds=0.5)
COLLECTED, FAULT = Outcome("collected"), Outcome("platform_fault", FailureReason.ENGINE_ERROR)
Act = Callable[[Transaction], object]


@pytest.fixture
def platform(sessions: Sessions, store: LocalStore, tmp_path: Path) -> TinyPlatform:
    return make_platform(sessions, store, tmp_path / "sets", cases=2)


@pytest.fixture
def claim(platform: TinyPlatform) -> Claim:
    platform.submit(platform.join("north"))
    found = platform.claim()
    assert found is not None
    return found


def recording(claim: Claim, outcome: Outcome = COLLECTED) -> Act:
    return lambda tx: record(tx, claim_id=claim.claim_id, outcome=outcome, execution=DONE)


def cancelling(claim: Claim) -> Act:
    return lambda tx: cancel_run(tx, run=tx.session.get_one(Run, claim.run_id), actor="o")


def one_waits_for_the_other(platform: TinyPlatform, first: Act, second: Act) -> object:
    """`second` begins while the transaction of `first` is open; gives what it found afterwards."""

    def act() -> object:
        with platform.open() as tx:
            return second(tx)

    with ThreadPoolExecutor(1) as other:
        with platform.open() as tx:
            first(tx)
            tx.session.flush()
            waiting = other.submit(act)
            assert wait_until(lambda: somebody_waits(platform), seconds=15, every=0.02)
        return waiting.result(timeout=15)


def somebody_waits(platform: TinyPlatform) -> bool:
    waiting = text("SELECT count(*) FROM pg_locks WHERE NOT granted")
    with platform.open() as tx:
        return bool(tx.session.scalar(waiting))


def events(platform: TinyPlatform, claim: Claim) -> list[str]:
    with platform.open() as tx:
        mine = select(Event.after).where(Event.subject_id == claim.case_run_id)
        return list(tx.session.scalars(mine.order_by(Event.sequence)))


def run_of(platform: TinyPlatform, claim: Claim) -> Run:
    with platform.open() as tx:
        return tx.session.get_one(Run, claim.run_id)


def test_a_cancel_that_comes_while_a_result_is_recorded_cancels_it_too(
    platform: TinyPlatform, claim: Claim
) -> None:
    one_waits_for_the_other(platform, recording(claim), cancelling(claim))
    assert events(platform, claim) == ["running", "collected", "cancelled"]
    assert run_of(platform, claim).state is RunState.CANCELLED


def test_a_result_that_comes_while_its_run_is_cancelled_is_dropped(
    platform: TinyPlatform, claim: Claim
) -> None:
    assert one_waits_for_the_other(platform, cancelling(claim), recording(claim)) is False
    assert events(platform, claim) == ["running", "cancelled"]


@pytest.mark.parametrize(("first", "second"), [(COLLECTED, FAULT), (FAULT, COLLECTED)])
def test_of_two_results_under_one_claim_the_second_is_dropped(
    platform: TinyPlatform, claim: Claim, first: Outcome, second: Outcome
) -> None:
    assert one_waits_for_the_other(platform, recording(claim, first), recording(claim, second)) is False
    assert len(events(platform, claim)) == 2


def test_four_sweepers_at_once_take_each_lost_lease_back_once(platform: TinyPlatform) -> None:
    for name in ("north", "south", "east"):
        platform.submit(platform.join(name))
    claims = [platform.claim() for _ in range(12)]
    with platform.open() as tx:
        lapsed = CaseRun.lease_until - timedelta(hours=1)
        tx.session.execute(update(CaseRun).where(CaseRun.claim_id.is_not(None)).values(lease_until=lapsed))
    with ThreadPoolExecutor(4) as sweepers:
        lost = sweepers.map(lambda _: sweep(platform.sessions, platform.queue, max_attempts=3), range(4))
    assert sum(lost) == len(claims) == 12
    with platform.open() as tx:
        taken = select(Event.subject_id).where(Event.reason == FailureReason.LOST_LEASE)
        assert set(Counter(tx.session.scalars(taken)).values()) == {1}
        assert set(tx.session.scalars(select(CaseRun.state))) == {CaseRunState.QUEUED}
    told = [arguments["kind"] for job, arguments in platform.queue.sent if job is Job.SEND_MAIL]
    assert told == ["node_quarantined"], "three leases in a row were lost on one Node, of several teams"
    assert {job for job, _ in platform.queue.sent} == {Job.WORK, Job.SEND_MAIL}
