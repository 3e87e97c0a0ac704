"""Replicates of results: made once by a job of their own, named by results and scoring version."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from mood_platform.models.base import Base, WithId
from mood_platform.models.run import Run


class Replicates(WithId, Base):
    """What leaderboards take their intervals from; ordered when results are there, or a version is new."""

    __tablename__ = "replicates"
    __table_args__ = (UniqueConstraint("results_key", "scoring_version"),)

    run_id: Mapped[UUID] = mapped_column(ForeignKey("runs.id"), index=True)
    results_key: Mapped[str]
    """The first results of a Run, or those of a Rescoring."""
    scoring_version: Mapped[int]
    key: Mapped[str | None]
    """Of the object; None until they are made."""
    weighed: Mapped[bool] = mapped_column(default=False)
    """Whether it was asked if Evidence is too coarse for them; of those from before it was not."""
    attempt: Mapped[int] = mapped_column(default=0)
    """How often they were begun."""
    since: Mapped[datetime]
    """Ordered, begun or made."""
    problem: Mapped[str] = mapped_column(default="")
    """Why the last attempt failed, for organizers."""
    run: Mapped[Run] = relationship(lazy="raise")
