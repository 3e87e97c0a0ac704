"""The front page: the editions, and the viewer's own submissions."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from mood_platform.db.transaction import Transaction
from mood_platform.http.dependencies import Tx, Viewer, World
from mood_platform.models import Team
from mood_platform.submissions.queries import list_submissions
from mood_platform.views.participant import SubmissionView
from mood_platform.views.storage import view_storage
from mood_platform.views.submission import view_submissions
from mood_platform.web.edition import read_editions
from mood_platform.web.templating import render_page

router = APIRouter()
SHOWN = 20


@router.get("/")
def show_home(request: Request, tx: Tx, viewer: Viewer, context: World) -> Response:
    team = viewer.team if viewer else None
    editions = read_editions(tx, team=team)
    return render_page(
        request,
        "home.html",
        viewer=viewer,
        now=tx.now,
        editions=editions,
        nav=editions[0].challenge.slug if len(editions) == 1 else None,
        submissions=_newest(tx, team),
        storage=view_storage(tx, team, context.settings) if team else None,
    )


def _newest(tx: Transaction, team: Team | None) -> list[SubmissionView]:
    if team is None:
        return []
    return view_submissions(tx, list_submissions(tx, team=team, limit=SHOWN))
