"""Rounds of retention: what was removed, or would have been, each time it was looked for."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Mapped, mapped_column

from mood_platform.documents.retention import RetentionReport
from mood_platform.models.base import Base, JsonColumn, WithId


class RetentionRound(WithId, Base):
    __tablename__ = "retention_rounds"

    at: Mapped[datetime] = mapped_column(index=True)
    removes: Mapped[bool]
    """False: it only reported, as all rounds do in the days after the first one."""
    document: Mapped[JsonColumn]
    """mood-retention/1; see `report`."""

    @property
    def report(self) -> RetentionReport:
        return RetentionReport.from_json(self.document, place=f"the round of retention at {self.at}")
