"""Rankings of score tables, as challengeR defines them: no images and no test set are needed."""

from mood_evaluator.tables.agreement import kendall_tau_b
from mood_evaluator.tables.combine import ConsensusRow, combine_rankings
from mood_evaluator.tables.schemes import Adjust, Method, RankedAlgorithm, Scheme, rank_table
from mood_evaluator.tables.score_table import ScoreTable, read_score_tables
from mood_evaluator.tables.signed_rank import PairTest, compare_pairs
from mood_evaluator.tables.stability import Repeats, Stability, bootstrap_table, draw_cases, replay_table

__all__ = [
    "Adjust",
    "ConsensusRow",
    "Method",
    "PairTest",
    "RankedAlgorithm",
    "Repeats",
    "Scheme",
    "ScoreTable",
    "Stability",
    "bootstrap_table",
    "combine_rankings",
    "compare_pairs",
    "draw_cases",
    "kendall_tau_b",
    "rank_table",
    "read_score_tables",
    "replay_table",
]
