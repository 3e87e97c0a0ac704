"""Decisions about what counts wait for a publication in progress, and the reverse, at the Challenge row.

It is taken before any other lock, and the transaction's time is read again behind it: the order of the
decisions, of their times and of what a leaderboard holds is then one and the same.
"""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import Select, select

from mood_platform.db.transaction import Transaction, database_now
from mood_platform.models import Challenge, Submission


def lock_rules(tx: Transaction, *, submission_id: UUID) -> Challenge:
    """Shared: for withdrawing, excluding, voiding, running again; these go on side by side."""
    query = select(Challenge).join(Submission, Submission.challenge_id == Challenge.id)
    return _locked(tx, query.where(Submission.id == submission_id).with_for_update(read=True, of=Challenge))


def lock_rules_alone(tx: Transaction, *, challenge_id: UUID) -> Challenge:
    """Exclusive: for publishing."""
    return _locked(tx, select(Challenge).where(Challenge.id == challenge_id).with_for_update(key_share=True))


def _locked(tx: Transaction, query: Select[Challenge]) -> Challenge:
    challenge = tx.session.scalars(query.execution_options(populate_existing=True)).one()
    tx.now = database_now(tx.session)
    return challenge
