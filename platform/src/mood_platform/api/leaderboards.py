"""Published leaderboards, for everybody; nothing before publication."""

from __future__ import annotations

from fastapi import APIRouter

from mood_evaluator import Task
from mood_platform.challenges.queries import find_challenge
from mood_platform.http.dependencies import Tx
from mood_platform.views.leaderboard import require_leaderboard
from mood_platform.views.participant import LeaderboardView

router = APIRouter(tags=["leaderboards"])


@router.get("/leaderboards/{challenge}/{task}")
def read_leaderboard(challenge: str, task: Task, tx: Tx, version: int | None = None) -> LeaderboardView:
    """The newest version, or the one asked for."""
    return require_leaderboard(tx, challenge=find_challenge(tx, slug=challenge), task=task, version=version)
