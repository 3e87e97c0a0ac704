"""Holds: an organizer's word that nothing of a Run, a Team or a Challenge is removed until a day."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from mood_platform.models.base import Base, WithId


class Hold(WithId, Base):
    __tablename__ = "holds"
    __table_args__ = (CheckConstraint("num_nonnulls(run_id, team_id, challenge_id) = 1", name="one_subject"),)

    run_id: Mapped[UUID | None] = mapped_column(ForeignKey("runs.id"))
    team_id: Mapped[UUID | None] = mapped_column(ForeignKey("teams.id"))
    challenge_id: Mapped[UUID | None] = mapped_column(ForeignKey("challenges.id"))
    reason: Mapped[str]
    """Teams read it."""
    placed_by: Mapped[str]
    placed_at: Mapped[datetime]
    until: Mapped[datetime]
    lifted_by: Mapped[str] = mapped_column(default="")
    lifted_at: Mapped[datetime | None]
