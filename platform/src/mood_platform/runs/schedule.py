"""What waits to be run, and the bells that announce it; the order of its turn is `order`'s."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    DateTime,
    Float,
    Row,
    Select,
    and_,
    bindparam,
    func,
    or_,
    select,
    text,
    true,
)

from mood_platform.db.transaction import Transaction
from mood_platform.models import LIVE_RUNS, CaseRun, CaseRunState, Image, Run, RunState, Stage, Submission
from mood_platform.queueing import Work
from mood_platform.runs.avoidance import Suiting, untroubled
from mood_platform.runs.checked import is_checked
from mood_platform.runs.order import Waiting, within_toy_limit

Found = Row[Any]


def waiting_cases(
    tx: Transaction,
    *,
    images: Collection[str] = (),
    suiting: Suiting | None = None,
    run_id: UUID | None = None,
) -> Sequence[Waiting]:
    """The next case of every Run (or of this one) that may run now.

    Hidden cases wait until the toy cases of their Run were reported, a case may rest after a fault, an Image
    may have to be checked again, and a Team has few toy Runs in flight. Where the next case does not suit
    a later one of its Run stands in.
    """
    query = _next_cases(untroubled() if suiting is None else suiting.plain)
    facts = {"now": tx.now, "images": list(images)}
    rows = tx.session.execute(query if run_id is None else query.where(Run.id == run_id), facts).all()
    unsuited = [row.run_id for row in rows if not row.suits]
    stand_ins: dict[UUID, Found] = {}
    if unsuited and suiting is not None:
        others = _next_cases(suiting.whole(), alone=True).where(Run.id.in_(unsuited))
        stand_ins = {row.run_id: row for row in tx.session.execute(others, facts)}
    waiting = [_read(stand_ins.get(row.run_id, row)) for row in rows]
    return within_toy_limit(waiting, {row.team_id: row.toy_runs or 0 for row in rows})


def ring_for_waiting_work(tx: Transaction) -> None:
    """One bell for each queue that has work; the queue drops a bell while the same one hangs unanswered."""
    ring(tx, {waiting.kind for waiting in waiting_cases(tx)})


def ring(tx: Transaction, kinds: Collection[Stage]) -> None:
    for stage in sorted(kinds):
        tx.enqueue(Work(stage))


def _read(row: Found) -> Waiting:
    return Waiting(
        case_run_id=row.case_run_id,
        run_id=row.run_id,
        team_id=row.team_id,
        kind=Stage.TOY if row.toy else row.stage,
        stage=row.stage,
        begun=row.state is not RunState.QUEUED,
        suits=row.suits,
        prior=row.prior,
        here=row.here,
        submitted_at=row.submitted_at,
        number=(row.submission_number, row.run_number),
        limit=row.seconds,
    )


@lru_cache(maxsize=4)
def _next_cases(suiting: ColumnElement[bool], *, alone: bool = False) -> Select[Any]:
    """A row a Run: its first queued case and whether that suits, or the first one that does."""
    now = bindparam("now", type_=DateTime(timezone=True))
    images: BindParameter[str] = bindparam("images", expanding=True)
    first = (
        select(CaseRun.id, CaseRun.toy, suiting.label("suits"))
        .where(CaseRun.run_id == Run.id, CaseRun.state == CaseRunState.QUEUED)
        .where(or_(CaseRun.lease_until.is_(None), CaseRun.lease_until <= now))
        .where(suiting if alone else true())
        .order_by(CaseRun.position)
        .limit(1)
        .correlate(Run, Image)
        .lateral("first")
    )
    in_flight = _toy_runs_in_flight().subquery()
    return (
        select(first.c.id.label("case_run_id"), first.c.toy, first.c.suits)
        .add_columns(Run.id.label("run_id"), Run.stage, Run.state, Run.number.label("run_number"))
        .add_columns(Run.limits["seconds"].astext.cast(Float).label("seconds"))
        .add_columns(Submission.team_id, Submission.submitted_at, Submission.prior)
        .add_columns(Submission.number.label("submission_number"), in_flight.c.toy_runs)
        .add_columns(Image.digest.in_(images).label("here"))
        .select_from(Run)
        .join(Submission, Run.submission_id == Submission.id)
        .join(Image, Submission.image_id == Image.id)
        .join(first, true())
        .outerjoin(in_flight, in_flight.c.team_id == Submission.team_id)
        .where(text(LIVE_RUNS), is_checked())
        .where(or_(first.c.toy, Run.toy_reported_at.is_not(None), Run.stage == Stage.ANALYSIS))
    )


def _toy_runs_in_flight() -> Select[UUID, int]:
    """By Team, those that have begun and are not over."""
    runs = func.count().label("toy_runs")
    counted = select(Submission.team_id, runs).join(Run, Run.submission_id == Submission.id)
    begun = and_(text(LIVE_RUNS), Run.state != RunState.QUEUED, Run.stage == Stage.TOY)
    return counted.where(begun).group_by(Submission.team_id)
