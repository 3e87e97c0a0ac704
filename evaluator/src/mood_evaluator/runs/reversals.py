"""Who overtakes whom when a third team, or the first batching, is left out.

A consensus of ranks has no independence of irrelevant alternatives, so each such pair is worth a row.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from mood_evaluator.consensus_ranks import consensus
from mood_evaluator.runs.standings import Scores, Standings, published

FIRST_BATCHING = "the first batching"


@dataclass(frozen=True, slots=True)
class Reversal:
    """The order of two teams in the consensus changes, or becomes or was a tie, `without` something."""

    ahead: str  # in the full consensus; by name where they are tied
    behind: str
    without: str


def find_reversals(standings: Standings) -> list[Reversal]:
    """Return all pairs of teams whose consensus order depends on one other team or on one batching."""
    scores = {test_set: standings.scores(test_set) for test_set in standings.sets}
    second = {test_set: standings.second_scores(test_set) for test_set in standings.sets}
    full = _places(scores)
    found = [
        reversal for team in full for reversal in _compare(full, _places(_leave_out(scores, team)), team)
    ]
    return found + _compare(full, _places(second), FIRST_BATCHING)


def _places(scores: Mapping[str, Scores]) -> dict[str, int]:
    return consensus([published(column) for column in scores.values()])


def _leave_out(scores: Mapping[str, Scores], team: str) -> dict[str, Scores]:
    return {
        test_set: {name: score for name, score in column.items() if name != team}
        for test_set, column in scores.items()
    }


def _compare(full: Mapping[str, int], others: Mapping[str, int], without: str) -> list[Reversal]:
    pairs = combinations(sorted(others, key=lambda team: (full[team], team)), 2)
    return [
        Reversal(ahead, behind, without)
        for ahead, behind in pairs
        if np.sign(full[behind] - full[ahead]) != np.sign(others[behind] - others[ahead])
    ]
