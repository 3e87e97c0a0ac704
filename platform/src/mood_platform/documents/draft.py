"""The draft of a leaderboard, for organizers: what publishing now would say, and what it has to wait for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from mood_evaluator import Dataset
from mood_platform.documents.changes import ChangedIds, ChangedRow
from mood_platform.documents.leaderboard import Board
from mood_platform.documents.stored import Stored


@dataclass(frozen=True, slots=True, kw_only=True)
class ParkedCase(Stored):
    """One that may be dropped for everybody."""

    dataset: Dataset
    case: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingRun(Stored):
    """An entry whose Run is not over; `parked`: cases of it are."""

    team: str
    submission: int
    parked: bool
    parked_cases: tuple[ParkedCase, ...]

    @property
    def title(self) -> str:
        return f"{self.team} #{self.submission}"


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingRescoring(Stored):
    number: int
    waiting: int
    runs: int

    @property
    def told(self) -> str:
        return f"{self.waiting} of {self.runs} runs wait"


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingReplicates(Stored):
    """An entry whose intervals are being made; `problem` is that of the last attempt, if there was one."""

    team: str
    submission: int
    problem: str

    @property
    def title(self) -> str:
        return f"{self.team} #{self.submission}"


@dataclass(frozen=True, slots=True, kw_only=True)
class DropProposal(Stored):
    """To drop cases: `rows` is what would change, None until both boards can be compared."""

    number: int
    proposed_at: str
    cases: Mapping[Dataset, tuple[str, ...]]
    runs: int
    waiting: int
    problems: tuple[str, ...]
    replicates_pending: tuple[PendingReplicates, ...]
    rows: tuple[ChangedRow, ...] | None


@dataclass(frozen=True, kw_only=True)
class Draft(Board):
    """All beside the board is for organizers alone, and not published."""

    changed_cases: Mapping[Dataset, ChangedIds]
    pending: tuple[PendingRun, ...]
    rescoring_pending: PendingRescoring | None
    replicates_pending: tuple[PendingReplicates, ...]
    warnings: tuple[str, ...]
    drop: DropProposal | None
