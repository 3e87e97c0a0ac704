"""Keeps how predictions ended their reader in a way nobody foresaw, and has organizers told once a Run."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from sqlalchemy import select, update

from mood_platform.db.transaction import Transaction
from mood_platform.models import CaseRun
from mood_platform.queueing import SendMail
from mood_platform.terms import MailKind


def note_unforeseen(tx: Transaction, *, run_id: UUID, found: Mapping[UUID, str | None]) -> None:
    """By the CaseRun's id: how its reader ended, or None where its prediction can be read now.

    Organizers are told of the first of a Run. What can be read is kept no longer than others.
    """
    known = select(CaseRun.id).where(CaseRun.run_id == run_id, CaseRun.unforeseen.is_not(None))
    if any(found.values()) and tx.session.scalar(known.limit(1)) is None:
        tx.enqueue(SendMail(MailKind.PREDICTION_UNFORESEEN, run_id))
    for case_run_id, how in found.items():
        tx.session.execute(update(CaseRun).where(CaseRun.id == case_run_id).values(unforeseen=how))
