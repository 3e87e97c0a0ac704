"""Rescorings: Runs scored again from their kept predictions, after a correction of labels or evaluator."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from mood_evaluator import Task
from mood_platform.failures import FailureReason
from mood_platform.models.base import Base, JsonColumn, WithId, checked_enum
from mood_platform.models.run import Run
from mood_platform.models.state import Transitions, WithState


class ScoringState(StrEnum):
    QUEUED = "queued"
    SCORED = "scored"
    FAILED = "failed"


SCORING_TRANSITIONS: Transitions[ScoringState] = {
    ScoringState.QUEUED: frozenset({ScoringState.SCORED, ScoringState.FAILED}),
    ScoringState.SCORED: frozenset(),
    ScoringState.FAILED: frozenset(),
}


class Rescoring(WithId, Base):
    """All counting Runs of a Task, scored again. One that is only looked at becomes a decision, once."""

    __tablename__ = "rescorings"
    __table_args__ = (UniqueConstraint("challenge_id", "task", "number"),)

    challenge_id: Mapped[UUID] = mapped_column(ForeignKey("challenges.id"))
    task: Mapped[Task] = mapped_column(checked_enum(Task, name="task"))
    number: Mapped[int]
    """1, 2, … inside the Challenge and Task."""
    reason: Mapped[str]
    actor: Mapped[str]
    created_at: Mapped[datetime]
    evaluator: Mapped[str]
    """Version of the evaluator that was asked for."""
    scoring_version: Mapped[int]
    """That of its numbers: another one is not applied in its place."""
    test_sets: Mapped[JsonColumn]
    """`{dataset: test set id}` the Runs are scored on."""
    dropped: Mapped[JsonColumn] = mapped_column(default=dict)
    """`{dataset: {case id: published reason}}`: all Cases that count for nobody, earlier ones included."""
    decided_at: Mapped[datetime | None]
    """None: a proposal to drop Cases. No board uses it, and nothing is scored without them yet."""
    decided_by: Mapped[str] = mapped_column(default="")
    scorings: Mapped[list[RunScoring]] = relationship(lazy="raise", back_populates="rescoring")


class RunScoring(WithState[ScoringState], Base):
    """One Run inside a Rescoring; the Run and its first results stay as they are."""

    SUBJECT, TRANSITIONS = "run_scoring", SCORING_TRANSITIONS
    __tablename__ = "run_scorings"
    __table_args__ = (UniqueConstraint("rescoring_id", "run_id"),)

    rescoring_id: Mapped[UUID] = mapped_column(ForeignKey("rescorings.id"))
    run_id: Mapped[UUID] = mapped_column(ForeignKey("runs.id"), index=True)
    state: Mapped[ScoringState] = mapped_column(
        checked_enum(ScoringState, name="state"), default=ScoringState.QUEUED
    )
    state_since: Mapped[datetime]
    attempt: Mapped[int] = mapped_column(default=0)
    """How often it was begun."""
    results_key: Mapped[str | None]
    problem: Mapped[str] = mapped_column(default="")
    """Why it failed, for organizers."""
    rescoring: Mapped[Rescoring] = relationship(lazy="raise", back_populates="scorings")
    run: Mapped[Run] = relationship(lazy="raise")

    def advance(self, target: ScoringState, *, now: datetime, reason: FailureReason | None = None) -> None:
        self._step(target, now=now, reason=reason, run_id=self.run_id)
