"""Rounds of retention: what was removed, or would have been, each time it was looked for."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Mapped, mapped_column

from mood_platform.models.base import Base, Json, WithId


class RetentionRound(WithId, Base):
    __tablename__ = "retention_rounds"

    at: Mapped[datetime] = mapped_column(index=True)
    removes: Mapped[bool]
    """False: it only reported, as all rounds do in the days after the first one."""
    document: Mapped[Json]
    """mood-retention/1: counts and bytes of each kind, images with their days, and what does not fit."""
