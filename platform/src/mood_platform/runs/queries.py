"""Reads Runs and their CaseRuns."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import joinedload

from mood_platform.db.transaction import Transaction
from mood_platform.errors import NotFound
from mood_platform.models import CaseRun, CaseRunState, Event, Run, RunState, Stage, Submission


def find_run(tx: Transaction, *, run_id: UUID) -> Run:
    """For organizers and jobs."""
    run = tx.session.get(Run, run_id)
    if run is None:
        raise NotFound(
            "There is no such run.", remedy="GET /api/v1/admin/submissions lists submissions and runs."
        )
    return run


def newest_run(tx: Transaction, *, submission: Submission) -> Run | None:
    """The Run that says where the Submission is now; analysis Runs are not about that."""
    mine = select(Run).where(Run.submission_id == submission.id, Run.stage != Stage.ANALYSIS)
    return tx.session.scalar(mine.order_by(Run.number.desc()).limit(1))


@dataclass(frozen=True, slots=True)
class Attempt:
    """A Run as its team knows it."""

    run: Run
    number: int
    """1, 2, … among the Runs a team may know of; `run.number` also counts the organizers' analyses."""


def newest_attempts(tx: Transaction, *, submission_ids: Collection[UUID]) -> dict[UUID, Attempt]:
    """By Submission, what `newest_run` is for each."""
    known = func.count().over(partition_by=Run.submission_id)
    mine = select(Run, known).where(Run.submission_id.in_(submission_ids), Run.stage != Stage.ANALYSIS)
    newest = mine.ext(distinct_on(Run.submission_id)).order_by(Run.submission_id, Run.number.desc())
    return {run.submission_id: Attempt(run, number) for run, number in tx.session.execute(newest)}


def has_parked_cases(tx: Transaction, *, submission: Submission) -> bool:
    """Whether a live Run of it waits with cases that we failed to run or to score."""
    parked = select(CaseRun.id).join(Run, CaseRun.run_id == Run.id)
    mine = parked.where(Run.submission_id == submission.id, Run.stage == submission.stage)
    return tx.session.scalar(mine.where(CaseRun.state == CaseRunState.PARKED).limit(1)) is not None


def counting_run(tx: Transaction, *, submission: Submission) -> Run | None:
    """The first Run that was scored and is not void; analysis Runs never count.

    For one that took over the results of another it is that other one, unless it is void.
    """
    mine = select(Run).where(
        Run.submission_id == submission.id,
        Run.stage == submission.stage,
        Run.state == RunState.SCORED,
        Run.voided_at.is_(None),
    )
    scored = (source_of(tx, run=run) for run in tx.session.scalars(mine.order_by(Run.number)))
    return next((run for run in scored if run.voided_at is None), None)


def source_of(tx: Transaction, *, run: Run) -> Run:
    """The Run that executed what this one shows: itself, or the one whose results it took over."""
    return run if run.results_of is None else tx.session.get_one(Run, run.results_of)


def case_runs_of(tx: Transaction, *, run: Run) -> Sequence[CaseRun]:
    """With their Cases, toy cases first."""
    query = select(CaseRun).where(CaseRun.run_id == run.id).options(joinedload(CaseRun.case))
    return tx.session.scalars(query.order_by(CaseRun.toy.desc(), CaseRun.position)).all()


def events_of(tx: Transaction, *, run: Run) -> Sequence[Event]:
    """The history of the Run, of its CaseRuns and of its rescorings, oldest first; for organizers."""
    return tx.session.scalars(select(Event).where(Event.run_id == run.id).order_by(Event.sequence)).all()


def runs_of(tx: Transaction, *, submission: Submission) -> Sequence[Run]:
    """All Runs, first to last, those for analysis included."""
    query = select(Run).where(Run.submission_id == submission.id)
    return tx.session.scalars(query.order_by(Run.number)).all()


def count_case_runs(tx: Transaction, *, run: Run) -> dict[str, int]:
    query = select(CaseRun.state, func.count()).where(CaseRun.run_id == run.id).group_by(CaseRun.state)
    return {state.value: count for state, count in tx.session.execute(query)}
