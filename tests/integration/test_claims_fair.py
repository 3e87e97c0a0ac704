"""Claims on a real database: order, fairness, leases, and what a lost claim may no longer do."""

from __future__ import annotations

import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import select

from mood_platform.db.engine import Sessions
from mood_platform.execution.outcome import Outcome
from mood_platform.execution.runtime import Collected, Execution
from mood_platform.failures import FailureReason
from mood_platform.models import CaseRun, CaseRunState, Event, Run, RunState, Stage, Submission
from mood_platform.nodes.door import Claim
from mood_platform.queueing import Job
from mood_platform.runs.claims import heartbeat, live_claims, record
from mood_platform.runs.service import cancel_run
from mood_platform.runs.sweeper import sweep
from mood_platform.storage.local import LocalStore
from mood_support.factories import TinyPlatform, make_platform
from mood_support.night import skip_toy_cases

pytestmark = pytest.mark.integration

DONE = Execution(collected=Collected.PRESENT, exit_code=0, seconds=0.5)
COLLECTED = Outcome("collected")
FAULT = Outcome("platform_fault", FailureReason.ENGINE_ERROR)


@pytest.fixture
def platform(sessions: Sessions, store: LocalStore, tmp_path: Path) -> TinyPlatform:
    return make_platform(sessions, store, tmp_path / "sets")


def finish(platform: TinyPlatform, claim: Claim, outcome: Outcome = COLLECTED) -> bool:
    with platform.open() as tx:
        return record(tx, claim_id=claim.claim_id, outcome=outcome, execution=DONE)


def case_run_of(platform: TinyPlatform, claim: Claim) -> CaseRun:
    with platform.open() as tx:
        return tx.session.get_one(CaseRun, claim.case_run_id)


def claim_all(platform: TinyPlatform, *stages: Stage) -> list[Claim]:
    claims = []
    while (claim := platform.claim(*stages)) is not None:
        claims.append(claim)
    return claims


def submit_past_toy(platform: TinyPlatform, name: str) -> UUID:
    """A Run of this new Team whose hidden cases wait."""
    submission = platform.submit(platform.join(name))
    with platform.open() as tx:
        run = tx.session.scalars(select(Run).where(Run.submission_id == submission.id)).one()
        skip_toy_cases(tx, run)
    return run.id


def toy_flags(platform: TinyPlatform, claims: list[Claim]) -> list[bool]:
    return [case_run_of(platform, claim).toy for claim in claims]


def test_toy_cases_of_a_challenge_run_come_first_and_hidden_ones_wait_for_their_report(
    platform: TinyPlatform,
) -> None:
    submission = platform.submit(platform.join("north"))
    claims = claim_all(platform)
    assert toy_flags(platform, claims) == [True] * 8
    platform.open_hidden_cases(platform.run_of(submission).id)
    assert toy_flags(platform, claim_all(platform)) == [False] * 8


def test_one_toy_case_goes_first_and_the_others_take_turns_with_hidden_cases(platform: TinyPlatform) -> None:
    submit_past_toy(platform, "north")
    platform.submit(platform.join("south"), stage=Stage.TOY)
    claims = claim_all(platform)
    assert toy_flags(platform, claims) == [True, *[False, True] * 7, False]


def test_a_toy_slot_takes_toy_cases_of_any_run_and_no_hidden_one(platform: TinyPlatform) -> None:
    submission = platform.submit(platform.join("north"))
    assert len(claim_all(platform, Stage.TOY)) == 8
    platform.open_hidden_cases(platform.run_of(submission).id)
    assert platform.claim(Stage.TOY) is None
    assert platform.claim(Stage.CHALLENGE) is not None


def test_two_teams_share_the_slots_evenly(platform: TinyPlatform) -> None:
    runs = {submit_past_toy(platform, name): name for name in ("north", "south")}
    with ThreadPoolExecutor(6) as slots:
        claims = [claim for claim in slots.map(lambda _: platform.claim(), range(6)) if claim]
    assert Counter(runs[claim.run_id] for claim in claims) == {"north": 3, "south": 3}


