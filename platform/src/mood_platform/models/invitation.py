"""Invitations into a team: one code for one person, stored as a hash, for a few days."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from mood_platform.models.base import Base, WithId


class Invitation(WithId, Base):
    __tablename__ = "invitations"
    __table_args__ = (UniqueConstraint("secret_sha256"),)

    team_id: Mapped[UUID] = mapped_column(ForeignKey("teams.id"), index=True)
    secret_sha256: Mapped[str]
    """Only the hash is stored; the code is shown once."""
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
