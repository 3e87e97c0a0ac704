"""What a team does with its own: submit, cancel, withdraw; and what an organizer does: exclude."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select

from mood_evaluator import Task
from mood_platform.accounts.audit import audit, subject_of
from mood_platform.accounts.names import checked_name
from mood_platform.accounts.principal import Principal
from mood_platform.accounts.reasons import require_reason
from mood_platform.challenges.locking import lock_rules
from mood_platform.challenges.queries import choose_challenge, config_of, run_test_sets
from mood_platform.challenges.window import check_still_open, check_submit_window
from mood_platform.clock import rfc3339
from mood_platform.db.transaction import Transaction
from mood_platform.documents.run_test_sets import RunTestSets
from mood_platform.errors import AlreadyExists, Conflict, Invalid, SubmissionFault
from mood_platform.failures import FailureReason
from mood_platform.keeping.ledger import check_room
from mood_platform.models import (
    Challenge,
    Image,
    ImageState,
    Run,
    RunState,
    Stage,
    Submission,
    SubmissionState,
    Team,
)
from mood_platform.queueing import SendMail
from mood_platform.runs.endings import lock_run
from mood_platform.runs.service import cancel_run, run_again, start_run, take_over
from mood_platform.submissions.entries import check_admitted, lock_team
from mood_platform.submissions.queries import find_image, find_submission, newest_run
from mood_platform.submissions.quota import check_quota
from mood_platform.submissions.takeover import check_not_excluded, find_result, is_published
from mood_platform.terms import MailKind


def submit(
    tx: Transaction,
    *,
    principal: Principal,
    image_id: UUID,
    task: Task,
    stage: Stage,
    challenge: str | None = None,
    name: str = "",
    idempotency_key: str | None = None,
    team_bytes: int | None = None,
    again: bool = False,
) -> Submission:
    """Decide order and quota once, under the lock of the Team row, and start the first Run.

    `challenge` is a slug; it may be left out where one edition is open. `again` confirms that the result of
    an image that was scored already is to be taken over.
    """
    team = lock_team(tx, principal.require_team())
    image = find_image(tx, team=team, image_id=image_id)
    repeated = _find_repeated(tx, team, idempotency_key)
    if repeated is not None:
        return _same_request(tx, repeated, (image.id, task, stage, _checked_name(name)), challenge)
    edition = choose_challenge(tx, slug=challenge)
    check_submit_window(edition, now=tx.now, upload_begun_at=image.upload_begun_at)
    check_admitted(tx, team=team, edition=edition, stage=stage, actor=principal.actor)
    _check_runnable(image, task, edition)
    _check_stage(tx, team, edition, stage)
    if stage is Stage.TOY and team_bytes is not None:  # the challenge stage is bounded by its quota
        check_room(tx, team=team, limit=team_bytes)
    test_sets = run_test_sets(tx, challenge=edition, stage=stage)
    scored = _find_scored(tx, edition, (image, task, stage), test_sets, again=again)
    submission = Submission(
        image_id=image.id, name=_checked_name(name), task=task, stage=stage, idempotency_key=idempotency_key
    )
    _add(tx, submission, team, edition)
    if scored is None:
        _start(tx, submission, edition, test_sets)
    else:
        take_over(tx, submission=submission, source=scored)
    audit(tx, actor=principal.actor, action="submission.create", subject=subject_of("submission", submission))
    return submission


def _add(tx: Transaction, submission: Submission, team: Team, edition: Challenge) -> None:
    """Its number, its moment, and whether it counts."""
    team.last_number += 1
    submission.team_id, submission.challenge_id, submission.number = team.id, edition.id, team.last_number
    submission.submitted_at = submission.state_since = _next_moment(tx, team)
    submission.counted = submission.stage is Stage.CHALLENGE
    tx.session.add(submission)
    tx.session.flush()


def cancel(tx: Transaction, *, principal: Principal, submission_id: UUID) -> Submission:
    """Before its first case has started: the Submission is gone and its slot comes back."""
    submission, run = _lock_own(tx, principal, submission_id)
    if run.number > 1 or run.state is not RunState.QUEUED:  # organizers may have run it again
        raise Conflict(
            "The run has started already.", remedy="Withdraw the submission instead; it stays counted."
        )
    cancel_run(tx, run=run, actor=principal.actor)
    submission.advance(SubmissionState.WITHDRAWN, now=tx.now)
    submission.state_reason = "Cancelled by the team before its start."
    submission.refunded_at, submission.refund_reason = tx.now, "cancelled before its start"
    audit(tx, actor=principal.actor, action="submission.cancel", subject=subject_of("submission", submission))
    return submission


def withdraw(tx: Transaction, *, principal: Principal, submission_id: UUID) -> Submission:
    """It no longer stands for the team; the quota stays used."""
    submission, run = _lock_own(tx, principal, submission_id)
    if run.state.live:
        cancel_run(tx, run=run, actor=principal.actor)
    submission.advance(SubmissionState.WITHDRAWN, now=tx.now)
    submission.state_reason = "Withdrawn by the team."
    audit(
        tx, actor=principal.actor, action="submission.withdraw", subject=subject_of("submission", submission)
    )
    return submission


def exclude(tx: Transaction, *, submission: Submission, reason: str, actor: str) -> Submission:
    """By an organizer; it falls out of the ranking, and the Run in hand ends."""
    reason = require_reason("submission.exclude", reason)
    run = _lock_for_decision(tx, submission)
    _check_accepted(submission)
    if run.state.live:
        cancel_run(tx, run=run, actor=actor, reason=reason)
    submission.advance(SubmissionState.EXCLUDED, now=tx.now)
    submission.state_reason = reason
    subject = subject_of("submission", submission)
    audit(tx, actor=actor, action="submission.exclude", subject=subject, reason=reason)
    tx.enqueue(SendMail(MailKind.SUBMISSION_EXCLUDED, run.id))
    return submission


def include(tx: Transaction, *, submission: Submission, reason: str, actor: str) -> Submission:
    """Take an exclusion back: it stands where it stood, and a Run that the exclusion ended starts anew."""
    reason = require_reason("submission.include", reason)
    run = _lock_for_decision(tx, submission)
    if submission.state is not SubmissionState.EXCLUDED:
        raise Conflict(f"The submission is {submission.state}.", remedy="Only an excluded one is included.")
    submission.advance(SubmissionState.ACCEPTED, now=tx.now)
    submission.state_reason = reason
    if run.state is RunState.CANCELLED and submission.costs:
        run = run_again(tx, submission=submission)
    subject = subject_of("submission", submission)
    audit(tx, actor=actor, action="submission.include", subject=subject, reason=reason)
    tx.enqueue(SendMail(MailKind.SUBMISSION_INCLUDED, run.id))
    return submission


def _lock_for_decision(tx: Transaction, submission: Submission) -> Run:
    """Rules, newest Run, Submission: in the workers' order. The Run, which nobody replaces meanwhile."""
    lock_rules(tx, submission_id=submission.id)
    run = lock_run(tx, newest_run(tx, submission=submission).id)
    assert run is not None, "runs are never deleted"
    tx.session.refresh(submission, with_for_update={"key_share": True})
    return run


