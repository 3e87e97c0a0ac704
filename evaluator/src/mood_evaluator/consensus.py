"""Consensus over Datasets, as challengeR's `euclidean`, which MOOD used.

The mean of a team's average-tied ranks, then ranked; teams with an equal mean share the smallest rank.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from mood_evaluator.ranking import average_ranks, rank


def mean_ranks(scores_by_dataset: Sequence[Mapping[str, float | None]]) -> dict[str, float]:
    """Mean over Datasets of average-tied ranks; every mapping must hold the same teams."""
    tables = [average_ranks(scores) for scores in scores_by_dataset]
    if any(table.keys() != tables[0].keys() for table in tables):
        raise ValueError("Every Dataset must list the same teams; give None for a team without a result.")
    return {name: math.fsum(table[name] for table in tables) / len(tables) for name in tables[0]}


def consensus(scores_by_dataset: Sequence[Mapping[str, float | None]]) -> dict[str, int]:
    """Consensus rank of each team, 1 = best."""
    return rank({name: -mean for name, mean in mean_ranks(scores_by_dataset).items()})
