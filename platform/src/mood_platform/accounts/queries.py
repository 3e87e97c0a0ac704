"""Reads accounts and the audit trail."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select, tuple_

from mood_platform.db.transaction import Transaction
from mood_platform.models import AuditEvent, User


def members(tx: Transaction, *, team_id: UUID) -> Sequence[User]:
    """The team's users, in the order they came."""
    return tx.session.scalars(select(User).where(User.team_id == team_id).order_by(User.created_at)).all()


def audit_trail(tx: Transaction, *, limit: int, before: AuditEvent | None = None) -> Sequence[AuditEvent]:
    """Newest first; for organizers only. `before` is the last event of the previous page."""
    query = select(AuditEvent).order_by(AuditEvent.at.desc(), AuditEvent.id.desc()).limit(limit)
    if before is not None:
        query = query.where(tuple_(AuditEvent.at, AuditEvent.id) < (before.at, before.id))
    return tx.session.scalars(query).all()


def find_audit_event(tx: Transaction, *, event_id: UUID) -> AuditEvent | None:
    return tx.session.get(AuditEvent, event_id)
