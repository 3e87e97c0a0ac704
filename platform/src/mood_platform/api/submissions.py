"""Submissions of the asking team: create, follow, read the toy report, withdraw, cancel."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Header
from pydantic import BaseModel, ConfigDict, Field

from mood_evaluator import Task
from mood_platform.accounts.principal import Principal
from mood_platform.db.transaction import Transaction
from mood_platform.http.context import Context
from mood_platform.http.cursors import PAGE, decode_cursor, next_cursor
from mood_platform.http.dependencies import Me, Tx, World
from mood_platform.models import Stage
from mood_platform.submissions.queries import find_submission, list_submissions
from mood_platform.submissions.service import cancel, submit, withdraw
from mood_platform.views.participant import Document, Page, SubmissionView
from mood_platform.views.submission import view_submission, view_submissions
from mood_platform.views.toy_report import read_toy_report

router = APIRouter(tags=["submissions"])


class NewSubmission(BaseModel):
    model_config = ConfigDict(extra="forbid")

    image: UUID
    task: Task
    stage: Stage
    challenge: str | None = Field(default=None, max_length=40)
    """The edition's slug; may be left out where exactly one is open. The answer names the one chosen."""
    name: str = Field(default="", max_length=200)
    again: bool = False
    """Confirms that an image scored for this Task takes its result over (else 409 already_scored)."""


@router.post("/submissions", status_code=201)
def create_submission(
    body: NewSubmission,
    tx: Tx,
    context: World,
    me: Me,
    idempotency_key: Annotated[str | None, Header(max_length=255)] = None,
) -> SubmissionView:
    """Submit an accepted image; the same Idempotency-Key again is the same Submission."""
    made = submit(
        tx,
        principal=me,
        image_id=body.image,
        task=body.task,
        stage=body.stage,
        challenge=body.challenge,
        name=body.name,
        again=body.again,
        idempotency_key=idempotency_key,
        team_bytes=context.settings.storage.team_bytes,
    )
    return _view(tx, context, me, made.id)


@router.get("/submissions")
def read_submissions(tx: Tx, context: World, me: Me, cursor: str | None = None) -> Page[SubmissionView]:
    """Your team's, newest first."""
    rows = list_submissions(tx, team=me.require_team(), limit=PAGE, before=decode_cursor(cursor))
    onward = next_cursor([(row.submitted_at, row.id) for row in rows])
    return Page(items=view_submissions(tx, rows, site=context.settings.api.public_url), next_cursor=onward)


@router.get("/submissions/{submission_id}")
def read_submission(submission_id: UUID, tx: Tx, context: World, me: Me) -> SubmissionView:
    """Where it is, what comes next, what failed and why."""
    return _view(tx, context, me, submission_id)


@router.get("/submissions/{submission_id}/report")
def read_report(submission_id: UUID, tx: Tx, context: World, me: Me) -> Document:
    """The toy report (mood-toy-report/1): outcomes, times, scores, logs of the public cases."""
    submission = find_submission(tx, team=me.require_team(), submission_id=submission_id)
    return read_toy_report(tx, submission=submission, store=context.store)


@router.post("/submissions/{submission_id}/withdraw")
def withdraw_submission(submission_id: UUID, tx: Tx, context: World, me: Me) -> SubmissionView:
    """It no longer stands for your team; the quota stays used."""
    withdraw(tx, principal=me, submission_id=submission_id)
    return _view(tx, context, me, submission_id)


@router.post("/submissions/{submission_id}/cancel")
def cancel_submission(submission_id: UUID, tx: Tx, context: World, me: Me) -> SubmissionView:
    """Before its first case: it is gone and not counted."""
    cancel(tx, principal=me, submission_id=submission_id)
    return _view(tx, context, me, submission_id)


def _view(tx: Transaction, context: Context, me: Principal, submission_id: UUID) -> SubmissionView:
    row = find_submission(tx, team=me.require_team(), submission_id=submission_id)
    return view_submission(tx, row, site=context.settings.api.public_url)
