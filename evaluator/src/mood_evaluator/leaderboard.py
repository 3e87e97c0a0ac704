"""The rows of a leaderboard: scores as published, ranks, consensus, and how sure each of them is.

Only eligible entries with a result are ranked; the others are listed at their score and enter nobody's rank.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from mood_evaluator.bootstrap import Replicates
from mood_evaluator.consensus_ranks import consensus, mean_ranks
from mood_evaluator.rank_draws import (
    Interval,
    Matrix,
    Ranks,
    consensus_draws,
    rank_draws,
    rank_interval,
    score_interval,
)
from mood_evaluator.ranking import PUBLISHED_DECIMALS, as_published, rank
from mood_evaluator.rows import Rows
from mood_evaluator.significance import PairDifference, compare_replicates
from mood_evaluator.test_set import Dataset


@dataclass(frozen=True, slots=True, kw_only=True)
class BoardEntry:
    """One team's counting Submission: per Dataset its score and replicates, or None.

    A score without replicates means that they are not made yet: then no row has an interval or a share.
    """

    key: str
    eligible: bool
    scores: Mapping[Dataset, float | None]
    replicates: Mapping[Dataset, Replicates | None]

    @property
    def ranked(self) -> bool:
        return self.eligible and any(score is not None for score in self.scores.values())

    @property
    def drawn(self) -> bool:
        return not any(
            score is not None and self.replicates.get(dataset) is None
            for dataset, score in self.scores.items()
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class BoardCell:
    """One Dataset of one row; score and interval are rounded as published."""

    score: float | None
    rank: int | None
    interval: Interval | None
    rank_interval: tuple[int, int] | None

    @property
    def holds_score(self) -> bool | None:
        """Whether the score lies in its interval; None without one."""
        if self.interval is None or self.score is None:
            return None
        return self.interval[0] <= self.score <= self.interval[1]


@dataclass(frozen=True, slots=True, kw_only=True)
class BoardRow:
    """`rank` and `mean_rank` are None where nothing is ranked; `keeps_place` is a share of bootstraps."""

    key: str
    rank: int | None
    mean_rank: float | None
    cells: Mapping[Dataset, BoardCell]
    rank_interval: tuple[int, int] | None
    keeps_place: float | None

    def to_row(self) -> dict[str, Any]:
        """Return the columns of a table: each Dataset with its score, interval and rank."""
        cells = {
            f"{dataset} {name}": getattr(cell, name)
            for dataset, cell in self.cells.items()
            for name in ("score", "interval", "rank")
        }
        return {
            "rank": self.rank,
            "key": self.key,
            "mean_rank": self.mean_rank,
            "rank_interval": self.rank_interval,
            "keeps_place": self.keeps_place,
            **cells,
        }


@dataclass(frozen=True, slots=True)
class _Table:
    """Ranks of the ranked entries."""

    places: dict[str, int]
    means: dict[str, float]
    by_dataset: dict[Dataset, dict[str, int]]

    @classmethod
    def of(cls, entries: Sequence[BoardEntry], datasets: Sequence[Dataset]) -> _Table:
        columns = {d: {one.key: as_published(one.scores.get(d)) for one in entries} for d in datasets}
        by_dataset = {dataset: rank(column) for dataset, column in columns.items()}
        scores = list(columns.values())
        return cls(places=consensus(scores), means=mean_ranks(scores), by_dataset=by_dataset)


@dataclass(frozen=True, slots=True)
class _Draws:
    """Ranks (draws, entries) of the ranked entries in every draw."""

    place: dict[str, int]
    by_dataset: dict[Dataset, Ranks]
    consensus: Ranks

    @classmethod
    def of(cls, ranked: Sequence[BoardEntry], datasets: Sequence[Dataset]) -> _Draws | None:
        """None where there is nothing to draw from, or somebody's replicates are not made yet."""
        if not ranked or not all(entry.drawn for entry in ranked):
            return None
        by_dataset = {
            dataset: rank_draws(_columns(ranked, dataset, lambda found: found.draws)) for dataset in datasets
        }
        place = {entry.key: number for number, entry in enumerate(ranked)}
        return cls(place, by_dataset, consensus_draws(list(by_dataset.values())))


