"""Where Submissions stand: newest Run, progress, publication, quota, read for a whole page at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from mood_evaluator import Task
from mood_platform.db.transaction import Transaction
from mood_platform.keeping.holds import current_holds, is_about
from mood_platform.leaderboards.queries import published_moments
from mood_platform.models import Hold, Run, RunState, Stage, Submission
from mood_platform.runs.progress import Progress, read_progress
from mood_platform.runs.queries import Attempt, newest_attempts, source_of
from mood_platform.runs.waits import Wait, read_waits
from mood_platform.views.challenge import view_quota
from mood_platform.views.participant import QuotaView


@dataclass(frozen=True, slots=True, kw_only=True)
class Whereabouts:
    attempt: Attempt
    progress: Progress
    took_over: int | None
    """Number of the Submission whose result it took over."""
    published_at: datetime | None
    """When the first leaderboard came out after this challenge Run was scored."""
    quota: QuotaView
    wait: Wait | None
    """Of a Run that has not begun."""
    holds: Sequence[Hold]


def read_standings(tx: Transaction, submissions: Sequence[Submission]) -> dict[UUID, Whereabouts]:
    """By the Submission's id; with their teams and challenges loaded."""
    attempts = newest_attempts(tx, submission_ids=[row.id for row in submissions])
    sources = {row_id: source_of(tx, run=attempt.run) for row_id, attempt in attempts.items()}
    progress = read_progress(tx, runs=list({run.id: run for run in sources.values()}.values()))
    moments = published_moments(tx, challenge_ids={row.challenge_id for row in submissions})
    waits = read_waits(tx, runs={key: attempt.run for key, attempt in attempts.items()}, of=submissions)
    quotas, holds = _quotas(tx, submissions), current_holds(tx)
    return {
        row.id: Whereabouts(
            attempt=attempts[row.id],
            progress=progress[sources[row.id].id],
            took_over=_number_of(tx, row, sources[row.id]),
            published_at=_published_at(row, attempts[row.id], moments),
            quota=quotas[row.team_id, row.challenge_id],
            wait=waits.get(row.id),
            holds=[hold for hold in holds if is_about(hold, submission=row, run=attempts[row.id].run)],
        )
        for row in submissions
    }


def _number_of(tx: Transaction, submission: Submission, source: Run) -> int | None:
    if source.submission_id == submission.id:
        return None
    return tx.session.get_one(Submission, source.submission_id).number


def _quotas(tx: Transaction, submissions: Sequence[Submission]) -> dict[tuple[UUID, UUID], QuotaView]:
    owners = {(row.team_id, row.challenge_id): row for row in submissions}
    return {owner: view_quota(tx, row.team, row.challenge) for owner, row in owners.items()}


def _published_at(
    submission: Submission, attempt: Attempt, moments: Mapping[tuple[UUID, Task], Sequence[datetime]]
) -> datetime | None:
    run = attempt.run
    if submission.stage is not Stage.CHALLENGE or run.state is not RunState.SCORED:
        return None
    known = moments.get((submission.challenge_id, submission.task), ())
    return next((moment for moment in known if moment > run.state_since), None)
