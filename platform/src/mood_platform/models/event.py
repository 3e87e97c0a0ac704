"""Append-only histories: what happened to a Run, and what people did (audit)."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, Identity
from sqlalchemy.orm import Mapped, mapped_column

from mood_platform.failures import FailureReason
from mood_platform.models.base import Base, Json, WithId, open_enum


class RunEvent(Base):
    """One state change of a Run or of one of its CaseRuns; organizers see all, teams see Run changes."""

    __tablename__ = "run_events"

    sequence: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    """Order of events; internal, never shown."""
    run_id: Mapped[UUID] = mapped_column(ForeignKey("runs.id"), index=True)
    case_run_id: Mapped[UUID | None] = mapped_column(ForeignKey("case_runs.id"))
    subject: Mapped[str]
    """`run` or `case_run`."""
    before: Mapped[str]
    after: Mapped[str]
    reason: Mapped[FailureReason | None] = mapped_column(open_enum(FailureReason))
    at: Mapped[datetime]
    node: Mapped[str | None]


class AuditEvent(WithId, Base):
    """Who did what to what, and why; never updated, never deleted."""

    __tablename__ = "audit_events"

    at: Mapped[datetime] = mapped_column(index=True)
    actor: Mapped[str]
    """E-mail of the user, or `platform`."""
    action: Mapped[str]
    """noun.verb, such as `submission.exclude`."""
    subject: Mapped[str]
    """`kind:id`."""
    reason: Mapped[str] = mapped_column(default="")
    data: Mapped[Json] = mapped_column(default=dict)
