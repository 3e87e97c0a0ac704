"""The run page of a Submission and its toy report, for the team that handed it in."""

from __future__ import annotations

from uuid import UUID

from fastapi import APIRouter, Request, Response

from mood_platform.accounts.principal import Principal
from mood_platform.db.transaction import Transaction
from mood_platform.documents.toy_report import ToyReport
from mood_platform.errors import NotFound, Unauthenticated
from mood_platform.http.dependencies import Tx, Viewer, World
from mood_platform.models import Submission
from mood_platform.submissions.queries import find_submission
from mood_platform.views.submission import view_submission
from mood_platform.views.toy_report import read_toy_report
from mood_platform.web.templating import render_page

router = APIRouter()


@router.get("/submissions/{submission_id}")
def show_submission(submission_id: UUID, request: Request, tx: Tx, viewer: Viewer) -> Response:
    submission = view_submission(tx, _find_own(tx, viewer, submission_id))
    return render_page(request, "submission.html", viewer=viewer, now=tx.now, submission=submission)


@router.get("/submissions/{submission_id}/report")
def show_report(submission_id: UUID, request: Request, tx: Tx, viewer: Viewer, context: World) -> Response:
    row = _find_own(tx, viewer, submission_id)
    document = read_toy_report(tx, submission=row, store=context.store)
    report = ToyReport.from_json(document, place="the toy report")
    return render_page(
        request, "report.html", viewer=viewer, submission=view_submission(tx, row), report=report
    )


def _find_own(tx: Transaction, viewer: Principal | None, submission_id: UUID) -> Submission:
    if viewer is None:
        raise Unauthenticated("Submissions are shown to their team.", remedy="Log in.")
    if viewer.team is None:
        raise NotFound("There is no such submission.", remedy="GET /api/v1/submissions lists your team's.")
    return find_submission(tx, team=viewer.team, submission_id=submission_id)