def rank_entries(entries: Sequence[BoardEntry]) -> Rows[BoardRow]:
    """Rows in leaderboard order; an entry that is not ranked stands where its scores would put it."""
    ranked, datasets = [entry for entry in entries if entry.ranked], _datasets(entries)
    table = _Table.of(ranked, datasets) if ranked else None
    draws = _Draws.of(ranked, datasets)
    places = {entry.key: _place(entry, ranked, datasets) for entry in entries}
    rows = [_row(entry, datasets, table, draws) for entry in entries]
    return Rows(sorted(rows, key=lambda row: (places[row.key], row.rank is not None, row.key)))


def compare_entries(entries: Sequence[BoardEntry]) -> dict[Dataset, Rows[PairDifference]]:
    """All pairs of ranked entries on each Dataset; none where somebody's replicates are not made yet."""
    ranked = [entry for entry in entries if entry.ranked]
    if not all(entry.drawn for entry in ranked):
        return {dataset: Rows() for dataset in _datasets(entries)}
    teams = [entry.key for entry in ranked]
    return {
        dataset: compare_replicates(
            teams,
            {one.key: one.scores.get(dataset) for one in ranked},
            _columns(ranked, dataset, lambda found: found.draws),
            _columns(ranked, dataset, lambda found: found.influences),
        )
        for dataset in _datasets(entries)
    }


def _datasets(entries: Sequence[BoardEntry]) -> list[Dataset]:
    return [dataset for dataset in Dataset if any(dataset in entry.scores for entry in entries)]


def _place(entry: BoardEntry, ranked: Sequence[BoardEntry], datasets: Sequence[Dataset]) -> float:
    """Mean rank among the ranked entries, as if it were one of them; infinite without any score."""
    if all(score is None for score in entry.scores.values()):
        return math.inf
    others = [other for other in ranked if other.key != entry.key]
    return _Table.of([*others, entry], datasets).means[entry.key]


def _columns(ranked: Sequence[BoardEntry], dataset: Dataset, part: Callable[[Replicates], Matrix]) -> Matrix:
    """Return a part of all replicates side by side (…, entries): they share the draws. NaN: no result."""
    found = [None if (own := entry.replicates.get(dataset)) is None else part(own) for entry in ranked]
    lengths = {values.size for values in found if values is not None}
    if len(lengths) > 1:
        raise ValueError(f"Entries have different numbers of replicates: {sorted(lengths)}; draw them alike.")
    columns = np.full((max(lengths, default=1), len(ranked)), np.nan)
    for number, values in enumerate(found):
        if values is not None:
            columns[:, number] = values
    return columns


def _row(
    entry: BoardEntry, datasets: Sequence[Dataset], table: _Table | None, draws: _Draws | None
) -> BoardRow:
    table = table if entry.ranked else None
    place = table.places[entry.key] if table else None
    seen = draws.consensus[:, draws.place[entry.key]] if draws and table else None
    return BoardRow(
        key=entry.key,
        rank=place,
        mean_rank=table.means[entry.key] if table else None,
        cells={dataset: _cell(entry, dataset, table, draws) for dataset in datasets},
        rank_interval=None if seen is None else rank_interval(seen),
        keeps_place=None if seen is None else float(np.mean(seen == place)),
    )


def _cell(entry: BoardEntry, dataset: Dataset, table: _Table | None, draws: _Draws | None) -> BoardCell:
    replicates = entry.replicates.get(dataset)
    seen = draws.by_dataset[dataset][:, draws.place[entry.key]] if draws and table else None
    return BoardCell(
        score=as_published(entry.scores.get(dataset)),
        rank=table.by_dataset[dataset][entry.key] if table else None,
        interval=None if replicates is None else _published_interval(replicates.draws),
        rank_interval=None if seen is None else rank_interval(seen),
    )


def _published_interval(replicates: Matrix) -> Interval:
    low, high = (round(end, PUBLISHED_DECIMALS) for end in score_interval(replicates))
    return low, high
