"""The leaderboard (mood-leaderboard/2): rows with their uncertainty, and all it rests on.

Boards of the first schema are read too: what they do not tell is a default here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from functools import cached_property
from typing import Any, ClassVar

from mood_evaluator import Dataset, Quantizer, Task
from mood_platform.documents.changes import Changes, place_of
from mood_platform.documents.node_class import NodeClass
from mood_platform.documents.set_result import OBJECTS, BatchedMean
from mood_platform.documents.stored import WHERE_KNOWN, Sealed, Stored

SCHEMA = "mood-leaderboard/2"
FIRST = "mood-leaderboard/1"
PAIR_COLUMNS = ("better", "worse", "difference", "low", "high", "p")
Pair = tuple[str, str, float, float, float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedObjects(Stored):
    """The share of objects found, without any scan by itself."""

    false_alarms_a_scan: tuple[float, ...]
    rule: Mapping[str, Any]
    score: float
    sensitivity: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedResult(Stored):
    """What everybody reads of a result."""

    evaluator: str
    valid: int
    total: int
    valid_share: float
    failed_share: float
    lossy: tuple[str, ...]
    scoring_version: int = 1
    score: float | None
    official: BatchedMean | None
    validation: BatchedMean | None
    whole_set_ap: float | None
    object_sensitivity: PublishedObjects | None = field(default=None, metadata=WHERE_KNOWN)
    quantized: Mapping[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaderboardCell(Stored):
    """A Dataset of a row: the score that ranks, with its 95 % interval."""

    score: float | None
    rank: int | None
    interval: tuple[float, float] | None
    interval_holds_score: bool | None = None
    interval_rounded: bool | None = None
    rank_interval: tuple[float, float] | None = None
    result: PublishedResult

    @property
    def misses_score(self) -> bool:
        return self.interval_holds_score is False

    @property
    def is_rounded(self) -> bool:
        """Before documents told it all intervals of voxels came from rounded scores."""
        told = self.interval_rounded
        return Quantizer.TWO_SIDED in self.result.lossy if told is None else told


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaderboardRow(Stored):
    """`team` is its handle, `name` what is shown; `standing` says why a row has no rank."""

    team: str
    name: str
    submission: int
    submission_name: str
    submitted_at: str
    image: str | None
    standing: str
    rank: int | None
    mean_rank: float | None
    rank_interval: tuple[float, float] | None
    keeps_place: float | None
    datasets: Mapping[Dataset, LeaderboardCell]


@dataclass(frozen=True, slots=True, kw_only=True)
class DroppedCases(Stored):
    """How many count for no team, and why."""

    cases: int = 0
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TestedOn(Stored):
    """What a Dataset's scores rest on; `batch_sizes` are those of the official batching.

    The digest is that of the test set as it is installed, all else is about the cases that count.
    """

    test_set: str
    digest: str
    batchings: tuple[str, ...]
    batch_sizes: tuple[int, ...] = ()
    cases: int
    dropped: DroppedCases = DroppedCases()
    not_hidden: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Significance(Stored):
    """All pairs of ranked teams as rows under column heads: 65 teams have 2,080 pairs."""

    level: float
    columns: tuple[str, ...] = PAIR_COLUMNS
    pairs: tuple[Pair, ...]

    @property
    def certain(self) -> list[tuple[str, str]]:
        """The better and the worse team of each pair that differs significantly."""
        return [(better, worse) for better, worse, *_, p in self.pairs if p <= self.level]


@dataclass(frozen=True, slots=True, kw_only=True)
class Edition(Stored):
    slug: str
    title: str


@dataclass(frozen=True, kw_only=True)
class Board(Stored):
    """What a draft and a published version have in common."""

    READS: ClassVar[frozenset[str]] = frozenset({SCHEMA, FIRST})

    schema: str = SCHEMA
    ranked_by: str | None = field(default=None, metadata=WHERE_KNOWN)
    challenge: Edition
    task: Task
    labels_reproducible: bool | None = None
    few_subjects: bool | None = None
    rounded_intervals: bool | None = None
    demonstration: str | None = field(default=None, metadata=WHERE_KNOWN)
    """Of the first schema: its caveats, joined."""
    caveats: tuple[str, ...] = ()
    datasets: Mapping[Dataset, TestedOn]
    limits: Mapping[str, Any]
    scoring: Mapping[str, Any]
    evaluator: str
    scoring_version: int = 1
    replicates_version: int | None = None
    bootstraps: int
    seed: int
    node_classes: tuple[NodeClass, ...] = ()
    rows: tuple[LeaderboardRow, ...]
    order_changes: Mapping[Dataset, tuple[tuple[str, ...], ...]]
    significance: Mapping[Dataset, Significance] = field(default_factory=dict)
    rescoring: int | None = None
    changes: Changes | None = None

    @property
    def is_by_objects(self) -> bool:
        return self.ranked_by == OBJECTS

    @property
    def sentences(self) -> tuple[str, ...]:
        """What must be said with it, in its own words."""
        joined = (self.demonstration or "").split("; ")
        return self.caveats or tuple(f"{part[:1].upper()}{part[1:]}." for part in joined if part)

    @cached_property
    def by_team(self) -> Mapping[str, LeaderboardRow]:
        return {row.team: row for row in self.rows}

    @property
    def shown_datasets(self) -> list[Dataset]:
        return sorted(self.datasets, key=lambda one: one.order)

    @cached_property
    def _at(self) -> Mapping[int | None, int]:
        return Counter(row.rank for row in self.rows)

    @property
    def values(self) -> Mapping[str, Any]:
        """The fields of a board alone, by name."""
        return {one.name: getattr(self, one.name) for one in fields(Board)}

    def place(self, row: LeaderboardRow) -> str:
        return place_of(row.rank, row.standing, tied=self._at[row.rank] > 1)


@dataclass(frozen=True, kw_only=True)
class PublishedBoard(Board, Sealed):
    """A version: numbered, naming the digest of the one before it."""

    version: int
    previous_digest: str | None
    published_at: str
    note: str
    digest: str = ""