def test_with_one_slot_a_team_does_not_wait_for_all_cases_of_an_earlier_one(platform: TinyPlatform) -> None:
    first, second = (platform.submit(platform.join(name)) for name in ("north", "south"))
    order = []
    for _ in range(16):
        claim = platform.claim()
        assert claim is not None
        assert finish(platform, claim)
        order.append(claim.run_id)
    assert order[:2] == [platform.run_of(first).id, platform.run_of(second).id]


def test_no_case_is_ever_handed_out_twice(platform: TinyPlatform) -> None:
    for name in ("north", "south", "east"):
        platform.submit(platform.join(name))
    with ThreadPoolExecutor(8) as slots:
        claims = [claim for claim in slots.map(lambda _: platform.claim(), range(40)) if claim]
    assert len(claims) == 24
    assert len({claim.case_run_id for claim in claims}) == 24


def test_a_claim_starts_the_run_and_leaves_its_trace(platform: TinyPlatform) -> None:
    submission = platform.submit(platform.join("north"))
    claim = platform.claim()
    assert claim is not None
    case_run = case_run_of(platform, claim)
    assert (case_run.state, case_run.attempt, case_run.node) == (CaseRunState.RUNNING, 1, "node-1")
    assert platform.run_of(submission).state is RunState.RUNNING
    with platform.open() as tx:
        events = tx.session.scalars(select(Event).where(Event.run_id == claim.run_id)).all()
        assert {(event.subject, event.after) for event in events} == {
            ("case_run", "running"),
            ("run", "running"),
        }
        assert live_claims(tx, claim_ids=[claim.claim_id]) == {claim.claim_id}


def test_a_claim_that_leaves_work_rings_again_and_the_last_one_does_not(platform: TinyPlatform) -> None:
    platform.submit(platform.join("north"), stage=Stage.TOY)
    for left in reversed(range(8)):
        platform.queue.pending.clear()
        platform.claim()
        assert platform.queue.pending == ([(Job.WORK, {"stage": "toy"})] if left else [])


def test_images_already_on_the_node_do_not_let_a_later_team_overtake(platform: TinyPlatform) -> None:
    first = platform.submit(platform.join("north"))
    platform.submit(platform.join("south"))
    claim = platform.claim()
    assert claim is not None
    assert claim.run_id == platform.run_of(first).id


def test_a_recorded_prediction_goes_to_scoring(platform: TinyPlatform) -> None:
    platform.submit(platform.join("north"))
    claim = platform.claim()
    assert claim is not None
    assert finish(platform, claim)
    assert platform.queue.sent[-1] == (Job.SCORE_CASE, {"case_run_id": str(claim.case_run_id)})
    assert not finish(platform, claim), "the same result twice"


def test_a_heartbeat_keeps_a_claim_beyond_its_lease(platform: TinyPlatform) -> None:
    platform.submit(platform.join("north"))
    claim = platform.claim(lease_seconds=0)
    assert claim is not None
    with platform.open() as tx:
        assert heartbeat(tx, claim_id=claim.claim_id, lease_seconds=60)
    assert sweep(platform.sessions, platform.queue, max_attempts=3) == 0


def test_a_lost_lease_cannot_beat_or_record_any_more(platform: TinyPlatform) -> None:
    platform.submit(platform.join("north"))
    claim = platform.claim(lease_seconds=-1)
    assert claim is not None
    assert sweep(platform.sessions, platform.queue, max_attempts=3) == 1
    with platform.open() as tx:
        assert not heartbeat(tx, claim_id=claim.claim_id, lease_seconds=60)
    assert not finish(platform, claim)
    case_run = case_run_of(platform, claim)
    assert (case_run.state, case_run.reason) == (CaseRunState.QUEUED, FailureReason.LOST_LEASE)


def test_sweeping_twice_changes_nothing_more(platform: TinyPlatform) -> None:
    platform.submit(platform.join("north"))
    claim = platform.claim(lease_seconds=-1)
    assert claim is not None
    assert [sweep(platform.sessions, platform.queue, max_attempts=3) for _ in range(2)] == [1, 0]
    assert case_run_of(platform, claim).attempt == 1


