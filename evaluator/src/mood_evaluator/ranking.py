"""Ranks inside one Task and Dataset: higher scores first, equal scores share the smallest rank.

Scores are rounded to 12 decimals first, so that equality is transitive; no result ranks last.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

DECIMALS = 12


def rank(scores: Mapping[str, float | None]) -> dict[str, int]:
    """Rank of each key, 1 = best; ties share the smallest, None and non-finite share the last."""
    keys = {name: _sort_key(score) for name, score in scores.items()}
    return {name: 1 + sum(other < mine for other in keys.values()) for name, mine in keys.items()}


def average_ranks(scores: Mapping[str, float | None]) -> dict[str, float]:
    """Like `rank`, but ties share the mean of the places they take: 1, 2.5, 2.5, 4."""
    smallest = rank(scores)
    shared = list(smallest.values())
    return {name: place + (shared.count(place) - 1) / 2 for name, place in smallest.items()}


def _sort_key(score: float | None) -> float:
    """Ascending sort key: the negated rounded score, +inf for no result (a NaN never outranks a number)."""
    if score is None or not math.isfinite(score):
        return math.inf
    return -round(score, DECIMALS)
