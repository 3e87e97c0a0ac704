"""The front page: the edition, its leaderboards, and the viewer's own submissions."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from mood_evaluator import Task
from mood_platform.db.transaction import Transaction
from mood_platform.models import Challenge, Team
from mood_platform.serving.challenge_view import view_challenge
from mood_platform.serving.dependencies import Tx, Viewer, World
from mood_platform.serving.leaderboard_view import find_leaderboard
from mood_platform.serving.storage_view import view_storage
from mood_platform.serving.submission_view import view_submissions
from mood_platform.serving.views import SubmissionView
from mood_platform.submissions.queries import list_submissions
from mood_platform.web.edition import find_current_challenge
from mood_platform.web.templating import render_page

router = APIRouter()
SHOWN = 20


@router.get("/")
def show_home(request: Request, tx: Tx, viewer: Viewer, context: World) -> Response:
    challenge = find_current_challenge(tx)
    team = viewer.team if viewer else None
    return render_page(
        request,
        "home.html",
        viewer=viewer,
        now=tx.now,
        challenge=view_challenge(tx, challenge, team=team) if challenge else None,
        boards=_boards(tx, challenge),
        submissions=_newest(tx, team),
        storage=view_storage(tx, team, context.settings) if team else None,
    )


def _boards(tx: Transaction, challenge: Challenge | None) -> dict[str, object]:
    if challenge is None:
        return {}
    return {task.value: find_leaderboard(tx, challenge=challenge, task=task) for task in Task}


def _newest(tx: Transaction, team: Team | None) -> list[SubmissionView]:
    if team is None:
        return []
    return view_submissions(tx, list_submissions(tx, team=team, limit=SHOWN))
