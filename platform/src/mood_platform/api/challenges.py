"""Challenges: timeline, limits, public test sets, and the asking team's quota."""

from __future__ import annotations

from fastapi import APIRouter

from mood_platform.challenges.queries import find_challenge, list_challenges
from mood_platform.http.dependencies import MaybeMe, Me, Tx
from mood_platform.submissions.entries import enter
from mood_platform.views.challenge import view_challenge, view_entry
from mood_platform.views.participant import ChallengeView, EntryView, Page

router = APIRouter(tags=["challenges"])


@router.get("/challenges")
def read_challenges(tx: Tx, me: MaybeMe) -> Page[ChallengeView]:
    """All editions."""
    team = me.team if me else None
    return Page(items=[view_challenge(tx, row, team=team) for row in list_challenges(tx)], next_cursor=None)


@router.get("/challenges/{slug}")
def read_challenge(slug: str, tx: Tx, me: MaybeMe) -> ChallengeView:
    """One edition; with a token also your team's quota."""
    return view_challenge(tx, find_challenge(tx, slug=slug), team=me.team if me else None)


@router.post("/challenges/{slug}/entry")
def enter_challenge(slug: str, tx: Tx, me: Me) -> EntryView:
    """Ask for your team's part; where the edition is open to everybody it has it at once."""
    challenge = find_challenge(tx, slug=slug)
    return view_entry(enter(tx, principal=me, challenge=slug), challenge)
