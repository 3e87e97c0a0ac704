"""Aggregates of many resamples of a table at once; a resample is a row of case indices, with repeats."""

import math

import numpy as np
import numpy.typing as npt

from mood_evaluator.ranking import DECIMALS
from mood_evaluator.tables.score_table import Matrix
from mood_evaluator.tables.signed_rank import ALPHA, adjust_holm, pair_p_values

Draws = npt.NDArray[np.int64]
"""(B, n) indices of cases."""


def count_draws(draws: Draws, cases: int) -> Matrix:
    """Return (B, cases) how often each case was drawn."""
    flat = (draws + cases * np.arange(len(draws))[:, None]).ravel()
    return np.bincount(flat, minlength=len(draws) * cases).reshape(-1, cases).astype(np.float64)


def means(values: Matrix, draws: Draws) -> Matrix:
    """Return (B, algorithms) means of the values present, NaN where there is none.

    One resample is summed exactly; many by a matrix product, whose error is far below the decimals ranked.
    """
    if len(draws) == 1:
        return np.array([[_exact_mean(row[draws[0]]) for row in values]])
    counts = count_draws(draws, values.shape[1])
    present = ~np.isnan(values)
    found = counts @ present.T
    totals = counts @ np.where(present, values, 0.0).T
    return np.divide(totals, found, out=np.full_like(totals, np.nan), where=found > 0)


def medians(values: Matrix) -> Matrix:
    """Return (B, algorithms) medians of `values` (algorithms, B, n), NaN left out."""
    ordered = np.sort(values, axis=2)  # NaN last
    found = np.sum(~np.isnan(ordered), axis=2)
    low, high = (
        np.take_along_axis(ordered, np.maximum(place, 0)[..., None], axis=2)[..., 0]
        for place in ((found - 1) // 2, np.minimum(found // 2, values.shape[2] - 1))
    )
    return ((low + high) / 2).T


def rank_in_cases(values: Matrix, draws: Draws, *, copies_together: bool) -> Matrix:
    """Return (algorithms, B, n) ranks within each drawn case, higher values first, ties the smallest rank.

    A missing value ranks one behind the largest rank given in its case. With `copies_together` a case drawn
    k times is one list of k copies of each algorithm, so rank r becomes k (r - 1) + 1 (challengeR).
    """
    present = ~np.isnan(values)
    better = np.where(
        present, np.sum(values[None] > values[:, None], axis=1), 0
    )  # algorithms that are better
    last = np.max(better, axis=0)
    behind = np.where(present, better, last)
    offset = np.where(present | ~present.any(axis=0), 1.0, 2.0)
    if not copies_together:
        return (behind + offset)[:, draws]
    copies = np.take_along_axis(count_draws(draws, values.shape[1]), draws, axis=1)
    return copies * behind[:, draws] + offset[:, draws]


def share_beaten(values: Matrix, draws: Draws, *, holm: bool, copies_once: bool) -> Matrix:
    """Return (B, algorithms) shares of the other algorithms that each significantly beats."""
    counts = count_draws(draws, values.shape[1])
    p = pair_p_values(values, np.minimum(counts, 1.0) if copies_once else counts)
    if holm:
        p = adjust_holm(p.reshape(len(p), -1)).reshape(p.shape)
    return np.asarray(np.sum(p <= ALPHA, axis=2) / max(len(values) - 1, 1))


def ranks_of(aggregates: Matrix, *, smaller_is_better: bool) -> npt.NDArray[np.int64]:
    """Return (B, algorithms) ranks, ties the smallest; NaN ranks last."""
    keys = np.round(aggregates if smaller_is_better else -aggregates, DECIMALS)
    keys = np.where(np.isnan(keys), np.inf, keys)
    return np.asarray(1 + np.sum(keys[:, None, :] < keys[:, :, None], axis=2))


def _exact_mean(values: Matrix) -> float:
    present = values[~np.isnan(values)]
    return math.fsum(present) / present.size if present.size else math.nan
