"""An image that has a scored Run for this Task takes its result over instead of running again."""

from __future__ import annotations

from sqlalchemy import select

from mood_evaluator import SCORING_VERSION, Task
from mood_platform.db.transaction import Transaction
from mood_platform.documents.run_test_sets import RunTestSets
from mood_platform.errors import AlreadyScored, Conflict
from mood_platform.models import (
    Challenge,
    Image,
    Leaderboard,
    Run,
    RunState,
    Stage,
    Submission,
    SubmissionState,
)
from mood_platform.runs.telling import is_live, told_at


def find_result(
    tx: Transaction, *, edition: Challenge, image: Image, task: Task, test_sets: RunTestSets, again: bool
) -> Run | None:
    """The scored Run that a new one would repeat: equal hidden test sets, limits, scoring and its version.

    None where it has to run. What was refunded or voided is nothing to repeat, and of what the team
    has not been told yet it must not learn here.
    """
    query = (
        select(Run, Submission)
        .join(Submission, Run.submission_id == Submission.id)
        .where(
            Submission.challenge_id == edition.id,
            Submission.image_id == image.id,
            Submission.task == task,
            Submission.refunded_at.is_(None),
            Run.stage == Stage.CHALLENGE,
            Run.state == RunState.SCORED,
            Run.voided_at.is_(None),
            Run.results_of.is_(None),
            Run.scoring_version == SCORING_VERSION,
        )
        .order_by(Submission.number.desc(), Run.number)
    )
    for run, earlier in tx.session.execute(query):
        if _repeats(run, edition, test_sets) and (is_live(run) or told_at(run.state_since) <= tx.now):
            _check_meant(tx, earlier, again=again)
            return run
    return None


def check_not_excluded(tx: Transaction, *, edition: Challenge, image: Image, task: Task) -> None:
    """What organizers excluded does not come back by being handed in again."""
    query = (
        select(Submission)
        .where(
            Submission.challenge_id == edition.id,
            Submission.image_id == image.id,
            Submission.task == task,
            Submission.stage == Stage.CHALLENGE,
            Submission.state == SubmissionState.EXCLUDED,
        )
        .order_by(Submission.number.desc())
    )
    if (excluded := tx.session.scalar(query.limit(1))) is not None:
        raise Conflict(
            f"The organizers excluded this image as #{excluded.number}: {excluded.state_reason}",
            remedy="Submit another image, or ask the organizers to include that one.",
        )


def is_published(tx: Transaction, submission: Submission) -> bool:
    """Whether there is a board of its Task."""
    same = (Leaderboard.challenge_id == submission.challenge_id, Leaderboard.task == submission.task)
    return tx.session.scalar(select(Leaderboard.id).where(*same).limit(1)) is not None


def _repeats(run: Run, edition: Challenge, test_sets: RunTestSets) -> bool:
    same_rules = (run.limits, run.scoring) == (edition.limits, edition.scoring)
    return run.executes.main == test_sets.main and same_rules


def _check_meant(tx: Transaction, earlier: Submission, *, again: bool) -> None:
    """Who knows the board would choose among results that it shows."""
    if is_published(tx, earlier):
        raise Conflict(
            f"The leaderboard of this task is published, and this image was scored as #{earlier.number}.",
            remedy="Submit another image.",
        )
    if not again:
        raise AlreadyScored(
            f"This image was scored for the {earlier.task} task as #{earlier.number}: nothing would run, its "
            "result would be taken over, and one of your challenge submissions be used.",
            remedy="If you mean it, for the order: mood submit --again, or again: true.",
        )
