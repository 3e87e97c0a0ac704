"""Reads accounts and the audit trail."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import select, tuple_

from mood_platform.db.transaction import Transaction
from mood_platform.errors import NotFound
from mood_platform.models import AuditEvent, Team, User


def find_team(tx: Transaction, *, handle: str) -> Team:
    team = tx.session.scalar(select(Team).where(Team.handle == handle))
    if team is None:
        raise NotFound(f"There is no team {handle!r}.", remedy="Use the team's handle.")
    return team


def members(tx: Transaction, *, team_id: UUID) -> Sequence[User]:
    """The team's users, in the order they came."""
    return tx.session.scalars(select(User).where(User.team_id == team_id).order_by(User.created_at)).all()


def organizers(tx: Transaction) -> Sequence[User]:
    return tx.session.scalars(select(User).where(User.organizer).order_by(User.created_at)).all()


def audit_trail(
    tx: Transaction, *, limit: int, before: tuple[datetime, UUID] | None = None
) -> Sequence[AuditEvent]:
    """Newest first; for organizers only. `before` is time and id of the previous page's last event."""
    query = select(AuditEvent).order_by(AuditEvent.at.desc(), AuditEvent.id.desc()).limit(limit)
    if before is not None:
        query = query.where(tuple_(AuditEvent.at, AuditEvent.id) < before)
    return tx.session.scalars(query).all()
