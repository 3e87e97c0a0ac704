"""Installed test sets and their Cases; manifests are hidden unless the purpose is public."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from mood_evaluator import Dataset
from mood_platform.models.base import Base, JsonColumn, WithId, checked_enum

PUBLIC_PURPOSE = "toy"


class TestSet(WithId, Base):
    __tablename__ = "test_sets"
    __table_args__ = (UniqueConstraint("name", "digest"),)
    __test__ = False

    name: Mapped[str] = mapped_column(index=True)
    digest: Mapped[str]
    """Of the manifest; a name may be installed in several versions, the newest is used by new Runs."""
    dataset: Mapped[Dataset] = mapped_column(checked_enum(Dataset, name="dataset"))
    purpose: Mapped[str]
    manifest: Mapped[JsonColumn]
    installed_at: Mapped[datetime]

    @property
    def public(self) -> bool:
        """Toy sets may be downloaded by participants; everything else is hidden."""
        return self.purpose == PUBLIC_PURPOSE


class Case(WithId, Base):
    __tablename__ = "cases"
    __table_args__ = (UniqueConstraint("test_set_id", "case_id"),)

    test_set_id: Mapped[UUID] = mapped_column(ForeignKey("test_sets.id"), index=True)
    case_id: Mapped[str]
    """The manifest's id, 128 random bits; never shown for hidden sets."""
    position: Mapped[int]
    """Place in the manifest."""
    image_sha256: Mapped[str]
    label_sha256: Mapped[str | None]
    shape: Mapped[JsonColumn]
    """`{"x": …, "y": …, "z": …}` in voxels."""
    abnormal: Mapped[bool]
    tasks: Mapped[list[str]]
    affine: Mapped[list[list[float]] | None] = mapped_column(JSONB(none_as_null=True))
    """Where its voxels lie, by the manifest; older ones do not tell it."""
