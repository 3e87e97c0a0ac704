"""Reads for organizers: all Runs of a Submission, and how many cases of a Run are in which state."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import func, select

from mood_platform.db.transaction import Transaction
from mood_platform.models import CaseRun, Run, Submission


def runs_of(tx: Transaction, *, submission: Submission) -> Sequence[Run]:
    """First to last, analysis Runs included."""
    query = select(Run).where(Run.submission_id == submission.id)
    return tx.session.scalars(query.order_by(Run.number)).all()


def count_case_runs(tx: Transaction, *, run: Run) -> dict[str, int]:
    query = select(CaseRun.state, func.count()).where(CaseRun.run_id == run.id).group_by(CaseRun.state)
    return {state.value: count for state, count in tx.session.execute(query)}
