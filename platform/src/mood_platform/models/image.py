"""Images: what a Team handed in once, for whatever edition, and what intake found."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column, relationship

from mood_platform.failures import FailureReason
from mood_platform.models.account import Team
from mood_platform.models.base import Base, JsonColumn, checked_enum, open_enum
from mood_platform.models.state import Transitions, WithState


class ImageState(StrEnum):
    RECEIVED = "received"
    CHECKING = "checking"
    ACCEPTED = "accepted"
    REJECTED = "rejected"


_S = ImageState
IMAGE_TRANSITIONS: Transitions[ImageState] = {
    _S.RECEIVED: frozenset({_S.CHECKING}),
    _S.CHECKING: frozenset({_S.ACCEPTED, _S.REJECTED}),
    _S.ACCEPTED: frozenset({_S.REJECTED}),  # an earlier version of the check had accepted it
    _S.REJECTED: frozenset({_S.ACCEPTED}),  # handed in again, and today's check has nothing against it
}


class Image(WithState[ImageState], Base):
    SUBJECT, TRANSITIONS = "image", IMAGE_TRANSITIONS
    __tablename__ = "images"
    __table_args__ = (UniqueConstraint("team_id", "digest"),)

    team_id: Mapped[UUID] = mapped_column(ForeignKey("teams.id"), index=True)
    digest: Mapped[str | None]
    """`sha256:…` of the image's config JSON; known once checked; the id it runs by."""
    name: Mapped[str]
    size: Mapped[int] = mapped_column(BigInteger)
    state: Mapped[ImageState] = mapped_column(
        checked_enum(ImageState, name="state"), default=ImageState.RECEIVED
    )
    state_since: Mapped[datetime]
    attempt: Mapped[int] = mapped_column(default=0)
    """How often its check was begun; a check that dies for our reasons is given up after a few."""
    reason: Mapped[FailureReason | None] = mapped_column(open_enum(FailureReason))
    detail: Mapped[str] = mapped_column(default="")
    """Evidence for the team, such as the file it cannot read."""
    facts: Mapped[JsonColumn] = mapped_column(default=dict)
    upload_begun_at: Mapped[datetime]
    """Of the first upload that brought it."""
    created_at: Mapped[datetime]
    checked_at: Mapped[datetime | None]
    blamed: Mapped[list[JsonColumn]] = mapped_column(JSONB, default=list)
    """Faults of Nodes that were well before and after its case: `{"node", "machine", "at"}` each."""
    suspect_since: Mapped[datetime | None]
    """Several Nodes, or the only one, failed over it: one of its cases runs at a time."""
    kept_bytes: Mapped[int] = mapped_column(BigInteger, default=0)
    """Of its clean archive in the store: what its team is charged."""
    leaves_at: Mapped[datetime | None]
    """Its team was told that its archive is removed at this time."""
    removed_at: Mapped[datetime | None]
    """Its archive is gone; handed in again it comes back."""
    removed_by: Mapped[str] = mapped_column(default="")
    team: Mapped[Team] = relationship(lazy="raise")

    def advance(self, target: ImageState, *, now: datetime, reason: FailureReason | None = None) -> None:
        """Its reason is that of its last step."""
        self._step(target, now=now, reason=reason)
        self.reason = reason
