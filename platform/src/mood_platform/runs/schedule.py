"""What waits to be run: the condition a claim uses, and the bells that announce it."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import ColumnElement, and_, case, or_, select, true

from mood_platform.db.transaction import Transaction
from mood_platform.models import LIVE, CaseRun, CaseRunState, Run, Stage
from mood_platform.queueing import Job


def claimable(tx: Transaction, *, stages: Collection[Stage] | None = None) -> ColumnElement[bool]:
    """Queued, not resting after a fault, and (if hidden) of a Run whose toy cases were reported.

    A slot that may not run a stage still takes its toy cases. Needs CaseRun joined with Run.
    """
    rested = or_(CaseRun.lease_until.is_(None), CaseRun.lease_until <= tx.now)
    opened = or_(CaseRun.toy, Run.toy_reported_at.is_not(None), Run.stage == Stage.ANALYSIS)
    allowed = true() if stages is None else or_(CaseRun.toy, Run.stage.in_(stages))
    return and_(CaseRun.state == CaseRunState.QUEUED, Run.state.in_(LIVE), rested, opened, allowed)


def ring_for_waiting_work(tx: Transaction) -> None:
    """One bell for each queue that has work; the queue drops a bell while the same one hangs unanswered."""
    kind = case((CaseRun.toy, Stage.TOY.value), else_=Run.stage)
    waiting = select(kind).join(Run, CaseRun.run_id == Run.id).where(claimable(tx)).distinct()
    for stage in sorted(str(name) for name in tx.session.scalars(waiting)):
        tx.enqueue(Job.WORK, stage=stage)
