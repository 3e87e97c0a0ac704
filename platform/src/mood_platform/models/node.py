"""Nodes as the database knows them: a slot's name and machine, its health, and how its last cases went."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy.orm import Mapped, mapped_column

from mood_platform.models.base import Base, JsonColumn, WithId, checked_enum


class Health(StrEnum):
    UNTRIED = "untried"
    """New, or it failed a case: its self-test comes before its next case."""
    WELL = "well"
    QUARANTINED = "quarantined"
    """It gets no case until its self-test passes."""


class KnownNode(WithId, Base):
    __tablename__ = "nodes"

    name: Mapped[str] = mapped_column(unique=True)
    """Of its slot; that of CaseRuns and events."""
    machine: Mapped[str]
    stages: Mapped[list[str]]
    """What it takes: toy, challenge, analysis."""
    facts: Mapped[JsonColumn]
    health: Mapped[Health] = mapped_column(checked_enum(Health, name="health"), default=Health.UNTRIED)
    health_since: Mapped[datetime]
    seen_at: Mapped[datetime]
    unfit: Mapped[str] = mapped_column(default="")
    """Why it takes nothing at the moment, by its own word; empty: it could."""
    fault_teams: Mapped[list[str]] = mapped_column(default=list)
    """Whose cases it failed in a row, an id a fault; empty after a case that went well."""
    unproven: Mapped[JsonColumn | None]
    """The fault whose Image is suspected if the next self-test passes: `{"run", "image", "at"}`."""
    quarantines: Mapped[int] = mapped_column(default=0)
    """In a row, without a case that went well: each rests longer than the one before."""
    quarantine_why: Mapped[str] = mapped_column(default="")
    quarantined_by: Mapped[str] = mapped_column(default="")
    """The organizer who did it: no test ends it, an organizer does. Empty: the platform."""
    released_at: Mapped[datetime | None]
    """When it last left quarantine: what it parked before is queued again."""
    tested_at: Mapped[datetime | None]
    test_problem: Mapped[str] = mapped_column(default="")
    """What its last self-test found; empty: it passed."""
