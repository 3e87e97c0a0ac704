"""For organizers: drop cases that we failed to run for everybody, and take that back."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import BaseModel, ConfigDict, Field

from mood_evaluator import Task
from mood_platform.api.admin import MOST, Text
from mood_platform.api.admin_rescorings import RescoringView, view_rescoring
from mood_platform.challenges.queries import find_challenge
from mood_platform.http.dependencies import Organizer, Tx, World
from mood_platform.leaderboards.drop_decision import decide_drop, undo_drop
from mood_platform.leaderboards.drop_proposal import propose_drop

router = APIRouter(prefix="/admin", tags=["organizers"])
Cases = Annotated[list[Annotated[str, Field(max_length=200)]], Field(max_length=1000)]


class DropProposal(BaseModel):
    model_config = ConfigDict(extra="forbid")

    cases: Cases
    """Ids of parked cases, as the draft names them."""


class DropDecision(BaseModel):
    model_config = ConfigDict(extra="forbid")

    reason: Text
    """Everybody reads it on the board."""


class DropUndoing(BaseModel):
    model_config = ConfigDict(extra="forbid")

    cases: Cases
    reason: Text
    """Kept in the audit trail; organizers alone read it."""


@router.post("/leaderboards/{challenge}/{task}/drops", status_code=201)
def propose(
    challenge: str, task: Task, body: DropProposal, tx: Tx, context: World, me: Organizer
) -> RescoringView:
    """Scores all Runs without these cases too, so that the draft can compare both boards; decides nothing."""
    row = find_challenge(tx, slug=challenge)
    made = propose_drop(
        tx, challenge=row, task=task, case_ids=set(body.cases), actor=me.actor, store=context.store
    )
    return view_rescoring(tx, challenge=row, made=made)


@router.post("/leaderboards/{challenge}/{task}/drops/{number}")
def decide(
    challenge: str,
    task: Task,
    number: Annotated[int, Path(ge=1, le=MOST)],
    body: DropDecision,
    tx: Tx,
    me: Organizer,
) -> RescoringView:
    """What was proposed under this number holds: the cases count for no team, and the board says why."""
    row = find_challenge(tx, slug=challenge)
    made = decide_drop(tx, challenge=row, task=task, number=number, reason=body.reason, actor=me.actor)
    return view_rescoring(tx, challenge=row, made=made)


@router.post("/leaderboards/{challenge}/{task}/undrop", status_code=201)
def undrop(
    challenge: str, task: Task, body: DropUndoing, tx: Tx, context: World, me: Organizer
) -> RescoringView:
    """Dropped cases count again: all Runs are scored with them, and the next version says so."""
    row = find_challenge(tx, slug=challenge)
    made = undo_drop(
        tx,
        challenge=row,
        task=task,
        case_ids=set(body.cases),
        reason=body.reason,
        actor=me.actor,
        store=context.store,
    )
    return view_rescoring(tx, challenge=row, made=made)
