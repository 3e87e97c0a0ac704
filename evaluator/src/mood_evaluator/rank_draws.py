"""Ranks when scans are drawn anew: one way for leaderboards, reports and studies.

Every draw is ranked as the scores themselves are: rounded as published, ties sharing the smallest rank.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from mood_evaluator.ranking import DECIMALS, PUBLISHED_DECIMALS

Matrix = npt.NDArray[np.float64]
Ranks = npt.NDArray[np.int64]
Interval = tuple[float, float]
"""95 % of the draws, low and high."""
LEVELS = (0.025, 0.975)


def rank_draws(replicates: Matrix) -> Ranks:
    """Return (draws, teams) ranks of replicates (draws, teams); NaN is no result and ranks last."""
    keys = np.where(np.isnan(replicates), np.inf, -np.round(replicates, PUBLISHED_DECIMALS))
    return _places_taken(keys)[0]


def consensus_draws(ranks: Sequence[Ranks]) -> Ranks:
    """Return (draws, teams) consensus ranks; `ranks` has the same draws and teams for each Dataset."""
    taken = [_places_taken(part) for part in ranks]
    means = sum((first + last for first, last in taken), np.zeros_like(ranks[0])) / (2 * len(ranks))
    return _places_taken(np.round(means, DECIMALS))[0]


def score_interval(replicates: Matrix) -> Interval:
    """Return the 2.5 % and 97.5 % quantiles (linear interpolation, R's type 7)."""
    low, high = np.quantile(replicates, LEVELS)
    return float(low), float(high)


def rank_interval(ranks: npt.NDArray[Any]) -> tuple[int, int]:
    """Return the ranks at 2.5 % and 97.5 %: ranks that occurred, never a number between two (R's type 1)."""
    low, high = np.quantile(ranks, LEVELS, method="inverted_cdf")
    return int(low), int(high)


def _places_taken(keys: npt.NDArray[Any]) -> tuple[Ranks, Ranks]:
    """Return the first and the last place that equals of each key take in their row, the smallest first."""
    order = np.argsort(keys, axis=1, kind="stable")
    ordered = np.take_along_axis(keys, order, axis=1)
    begins = np.ones(keys.shape, np.bool_)
    begins[:, 1:] = ordered[:, 1:] != ordered[:, :-1]
    ends = np.roll(begins, -1, axis=1)
    places = np.arange(1, keys.shape[1] + 1)
    first, last = np.empty((2, *keys.shape), np.int64)
    firsts = np.maximum.accumulate(np.where(begins, places, 1), axis=1)
    lasts = np.minimum.accumulate(np.where(ends, places, places[-1])[:, ::-1], axis=1)[:, ::-1]
    np.put_along_axis(first, order, firsts, axis=1)
    np.put_along_axis(last, order, lasts, axis=1)
    return first, last
