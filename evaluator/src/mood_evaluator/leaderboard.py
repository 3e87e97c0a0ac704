"""The rows of a leaderboard: scores, ranks, consensus, and how sure each of them is.

Only eligible entries with a result are ranked; the others are listed at their score and enter nobody's rank.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mood_evaluator.consensus import consensus, mean_ranks
from mood_evaluator.ranking import rank
from mood_evaluator.test_set import Dataset

Interval = tuple[float, float]
"""95 % percentile interval, low and high."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One team's counting Submission: per Dataset its score and bootstrap replicates (B,), or None."""

    key: str
    eligible: bool
    scores: Mapping[Dataset, float | None]
    replicates: Mapping[Dataset, NDArray[np.float64] | None]

    @property
    def ranked(self) -> bool:
        return self.eligible and any(score is not None for score in self.scores.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One Dataset of one row."""

    score: float | None
    rank: int | None
    interval: Interval | None
    rank_interval: Interval | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """`rank` and `mean_rank` are None where nothing is ranked; `keeps_place` is a share of bootstraps."""

    key: str
    rank: int | None
    mean_rank: float | None
    cells: Mapping[Dataset, Cell]
    rank_interval: Interval | None
    keeps_place: float | None


@dataclass(frozen=True, slots=True)
class _Table:
    """Ranks of the ranked entries at one set of scores."""

    places: dict[str, int]
    means: dict[str, float]
    by_dataset: dict[Dataset, dict[str, int]]

    @classmethod
    def of(cls, scores: Mapping[Dataset, Mapping[str, float | None]]) -> _Table:
        columns = list(scores.values())
        by_dataset = {dataset: rank(column) for dataset, column in scores.items()}
        return cls(places=consensus(columns), means=mean_ranks(columns), by_dataset=by_dataset)


def rank_entries(entries: Sequence[Entry]) -> list[Row]:
    """Rows in leaderboard order; an entry that is not ranked stands where its scores would put it."""
    ranked = [entry for entry in entries if entry.ranked]
    datasets = [dataset for dataset in Dataset if any(dataset in entry.scores for entry in entries)]
    table = _table(ranked, datasets) if ranked else None
    draws = _bootstrap_tables(ranked, datasets)
    places = {entry.key: _place(entry, ranked, datasets) for entry in entries}
    rows = [_row(entry, datasets, table, draws) for entry in entries]
    return sorted(rows, key=lambda row: (places[row.key], row.rank is not None, row.key))


def _table(entries: Sequence[Entry], datasets: Sequence[Dataset]) -> _Table:
    return _Table.of({d: {e.key: e.scores.get(d) for e in entries} for d in datasets})


def _place(entry: Entry, ranked: Sequence[Entry], datasets: Sequence[Dataset]) -> float:
    """Mean rank among the ranked entries, as if it were one of them; infinite without any score."""
    if all(score is None for score in entry.scores.values()):
        return math.inf
    others = [other for other in ranked if other.key != entry.key]
    return _table([*others, entry], datasets).means[entry.key]


def _bootstrap_tables(ranked: Sequence[Entry], datasets: Sequence[Dataset]) -> list[_Table]:
    """One table per draw; entries share the draws, so replicate b of one is paired with b of all."""
    lengths = {len(values) for entry in ranked for values in entry.replicates.values() if values is not None}
    if len(lengths) > 1:
        raise ValueError(f"Entries have different numbers of replicates: {sorted(lengths)}; draw them alike.")
    return [
        _Table.of({d: {e.key: _replicate(e, d, draw) for e in ranked} for d in datasets})
        for draw in range(min(lengths, default=0))
    ]


def _replicate(entry: Entry, dataset: Dataset, draw: int) -> float | None:
    values = entry.replicates.get(dataset)
    return None if values is None else float(values[draw])


def _row(entry: Entry, datasets: Sequence[Dataset], table: _Table | None, draws: Sequence[_Table]) -> Row:
    ranked = table is not None and entry.ranked
    place = table.places[entry.key] if table and ranked else None
    places = [draw.places[entry.key] for draw in draws] if ranked else []
    return Row(
        key=entry.key,
        rank=place,
        mean_rank=table.means[entry.key] if table and ranked else None,
        cells={dataset: _cell(entry, dataset, table if ranked else None, draws) for dataset in datasets},
        rank_interval=_interval(places),
        keeps_place=float(np.mean([seen == place for seen in places])) if places else None,
    )


def _cell(entry: Entry, dataset: Dataset, table: _Table | None, draws: Sequence[_Table]) -> Cell:
    replicates = entry.replicates.get(dataset)
    return Cell(
        score=entry.scores.get(dataset),
        rank=table.by_dataset[dataset][entry.key] if table else None,
        interval=None if replicates is None else _interval(replicates),
        rank_interval=_interval([draw.by_dataset[dataset][entry.key] for draw in draws]) if table else None,
    )


def _interval(values: Sequence[float] | NDArray[np.float64]) -> Interval | None:
    """2.5 % and 97.5 % quantiles (linear interpolation, R's type 7)."""
    if len(values) == 0:
        return None
    low, high = np.quantile(np.asarray(values, dtype=np.float64), [0.025, 0.975])
    return float(low), float(high)
