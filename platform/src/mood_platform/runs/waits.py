"""Why a Run that has not begun waits, as its Team may know: nothing here follows from hidden cases."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from uuid import UUID

from sqlalchemy import select, text

from mood_platform.db.transaction import Transaction
from mood_platform.models import LIVE_RUNS, Image, Run, RunState, Stage, Submission
from mood_platform.runs.checked import is_checked
from mood_platform.runs.order import TOY_RUNS


class Wait(StrEnum):
    """With the sentence that a Team reads."""

    TURN = "It waits for a free slot: teams take turns, and the one that has had least goes first."
    TOY_RUNS = "It waits until one of your team's other toy runs is over: two are in flight at a time."
    CHECK = "It waits until its image was checked again: the rules for images have changed since it came."
    PRIOR = "It gets the next free slot: the organizers let it go first."


def read_waits(tx: Transaction, *, runs: Mapping[UUID, Run], of: Sequence[Submission]) -> dict[UUID, Wait]:
    """By the Submission's id, of those whose Run (`runs`, by the same id) has not begun."""
    behind = _behind_toy_runs(tx, {submission.team_id for submission in of})
    waiting = [one for one in of if runs[one.id].state is RunState.QUEUED]
    unchecked = _unchecked(tx, {submission.image_id for submission in waiting})
    return {submission.id: _wait(submission, behind, unchecked) for submission in waiting}


def _wait(submission: Submission, behind: set[UUID], unchecked: set[UUID]) -> Wait:
    if submission.image_id in unchecked:
        return Wait.CHECK
    if submission.id in behind:
        return Wait.TOY_RUNS
    return Wait.PRIOR if submission.prior else Wait.TURN


def _unchecked(tx: Transaction, image_ids: set[UUID]) -> set[UUID]:
    return set(tx.session.scalars(select(Image.id).where(Image.id.in_(image_ids), ~is_checked())))


def _behind_toy_runs(tx: Transaction, team_ids: set[UUID]) -> set[UUID]:
    """Toy Submissions of these Teams that two other toy Runs keep waiting."""
    live = (
        select(Submission.team_id, Submission.id)
        .join(Run, Run.submission_id == Submission.id)
        .where(text(LIVE_RUNS), Run.stage == Stage.TOY, Submission.team_id.in_(team_ids))
        .order_by(Run.state == RunState.QUEUED, Submission.submitted_at, Submission.number)
    )
    seen: dict[UUID, list[UUID]] = {}
    for team_id, submission_id in tx.session.execute(live):
        seen.setdefault(team_id, []).append(submission_id)
    return {one for toys in seen.values() for one in toys[TOY_RUNS:]}
