"""How Runs and CaseRuns end early: cancelled, failed and refunded, or given to another Node after a fault.

Locks are always taken in one order: the Run, then its CaseRuns. Nobody can wait in a circle then.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, exists, select

from mood_platform.db.transaction import Transaction
from mood_platform.failures import Blame, FailureReason
from mood_platform.models import CaseRun, CaseRunState, Run, RunState, Stage, Submission
from mood_platform.queueing import SendMail
from mood_platform.runs.node_health import note_fault
from mood_platform.runs.parking import park, park_waiting
from mood_platform.terms import MailKind

LIVE_CASES = (CaseRunState.QUEUED, CaseRunState.RUNNING, CaseRunState.COLLECTED, CaseRunState.PARKED)
REST_SECONDS = 5.0
"""A case that met a broken engine rests this long, six times longer after each further fault."""


def lock_run(tx: Transaction, run_id: UUID) -> Run | None:
    """The Run, locked for a change of its state and read again."""
    query = select(Run).where(Run.id == run_id).with_for_update(key_share=True)
    return tx.session.scalar(query, execution_options={"populate_existing": True})


def lock_case(tx: Transaction, *condition: ColumnElement[bool]) -> CaseRun | None:
    """The one CaseRun of this condition, locked and read again: of two that would end it, one finds it."""
    query = select(CaseRun).where(*condition).with_for_update(key_share=True)
    return tx.session.scalar(query, execution_options={"populate_existing": True})


def cancel_cases(tx: Transaction, run: Run) -> None:
    """End every live case; a node that still runs one loses its claim and stops the container."""
    query = (
        select(CaseRun).where(CaseRun.run_id == run.id, CaseRun.state.in_(LIVE_CASES)).order_by(CaseRun.id)
    )
    locked = query.with_for_update(key_share=True).execution_options(populate_existing=True)
    for case_run in tx.session.scalars(locked):
        case_run.lease_until = None
        case_run.advance(CaseRunState.CANCELLED, now=tx.now)


def fail_run(tx: Transaction, *, run: Run, reason: FailureReason) -> None:
    """End a live Run that cannot be scored, give the attempt back and tell the team. The Run is locked.

    Organizers are told what failed for the platform's own reasons, of an analysis too.
    """
    cancel_cases(tx, run)
    run.advance(RunState.FAILED, now=tx.now, reason=reason)
    if run.stage is not Stage.ANALYSIS:
        refund(tx, submission_id=run.submission_id, reason=reason.text)
        tx.enqueue(SendMail(MailKind.RUN_FAILED, run.id))
    if reason.blame is Blame.PLATFORM:
        tx.enqueue(SendMail(MailKind.RUN_GAVE_UP, run.id))


def refund(tx: Transaction, *, submission_id: UUID, reason: str) -> bool:
    """Give a counted attempt back, once, unless the Submission has a score that counts."""
    query = select(Submission).where(Submission.id == submission_id).with_for_update(key_share=True)
    submission = tx.session.scalars(query, execution_options={"populate_existing": True}).one()
    scored = exists().where(
        Run.submission_id == submission_id,
        Run.stage == submission.stage,
        Run.state == RunState.SCORED,
        Run.voided_at.is_(None),
    )
    if not submission.counted or submission.refunded_at is not None or tx.session.scalar(select(scored)):
        return False
    submission.refunded_at, submission.refund_reason = tx.now, reason
    return True


def release(
    tx: Transaction,
    *,
    run: Run,
    case_run: CaseRun,
    reason: FailureReason,
    max_attempts: int,
    ran: bool,
) -> None:
    """A running case met a fault of ours: queue it for another Node, or park it. Both rows are locked.

    Limits that an Engine refuses are its Run's: no Node is blamed, and no case of the Run tried elsewhere.
    """
    if reason is FailureReason.LIMITS_REFUSED:
        case_run.finished_at = tx.now
        park(tx, run=run, case_run=case_run, reason=reason)
        park_waiting(tx, run=run, reason=reason)
        return
    _give_back(tx, run, case_run, reason, max_attempts)
    tx.session.flush()
    note_fault(tx, run=run, case_run=case_run, ran=ran)


def _give_back(
    tx: Transaction, run: Run, case_run: CaseRun, reason: FailureReason, max_attempts: int
) -> None:
    case_run.finished_at = tx.now
    case_run.failed_on = [*case_run.failed_on, str(case_run.node)]
    if run.held_since is not None or len(case_run.failed_on) >= max_attempts:
        park(tx, run=run, case_run=case_run, reason=reason)
        return
    case_run.lease_until = _rests_until(tx, case_run, reason)
    case_run.advance(CaseRunState.QUEUED, now=tx.now, reason=reason)


def _rests_until(tx: Transaction, case_run: CaseRun, reason: FailureReason) -> datetime | None:
    """A lost lease has waited long enough; an engine that failed needs time to come back."""
    if reason is FailureReason.LOST_LEASE:
        return None
    return tx.now + timedelta(seconds=REST_SECONDS * 6 ** (len(case_run.failed_on) - 1))
