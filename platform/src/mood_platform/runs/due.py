"""Which Runs are due for a next step: a toy report, or their results."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, exists, func, or_, select

from mood_platform.db.engine import Sessions
from mood_platform.db.transaction import Transaction
from mood_platform.models import LIVE, TERMINAL, CaseRun, Run, RunState
from mood_platform.queueing import ScoreRun


class Step(StrEnum):
    """What comes next in a Run whose cases have ended."""

    REPORT = "report"
    """The toy report."""
    RESULTS = "results"


def due_runs() -> Select[UUID]:
    """Runs with a next step. A scored Run without its toy report is one too: it gets it late."""
    results = and_(Run.state.in_(LIVE), _results_due())
    return select(Run.id).where(Run.state.in_((*LIVE, RunState.SCORED)), or_(_toy_due(), results))


def next_step(tx: Transaction, *, run: Run) -> Step | None:
    """Of a locked Run. Both are asked in one statement: a case may end between two."""
    if not run.state.live and run.state is not RunState.SCORED:
        return None
    toy, results = tx.session.execute(
        select(_toy_due(), _results_due()).select_from(Run).where(Run.id == run.id)
    ).one()
    if toy:
        return Step.REPORT
    return Step.RESULTS if results and run.state.live else None


def ring_if_due(tx: Transaction, *, run_id: UUID) -> None:
    """Asked in a new transaction after a case has ended: of two ending together, the later sees both."""
    if tx.session.scalar(due_runs().where(Run.id == run_id)) is not None:
        tx.enqueue(ScoreRun(run_id))


def _toy_due() -> ColumnElement[bool]:
    """All toy cases have ended, unreported."""
    toy_ended = and_(_has_case(toy_only=True), ~_has_case(toy_only=True, open_only=True))
    return and_(Run.toy_reported_at.is_(None), toy_ended)


def _results_due() -> ColumnElement[bool]:
    """All cases have ended, and toy cases among them were reported."""
    reported = or_(Run.toy_reported_at.is_not(None), ~_has_case(toy_only=True))
    return and_(reported, ~_has_case(open_only=True))


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
