"""The ranking schemes of challengeR: aggregate then rank, rank then aggregate, test then rank.

Values of one case are compared as they stand; aggregates are summed exactly and compared to 12 decimals, so
that algorithms with the same values in another order are tied. Ties share the smallest rank.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

import numpy as np

from mood_evaluator.arrays import is_finite
from mood_evaluator.errors import InvalidInput, InvalidTable
from mood_evaluator.rows import Rows
from mood_evaluator.tables.resamples import (
    Draws,
    means,
    medians,
    rank_in_cases,
    ranks_of,
    share_beaten,
)
from mood_evaluator.tables.score_table import Matrix, ScoreTable


class Scheme(StrEnum):
    MEAN_THEN_RANK = "mean-then-rank"
    MEDIAN_THEN_RANK = "median-then-rank"
    RANK_THEN_MEAN = "rank-then-mean"
    RANK_THEN_MEDIAN = "rank-then-median"
    TEST_THEN_RANK = "test-then-rank"

    @property
    def ranks_first(self) -> bool:
        return self in (Scheme.RANK_THEN_MEAN, Scheme.RANK_THEN_MEDIAN)


class Adjust(StrEnum):
    """How the p-values of test-then-rank are adjusted for their number."""

    NONE = "none"
    HOLM = "holm"


@dataclass(frozen=True, slots=True, kw_only=True)
class Method:
    """`missing` counts in place of a missing value, or "drop" leaves it out; rank-then-* ignore it.

    Names are taken for `scheme` and `adjust` too.

    >>> Method(scheme="rank-then-mean").scheme
    <Scheme.RANK_THEN_MEAN: 'rank-then-mean'>
    """

    scheme: Scheme = Scheme.MEAN_THEN_RANK
    adjust: Adjust = Adjust.NONE
    missing: float | Literal["drop"] | None = None
    smaller_is_better: bool = False

    def __post_init__(self) -> None:
        """Refuse a scheme or an adjustment that there is not."""
        for name, kind in (("scheme", Scheme), ("adjust", Adjust)):
            given = getattr(self, name)
            if given not in list(kind):
                raise InvalidInput(f"{name} is {given!r}. Give one of {', '.join(kind)}.")
            object.__setattr__(self, name, kind(given))
        if not (self.missing is None or self.missing == "drop" or is_finite(self.missing)):
            raise InvalidInput(f'missing is {self.missing!r}. Give a finite number, "drop", or None.')

    @property
    def small_aggregate_wins(self) -> bool:
        if self.scheme is Scheme.TEST_THEN_RANK:
            return False
        return self.scheme.ranks_first or self.smaller_is_better


@dataclass(frozen=True, slots=True)
class RankedAlgorithm:
    """`aggregate` is a value, a mean or median rank, or a share of algorithms significantly beaten."""

    algorithm: str
    aggregate: float
    rank: int


def rank_table(table: ScoreTable, method: Method | None = None) -> Rows[RankedAlgorithm]:
    """Rank the algorithms of one table, best first; without a `method` by their means.

    >>> table = ScoreTable("brain", ["A", "B"], ["1", "2"], [[0.9, 0.8], [0.7, 1.0]])
    >>> [(row.algorithm, row.rank) for row in rank_table(table, Method(scheme=Scheme.MEDIAN_THEN_RANK))]
    [('A', 1), ('B', 1)]

    Raises InvalidTable where values are missing and `method` does not say what counts instead. With "drop" an
    algorithm without any value is not ranked.
    """
    table, method = checked_table_and_method(table, method)
    table = treat_missing(table, method)
    aggregates = aggregate(table, np.arange(len(table.cases))[None], method)
    places = ranks_of(aggregates, smaller_is_better=method.small_aggregate_wins)[0]
    rows = zip(table.algorithms, aggregates[0], places, strict=True)
    ranked = [RankedAlgorithm(name, float(value), int(place)) for name, value, place in rows]
    return Rows(sorted(ranked, key=lambda row: (row.rank, row.algorithm)))


def checked_table_and_method(table: ScoreTable, method: Method | None) -> tuple[ScoreTable, Method]:
    """Return both, the default method for None; refuse a frame, or the name of a scheme, in their place."""
    if not isinstance(table, ScoreTable):
        raise InvalidInput(
            f"table is a {type(table).__name__}. Read it with read_score_tables; give the table of one task."
        )
    if method is not None and not isinstance(method, Method):
        raise InvalidInput(f"method is {method!r}. Give a Method, such as Method(scheme='median-then-rank').")
    return table, method or Method()


def treat_missing(table: ScoreTable, method: Method) -> ScoreTable:
    """Return the table with missing values replaced, or without algorithms that have none at all."""
    missing = np.isnan(table.values)
    if method.scheme.ranks_first or not missing.any():
        return table
    if method.missing is None:
        row, column = np.argwhere(missing)[0]
        raise InvalidTable(
            f"Task {table.task}: {table.algorithms[row]} has no value for case {table.cases[column]}. "
            f"Say what counts instead: missing=0 or another number, or missing='drop' to leave it out "
            f"(on the command line --missing 0, or --missing drop)."
        )
    if method.missing == "drop":
        return _keep(table, [row for row, gaps in enumerate(missing) if not gaps.all()])
    values = np.where(missing, method.missing, table.values)
    return ScoreTable(table.task, table.algorithms, table.cases, values)


def aggregate(table: ScoreTable, draws: Draws, method: Method, *, copies_together: bool = False) -> Matrix:
    """Return (B, algorithms) aggregates of B resamples; `draws` (B, n) are indices of cases.

    `copies_together` treats a case that was drawn repeatedly as challengeR does: rank-then-* rank all its
    copies in one list, test-then-rank sees it once.
    """
    sign = -1.0 if method.smaller_is_better else 1.0
    match method.scheme:
        case Scheme.MEAN_THEN_RANK:
            return means(table.values, draws)
        case Scheme.MEDIAN_THEN_RANK:
            return medians(table.values[:, draws])
        case Scheme.TEST_THEN_RANK:
            holm = method.adjust is Adjust.HOLM
            return share_beaten(sign * table.values, draws, holm=holm, copies_once=copies_together)
    ranks = rank_in_cases(sign * table.values, draws, copies_together=copies_together)
    return medians(ranks) if method.scheme is Scheme.RANK_THEN_MEDIAN else ranks.mean(axis=2).T


def _keep(table: ScoreTable, rows: Sequence[int]) -> ScoreTable:
    names = tuple(table.algorithms[row] for row in rows)
    return ScoreTable(table.task, names, table.cases, table.values[list(rows)])
