"""What a version of a leaderboard changes against the one before it, with the words for it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from mood_evaluator import Dataset
from mood_platform.documents.stored import WHERE_KNOWN, Stored

WAYS = {
    "added": "added",
    "removed": "removed",
    "images": "with another scan",
    "labels": "with another label",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Change(Stored):
    """A value before and after."""

    before: Any
    after: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class DroppedChange(Stored):
    """How many cases of each Dataset count for no team; a Dataset without any is left out."""

    before: Mapping[Dataset, int]
    after: Mapping[Dataset, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseCounts(Stored):
    """How many cases of a test set differ from its version before."""

    added: int = 0
    removed: int = 0
    images: int = 0
    labels: int = 0

    @property
    def told(self) -> Iterator[tuple[int, str]]:
        """Each way in which some differ, as words."""
        counts = ((getattr(self, way), words) for way, words in WAYS.items())
        return ((count, words) for count, words in counts if count)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangedIds(Stored):
    """Ids of the cases of a test set that differ from its version before; for organizers alone."""

    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    images: tuple[str, ...] = ()
    """Cases whose scan is another one: their predictions are of no use any more."""
    labels: tuple[str, ...] = ()
    """Cases of the same scan whose truth is another one."""

    @property
    def told(self) -> Iterator[tuple[str, tuple[str, ...]]]:
        """Each way in which some differ, as words, with their ids."""
        return ((words, getattr(self, way)) for way, words in WAYS.items() if getattr(self, way))

    @property
    def counts(self) -> CaseCounts:
        return CaseCounts(**{way: len(getattr(self, way)) for way in WAYS})


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangedSet(Stored):
    """Digests; `cases` is None where the version before is not installed any more."""

    before: str | None = None
    after: str | None = None
    cases: CaseCounts | None

    @property
    def told(self) -> Iterator[tuple[int, str]]:
        return (self.cases or CaseCounts()).told


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownCell(Stored):
    score: float | None = None
    interval: tuple[float, float] | None = None
    rank: int | None = None


NO_CELL = ShownCell()


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownRow(Stored):
    """What of a team's row is compared."""

    submission: int
    standing: str
    rank: int | None
    rank_interval: tuple[float, float] | None = None
    datasets: Mapping[Dataset, ShownCell]

    @property
    def place(self) -> str:
        return place_of(self.rank, self.standing)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangedRow(Stored):
    """None is before a team came, or after it left."""

    team: str
    name: str
    before: ShownRow | None
    after: ShownRow | None

    def cells(self, dataset: Dataset) -> tuple[ShownCell, ShownCell]:
        """Before and after; one without a value where there is none."""
        before, after = (one.datasets if one else {} for one in (self.before, self.after))
        return before.get(dataset, NO_CELL), after.get(dataset, NO_CELL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes(Stored):
    """None stands for what is as it was. Older documents tell the `evaluator` and no scoring version."""

    since: int
    digest: str
    entered: tuple[str, ...]
    left: tuple[str, ...]
    rows: tuple[ChangedRow, ...]
    evaluator: Change | None = field(default=None, metadata=WHERE_KNOWN)
    scoring_version: Change | None = None
    limits: Change | None
    scoring: Change | None
    test_sets: Mapping[Dataset, ChangedSet]
    dropped: DroppedChange | None = None


def place_of(rank: int | None, standing: str, *, tied: bool = False) -> str:
    """`2`, `2=` where others share the rank, or the standing that keeps a row from one."""
    if rank is None:
        return standing
    return f"{rank}=" if tied else str(rank)
