"""The leaderboard page: published versions only."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from mood_evaluator import Task
from mood_platform.challenges.queries import find_challenge
from mood_platform.documents.leaderboard import Board
from mood_platform.errors import NotFound
from mood_platform.http.dependencies import Tx, Viewer
from mood_platform.views.leaderboard import find_leaderboard
from mood_platform.web.board import WIDTH, choose_axis, lay_out_rows, lay_out_significance
from mood_platform.web.changes import lay_out_changes
from mood_platform.web.edition import find_current_challenge
from mood_platform.web.templating import render_page

router = APIRouter()


@router.get("/leaderboard/{task}")
def lead_on(task: Task, tx: Tx, challenge: str | None = None, version: int | None = None) -> Response:
    """An address from before editions had their own, and the one that means the current edition."""
    edition = find_current_challenge(tx, slug=challenge)
    if edition is None:
        raise NotFound("There is no challenge yet.", remedy="Come back when one is announced.")
    query = "" if version is None else f"?version={version}"
    return RedirectResponse(f"/challenges/{edition.slug}/leaderboard/{task}{query}", status_code=303)


@router.get("/challenges/{slug}/leaderboard/{task}")
def show_leaderboard(
    slug: str, task: Task, request: Request, tx: Tx, viewer: Viewer, version: int | None = None
) -> Response:
    edition = find_challenge(tx, slug=slug)
    view = find_leaderboard(tx, challenge=edition, task=task, version=version)
    board = None if view is None else Board.from_json(view.document, place=f"version {view.version}")
    team = viewer.team.handle if viewer and viewer.team else None
    return render_page(
        request,
        "leaderboard.html",
        viewer=viewer,
        edition=edition,
        nav=edition.slug,
        task=task,
        tasks=list(Task),
        board=view,
        document=board,
        axis=choose_axis(board) if board else None,
        width=WIDTH,
        changes=lay_out_changes(board) if board else None,
        rows=lay_out_rows(board, own_team=team) if board else [],
        significance=lay_out_significance(board) if board else {},
    )
