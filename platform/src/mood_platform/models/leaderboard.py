"""Published leaderboards: immutable, versioned, hashed; each names the hash of its predecessor."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from mood_evaluator import Task
from mood_platform.models.base import Base, JsonColumn, WithId, checked_enum


class Leaderboard(WithId, Base):
    __tablename__ = "leaderboards"
    __table_args__ = (UniqueConstraint("challenge_id", "task", "version"),)

    challenge_id: Mapped[UUID] = mapped_column(ForeignKey("challenges.id"))
    task: Mapped[Task] = mapped_column(checked_enum(Task, name="task"))
    version: Mapped[int]
    document: Mapped[JsonColumn]
    """What everybody reads; never updated."""
    digest: Mapped[str]
    previous_digest: Mapped[str | None]
    published_at: Mapped[datetime]
    published_by: Mapped[str]
    note: Mapped[str] = mapped_column(default="")
