"""Who is significantly better: one-sided Wilcoxon signed-rank tests of all ordered pairs, as challengeR.

Normal approximation with continuity and tie correction; zero differences are dropped; if all are zero, p = 1.
Wilcoxon 1945; Hollander & Wolfe 1973; R's `wilcox.test(paired = TRUE, exact = FALSE)`.
"""

import math
from dataclasses import asdict, dataclass
from itertools import combinations
from typing import Any

import numpy as np

from mood_evaluator.rows import Rows
from mood_evaluator.tables.score_table import Matrix, ScoreTable

ALPHA = 0.05


@dataclass(frozen=True, slots=True)
class PairTest:
    """The test that `better` is better than `worse`; p is NaN where the two share no case."""

    better: str
    worse: str
    p: float
    p_adjusted: float

    @property
    def significant(self) -> bool:
        return self.p_adjusted <= ALPHA

    def to_row(self) -> dict[str, Any]:
        """Return the fields, and whether it is significant."""
        return {**asdict(self), "significant": self.significant}


def compare_pairs(table: ScoreTable, *, smaller_is_better: bool = False) -> Rows[PairTest]:
    """Test all ordered pairs on the cases both have; p-values are Holm-adjusted over the n (n - 1) pairs."""
    values = -table.values if smaller_is_better else table.values
    p = pair_p_values(values, np.ones((1, len(table.cases))))[0]
    adjusted = adjust_holm(p.reshape(1, -1)).reshape(p.shape)
    names = list(enumerate(table.algorithms))
    return Rows(
        PairTest(better, worse, float(p[row, column]), float(adjusted[row, column]))
        for row, better in names
        for column, worse in names
        if row != column
    )


def pair_p_values(values: Matrix, weights: Matrix) -> Matrix:
    """Return (B, A, A): p that row beats column, higher values better; NaN on the diagonal.

    `values` is (A, cases); `weights` (B, cases) says how often each case counts in each of B resamples.
    """
    count = len(values)
    p = np.full((len(weights), count, count), np.nan)
    for one, other in combinations(range(count), 2):
        p[:, one, other], p[:, other, one] = _both_p_values(values[one] - values[other], weights)
    return p


def adjust_holm(p: Matrix) -> Matrix:
    """Return Holm's step-down adjustment of each row of `p` (B, tests); NaN is not part of the family."""
    order = np.argsort(p, axis=1)  # NaN last
    family = np.sum(~np.isnan(p), axis=1, keepdims=True)
    factors = np.maximum(family - np.arange(p.shape[1]), 1)
    stepped = np.maximum.accumulate(np.take_along_axis(p, order, axis=1) * factors, axis=1)
    adjusted = np.empty_like(p)
    np.put_along_axis(adjusted, order, np.minimum(stepped, 1.0), axis=1)
    return adjusted


def _both_p_values(differences: Matrix, weights: Matrix) -> tuple[Matrix, Matrix]:
    """Return (B,) p that differences tend to be positive, and that they tend to be negative."""
    shared = weights @ ~np.isnan(differences)
    used = np.flatnonzero((differences != 0) & ~np.isnan(differences))
    used = used[np.argsort(np.abs(differences[used]), kind="stable")]
    above, tied = _group_ties(differences[used], weights[:, used])
    n = tied.sum(axis=1)
    midranks = np.cumsum(tied, axis=1) - (tied - 1) / 2
    distance = (above * midranks).sum(axis=1) - n * (n + 1) / 4
    variance = n * (n + 1) * (2 * n + 1) / 24 - (tied * tied * tied - tied).sum(axis=1) / 48
    sigma = np.sqrt(np.where(n > 0, variance, 1.0))
    both = (_upper_tail((side * distance - 0.5) / sigma) for side in (1, -1))
    greater, less = (np.where(shared == 0, np.nan, np.where(n == 0, 1.0, p)) for p in both)
    return greater, less


def _group_ties(differences: Matrix, weights: Matrix) -> tuple[Matrix, Matrix]:
    """Return (B, groups of equal size) how many differences are positive, and how many there are."""
    if differences.size == 0:
        none = np.zeros((len(weights), 0))
        return none, none
    starts = np.flatnonzero(np.diff(np.abs(differences), prepend=-1.0))
    positive = np.add.reduceat(weights * (differences > 0), starts, axis=1)
    return positive, np.add.reduceat(weights, starts, axis=1)


def _upper_tail(z: Matrix) -> Matrix:
    return np.array([math.erfc(value / math.sqrt(2)) / 2 for value in z])
