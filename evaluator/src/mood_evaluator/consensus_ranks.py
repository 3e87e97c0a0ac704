"""Consensus over Datasets, as challengeR's `euclidean`, which MOOD used.

The mean of a team's average-tied ranks, then ranked; teams with an equal mean share the smallest rank.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from mood_evaluator.arrays import checked_tables
from mood_evaluator.ranking import average_ranks, rank


def mean_ranks(scores_by_dataset: Sequence[Mapping[str, float | None]]) -> dict[str, float]:
    """Mean over Datasets of average-tied ranks; every mapping must hold the same teams.

    A pandas frame has a column for each Dataset and a row for each team.

    >>> mean_ranks([{"A": 0.7, "B": 0.9}, {"A": 0.8, "B": 0.8}])
    {'A': 1.75, 'B': 1.25}
    """
    tables = [average_ranks(scores) for scores in checked_tables(scores_by_dataset)]
    return {name: math.fsum(table[name] for table in tables) / len(tables) for name in tables[0]}


def consensus(scores_by_dataset: Sequence[Mapping[str, float | None]]) -> dict[str, int]:
    """Consensus rank of each team, 1 = best; the scores are those of `mean_ranks`.

    >>> consensus([{"A": 0.7, "B": 0.9}, {"A": 0.8, "B": 0.8}])
    {'A': 2, 'B': 1}
    """
    return rank({name: -mean for name, mean in mean_ranks(scores_by_dataset).items()})
