"""Consensus over tasks: the mean of average-tied ranks (challengeR's `euclidean`), then ranked."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from mood_evaluator.consensus_ranks import mean_ranks
from mood_evaluator.errors import InvalidInput
from mood_evaluator.ranking import rank
from mood_evaluator.rows import Rows
from mood_evaluator.tables.schemes import RankedAlgorithm


@dataclass(frozen=True, slots=True)
class ConsensusRow:
    """`value_min_ties` is the mean of ranks whose ties share the smallest: a diagnostic, never ranked."""

    algorithm: str
    value: float
    rank: int
    value_min_ties: float


def combine_rankings(rankings: Mapping[str, Sequence[RankedAlgorithm]]) -> Rows[ConsensusRow]:
    """Return the consensus of the rankings of several tasks, best first.

    >>> one = [RankedAlgorithm("A", 0.9, 1), RankedAlgorithm("B", 0.8, 2)]
    >>> other = [RankedAlgorithm("A", 0.7, 1)]
    >>> [(row.algorithm, row.rank) for row in combine_rankings({"brain": one, "abdom": other})]
    [('A', 1), ('B', 2)]

    An algorithm that is missing from a task ranks last there, tied with the others that are. Raises
    InvalidInput for what is no ranking.
    """
    for ranking in rankings.values() if isinstance(rankings, Mapping) else (None,):
        if not isinstance(ranking, Sequence) or not all(isinstance(row, RankedAlgorithm) for row in ranking):
            raise InvalidInput("rankings is no mapping of rankings. Give what rank_table returns, by task.")
    if not rankings:
        raise InvalidInput("rankings is empty. Give the ranking of at least one task.")
    places = [{row.algorithm: row.rank for row in ranking} for ranking in rankings.values()]
    names = sorted(set().union(*places))
    values = mean_ranks([{name: -task[name] if name in task else None for name in names} for task in places])
    order = rank({name: -value for name, value in values.items()})
    smallest = {
        name: math.fsum(task.get(name, len(task) + 1) for task in places) / len(places) for name in names
    }
    rows = [ConsensusRow(name, values[name], order[name], smallest[name]) for name in names]
    return Rows(sorted(rows, key=lambda row: (row.rank, row.algorithm)))
