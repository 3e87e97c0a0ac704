"""Submissions: an Image, a Task, a Stage; order and quota are decided at creation and never change."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import ForeignKey, UniqueConstraint, false
from sqlalchemy.orm import Mapped, mapped_column, relationship

from mood_evaluator import Task
from mood_platform.models.account import Team
from mood_platform.models.base import Base, checked_enum
from mood_platform.models.challenge import Challenge
from mood_platform.models.image import Image
from mood_platform.models.state import Transitions, WithState
from mood_platform.terms import Stage


class SubmissionState(StrEnum):
    ACCEPTED = "accepted"
    WITHDRAWN = "withdrawn"
    EXCLUDED = "excluded"


SUBMISSION_TRANSITIONS: Transitions[SubmissionState] = {
    SubmissionState.ACCEPTED: frozenset({SubmissionState.WITHDRAWN, SubmissionState.EXCLUDED}),
    SubmissionState.WITHDRAWN: frozenset(),
    SubmissionState.EXCLUDED: frozenset({SubmissionState.ACCEPTED}),
}


class Submission(WithState[SubmissionState], Base):
    SUBJECT, TRANSITIONS = "submission", SUBMISSION_TRANSITIONS
    __tablename__ = "submissions"
    __table_args__ = (UniqueConstraint("team_id", "number"), UniqueConstraint("team_id", "idempotency_key"))

    team_id: Mapped[UUID] = mapped_column(ForeignKey("teams.id"), index=True)
    challenge_id: Mapped[UUID] = mapped_column(ForeignKey("challenges.id"), index=True)
    image_id: Mapped[UUID] = mapped_column(ForeignKey("images.id"))
    number: Mapped[int]
    """Counts up inside the Team: `#12`."""
    name: Mapped[str]
    task: Mapped[Task] = mapped_column(checked_enum(Task, name="task"))
    stage: Mapped[Stage] = mapped_column(checked_enum(Stage, name="stage"))
    submitted_at: Mapped[datetime]
    """Database clock at creation; the latest before the deadline counts."""
    state: Mapped[SubmissionState] = mapped_column(
        checked_enum(SubmissionState, name="state"), default=SubmissionState.ACCEPTED
    )
    state_since: Mapped[datetime]
    state_reason: Mapped[str] = mapped_column(default="")
    """Why it was excluded, or included again; the team reads it."""
    counted: Mapped[bool]
    """Quota decision at creation: challenge Submissions count, toy ones do not."""
    refunded_at: Mapped[datetime | None]
    refund_reason: Mapped[str] = mapped_column(default="")
    idempotency_key: Mapped[str | None]
    prior: Mapped[bool] = mapped_column(default=False, server_default=false())
    """Organizers let it go first: its cases come before those of all others."""
    team: Mapped[Team] = relationship(lazy="raise")
    image: Mapped[Image] = relationship(lazy="raise")
    challenge: Mapped[Challenge] = relationship(lazy="raise")

    @property
    def costs(self) -> bool:
        """Whether it counts against the quota now."""
        return self.counted and self.refunded_at is None
