"""Which Cases count for nobody: those that the newest decided Rescoring of a Task leaves out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from uuid import UUID

from sqlalchemy import select

from mood_evaluator import Dataset, Task
from mood_platform.db.transaction import Transaction
from mood_platform.models import Case, CaseRun, Rescoring, Run, Stage, Submission


@dataclass(frozen=True, slots=True)
class Dropped:
    """Of one Task of a Challenge."""

    reasons: Mapping[Dataset, Mapping[str, str]] = field(default_factory=dict)
    """By the Case's id in the manifest: why, as the board says it."""
    rescoring: int | None = None
    """Number of the Rescoring that says so; None where nothing is dropped."""

    def of(self, dataset: Dataset) -> Mapping[str, str]:
        return self.reasons.get(dataset, {})

    @property
    def ids(self) -> Mapping[Dataset, frozenset[str]]:
        return {dataset: frozenset(cases) for dataset, cases in self.reasons.items() if cases}

    @classmethod
    def read(cls, row: Rescoring) -> Dropped:
        reasons = {Dataset(name): cases for name, cases in row.dropped.items() if cases}
        return cls(reasons, row.number) if reasons else cls()

    def to_json(self) -> dict[str, object]:
        return {str(dataset): dict(cases) for dataset, cases in self.reasons.items()}


def read_dropped(tx: Transaction, *, challenge_id: UUID, task: Task) -> Dropped:
    decided = (
        Rescoring.challenge_id == challenge_id,
        Rescoring.task == task,
        Rescoring.decided_at.is_not(None),
    )
    row = tx.session.scalar(select(Rescoring).where(*decided).order_by(Rescoring.number.desc()).limit(1))
    return Dropped() if row is None else Dropped.read(row)


def dropped_for(tx: Transaction, *, run: Run) -> Dropped:
    """Only what is to stand on a board is scored without them: no toy Run, no analysis."""
    if run.stage is not Stage.CHALLENGE:
        return Dropped()
    submission = tx.session.get_one(Submission, run.submission_id)
    return read_dropped(tx, challenge_id=submission.challenge_id, task=submission.task)


def is_dropped(tx: Transaction, *, run: Run, case_run: CaseRun) -> bool:
    if case_run.toy:
        return False
    dropped = dropped_for(tx, run=run).of(case_run.dataset)
    return bool(dropped) and tx.session.get_one(Case, case_run.case_id).case_id in dropped
