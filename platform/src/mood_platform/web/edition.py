"""Editions: which ones there are, the page of each, and which one an address without a name means."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import APIRouter, Request, Response

from mood_evaluator import Task
from mood_platform.challenges.queries import find_challenge, list_challenges
from mood_platform.challenges.window import Phase, is_open, phase_of
from mood_platform.db.transaction import Transaction
from mood_platform.http.dependencies import Tx, Viewer
from mood_platform.leaderboards.queries import published_moments
from mood_platform.models import Challenge, Team
from mood_platform.views.challenge import view_challenge
from mood_platform.views.leaderboard import find_leaderboard
from mood_platform.views.participant import ChallengeView, LeaderboardView
from mood_platform.web.templating import render_page

router = APIRouter()


@dataclass(frozen=True, slots=True)
class Edition:
    """A challenge as pages show it."""

    challenge: ChallengeView
    state: Phase
    boards: dict[str, LeaderboardView | None]
    """The newest published version of each Task."""


@router.get("/challenges/{slug}")
def show_edition(slug: str, request: Request, tx: Tx, viewer: Viewer) -> Response:
    row = find_challenge(tx, slug=slug)
    edition = read_edition(tx, row, team=viewer.team if viewer else None)
    return render_page(
        request, "edition.html", viewer=viewer, now=tx.now, edition=edition, nav=edition.challenge.slug
    )


def read_editions(tx: Transaction, *, team: Team | None) -> list[Edition]:
    """Open ones first, then planned, then closed; of each the one that opened last first."""
    found = [read_edition(tx, row, team=team) for row in reversed(list_challenges(tx))]
    return sorted(found, key=lambda edition: list(Phase).index(edition.state))


def read_edition(tx: Transaction, row: Challenge, *, team: Team | None) -> Edition:
    boards = {task.value: find_leaderboard(tx, challenge=row, task=task) for task in Task}
    return Edition(view_challenge(tx, row, team=team), phase_of(row, now=tx.now), boards)


def find_current_challenge(tx: Transaction, *, slug: str | None = None) -> Challenge | None:
    """The one named; else the newest that is open, that has a board, that has opened, that is known.

    An edition that is only being drafted, whatever its dates, so takes no address away from a live one.
    """
    if slug is not None:
        return find_challenge(tx, slug=slug)
    known = list_challenges(tx)
    opened = [row for row in known if is_open(row, now=tx.now)]
    boards = {one for one, _ in published_moments(tx, challenge_ids=[row.id for row in known])}
    shown = [row for row in known if row.id in boards]
    past = [row for row in known if row.opens <= tx.now]
    return next((rows[-1] for rows in (opened, shown, past, known) if rows), None)
