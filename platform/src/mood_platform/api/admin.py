"""For organizers: every Submission with its Runs and cases, and what may be done to them."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field

from mood_platform.accounts.queries import audit_trail, find_team
from mood_platform.challenges.queries import find_challenge
from mood_platform.http.cursors import PAGE, decode_cursor, next_cursor
from mood_platform.http.dependencies import Organizer, Tx
from mood_platform.runs.queries import find_run
from mood_platform.runs.service import rerun, start_analysis, stop_run, unvoid_run, void_run
from mood_platform.submissions.priority import let_go_first, let_take_turns
from mood_platform.submissions.queries import Filter, find_any_submission, list_submissions
from mood_platform.submissions.service import exclude, include
from mood_platform.views.organizer import (
    AdminSubmissionView,
    AuditView,
    RunDetailView,
    view_admin_submission,
    view_audit,
    view_run,
)
from mood_platform.views.participant import Page

router = APIRouter(prefix="/admin", tags=["organizers"])
Text = Annotated[str, Field(max_length=2000)]
MOST = 2**31 - 1
"""The highest number that a column of numbers holds."""


class Reason(BaseModel):
    """Why; kept in the audit trail. What is decided about a submission is told to its team with the reason,
    what is decided about a run is not.
    """

    model_config = ConfigDict(extra="forbid")

    reason: Text


class Analysis(BaseModel):
    model_config = ConfigDict(extra="forbid")

    test_sets: Annotated[list[Text], Field(max_length=100)]


@router.get("/submissions")
def read_all_submissions(
    tx: Tx,
    _: Organizer,
    cursor: str | None = None,
    challenge: str | None = None,
    team: str | None = None,
    number: Annotated[int | None, Query(ge=1, le=MOST)] = None,
) -> Page[AdminSubmissionView]:
    """All teams', newest first, without their cases; of one edition, team (by handle) or number.

    An edition or team that does not exist is not found.
    """
    if challenge is not None:
        find_challenge(tx, slug=challenge)
    if team is not None:
        find_team(tx, handle=team)
    only = Filter(challenge=challenge, team=team, number=number)
    rows = list_submissions(tx, limit=PAGE, only=only, before=decode_cursor(cursor))
    onward = next_cursor([(row.submitted_at, row.id) for row in rows])
    return Page(items=[view_admin_submission(tx, row, cases=False) for row in rows], next_cursor=onward)


@router.get("/submissions/{submission_id}")
def read_any_submission(submission_id: UUID, tx: Tx, _: Organizer) -> AdminSubmissionView:
    """Everything: all Runs, every case with its outcome and score."""
    return view_admin_submission(tx, find_any_submission(tx, submission_id=submission_id), cases=True)


@router.post("/submissions/{submission_id}/exclude")
def exclude_submission(submission_id: UUID, body: Reason, tx: Tx, me: Organizer) -> AdminSubmissionView:
    """It falls out of the ranking, and its run in hand ends; the team reads the reason."""
    row = find_any_submission(tx, submission_id=submission_id)
    exclude(tx, submission=row, reason=body.reason, actor=me.actor)
    return view_admin_submission(tx, find_any_submission(tx, submission_id=submission_id), cases=False)


@router.post("/submissions/{submission_id}/include")
def include_submission(submission_id: UUID, body: Reason, tx: Tx, me: Organizer) -> AdminSubmissionView:
    """An exclusion is taken back: it stands where it stood; the team reads the reason."""
    row = find_any_submission(tx, submission_id=submission_id)
    include(tx, submission=row, reason=body.reason, actor=me.actor)
    return view_admin_submission(tx, find_any_submission(tx, submission_id=submission_id), cases=False)


@router.post("/submissions/{submission_id}/prioritize")
def prioritize_submission(submission_id: UUID, body: Reason, tx: Tx, me: Organizer) -> AdminSubmissionView:
    """Its cases come before those of all others; the team reads that it goes first, not why."""
    row = find_any_submission(tx, submission_id=submission_id)
    let_go_first(tx, submission=row, reason=body.reason, actor=me.actor)
    return view_admin_submission(tx, find_any_submission(tx, submission_id=submission_id), cases=False)


@router.post("/submissions/{submission_id}/unprioritize")
def unprioritize_submission(submission_id: UUID, body: Reason, tx: Tx, me: Organizer) -> AdminSubmissionView:
    """It takes its turn like all others again."""
    row = find_any_submission(tx, submission_id=submission_id)
    let_take_turns(tx, submission=row, reason=body.reason, actor=me.actor)
    return view_admin_submission(tx, find_any_submission(tx, submission_id=submission_id), cases=False)


@router.post("/submissions/{submission_id}/rerun", status_code=201)
def rerun_submission(submission_id: UUID, body: Reason, tx: Tx, me: Organizer) -> RunDetailView:
    """The same image once more; order and quota stay."""
    row = find_any_submission(tx, submission_id=submission_id)
    return view_run(tx, rerun(tx, submission=row, reason=body.reason, actor=me.actor), cases=False)


@router.post("/submissions/{submission_id}/analyse", status_code=201)
def analyse_submission(submission_id: UUID, body: Analysis, tx: Tx, me: Organizer) -> RunDetailView:
    """Run it on further installed test sets: last in the queue, hidden from the team."""
    row = find_any_submission(tx, submission_id=submission_id)
    run = start_analysis(tx, submission=row, test_set_names=body.test_sets, actor=me.actor)
    return view_run(tx, run, cases=False)


@router.post("/runs/{run_id}/void")
def void(run_id: UUID, body: Reason, tx: Tx, me: Organizer) -> RunDetailView:
    """A scored Run no longer counts; the next scored one does."""
    run = find_run(tx, run_id=run_id)
    void_run(tx, run=run, reason=body.reason, actor=me.actor)
    return view_run(tx, run, cases=False)


@router.post("/runs/{run_id}/unvoid")
def unvoid(run_id: UUID, body: Reason, tx: Tx, me: Organizer) -> RunDetailView:
    """A voided Run counts again, if it is the first that was scored."""
    run = find_run(tx, run_id=run_id)
    unvoid_run(tx, run=run, reason=body.reason, actor=me.actor)
    return view_run(tx, run, cases=False)


@router.post("/runs/{run_id}/cancel")
def cancel(run_id: UUID, body: Reason, tx: Tx, me: Organizer) -> RunDetailView:
    """End a live Run; it costs the team no attempt, and the submission can be run again."""
    run = find_run(tx, run_id=run_id)
    stop_run(tx, run=run, reason=body.reason, actor=me.actor)
    return view_run(tx, run, cases=False)


@router.get("/audit")
def read_audit(tx: Tx, _: Organizer, cursor: str | None = None) -> Page[AuditView]:
    """Who did what, newest first."""
    rows = audit_trail(tx, limit=PAGE, before=decode_cursor(cursor))
    onward = next_cursor([(row.at, row.id) for row in rows])
    return Page(items=[view_audit(row) for row in rows], next_cursor=onward)
