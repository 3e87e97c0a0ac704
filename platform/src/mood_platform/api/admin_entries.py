"""For organizers: which teams ask to take part in an edition, and who is let in."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from mood_platform.challenges.queries import find_challenge
from mood_platform.db.transaction import Transaction
from mood_platform.http.dependencies import Organizer, Tx
from mood_platform.models import Entry, EntryState
from mood_platform.submissions.entries import decide, entries_of
from mood_platform.views.participant import Moment, Page, TeamView, View
from mood_platform.views.submission import view_team

router = APIRouter(prefix="/admin/challenges/{challenge}/entries", tags=["organizers"])


class Decision(BaseModel):
    model_config = ConfigDict(extra="forbid")

    reason: Annotated[str, Field(max_length=2000)]
    """The team reads it."""


class AdminEntryView(View):
    team: TeamView
    state: EntryState
    asked_at: Moment
    decided_at: Moment | None
    decided_by: str
    reason: str


@router.get("")
def read_entries(challenge: str, tx: Tx, _: Organizer) -> Page[AdminEntryView]:
    """All teams that asked; those that wait for a decision first."""
    rows = entries_of(tx, edition=find_challenge(tx, slug=challenge))
    return Page(items=[_view(row) for row in rows], next_cursor=None)


@router.post("/{team}/admit")
def admit_team(challenge: str, team: str, body: Decision, tx: Tx, me: Organizer) -> AdminEntryView:
    """The team (by handle) may submit to the hidden stages."""
    return _decide(tx, challenge, team, EntryState.ADMITTED, reason=body.reason, actor=me.actor)


@router.post("/{team}/refuse")
def refuse_team(challenge: str, team: str, body: Decision, tx: Tx, me: Organizer) -> AdminEntryView:
    """It may not, from now on; what it has submitted stands."""
    return _decide(tx, challenge, team, EntryState.REFUSED, reason=body.reason, actor=me.actor)


def _decide(
    tx: Transaction, challenge: str, team: str, state: EntryState, *, reason: str, actor: str
) -> AdminEntryView:
    edition = find_challenge(tx, slug=challenge)
    return _view(decide(tx, edition=edition, team=team, state=state, reason=reason, actor=actor))


def _view(entry: Entry) -> AdminEntryView:
    return AdminEntryView(
        team=view_team(entry.team),
        state=entry.state,
        asked_at=entry.asked_at,
        decided_at=entry.decided_at,
        decided_by=entry.decided_by,
        reason=entry.reason,
    )
