"""Ranks inside one Task and Dataset: higher scores first, equal scores share the smallest rank.

Scores are rounded to 12 decimals first, so that equality is transitive; no result ranks last. Leaderboards
give scores rounded as they are published.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections import Counter
from collections.abc import Mapping
from typing import overload

from mood_evaluator.arrays import checked_table

DECIMALS = 12
PUBLISHED_DECIMALS = 4


@overload
def as_published(score: float) -> float: ...
@overload
def as_published(score: float | None) -> float | None: ...
def as_published(score: float | None) -> float | None:
    """Round half to even to 4 decimals: official ranks are those of the scores that everybody can read.

    >>> as_published(0.51234567)
    0.5123
    """
    return None if score is None else round(score, PUBLISHED_DECIMALS)


def rank(scores: Mapping[str, float | None]) -> dict[str, int]:
    """Rank of each key, 1 = best; ties share the smallest, None and non-finite share the last.

    A pandas Series is taken as the mapping that it is.

    >>> rank({"A": 0.7, "B": 0.9, "C": None, "D": 0.7})
    {'A': 2, 'B': 1, 'C': 4, 'D': 2}
    """
    keys = {name: _sort_key(score) for name, score in checked_table(scores).items()}
    ordered = sorted(keys.values())
    return {name: 1 + bisect_left(ordered, mine) for name, mine in keys.items()}


def average_ranks(scores: Mapping[str, float | None]) -> dict[str, float]:
    """Like `rank`, but ties share the mean of the places they take.

    >>> average_ranks({"A": 0.7, "B": 0.9, "C": None, "D": 0.7})
    {'A': 2.5, 'B': 1.0, 'C': 4.0, 'D': 2.5}
    """
    smallest = rank(scores)
    shared = Counter(smallest.values())
    return {name: place + (shared[place] - 1) / 2 for name, place in smallest.items()}


def _sort_key(score: float | None) -> float:
    """Ascending sort key: the negated rounded score, +inf for no result (a NaN never outranks a number)."""
    if score is None or not math.isfinite(score):
        return math.inf
    return -round(score, DECIMALS)
