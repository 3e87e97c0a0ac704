"""What waits to be run, in the order of its turn, and the bells that announce it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import ColumnElement, func, or_, select, true

from mood_platform.db.transaction import Transaction
from mood_platform.models import LIVE, CaseRun, CaseRunState, Image, Run, Stage, Submission
from mood_platform.queueing import Job


@dataclass(frozen=True, slots=True)
class Waiting:
    """The next case of one Run."""

    case_run_id: UUID
    run_id: UUID
    kind: Stage
    """The bell that announces it: toy for toy cases of any Run, else the stage of the Run."""


def waiting_cases(
    tx: Transaction, *, images: Collection[str] = (), suiting: ColumnElement[bool] | None = None
) -> Sequence[Waiting]:
    """The next case of every Run that has one: toy cases first, analysis last, then by the Team with the
    fewest running cases, by `submitted_at`, and by images that are here already.

    Hidden cases wait until the toy cases of their Run were reported; a case may rest after a fault. Only
    those are named that are `suiting`, which speaks of a CaseRun, its Run and its Image.
    """
    first = (
        select(CaseRun.id, CaseRun.toy)
        .where(CaseRun.run_id == Run.id, CaseRun.state == CaseRunState.QUEUED)
        .where(or_(CaseRun.lease_until.is_(None), CaseRun.lease_until <= tx.now))
        .where(true() if suiting is None else suiting)
        .order_by(CaseRun.position)
        .limit(1)
        .correlate(Run, Image)
        .lateral("first")
    )
    running = (
        select(Submission.team_id, func.count().label("cases"))
        .join(Run, Run.submission_id == Submission.id)
        .join(CaseRun, CaseRun.run_id == Run.id)
        .where(CaseRun.state == CaseRunState.RUNNING)
        .group_by(Submission.team_id)
        .subquery()
    )
    opened = or_(first.c.toy, Run.toy_reported_at.is_not(None), Run.stage == Stage.ANALYSIS)
    query = (
        select(first.c.id, Run.id, first.c.toy, Run.stage)
        .select_from(Run)
        .join(Submission, Run.submission_id == Submission.id)
        .join(Image, Submission.image_id == Image.id)
        .join(first, true())
        .outerjoin(running, running.c.team_id == Submission.team_id)
        .where(Run.state.in_(LIVE), opened)
        .order_by(
            first.c.toy.desc(),
            Run.stage == Stage.ANALYSIS,
            func.coalesce(running.c.cases, 0),
            Submission.submitted_at,
            Image.digest.in_(images).desc(),
            Run.number,
        )
    )
    rows = tx.session.execute(query)
    return [Waiting(case_id, run_id, Stage.TOY if toy else stage) for case_id, run_id, toy, stage in rows]


def ring_for_waiting_work(tx: Transaction) -> None:
    """One bell for each queue that has work; the queue drops a bell while the same one hangs unanswered."""
    for stage in sorted({waiting.kind for waiting in waiting_cases(tx)}):
        tx.enqueue(Job.WORK, stage=str(stage))
