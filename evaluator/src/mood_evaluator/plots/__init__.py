"""Every plot of the report as a function that returns a matplotlib Figure (extra `report`).

    from mood_evaluator import plots
    plots.rank_shares({"Brain": stability}).savefig("ranks.svg")

Each takes its data by panel and draws small multiples. `look` is `plots.LIGHT`, `plots.DARK` or either at
another width: `plots.LIGHT.at(3.4)`. With `into` a plot becomes a part of another figure.
"""

from mood_evaluator.plots.curves import objects_found, reliability, threshold_curves
from mood_evaluator.plots.heat_maps import heat_maps, slices_to_show
from mood_evaluator.plots.kinds import false_alarms, kind_bars, score_over
from mood_evaluator.plots.look import DARK, LIGHT, Look, team_styles
from mood_evaluator.plots.ranks import (
    agreement,
    differences,
    podium,
    rank_counts,
    rank_shares,
    ranks_by_scheme,
    scheme_ranks,
)
from mood_evaluator.plots.scores import Guess, score_intervals, score_spread, toy_and_test

__all__ = [
    "DARK",
    "LIGHT",
    "Guess",
    "Look",
    "agreement",
    "differences",
    "false_alarms",
    "heat_maps",
    "kind_bars",
    "objects_found",
    "podium",
    "rank_counts",
    "rank_shares",
    "ranks_by_scheme",
    "reliability",
    "scheme_ranks",
    "score_intervals",
    "score_over",
    "score_spread",
    "slices_to_show",
    "team_styles",
    "threshold_curves",
    "toy_and_test",
]
