"""For organizers: the draft of a leaderboard, and publishing it."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from mood_evaluator import Task
from mood_platform.challenges.queries import find_challenge
from mood_platform.http.dependencies import Organizer, Tx, World
from mood_platform.leaderboards.service import draft, publish
from mood_platform.views.leaderboard import require_leaderboard
from mood_platform.views.participant import Document, LeaderboardView

router = APIRouter(prefix="/admin", tags=["organizers"])


class Publication(BaseModel):
    model_config = ConfigDict(extra="forbid")

    note: Annotated[str, Field(max_length=2000)] = ""
    """Readers see it beside the version."""
    before_close: bool = False
    """Publish although teams can still submit."""


@router.get("/leaderboards/{challenge}/{task}/draft")
def read_draft(challenge: str, task: Task, tx: Tx, context: World, _: Organizer) -> Document:
    """What publishing now would say, and what it would have to wait for."""
    return draft(tx, challenge=find_challenge(tx, slug=challenge), task=task, store=context.store).to_json()


@router.post("/leaderboards/{challenge}/{task}/publish", status_code=201)
def publish_leaderboard(
    challenge: str, task: Task, tx: Tx, context: World, me: Organizer, body: Publication | None = None
) -> LeaderboardView:
    """Makes the draft the next version: immutable, hashed, naming its predecessor."""
    row = find_challenge(tx, slug=challenge)
    given = body or Publication()
    publish(
        tx,
        challenge=row,
        task=task,
        actor=me.actor,
        store=context.store,
        note=given.note,
        before_close=given.before_close,
    )
    return require_leaderboard(tx, challenge=row, task=task)