def _lock_own(tx: Transaction, principal: Principal, submission_id: UUID) -> tuple[Submission, Run]:
    """The team's own Submission that it may still take back, and its newest Run.

    Locked in the workers' order: Run, then Submission; organizers may have run it again in between.
    """
    submission = find_submission(tx, team=principal.require_team(), submission_id=submission_id)
    challenge = lock_rules(tx, submission_id=submission.id)
    run = lock_run(tx, newest_run(tx, submission=submission).id)
    assert run is not None, "runs are never deleted"
    tx.session.refresh(submission, with_for_update={"key_share": True})
    _check_accepted(submission)
    _check_no_choosing(tx, challenge, submission)
    if newest_run(tx, submission=submission).id != run.id:
        raise Conflict("The organizers have just run it again.", remedy="Look at it, then try again.")
    return submission, run


def _check_accepted(submission: Submission) -> None:
    if submission.state is not SubmissionState.ACCEPTED:
        raise Conflict(f"The submission is {submission.state} already.", remedy="Nothing is left to do.")


def _check_no_choosing(tx: Transaction, challenge: Challenge, submission: Submission) -> None:
    """After the deadline or a publication, taking one back would choose which of the others stands."""
    if submission.stage is not Stage.CHALLENGE:
        return
    check_still_open(challenge, now=tx.now)
    if is_published(tx, submission):
        raise Conflict("The leaderboard of this task is published.", remedy="Ask the organizers.")


