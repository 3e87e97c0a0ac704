"""Claims: which CaseRun a slot runs next, and the few things its node may say about it afterwards."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import timedelta
from uuid import UUID, uuid4

from sqlalchemy import ColumnElement, Row, func, select, update

from mood_evaluator import Task
from mood_platform.db.transaction import Transaction
from mood_platform.execution.limits import Limits
from mood_platform.execution.outcome import Outcome
from mood_platform.execution.runtime import Execution
from mood_platform.execution.starvation import Lack
from mood_platform.failures import FailureReason
from mood_platform.models import (
    LIVE,
    Case,
    CaseRun,
    CaseRunState,
    Image,
    Run,
    RunState,
    Submission,
)
from mood_platform.nodes.door import Claim, ClaimingNode, Left, Presence
from mood_platform.queueing import ScoreCase, ScoreRun
from mood_platform.runs.alone import claimable
from mood_platform.runs.avoidance import what_suits
from mood_platform.runs.endings import lock_case, lock_run, release
from mood_platform.runs.left import keep_left
from mood_platform.runs.node_health import (
    is_quarantined,
    note_good_case,
    say_alive,
    see,
    teams_failed_in_a_row,
)
from mood_platform.runs.order import Field, Waiting
from mood_platform.runs.schedule import ring, ring_for_waiting_work, waiting_cases
from mood_platform.runs.second_run import end_second_run, run_again_alone
from mood_platform.runs.suspicion import note_own_end
from mood_platform.runs.turns import begin_turn, look
from mood_platform.terms import Stage

CLAIM_LOCK = 0x6D6F6F64
"""Advisory lock: claims take turns. A claim waits for nothing else, so turns are milliseconds."""
TURN = "5s"
"""A process that stands still in its turn loses it: the database ends its session, the others go on."""


Found = Row[CaseRun, Run, Task, str | None, str, dict[str, int]]


def claim_next(
    tx: Transaction,
    *,
    stages: Collection[Stage],
    node: ClaimingNode,
    lease_seconds: float,
    toy_share: float = 0.1,
) -> Claim | None:
    """Hand out the next case, or None; rings again while work remains.

    Claims take turns, so that each sees what all others have taken: this is what makes teams share the
    slots evenly. A Run that is just being changed is passed over; the bell tells.
    """
    see(tx, Presence(name=node.name, machine=node.machine, stages=stages, facts=node.facts))
    turn = func.set_config("idle_in_transaction_session_timeout", TURN, True)
    tx.session.execute(select(turn, func.pg_advisory_xact_lock(CLAIM_LOCK)))
    room = None
    if not is_quarantined(tx, name=node.name):
        room = claimable(tx, node=node.name, machine=node.machine, stages=stages, lease_seconds=lease_seconds)
    if room is None:
        ring_for_waiting_work(tx)
        return None
    suiting = what_suits(tx, node=node.name, lease_seconds=lease_seconds).within(room)
    field = look(tx, images=node.images, suiting=suiting, toy_share=toy_share)
    taken = _take_first(tx, field, stages, node, lease_seconds)
    _ring_again(tx, field, taken=None if taken is None else taken[0])
    return None if taken is None else taken[1]


def _take_first(
    tx: Transaction, field: Field, stages: Collection[Stage], node: ClaimingNode, lease_seconds: float
) -> tuple[Waiting, Claim] | None:
    failed = teams_failed_in_a_row(tx, name=node.name)
    # Another Team's case tells whether the Node or the Image is sick: it comes first after a fault.
    for waiting in sorted(field.in_order(stages), key=lambda one: str(one.team_id) in failed):
        if (found := _lock(tx, waiting)) is not None:
            claim = _take(tx, found, node, lease_seconds)
            # A case that runs again alone had its turn when it was starved.
            speed = None if found[0].alone else node.speed
            begin_turn(tx, field, next_case=waiting, claim_id=claim.claim_id, speed=speed)
            return waiting, claim
    return None


def _ring_again(tx: Transaction, field: Field, *, taken: Waiting | None) -> None:
    """For all that still waits: what this look saw, and the case after the one that was taken."""
    kinds = {waiting.kind for waiting in field.waiting if waiting is not taken}
    if taken is not None and taken.kind not in kinds:
        kinds |= {waiting.kind for waiting in waiting_cases(tx, run_id=taken.run_id)}
    ring(tx, kinds)


def _lock(tx: Transaction, waiting: Waiting) -> Found | None:
    return tx.session.execute(
        select(CaseRun, Run, Submission.task, Image.digest, Case.image_sha256, Case.shape)
        .join(Run, CaseRun.run_id == Run.id)
        .join(Submission, Run.submission_id == Submission.id)
        .join(Image, Submission.image_id == Image.id)
        .join(Case, CaseRun.case_id == Case.id)
        .where(CaseRun.id == waiting.case_run_id, CaseRun.state == CaseRunState.QUEUED, Run.state.in_(LIVE))
        .with_for_update(of=(CaseRun, Run), skip_locked=True, key_share=True)
    ).first()


def _take(tx: Transaction, found: Found, node: ClaimingNode, lease_seconds: float) -> Claim:
    case_run, run, *_ = found
    case_run.claim_id, case_run.lease_until = uuid4(), tx.now + timedelta(seconds=lease_seconds)
    case_run.node, case_run.node_facts, case_run.attempt = node.name, dict(node.facts), case_run.attempt + 1
    case_run.started_at, case_run.finished_at = tx.now, None
    case_run.advance(CaseRunState.RUNNING, now=tx.now)
    if run.state is RunState.QUEUED:
        run.advance(RunState.RUNNING, now=tx.now)
    tx.session.flush()
    return _claim(found)


def _claim(found: Found) -> Claim:
    case_run, run, task, digest, case_sha256, shape = found
    assert case_run.claim_id is not None
    assert digest is not None, "only accepted images, which have a digest, are submitted"
    return Claim(
        claim_id=case_run.claim_id,
        run_id=run.id,
        case_run_id=case_run.id,
        image=digest,
        task=task,
        dataset=case_run.dataset,
        case_sha256=case_sha256,
        limits=Limits.restore(run.limits).for_case(task=task, shape=(shape["x"], shape["y"], shape["z"])),
    )


def heartbeat(tx: Transaction, *, claim_id: UUID, lease_seconds: float) -> bool:
    """Keep a claim, and say that its Node lives; False: it is lost, stop the container, drop the result."""
    until = tx.now + timedelta(seconds=lease_seconds)
    mine = update(CaseRun).where(CaseRun.claim_id == claim_id, CaseRun.state == CaseRunState.RUNNING)
    kept = tx.session.execute(mine.values(lease_until=until).returning(CaseRun.node)).first()
    if kept is not None:
        say_alive(tx, name=str(kept.node))
    return kept is not None


def record(
    tx: Transaction,
    *,
    claim_id: UUID,
    outcome: Outcome,
    execution: Execution,
    left: Sequence[Left] = (),
    lack: Lack | None = None,
    max_attempts: int = 3,
) -> bool:
    """Compare and set: write how the case ended if the claim is still held; False: drop the result.

    `lack`: what the Node did not give a case that was killed at its limit.
    """
    held = (CaseRun.claim_id == claim_id, CaseRun.state == CaseRunState.RUNNING)
    ours = outcome.state_name == "platform_fault" or lack is not None
    run = _lock_run_of(tx, *held) if ours else None
    case_run = lock_case(tx, *held)
    if case_run is None:
        return False
    case_run.seconds, case_run.exit_code = execution.seconds, execution.exit_code
    case_run.usage = None if execution.usage is None else execution.usage.to_json()
    case_run.flags = [str(flag) for flag in outcome.flags]
    keep_left(tx, case_run=case_run, left=left)
    if run is not None and outcome.state_name == "platform_fault":
        reason = outcome.reason or FailureReason.ENGINE_ERROR
        release(tx, run=run, case_run=case_run, reason=reason, max_attempts=max_attempts, ran=execution.ran)
        return True
    if run is not None and lack is not None and case_run.first_run is None:
        run_again_alone(tx, run=run, case_run=case_run, lack=lack)
    else:
        _conclude(tx, case_run, outcome)
    tx.session.flush()
    note_own_end(tx, case_run=case_run)
    note_good_case(tx, name=str(case_run.node))
    return True


def _conclude(tx: Transaction, case_run: CaseRun, outcome: Outcome) -> None:
    """The attempt counts. A prediction is scored next; without one the case has ended, its Run may have."""
    end_second_run(case_run)
    case_run.finished_at, case_run.lease_until = tx.now, None
    case_run.advance(CaseRunState(outcome.state_name), now=tx.now, reason=outcome.reason)
    if case_run.state is CaseRunState.COLLECTED:
        tx.enqueue(ScoreCase(case_run.id))
    else:
        tx.enqueue(ScoreRun(case_run.run_id))


def _lock_run_of(tx: Transaction, *held: ColumnElement[bool]) -> Run | None:
    """A fault may end the whole Run, which is then locked first."""
    run_id = tx.session.scalar(select(CaseRun.run_id).where(*held))
    return None if run_id is None else lock_run(tx, run_id)


def live_claims(tx: Transaction, *, claim_ids: Iterable[UUID]) -> set[UUID]:
    """Those of the given claims that are held now."""
    held = select(CaseRun.claim_id).where(
        CaseRun.claim_id.in_(list(claim_ids)), CaseRun.state == CaseRunState.RUNNING
    )
    return {claim_id for claim_id in tx.session.scalars(held) if claim_id is not None}
