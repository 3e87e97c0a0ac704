"""Uploads in the tus 1.0.0 core: the row holds owner, size and expiry; the offset is the file's size."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from mood_platform.models.base import Base, checked_enum
from mood_platform.models.state import Transitions, WithState


class UploadState(StrEnum):
    RECEIVING = "receiving"
    COMPLETE = "complete"
    USED = "used"
    """Became an Image; its file is gone."""
    EXPIRED = "expired"


UPLOAD_TRANSITIONS: Transitions[UploadState] = {
    UploadState.RECEIVING: frozenset({UploadState.COMPLETE, UploadState.EXPIRED}),
    UploadState.COMPLETE: frozenset({UploadState.USED}),
    UploadState.USED: frozenset(),
    UploadState.EXPIRED: frozenset(),
}


class Upload(WithState[UploadState], Base):
    SUBJECT, TRANSITIONS = "upload", UPLOAD_TRANSITIONS
    __tablename__ = "uploads"

    team_id: Mapped[UUID] = mapped_column(ForeignKey("teams.id"), index=True)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    size: Mapped[int] = mapped_column(BigInteger)
    """Bytes promised at creation."""
    filename: Mapped[str]
    """Metadata only; never a path."""
    sha256: Mapped[str | None]
    """What the client says its file hashes to; compared at the end."""
    state: Mapped[UploadState] = mapped_column(
        checked_enum(UploadState, name="state"), default=UploadState.RECEIVING
    )
    state_since: Mapped[datetime]
    image_id: Mapped[UUID | None] = mapped_column(ForeignKey("images.id"), index=True)
    """The Image it became; several uploads of one team may have brought the same."""
    created_at: Mapped[datetime]
    """What was begun before an edition's deadline may be submitted to it within `upload_grace`."""
    expires_at: Mapped[datetime]
