"""Cases that we failed to run or to score, of Runs that a publication would have to wait for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from mood_platform.db.transaction import Transaction
from mood_platform.models import TERMINAL, CaseRun, CaseRunState, Run, Submission
from mood_platform.runs.dropped import Dropped
from mood_platform.runs.queries import newest_run


def parked_cases(tx: Transaction, *, submissions: Iterable[Submission]) -> list[CaseRun]:
    """Hidden ones, with their Cases, of Runs that are not held: of those it is decided first whose fault."""
    ids = [run.id for run in _free_runs(tx, submissions).values()]
    parked = (CaseRun.run_id.in_(ids), CaseRun.state == CaseRunState.PARKED, ~CaseRun.toy)
    query = select(CaseRun).where(*parked).options(joinedload(CaseRun.case))
    return list(tx.session.scalars(query.order_by(CaseRun.dataset.desc(), CaseRun.id)))


def waiting_for_dropped_alone(
    tx: Transaction, *, submissions: Sequence[Submission], dropped: Dropped
) -> dict[UUID, Run]:
    """By Submission, the Runs in which nothing is open any more but parked cases that are dropped."""
    runs = _free_runs(tx, submissions)
    query = select(CaseRun).where(
        CaseRun.run_id.in_([run.id for run in runs.values()]), CaseRun.state.not_in(TERMINAL)
    )
    open_cases = tx.session.scalars(query.options(joinedload(CaseRun.case))).all()
    waiting = {one.run_id for one in open_cases if not _is_given_up(one, dropped)}
    return {submission: run for submission, run in runs.items() if run.id not in waiting}


def _is_given_up(one: CaseRun, dropped: Dropped) -> bool:
    parked = one.state is CaseRunState.PARKED and not one.toy
    return parked and one.case.case_id in dropped.of(one.dataset)


def _free_runs(tx: Transaction, submissions: Iterable[Submission]) -> Mapping[UUID, Run]:
    """By Submission, the newest Run where it is live and not held; with Submission and Team."""
    newest = [newest_run(tx, submission=submission) for submission in submissions]
    free = [run.id for run in newest if run and run.state.live and run.held_since is None]
    query = select(Run).where(Run.id.in_(free)).order_by(Run.id)
    runs = tx.session.scalars(query.options(joinedload(Run.submission).joinedload(Submission.team)))
    return {run.submission_id: run for run in runs}
