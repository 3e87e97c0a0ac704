"""Runs: one numbered attempt to execute a Submission, and its one transition table."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from mood_platform.documents.run_test_sets import RunTestSets
from mood_platform.failures import FailureReason
from mood_platform.models.base import Base, JsonColumn, checked_enum, open_enum
from mood_platform.models.state import Transitions, WithState
from mood_platform.models.submission import Submission
from mood_platform.terms import Stage


class RunState(StrEnum):
    QUEUED = "queued"
    RUNNING = "running"
    SCORING = "scoring"
    SCORED = "scored"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def live(self) -> bool:
        return self in LIVE


LIVE = frozenset({RunState.QUEUED, RunState.RUNNING, RunState.SCORING})
LIVE_RUNS = "runs.state IN ('queued', 'running', 'scoring')"
"""The same in SQL, word for word as in the index of live Runs: a query that says it reads no old one."""
ENDS = frozenset({RunState.FAILED, RunState.CANCELLED})
RUN_TRANSITIONS: Transitions[RunState] = {
    RunState.QUEUED: frozenset({RunState.RUNNING}) | ENDS,
    RunState.RUNNING: frozenset({RunState.SCORING}) | ENDS,
    RunState.SCORING: frozenset({RunState.SCORED}) | ENDS,
    RunState.SCORED: frozenset(),
    RunState.FAILED: frozenset(),
    RunState.CANCELLED: frozenset(),
}


class Run(WithState[RunState], Base):
    SUBJECT, TRANSITIONS = "run", RUN_TRANSITIONS
    __tablename__ = "runs"
    __table_args__ = (
        UniqueConstraint("submission_id", "number"),
        Index(
            "uq_runs_one_live_per_submission",
            "submission_id",
            "stage",
            unique=True,
            postgresql_where=text("state IN ('queued', 'running', 'scoring') AND stage <> 'analysis'"),
        ),
        Index(
            "ix_runs_untold",
            "state_since",
            postgresql_where=text("state = 'scored' AND stage = 'challenge' AND told_at IS NULL"),
        ),
        Index("ix_runs_live", "stage", postgresql_where=text("state IN ('queued', 'running', 'scoring')")),
    )

    submission_id: Mapped[UUID] = mapped_column(ForeignKey("submissions.id"), index=True)
    number: Mapped[int]
    """1, 2, … inside the Submission."""
    stage: Mapped[Stage] = mapped_column(checked_enum(Stage, name="stage"))
    state: Mapped[RunState] = mapped_column(checked_enum(RunState, name="state"), default=RunState.QUEUED)
    state_since: Mapped[datetime]
    created_at: Mapped[datetime]
    reason: Mapped[FailureReason | None] = mapped_column(open_enum(FailureReason))
    limits: Mapped[JsonColumn]
    """Copied from challenge.yaml; later edits never change this Run."""
    scoring: Mapped[JsonColumn]
    test_sets: Mapped[JsonColumn]
    """Which this Run executes: see `executes`."""
    toy_reported_at: Mapped[datetime | None]
    """When the team got the report of the toy cases."""
    told_live: Mapped[bool] = mapped_column(default=False)
    """Its test sets hide nothing, or the edition publishes how many cases there are: all is told at once."""
    told_at: Mapped[datetime | None]
    """When the team was told that it is scored."""
    scoring_attempt: Mapped[int] = mapped_column(default=0)
    """How often a step of its scoring (toy report, results) was begun; set back when one succeeds. As often
    as it may be: it waits until an organizer resumes the Run."""
    parked_told_at: Mapped[datetime | None]
    """When organizers were told that it waits for them: cases are parked, or its report or results fail."""
    held_since: Mapped[datetime | None]
    """Its Image is suspected of harming Nodes: its open cases are parked until organizers decide."""
    held_why: Mapped[str] = mapped_column(default="")
    """For organizers alone."""
    results_of: Mapped[UUID | None] = mapped_column(ForeignKey("runs.id"))
    """The scored Run of the same Image whose results this one took over; it ran nothing itself."""
    results_key: Mapped[str | None]
    scoring_version: Mapped[int | None]
    """Of the evaluator that made the results; None until there are some."""
    toy_report_key: Mapped[str | None]
    voided_at: Mapped[datetime | None]
    voided_reason: Mapped[str] = mapped_column(default="")
    """An organizer's written reason; a voided Run no longer counts."""
    predictions_removed_at: Mapped[datetime | None]
    """When retention came to this Run, whether or not it had left any."""
    logs_removed_at: Mapped[datetime | None]
    submission: Mapped[Submission] = relationship(lazy="raise")

    @property
    def executes(self) -> RunTestSets:
        return RunTestSets.from_json(self.test_sets, place=f"the test sets of run {self.id}")

    def advance(self, target: RunState, *, now: datetime, reason: FailureReason | None = None) -> None:
        """A reason that it has stays where the step brings none."""
        self._step(target, now=now, reason=reason, run_id=self.id)
        self.reason = reason or self.reason
