"""Which Submission stands for which Team, with the Run that counts, and why an entry has no rank."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import groupby
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import selectinload

from mood_evaluator import Task
from mood_platform.challenges.window import in_time
from mood_platform.db.transaction import Transaction
from mood_platform.models import Challenge, Run, Stage, Submission, SubmissionState
from mood_platform.runs.queries import counting_run, newest_run


class Standing(StrEnum):
    RANKED = "ranked"
    REFERENCE = "reference"
    LATE = "late"
    EXCLUDED = "excluded"


@dataclass(frozen=True, slots=True)
class Contender:
    """A Team's one Submission on the leaderboard; only `ranked` ones enter ranks."""

    submission: Submission
    run: Run
    standing: Standing

    @property
    def key(self) -> str:
        return self.submission.team.handle


def select_contenders(
    tx: Transaction, *, challenge: Challenge, task: Task, unfinished: Mapping[UUID, Run] | None = None
) -> list[Contender]:
    """One for each Team that has a scored Run; ordered by team.

    `unfinished`, by Submission, has Runs that are taken for scored.
    """
    more = unfinished or {}
    chosen = (_choose(tx, challenge, submissions, more) for submissions in _by_team(tx, challenge, task))
    return [contender for contender in chosen if contender is not None]


def find_pending(tx: Transaction, *, challenge: Challenge, task: Task) -> list[Submission]:
    """In-time Submissions that could still become their Team's counting one: a Run of theirs is not over."""
    pending = []
    for submissions in _by_team(tx, challenge, task):
        for submission in submissions:
            if _standing(challenge, submission) not in {Standing.RANKED, Standing.REFERENCE}:
                continue
            if counting_run(tx, submission=submission) is not None:
                break
            newest = newest_run(tx, submission=submission)
            if newest is not None and newest.state.live:
                pending.append(submission)
    return pending


def _by_team(tx: Transaction, challenge: Challenge, task: Task) -> Iterable[Sequence[Submission]]:
    """Challenge Submissions that are not withdrawn, newest first, team by team."""
    query = (
        select(Submission)
        .where(
            Submission.challenge_id == challenge.id,
            Submission.task == task,
            Submission.stage == Stage.CHALLENGE,
            Submission.state != SubmissionState.WITHDRAWN,
        )
        .options(selectinload(Submission.team), selectinload(Submission.image))
    )
    found = tx.session.scalars(query).all()
    newest_first = sorted(found, key=lambda row: (row.submitted_at, row.number), reverse=True)
    teams = groupby(sorted(newest_first, key=lambda row: row.team.handle), key=lambda row: row.team.handle)
    return [list(submissions) for _, submissions in teams]


def _choose(
    tx: Transaction, challenge: Challenge, submissions: Sequence[Submission], unfinished: Mapping[UUID, Run]
) -> Contender | None:
    """The latest that counts; for a Team that has none, the latest excluded or late one, without a rank."""
    order = {Standing.RANKED: 0, Standing.REFERENCE: 0, Standing.LATE: 1, Standing.EXCLUDED: 1}
    for submission in sorted(submissions, key=lambda row: order[_standing(challenge, row)]):
        run = counting_run(tx, submission=submission) or unfinished.get(submission.id)
        if run is not None:
            return Contender(submission, run, _standing(challenge, submission))
    return None


def _standing(challenge: Challenge, submission: Submission) -> Standing:
    begun = submission.image.upload_begun_at
    if submission.state is SubmissionState.EXCLUDED:
        return Standing.EXCLUDED
    if not in_time(challenge, submitted_at=submission.submitted_at, upload_begun_at=begun):
        return Standing.LATE
    return Standing.REFERENCE if submission.team.reference else Standing.RANKED
