"""For organizers: score all Runs of a Task again from kept predictions, and see how far that is."""

from __future__ import annotations

from collections import Counter
from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from mood_evaluator import Task
from mood_platform.challenges.queries import find_challenge
from mood_platform.db.transaction import Transaction
from mood_platform.http.dependencies import Organizer, Tx, World
from mood_platform.models import Challenge, Rescoring, ScoringState
from mood_platform.runs.rescorings import rescorings_of, start_rescoring
from mood_platform.views.participant import Moment, Page, View

router = APIRouter(prefix="/admin", tags=["organizers"])


class RescoringOrder(BaseModel):
    model_config = ConfigDict(extra="forbid")

    task: Task
    reason: Annotated[str, Field(max_length=2000)]
    """What was corrected; kept in the audit trail."""


class FailedScoringView(View):
    team: str
    submission: int
    run: int
    problem: str


class RescoringView(View):
    task: Task
    number: int
    reason: str
    actor: str
    created_at: Moment
    evaluator: str
    scoring_version: int
    runs: int
    waiting: int
    scored: int
    over: bool
    decided: bool
    """Boards use it; else it is a proposal to drop cases."""
    dropped: dict[str, dict[str, str]]
    """By Dataset and case, what it leaves out for everybody, and the published reason."""
    failed: list[FailedScoringView]


@router.post("/challenges/{challenge}/rescorings", status_code=201)
def rescore(challenge: str, body: RescoringOrder, tx: Tx, context: World, me: Organizer) -> RescoringView:
    """Every scored Run of the Task, on the newest test sets, by this evaluator; no container runs."""
    row = find_challenge(tx, slug=challenge)
    made = start_rescoring(
        tx, challenge=row, task=body.task, reason=body.reason, actor=me.actor, store=context.store
    )
    return view_rescoring(tx, challenge=row, made=made)


@router.get("/challenges/{challenge}/rescorings")
def read_rescorings(challenge: str, tx: Tx, _: Organizer) -> Page[RescoringView]:
    """Newest first, with what could not be scored and why."""
    return Page(items=_views(tx, find_challenge(tx, slug=challenge)), next_cursor=None)


def view_rescoring(tx: Transaction, *, challenge: Challenge, made: Rescoring) -> RescoringView:
    return next(view for view in _views(tx, challenge, made.task) if view.number == made.number)


def _views(tx: Transaction, challenge: Challenge, task: Task | None = None) -> list[RescoringView]:
    return [_view(row) for row in rescorings_of(tx, challenge=challenge, task=task)]


def _view(row: Rescoring) -> RescoringView:
    counts = Counter(scoring.state for scoring in row.scorings)
    return RescoringView(
        task=row.task,
        number=row.number,
        reason=row.reason,
        actor=row.actor,
        created_at=row.created_at,
        evaluator=row.evaluator,
        scoring_version=row.scoring_version,
        runs=len(row.scorings),
        waiting=counts[ScoringState.QUEUED],
        scored=counts[ScoringState.SCORED],
        over=counts[ScoringState.QUEUED] == 0,
        decided=row.decided_at is not None,
        dropped={dataset: cases for dataset, cases in row.dropped.items() if cases},
        failed=[
            FailedScoringView(
                team=scoring.run.submission.team.handle,
                submission=scoring.run.submission.number,
                run=scoring.run.number,
                problem=scoring.problem,
            )
            for scoring in row.scorings
            if scoring.state is ScoringState.FAILED
        ],
    )
