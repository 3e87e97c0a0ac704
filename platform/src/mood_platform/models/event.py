"""Append-only histories: every change of a state, and what people did (audit)."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, Identity
from sqlalchemy.orm import Mapped, mapped_column

from mood_platform.failures import FailureReason
from mood_platform.models.base import Base, JsonColumn, WithId, open_enum


class Event(Base):
    """One change of a state; organizers alone read them."""

    __tablename__ = "events"

    sequence: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    """Order of events; internal, never shown."""
    run_id: Mapped[UUID | None] = mapped_column(ForeignKey("runs.id"), index=True)
    """The Run to whose history it belongs."""
    subject: Mapped[str]
    """`run`, `case_run`, `run_scoring`, `submission`, `image`, `upload` or `entry`."""
    subject_id: Mapped[UUID] = mapped_column(index=True)
    """No foreign key: an Image that was merged into an equal one is gone, and its history stays."""
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
    data: Mapped[JsonColumn] = mapped_column(default=dict)
