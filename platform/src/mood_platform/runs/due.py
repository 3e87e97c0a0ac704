"""Which Runs are due for a next step: a toy report, or their results."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, exists, func, or_, select

from mood_platform.db.engine import Sessions
from mood_platform.db.transaction import Transaction
from mood_platform.models import LIVE, TERMINAL, CaseRun, Run
from mood_platform.queueing import Job


def due_runs() -> Select[UUID]:
    """Live Runs whose toy cases have all ended unreported, or whose cases have all ended."""
    return select(Run.id).where(Run.state.in_(LIVE), or_(toy_due(), ~_has_case(open_only=True)))


def toy_due() -> ColumnElement[bool]:
    toy_ended = and_(_has_case(toy_only=True), ~_has_case(toy_only=True, open_only=True))
    return and_(Run.toy_reported_at.is_(None), toy_ended)


def cases_ended(tx: Transaction, *, run_id: UUID) -> bool:
    return tx.session.scalar(select(Run.id).where(Run.id == run_id, ~_has_case(open_only=True))) is not None


def ring_if_due(tx: Transaction, *, run_id: UUID) -> None:
    """Asked in a new transaction after a case has ended: of two ending together, the later sees both."""
    if tx.session.scalar(due_runs().where(Run.id == run_id)) is not None:
        tx.enqueue(Job.SCORE_RUN, run_id=str(run_id))


def _has_case(*, toy_only: bool = False, open_only: bool = False) -> ColumnElement[bool]:
    found = exists().where(CaseRun.run_id == Run.id)
    if toy_only:
        found = found.where(CaseRun.toy)
    return found.where(CaseRun.state.not_in(TERMINAL)) if open_only else found


@contextmanager
def exclusively(sessions: Sessions, subject: UUID) -> Iterator[bool]:
    """True for one process at a time; the database lets go when that process dies."""
    key = int.from_bytes(subject.bytes[:8], "big", signed=True)
    with sessions() as session:
        yield bool(session.scalar(select(func.pg_try_advisory_xact_lock(key))))