def _check_stage(tx: Transaction, team: Team, challenge: Challenge, stage: Stage) -> None:
    if stage is Stage.ANALYSIS:
        raise Invalid("Field stage: analysis is started by organizers.", remedy="Submit to toy or challenge.")
    if stage is Stage.CHALLENGE:
        check_quota(tx, team=team, challenge=challenge)


def _find_scored(
    tx: Transaction,
    edition: Challenge,
    what: tuple[Image, Task, Stage],
    test_sets: RunTestSets,
    *,
    again: bool,
) -> Run | None:
    image, task, stage = what
    if stage is not Stage.CHALLENGE:
        return None
    check_not_excluded(tx, edition=edition, image=image, task=task)
    return find_result(tx, edition=edition, image=image, task=task, test_sets=test_sets, again=again)


def _start(tx: Transaction, submission: Submission, challenge: Challenge, test_sets: RunTestSets) -> Run:
    return start_run(
        tx,
        submission=submission,
        stage=submission.stage,
        test_sets=test_sets,
        limits=challenge.limits,
        scoring=challenge.scoring,
    )


def _next_moment(tx: Transaction, team: Team) -> datetime:
    """Now, or that of the team's latest Submission where a lock or a clock set back made it later.

    So times follow numbers, and at equal times the higher number is the later one.
    """
    latest = tx.session.scalar(select(func.max(Submission.submitted_at)).where(Submission.team_id == team.id))
    return max(tx.now, latest or tx.now)


def _find_repeated(tx: Transaction, team: Team, key: str | None) -> Submission | None:
    if key is None:
        return None
    if not 1 <= len(key) <= 255:
        raise Invalid(
            "Idempotency-Key: it is empty or too long.", remedy="Send 1 to 255 characters, such as a UUID."
        )
    same = (Submission.team_id == team.id, Submission.idempotency_key == key)
    return tx.session.scalar(select(Submission).where(*same))


def _same_request(
    tx: Transaction, found: Submission, request: tuple[UUID, Task, Stage, str], challenge: str | None
) -> Submission:
    """The answer of the first time; a key that comes back with another request is a mistake."""
    edition = tx.session.get_one(Challenge, found.challenge_id)
    same_edition = challenge in (None, edition.slug)
    if (found.image_id, found.task, found.stage, found.name) != request or not same_edition:
        raise AlreadyExists(
            "This Idempotency-Key belongs to another submission.",
            remedy="Use a new key for a new submission.",
        )
    return found


def _check_runnable(image: Image, task: Task, edition: Challenge) -> None:
    """It was accepted, holds the scripts of the Task, and is no larger than this edition allows."""
    if image.state is ImageState.REJECTED:
        reason = image.reason.text if image.reason else ""
        raise Conflict(f"The image was rejected. {reason}", remedy="Hand in a corrected image.")
    if image.state is not ImageState.ACCEPTED:
        raise Conflict(
            "The image is still being checked.",
            remedy="Try again when GET /api/v1/images/{id} says accepted.",
        )
    if str(task) not in image.facts.get("tasks", ()):
        raise Invalid(
            f"The image has no scripts for the {task} task.",
            remedy=f"Add /workspace/run_{task}_brain.sh and run_{task}_abdom.sh, and hand it in again.",
        )
    if image.removed_at is not None:
        raise Conflict(
            f"The image was removed at {rfc3339(image.removed_at)}.", remedy="Hand it in again: mood submit."
        )
    size, limit = int(image.facts.get("unpacked", image.size)), config_of(edition).limits.image
    if size > limit:
        sizes = f"It has {size} bytes unpacked; {edition.slug} allows {limit}."
        raise SubmissionFault(FailureReason.IMAGE_TOO_LARGE, f"{FailureReason.IMAGE_TOO_LARGE.text} {sizes}")


def _checked_name(name: str) -> str:
    """A Submission needs none."""
    return checked_name("name", name) if name.strip() else ""
