"""Quota: 10 counted challenge Submissions per Team and Challenge, 30 attempts in all (challenge.yaml)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select

from mood_platform.challenges.queries import config_of
from mood_platform.clock import rfc3339
from mood_platform.db.transaction import Transaction
from mood_platform.errors import QuotaExceeded
from mood_platform.models import Challenge, Stage, Submission, Team


@dataclass(frozen=True, slots=True)
class Quota:
    """What a team has used: both Tasks together, toy Submissions left out."""

    used: int
    """Counted and not refunded."""
    limit: int
    attempts: int
    """Challenge Submissions in all, refunded ones included."""
    attempts_limit: int
    closes: datetime

    @property
    def left(self) -> int:
        return max(0, min(self.limit - self.used, self.attempts_limit - self.attempts))


def quota(tx: Transaction, *, team: Team, challenge: Challenge) -> Quota:
    rule = config_of(challenge).quota
    attempts, refunded = tx.session.execute(
        select(func.count(), func.count(Submission.refunded_at)).where(
            Submission.team_id == team.id,
            Submission.challenge_id == challenge.id,
            Submission.stage == Stage.CHALLENGE,
            Submission.counted,
        )
    ).one()
    return Quota(
        used=attempts - refunded,
        limit=rule.challenge,
        attempts=attempts,
        attempts_limit=rule.attempts,
        closes=challenge.closes,
    )


def check_quota(tx: Transaction, *, team: Team, challenge: Challenge) -> None:
    """The caller holds the lock on the Team row, so nobody else counts at the same time."""
    now = quota(tx, team=team, challenge=challenge)
    if now.used >= now.limit:
        raise QuotaExceeded(
            f"Your team has used {now.used} of {now.limit} challenge submissions of {challenge.slug}, "
            "both tasks together.",
            remedy="Your latest of each task counts. Failures of the platform are given back, "
            f"and toy submissions are not limited until the challenge closes at {rfc3339(now.closes)}.",
        )
    if now.attempts >= now.attempts_limit:
        raise QuotaExceeded(
            f"Your team has made {now.attempts} of {now.attempts_limit} attempts at {challenge.slug}, "
            "those given back included.",
            remedy="Your latest of each task counts; toy submissions are not limited "
            f"until the challenge closes at {rfc3339(now.closes)}.",
        )
