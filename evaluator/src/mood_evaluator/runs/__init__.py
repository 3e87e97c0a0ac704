"""Scored runs: what a submission scored on a test set, without its voxels, and how several compare."""

from mood_evaluator.runs.counting import Counted, count_runs
from mood_evaluator.runs.ground import NO_EDITION, NOT_SAID, Edition, Ground
from mood_evaluator.runs.reversals import Reversal, find_reversals
from mood_evaluator.runs.scored_run import Detection, Ranking, ScoredRun
from mood_evaluator.runs.stability import RunStability, SetStability, bootstrap_runs
from mood_evaluator.runs.standings import Standings, gather_runs

__all__ = [
    "NOT_SAID",
    "NO_EDITION",
    "Counted",
    "Detection",
    "Edition",
    "Ground",
    "Ranking",
    "Reversal",
    "RunStability",
    "ScoredRun",
    "SetStability",
    "Standings",
    "bootstrap_runs",
    "count_runs",
    "find_reversals",
    "gather_runs",
]
