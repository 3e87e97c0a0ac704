"""Builds what a team sees of its own Submission, from the rows and the participant's progress alone."""

from __future__ import annotations

from mood_platform.db.transaction import Transaction
from mood_platform.leaderboards.queries import first_published
from mood_platform.models import Image, ImageState, Leaderboard, Run, RunState, Stage, Submission, Team
from mood_platform.runs.progress import Phase, Progress, participant_progress
from mood_platform.serving.challenge_view import view_quota
from mood_platform.serving.submission_steps import list_steps
from mood_platform.serving.submission_words import describe_submission
from mood_platform.serving.views import (
    FailureView,
    ImageView,
    LinksView,
    RunView,
    SubmissionView,
    TeamView,
)
from mood_platform.submissions.queries import newest_run

_IMAGE_SENTENCES = {
    ImageState.RECEIVED: "It waits to be checked.",
    ImageState.CHECKING: "It is being checked.",
    ImageState.ACCEPTED: "It is accepted and can be submitted.",
    ImageState.REJECTED: "It was not accepted.",
}


def view_submission(tx: Transaction, submission: Submission, *, site: str = "") -> SubmissionView:
    """`site` is the public address, where the reader is not on a page of it."""
    run = newest_run(tx, submission=submission)
    progress = participant_progress(tx, run=run)
    board = published_board(tx, submission, run)
    words = describe_submission(submission, run, progress, published=board is not None)
    return SubmissionView(
        id=submission.id,
        number=submission.number,
        name=submission.name,
        team=view_team(submission.team),
        challenge=submission.challenge.slug,
        task=submission.task,
        stage=submission.stage,
        state=submission.state,
        state_reason=submission.state_reason,
        submitted_at=submission.submitted_at,
        counted=submission.counted,
        refunded_at=submission.refunded_at,
        refund_reason=submission.refund_reason,
        status=words.status,
        sentence=words.sentence,
        next=words.next,
        over=progress.phase is Phase.ENDED,
        steps=list_steps(submission, run, progress, published_at=board.published_at if board else None),
        image=view_image(submission.image),
        run=_view_run(run, progress),
        quota=view_quota(tx, submission.team, submission.challenge),
        links=_links(submission, run, site=site),
    )


def published_board(tx: Transaction, submission: Submission, run: Run) -> Leaderboard | None:
    """The first leaderboard published after this challenge Run was scored."""
    if submission.stage is not Stage.CHALLENGE or run.state is not RunState.SCORED:
        return None
    return first_published(tx, challenge=submission.challenge, task=submission.task, after=run.state_since)


def view_team(team: Team) -> TeamView:
    return TeamView(slug=team.slug, name=team.name)


def view_image(image: Image) -> ImageView:
    return ImageView(
        id=image.id,
        name=image.name,
        size=image.size,
        state=image.state,
        sentence=_IMAGE_SENTENCES[image.state],
        digest=image.digest,
        tasks=[str(task) for task in image.facts.get("tasks", ())],
        reason=image.reason and image.reason.value,
        text=image.reason.text if image.reason else "",
        detail=image.detail,
        created_at=image.created_at,
        checked_at=image.checked_at,
        duplicate_of=image.duplicate_of,
    )


def _view_run(run: Run, progress: Progress) -> RunView:
    return RunView(
        number=run.number,
        state=run.state,
        since=run.state_since,
        percent=progress.percent,
        toy_done=progress.toy_done,
        toy_total=progress.toy_total,
        report_ready=run.toy_report_key is not None,
        slowest=progress.slowest,
        failures=_failures(run, progress),
        limits=run.limits,
    )


def _failures(run: Run, progress: Progress) -> list[FailureView]:
    """Why the Run ended, then what hidden cases met, each with its band."""
    own = (
        [] if run.reason is None else [FailureView(reason=run.reason.value, text=run.reason.text, band=None)]
    )
    return own + [
        FailureView(reason=failure.reason.value, text=failure.text, band=failure.band)
        for failure in progress.failures
    ]


def _links(submission: Submission, run: Run, *, site: str) -> LinksView:
    api = f"/api/v1/submissions/{submission.id}"
    report = f"{api}/report" if run.toy_report_key else None
    return LinksView(self=api, page=f"{site.rstrip('/')}/submissions/{submission.id}", report=report)
