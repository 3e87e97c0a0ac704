"""Organizers let a Submission go first, and take that back."""

from __future__ import annotations

from mood_platform.accounts.audit import audit, subject_of
from mood_platform.accounts.reasons import require_reason
from mood_platform.db.transaction import Transaction
from mood_platform.errors import Conflict
from mood_platform.models import Submission, SubmissionState


def let_go_first(tx: Transaction, *, submission: Submission, reason: str, actor: str) -> None:
    """Its cases come before those of all others; what they take is charged to its Team as ever."""
    reason = require_reason("submission.prioritize", reason)
    tx.session.refresh(submission, with_for_update={"key_share": True})
    if submission.state is not SubmissionState.ACCEPTED:
        raise Conflict(f"The submission is {submission.state}.", remedy="Only one that stands can go first.")
    if submission.prior:
        raise Conflict("The submission goes first already.", remedy="Nothing is left to do.")
    submission.prior = True
    subject = subject_of("submission", submission)
    audit(tx, actor=actor, action="submission.prioritize", subject=subject, reason=reason)


def let_take_turns(tx: Transaction, *, submission: Submission, reason: str, actor: str) -> None:
    """It takes its turn like all others again."""
    reason = require_reason("submission.unprioritize", reason)
    tx.session.refresh(submission, with_for_update={"key_share": True})
    if not submission.prior:
        raise Conflict("The submission does not go first.", remedy="Nothing is left to take back.")
    submission.prior = False
    subject = subject_of("submission", submission)
    audit(tx, actor=actor, action="submission.unprioritize", subject=subject, reason=reason)
