"""Challenges: one edition each, described by its challenge.yaml."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Mapped, mapped_column

from mood_platform.models.base import Base, JsonColumn, WithId


class Challenge(WithId, Base):
    __tablename__ = "challenges"

    slug: Mapped[str] = mapped_column(unique=True)
    config: Mapped[JsonColumn]
    """The whole checked challenge.yaml as JSON; Runs copy limits and scoring from it."""
    opens: Mapped[datetime]
    closes: Mapped[datetime]
    upload_grace_seconds: Mapped[int]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]

    @property
    def title(self) -> str:
        return str(self.config["title"])

    @property
    def limits(self) -> JsonColumn:
        return dict(self.config["limits"])

    @property
    def scoring(self) -> JsonColumn:
        return dict(self.config["scoring"])
