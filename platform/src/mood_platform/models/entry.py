"""Entries: a Team's part in one Challenge, asked for and decided."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from mood_platform.models.account import Team
from mood_platform.models.base import Base, checked_enum
from mood_platform.models.state import Transitions, WithState


class EntryState(StrEnum):
    ASKED = "asked"
    ADMITTED = "admitted"
    REFUSED = "refused"


ENTRY_TRANSITIONS: Transitions[EntryState] = {
    EntryState.ASKED: frozenset({EntryState.ADMITTED, EntryState.REFUSED}),
    EntryState.ADMITTED: frozenset({EntryState.REFUSED}),
    EntryState.REFUSED: frozenset({EntryState.ADMITTED}),
}


class Entry(WithState[EntryState], Base):
    SUBJECT, TRANSITIONS = "entry", ENTRY_TRANSITIONS
    __tablename__ = "entries"
    __table_args__ = (UniqueConstraint("team_id", "challenge_id"),)

    team_id: Mapped[UUID] = mapped_column(ForeignKey("teams.id"))
    challenge_id: Mapped[UUID] = mapped_column(ForeignKey("challenges.id"), index=True)
    state: Mapped[EntryState] = mapped_column(
        checked_enum(EntryState, name="state"), default=EntryState.ASKED
    )
    state_since: Mapped[datetime]
    asked_at: Mapped[datetime]
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[str] = mapped_column(default="")
    """E-mail of the organizer, or `platform` where the edition admits everybody."""
    reason: Mapped[str] = mapped_column(default="")
    """The team reads it."""
    team: Mapped[Team] = relationship(lazy="raise")
