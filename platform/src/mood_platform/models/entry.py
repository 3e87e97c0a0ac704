"""Entries: a Team's part in one Challenge, asked for and decided."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from mood_platform.models.account import Team
from mood_platform.models.base import Base, WithId, checked_enum


class EntryState(StrEnum):
    ASKED = "asked"
    ADMITTED = "admitted"
    REFUSED = "refused"


class Entry(WithId, Base):
    __tablename__ = "entries"
    __table_args__ = (UniqueConstraint("team_id", "challenge_id"),)

    team_id: Mapped[UUID] = mapped_column(ForeignKey("teams.id"))
    challenge_id: Mapped[UUID] = mapped_column(ForeignKey("challenges.id"), index=True)
    state: Mapped[EntryState] = mapped_column(
        checked_enum(EntryState, name="state"), default=EntryState.ASKED
    )
    asked_at: Mapped[datetime]
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[str] = mapped_column(default="")
    """E-mail of the organizer, or `platform` where the edition admits everybody."""
    reason: Mapped[str] = mapped_column(default="")
    """The team reads it."""
    team: Mapped[Team] = relationship(lazy="raise")
