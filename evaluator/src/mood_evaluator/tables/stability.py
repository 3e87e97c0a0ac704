"""How firm a ranking is: cases are drawn with replacement and the whole ranking is made again.

As challengeR's bootstrap, but a case drawn k times counts k times in every scheme; `as_challenger` gives its
numbers, which rank all copies of a case together (rank-then-*) or see them once (test-then-rank) and thereby
misstate how stable these two are.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
import numpy.typing as npt

from mood_evaluator.arrays import checked_draws
from mood_evaluator.errors import InvalidTable
from mood_evaluator.rows import Rows
from mood_evaluator.tables.agreement import tau_b_of_rows
from mood_evaluator.tables.resamples import Draws, ranks_of
from mood_evaluator.tables.schemes import (
    Method,
    aggregate,
    checked_table_and_method,
    rank_table,
    treat_missing,
)
from mood_evaluator.tables.score_table import Matrix, ScoreTable

_QUANTILES = (0.025, 0.5, 0.975)


class Repeats(StrEnum):
    """What a case that was drawn repeatedly counts."""

    HONOURED = "honoured"
    AS_CHALLENGER = "as-challenger"


@dataclass(frozen=True, slots=True, eq=False)
class Stability:
    """Ranks of `algorithms` in the full table (algorithms,) and in each draw (draws, algorithms)."""

    algorithms: tuple[str, ...]
    full: npt.NDArray[np.int64]
    ranks: npt.NDArray[np.int64]
    tau_b: Matrix  # (draws,) agreement with the full ranking; NaN where all are tied

    def to_json(self) -> dict[str, Any]:
        """Return per algorithm its rank, median, 95 % interval, distribution and winner frequency."""
        rows = [self._row(column, name) for column, name in enumerate(self.algorithms)]
        known = self.tau_b[~np.isnan(self.tau_b)]
        names = ("q25", "median", "q75")
        quartiles = np.quantile(known, (0.25, 0.5, 0.75)) if known.size else [None] * 3
        tau = dict(zip(names, map(_plain, quartiles), strict=True))
        tau["mean"] = float(known.mean()) if known.size else None
        return {
            "draws": len(self.ranks),
            "algorithms": sorted(rows, key=lambda row: (row["rank"], row["algorithm"])),
            "kendall_tau_b": tau | {"left_out": int(self.tau_b.size - known.size)},
        }

    def summary(self) -> Rows[dict[str, Any]]:
        """Return per algorithm its rank, median rank, 95 % interval and winner frequency, best first."""
        names = ("algorithm", "rank", "median", "interval", "wins")
        return Rows({name: row[name] for name in names} for row in self.to_json()["algorithms"])

    def to_frame(self) -> Any:
        """Return the summary as a pandas frame."""
        return self.summary().to_frame()

    def _repr_html_(self) -> str:
        return self.summary()._repr_html_()

    def _row(self, column: int, name: str) -> dict[str, Any]:
        mine = self.ranks[:, column]
        # Ranks that occurred: never a number between two.
        low, median, high = map(float, np.quantile(mine, _QUANTILES, method="inverted_cdf"))
        shares = np.bincount(mine, minlength=len(self.algorithms) + 1)[1:] / mine.size
        return {
            "algorithm": name,
            "rank": int(self.full[column]),
            "median": median,
            "interval": [low, high],
            "wins": float(np.mean(mine == 1)),
            "shares": shares.tolist(),
            "ranks": mine.tolist(),
        }


def bootstrap_table(
    table: ScoreTable,
    method: Method | None = None,
    *,
    n: int,
    seed: int,
    repeats: Repeats = Repeats.HONOURED,
) -> Stability:
    """Rank `n` resamples of the cases; raises InvalidTable with less than two cases or algorithms.

    >>> table = ScoreTable("brain", ["A", "B"], ["1", "2", "3"], [[0.9, 0.8, 0.7], [0.1, 0.2, 0.3]])
    >>> [(row["algorithm"], row["interval"]) for row in bootstrap_table(table, n=100, seed=1).summary()]
    [('A', [1.0, 1.0]), ('B', [2.0, 2.0])]
    """
    table, method = checked_table_and_method(table, method)
    checked_draws(n, seed)
    return replay_table(table, method, draw_cases(len(table.cases), n=n, seed=seed), repeats=repeats)


def draw_cases(cases: int, *, n: int, seed: int) -> Draws:
    """Return (n, cases) indices of cases, drawn with replacement."""
    return np.random.default_rng(seed).integers(0, cases, (n, cases))


def replay_table(
    table: ScoreTable, method: Method | None, draws: Draws, *, repeats: Repeats = Repeats.HONOURED
) -> Stability:
    """Rank the given resamples, `draws` (B, n) being indices of the table's cases."""
    table, method = checked_table_and_method(table, method)
    if min(len(table.algorithms), len(table.cases)) < 2:
        raise InvalidTable(f"Task {table.task}: stability needs at least two algorithms and two cases.")
    table = treat_missing(table, method)
    together = repeats is Repeats.AS_CHALLENGER
    aggregates = aggregate(table, draws, method, copies_together=together)
    ranks = ranks_of(aggregates, smaller_is_better=method.small_aggregate_wins)
    places = {row.algorithm: row.rank for row in rank_table(table, method)}
    full = np.array([places[name] for name in table.algorithms])
    return Stability(table.algorithms, full, ranks, tau_b_of_rows(full, ranks))


def draws_of_names(table: ScoreTable, names: Sequence[Sequence[str]], place: str) -> Draws:
    """Return the indices of draws that name their cases; raises InvalidTable for a name that is unknown."""
    index = {case: number for number, case in enumerate(table.cases)}
    for number, draw in enumerate(names):
        unknown = [case for case in draw if case not in index]
        if unknown or len(draw) != len(names[0]) or not draw:
            problem = f"case {unknown[0]!r} is not in the table" if unknown else "it has another length"
            raise InvalidTable(
                f"{place}, draw {number} of task {table.task}: {problem}. Draw from its cases."
            )
    return np.array([[index[case] for case in draw] for draw in names], np.int64)


def _plain(value: Any) -> float | None:
    return None if value is None else float(value)