def test_the_third_lost_lease_parks_the_case_and_everything_else_of_its_run_goes_on(
    platform: TinyPlatform,
) -> None:
    submission = platform.submit(platform.join("north"))
    victim = _lose_until_parked(platform)
    run = platform.run_of(submission)
    assert (run.state, run.reason) == (RunState.RUNNING, None)
    with platform.open() as tx:
        states = Counter(tx.session.scalars(select(CaseRun.state)))
        assert states == {CaseRunState.PARKED: 1, CaseRunState.RUNNING: 7, CaseRunState.QUEUED: 8}
        case_run = tx.session.get_one(CaseRun, victim)
        assert (case_run.attempt, case_run.reason) == (3, FailureReason.LOST_LEASE)
        assert tx.session.get_one(Submission, submission.id).refunded_at is None
    mails = [arguments for job, arguments in platform.queue.sent if job is Job.SEND_MAIL]
    assert mails == [{"kind": "run_parked", "run": str(run.id)}]


def _lose_until_parked(platform: TinyPlatform) -> UUID:
    """Everything but one case is running elsewhere, so that one case is claimed and lost three times."""
    for _ in range(7):
        platform.claim()
    lost = [platform.claim(lease_seconds=-1)]
    for _ in range(2):
        sweep(platform.sessions, platform.queue, max_attempts=3)
        lost.append(platform.claim(lease_seconds=-1))
    assert sweep(platform.sessions, platform.queue, max_attempts=3) == 1
    (victim,) = {claim.case_run_id for claim in lost if claim}
    return victim


def test_a_case_that_met_a_broken_engine_rests_before_it_is_tried_again(platform: TinyPlatform) -> None:
    platform.submit(platform.join("north"))
    claims = [platform.claim() for _ in range(8)]
    assert claims[0] is not None
    assert finish(platform, claims[0], FAULT)
    assert platform.claim() is None
    with platform.open() as tx:
        case_run = tx.session.get_one(CaseRun, claims[0].case_run_id)
        assert case_run.state is CaseRunState.QUEUED
        assert case_run.lease_until is not None
        case_run.lease_until = tx.now
    again = platform.claim()
    assert again is not None
    assert again.case_run_id == claims[0].case_run_id


def test_cancelling_takes_the_claims_away(platform: TinyPlatform) -> None:
    submission = platform.submit(platform.join("north"))
    claim = platform.claim()
    assert claim is not None
    with platform.open() as tx:
        cancel_run(tx, run=tx.session.get_one(Run, claim.run_id), actor="north@example.org")
    assert platform.run_of(submission).state is RunState.CANCELLED
    assert not finish(platform, claim)
    assert platform.claim() is None


def test_claiming_recording_and_cancelling_at_once_never_deadlocks(platform: TinyPlatform) -> None:
    runs = [platform.run_of(platform.submit(platform.join(f"team-{index}"))).id for index in range(4)]

    def work(_: int) -> None:
        claim = platform.claim()
        if claim is not None:
            finish(platform, claim, FAULT if claim.case_run_id.int % 3 else COLLECTED)

    def cancel(run_id: UUID) -> None:
        with platform.open() as tx:
            cancel_run(tx, run=tx.session.get_one(Run, run_id), actor="organizer")

    started = time.monotonic()
    with ThreadPoolExecutor(8) as threads:
        futures = [threads.submit(work, index) for index in range(30)]
        futures += [threads.submit(cancel, run_id) for run_id in runs[:2]]
        futures += [threads.submit(work, index) for index in range(30)]
        for future in futures:
            future.result()
    assert time.monotonic() - started < 20
    with platform.open() as tx:
        live = select(CaseRun.id).where(CaseRun.run_id.in_(runs[:2]), CaseRun.state != CaseRunState.CANCELLED)
        left = [tx.session.get_one(CaseRun, case_id).state for case_id in tx.session.scalars(live)]
    assert left == []
