"""The APs of the batches of the first batching, as a score table."""

from collections.abc import Mapping

import numpy as np

from mood_evaluator.runs.scored_run import ScoredRun
from mood_evaluator.tables.score_table import ScoreTable


def batch_table(runs: Mapping[str, ScoredRun], test_set: str) -> ScoreTable | None:
    """Return it for the teams with a result; None with less than two batches or teams."""
    official = {team: run.result.official for team, run in runs.items()}
    aps = {team: batched.batch_aps for team, batched in official.items() if batched is not None}
    count = max(map(len, aps.values()), default=0)
    if count < 2 or len(aps) < 2:
        return None
    cases = tuple(f"batch {number}" for number in range(1, count + 1))
    return ScoreTable(test_set, tuple(aps), cases, np.array(list(aps.values())))
