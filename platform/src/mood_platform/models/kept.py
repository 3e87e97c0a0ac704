"""What cases left in the object store and may be removed again: predictions and logs, weighed and hashed."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from mood_platform.models.base import Base, WithId, checked_enum
from mood_platform.terms import KeptKind


class KeptObject(WithId, Base):
    """The row outlives the object: size and hash of what was removed can still be shown."""

    __tablename__ = "kept_objects"
    __table_args__ = (
        Index("ix_kept_objects_team_id_toy", "team_id", "toy", postgresql_where=text("removed_at IS NULL")),
    )

    key: Mapped[str] = mapped_column(unique=True)
    team_id: Mapped[UUID] = mapped_column(ForeignKey("teams.id"))
    run_id: Mapped[UUID] = mapped_column(ForeignKey("runs.id"), index=True)
    case_run_id: Mapped[UUID] = mapped_column(ForeignKey("case_runs.id"))
    kind: Mapped[KeptKind] = mapped_column(checked_enum(KeptKind, name="kind"))
    toy: Mapped[bool]
    """A toy case's: it counts against what its team may keep. All else counts for organizers alone."""
    size: Mapped[int | None] = mapped_column(BigInteger)
    """Bytes; null until an object from before this table was weighed."""
    sha256: Mapped[str | None]
    stored_at: Mapped[datetime]
    removed_at: Mapped[datetime | None]
