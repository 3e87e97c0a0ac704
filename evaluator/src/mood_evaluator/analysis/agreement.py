"""How well test sets agree on who is better (thesis Table 4.3: can a proxy set predict the ranking?)."""

from itertools import combinations
from typing import Any

import numpy as np

from mood_evaluator.runs.standings import Standings
from mood_evaluator.tables.agreement import kendall_tau_b


def agreement_rows(standings: Standings) -> list[dict[str, Any]]:
    """Return Kendall's tau-b of every two test sets over the teams with a result on both."""
    found = []
    for one, other in combinations(standings.sets, 2):
        mine, theirs = standings.scores(one), standings.scores(other)
        both = [team for team in standings.teams if None not in (mine[team], theirs[team])]
        tau = kendall_tau_b(
            {team: mine[team] or 0.0 for team in both}, {team: theirs[team] or 0.0 for team in both}
        ) if len(both) > 1 else np.nan  # fmt: skip
        row = {"one": one, "other": other, "teams": len(both)}
        found.append(row | {"kendall_tau_b": None if np.isnan(tau) else tau})
    return found
