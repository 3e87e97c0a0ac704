"""CaseRuns: one Case inside a Run: its claim, clock, exit and outcome."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import ForeignKey, Index, UniqueConstraint, false, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from mood_evaluator import Dataset
from mood_platform.failures import FailureReason
from mood_platform.models.base import Base, JsonColumn, checked_enum, open_enum
from mood_platform.models.run import Run
from mood_platform.models.state import Transitions, WithState
from mood_platform.models.test_set import Case


class CaseRunState(StrEnum):
    QUEUED = "queued"
    RUNNING = "running"
    COLLECTED = "collected"
    PARKED = "parked"
    """Failed for our reasons where it was tried: it waits for a healthy Node or an organizer."""
    SUCCEEDED = "succeeded"
    OUTPUT_INVALID = "output_invalid"
    TIMED_OUT = "timed_out"
    OUT_OF_MEMORY = "out_of_memory"
    CRASHED = "crashed"
    OUTPUT_MISSING = "output_missing"
    ABANDONED = "abandoned"
    """Of Runs of earlier versions; nothing reaches it any more."""
    CANCELLED = "cancelled"

    @property
    def terminal(self) -> bool:
        return not CASE_RUN_TRANSITIONS[self]


_S = CaseRunState
CASE_RUN_TRANSITIONS: Transitions[CaseRunState] = {
    _S.QUEUED: frozenset({_S.RUNNING, _S.PARKED, _S.CANCELLED}),
    _S.RUNNING: frozenset(
        {
            _S.COLLECTED,
            _S.TIMED_OUT,
            _S.OUT_OF_MEMORY,
            _S.CRASHED,
            _S.OUTPUT_MISSING,
            _S.QUEUED,
            _S.PARKED,
            _S.CANCELLED,
        }
    ),
    _S.COLLECTED: frozenset({_S.SUCCEEDED, _S.OUTPUT_INVALID, _S.PARKED, _S.CANCELLED}),
    _S.PARKED: frozenset({_S.QUEUED, _S.COLLECTED, _S.CRASHED, _S.CANCELLED}),
} | {
    state: frozenset()
    for state in (
        _S.SUCCEEDED,
        _S.OUTPUT_INVALID,
        _S.TIMED_OUT,
        _S.OUT_OF_MEMORY,
        _S.CRASHED,
        _S.OUTPUT_MISSING,
        _S.ABANDONED,
        _S.CANCELLED,
    )
}
TERMINAL = frozenset(state for state, targets in CASE_RUN_TRANSITIONS.items() if not targets)
TEAM_FAULTS = TERMINAL - {_S.SUCCEEDED, _S.ABANDONED, _S.CANCELLED}


class CaseRun(WithState[CaseRunState], Base):
    SUBJECT, TRANSITIONS = "case_run", CASE_RUN_TRANSITIONS
    __tablename__ = "case_runs"
    __table_args__ = (
        UniqueConstraint("run_id", "case_id"),
        Index("ix_case_runs_state_run_id_position", "state", "run_id", "position"),
        Index("ix_case_runs_alone", "state", postgresql_where=text("alone")),
    )

    run_id: Mapped[UUID] = mapped_column(ForeignKey("runs.id"))
    case_id: Mapped[UUID] = mapped_column(ForeignKey("cases.id"), index=True)
    dataset: Mapped[Dataset] = mapped_column(checked_enum(Dataset, name="dataset"))
    toy: Mapped[bool]
    """A toy case: runs first, its log and score go to the team."""
    position: Mapped[int]
    """Order inside the Run: toy cases first, else random, so that nothing can be read off the sequence."""
    state: Mapped[CaseRunState] = mapped_column(
        checked_enum(CaseRunState, name="state"), default=CaseRunState.QUEUED
    )
    state_since: Mapped[datetime]
    attempt: Mapped[int] = mapped_column(default=0)
    """How often it was claimed."""
    failed_on: Mapped[list[str]] = mapped_column(default=list)
    """Names of the Nodes that failed it for our reasons, one entry a fault, since it was last resumed."""
    resumed: Mapped[int] = mapped_column(default=0)
    """How often it left the park by itself because a Node that failed it was well again."""
    claim_id: Mapped[UUID | None] = mapped_column(unique=True)
    lease_until: Mapped[datetime | None]
    """Running: when the claim lapses without a heartbeat. Queued again after a fault: not before this."""
    node: Mapped[str | None]
    node_facts: Mapped[JsonColumn] = mapped_column(default=dict)
    """Node class it ran on: GPU, driver, CPU, RAM."""
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    seconds: Mapped[float | None]
    """Container run time, without queueing and image pull."""
    exit_code: Mapped[int | None]
    usage: Mapped[JsonColumn | None]
    """What its container used (mood-usage/1), as far as it could be measured."""
    first_run: Mapped[JsonColumn | None]
    """Of a case that the Node starved: how it went; the second run, with a machine to itself, counts."""
    alone: Mapped[bool] = mapped_column(default=False, server_default=false())
    """Its second run waits or goes on: nothing else may run on its machine, and no Team is charged for it."""
    alone_on: Mapped[str | None]
    """The machine that is reserved for its second run; None: whichever adopts it."""
    reason: Mapped[FailureReason | None] = mapped_column(open_enum(FailureReason))
    flags: Mapped[list[str]] = mapped_column(default=list)
    prediction_key: Mapped[str | None]
    log_key: Mapped[str | None]
    scoring_attempt: Mapped[int] = mapped_column(default=0)
    """How often the scoring of its prediction was begun."""
    evidence_key: Mapped[str | None]
    score: Mapped[JsonColumn | None]
    """The evaluator's CaseScore document, without the Evidence."""
    unforeseen: Mapped[str | None]
    """How its prediction ended the reader, where nobody foresaw it; for organizers alone. As long as it is
    there, the prediction is kept: no retention removes it. A rescoring that can read it takes it away."""
    run: Mapped[Run] = relationship(lazy="raise")
    case: Mapped[Case] = relationship(lazy="raise")

    def advance(self, target: CaseRunState, *, now: datetime, reason: FailureReason | None = None) -> None:
        """Its reason is that of its last step."""
        self._step(target, now=now, reason=reason, run_id=self.run_id, node=self.node)
        self.reason = reason
