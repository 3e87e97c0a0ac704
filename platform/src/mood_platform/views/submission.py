"""Builds what a team sees of its own Submission, from the rows and the participant's progress alone."""

from __future__ import annotations

from collections.abc import Sequence

from mood_platform.db.transaction import Transaction
from mood_platform.models import Image, ImageState, Run, Submission, Team
from mood_platform.runs.progress import Phase, Progress
from mood_platform.runs.queries import Attempt
from mood_platform.views.participant import (
    FailureView,
    HeldView,
    ImageView,
    LinksView,
    RunView,
    SubmissionView,
    TeamView,
)
from mood_platform.views.submission_steps import list_steps
from mood_platform.views.submission_words import describe_submission
from mood_platform.views.whereabouts import Whereabouts, read_standings

_IMAGE_SENTENCES = {
    ImageState.RECEIVED: "It waits to be checked.",
    ImageState.CHECKING: "It is being checked.",
    ImageState.ACCEPTED: "It is accepted and can be submitted.",
    ImageState.REJECTED: "It was not accepted.",
}
_GONE = "It was removed; hand it in again to submit it."


def view_submission(tx: Transaction, submission: Submission, *, site: str = "") -> SubmissionView:
    return view_submissions(tx, [submission], site=site)[0]


def view_submissions(
    tx: Transaction, submissions: Sequence[Submission], *, site: str = ""
) -> list[SubmissionView]:
    """As many statements for a page as for one; `site` is the public address, for readers elsewhere."""
    standings = read_standings(tx, submissions)
    return [_view(row, standings[row.id], site=site) for row in submissions]


def _view(submission: Submission, standing: Whereabouts, *, site: str) -> SubmissionView:
    run, progress, published_at = standing.attempt.run, standing.progress, standing.published_at
    words = describe_submission(
        submission,
        run,
        progress,
        wait=standing.wait,
        published=published_at is not None,
        took_over=standing.took_over,
    )
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
        steps=list_steps(submission, run, progress, published_at=published_at),
        image=view_image(submission.image),
        took_over=standing.took_over,
        run=_view_run(standing.attempt, progress),
        holds=[HeldView(until=hold.until, reason=hold.reason) for hold in standing.holds],
        quota=standing.quota,
        links=_links(submission, run, site=site),
    )


def view_team(team: Team) -> TeamView:
    return TeamView(handle=team.handle, name=team.name)


def view_image(image: Image) -> ImageView:
    return ImageView(
        id=image.id,
        name=image.name,
        size=image.size,
        state=image.state,
        sentence=_GONE if image.removed_at else _IMAGE_SENTENCES[image.state],
        digest=image.digest,
        tasks=[str(task) for task in image.facts.get("tasks", ())],
        reason=image.reason and image.reason.value,
        text=image.reason.text if image.reason else "",
        detail=image.detail,
        created_at=image.created_at,
        checked_at=image.checked_at,
        kept_bytes=image.kept_bytes,
        leaves_at=image.leaves_at,
        removed_at=image.removed_at,
    )


def _view_run(attempt: Attempt, progress: Progress) -> RunView:
    run = attempt.run
    return RunView(
        number=attempt.number,
        state=progress.state,
        since=progress.since,
        percent=progress.percent,
        next_told_at=progress.next_told_at,
        few_told=progress.few_told,
        toy_done=progress.toy_done,
        toy_total=progress.toy_total,
        report_ready=run.toy_report_key is not None,
        slowest=progress.slowest,
        failures=_failures(run, progress),
        limits=run.limits,
        predictions_removed_at=run.predictions_removed_at,
        logs_removed_at=run.logs_removed_at,
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
