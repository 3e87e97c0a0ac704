"""What organizers see, hidden cases included; never used for anyone else."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from mood_evaluator import Dataset
from mood_platform.db.transaction import Transaction
from mood_platform.models import (
    AuditEvent,
    CaseRun,
    CaseRunState,
    Event,
    Run,
    RunState,
    Stage,
    Submission,
)
from mood_platform.runs.queries import case_runs_of, count_case_runs, events_of, runs_of, source_of
from mood_platform.submissions import queries as submissions
from mood_platform.views.participant import Document, Moment, SubmissionFacts, View
from mood_platform.views.submission import view_team


class CaseRunView(View):
    case: str
    dataset: Dataset
    toy: bool
    state: CaseRunState
    attempt: int
    seconds: float | None
    exit_code: int | None
    usage: Document | None
    """CPU seconds, memory, pressure (mood-usage/1); null where nothing could be measured."""
    first_run: Document | None
    """Of a case that the Node starved: how its first run went, which does not count."""
    reason: str | None
    flags: list[str]
    node: str | None
    score: Document | None
    unforeseen: str | None
    """How its prediction ended the reader, where nobody foresaw it."""


class EventView(View):
    at: Moment
    what: str
    """`run`, `case` and its id, `run_scoring`; `submission`, `image`, `upload`."""
    before: str
    after: str
    reason: str | None
    node: str | None


class RunDetailView(View):
    id: UUID
    number: int
    stage: Stage
    state: RunState
    since: Moment
    created_at: Moment
    reason: str | None
    counts: dict[str, int]
    """CaseRuns by state."""
    voided_at: Moment | None
    voided_reason: str
    predictions_removed_at: Moment | None
    logs_removed_at: Moment | None
    """When retention came to this Run; sizes and hashes of what it had left stay."""
    limits: Document
    cases: list[CaseRunView]
    history: list[EventView]
    """What it and its cases went through, oldest first."""


class AdminSubmissionView(SubmissionFacts):
    prior: bool
    """Organizers let it go first."""
    image: UUID
    digest: str | None
    runs: list[RunDetailView]
    history: list[EventView]
    """What it, its image and that image's uploads went through, oldest first."""


class AuditView(View):
    id: UUID
    at: Moment
    actor: str
    action: str
    subject: str
    reason: str
    data: Document


def view_admin_submission(tx: Transaction, row: Submission, *, cases: bool) -> AdminSubmissionView:
    return AdminSubmissionView(
        id=row.id,
        number=row.number,
        name=row.name,
        team=view_team(row.team),
        challenge=row.challenge.slug,
        task=row.task,
        stage=row.stage,
        state=row.state,
        state_reason=row.state_reason,
        submitted_at=row.submitted_at,
        counted=row.counted,
        refunded_at=row.refunded_at,
        refund_reason=row.refund_reason,
        prior=row.prior,
        image=row.image_id,
        digest=row.image.digest,
        runs=[view_run(tx, run, cases=cases) for run in runs_of(tx, submission=row)],
        history=[_view_event(event, {}) for event in submissions.events_of(tx, submission=row)]
        if cases
        else [],
    )


def view_run(tx: Transaction, run: Run, *, cases: bool) -> RunDetailView:
    """One that took a result over is void where the Run that ran is; `cases`: with them and its history."""
    source = source_of(tx, run=run)
    rows = case_runs_of(tx, run=run) if cases else []
    names = {row.id: row.case.case_id for row in rows}
    return RunDetailView(
        id=run.id,
        number=run.number,
        stage=run.stage,
        state=run.state,
        since=run.state_since,
        created_at=run.created_at,
        reason=run.reason and run.reason.value,
        counts=count_case_runs(tx, run=run),
        voided_at=source.voided_at,
        voided_reason=source.voided_reason,
        predictions_removed_at=run.predictions_removed_at,
        logs_removed_at=run.logs_removed_at,
        limits=run.limits,
        cases=[_view_case(row) for row in rows],
        history=[_view_event(event, names) for event in events_of(tx, run=run)] if cases else [],
    )


def view_audit(event: AuditEvent) -> AuditView:
    return AuditView(
        id=event.id,
        at=event.at,
        actor=event.actor,
        action=event.action,
        subject=event.subject,
        reason=event.reason,
        data=event.data,
    )


def _view_event(event: Event, cases: Mapping[UUID, str]) -> EventView:
    """`cases`: names of cases by the id of their CaseRun."""
    case = cases.get(event.subject_id)
    return EventView(
        at=event.at,
        what=event.subject if case is None else f"case {case}",
        before=event.before,
        after=event.after,
        reason=event.reason and event.reason.value,
        node=event.node,
    )


def _view_case(row: CaseRun) -> CaseRunView:
    return CaseRunView(
        case=row.case.case_id,
        dataset=row.dataset,
        toy=row.toy,
        state=row.state,
        attempt=row.attempt,
        seconds=row.seconds,
        exit_code=row.exit_code,
        usage=row.usage,
        first_run=row.first_run,
        reason=row.reason and row.reason.value,
        flags=row.flags,
        node=row.node,
        score=row.score,
        unforeseen=row.unforeseen,
    )
