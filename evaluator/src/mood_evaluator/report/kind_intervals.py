"""How much the AP of a kind of anomaly would vary with other scans: intervals of the team in the middle."""

from collections.abc import Sequence

import numpy as np

from mood_evaluator.analysis.chance import weighted_aps
from mood_evaluator.bootstrap import whole_set_replicates
from mood_evaluator.rank_draws import Interval, score_interval
from mood_evaluator.runs.scored_run import ScoredRun
from mood_evaluator.test_set import Task

_DRAWS = 200


def interval_of_kind(run: ScoredRun, ids: Sequence[str], *, seed: int) -> Interval:
    """Return the 95 % interval of the AP on a kind's abnormal scans over 200 draws of scans.

    Sample task: against all normal scans, drawn too, weighted to 50 : 50. Pixel task: all voxels of
    the scans.
    """
    if run.task is Task.PIXEL:
        evidence = {case_id: run.evidence[case_id] for case_id in ids}
        return score_interval(whole_set_replicates(evidence, n=_DRAWS, seed=seed, stream=" ".join(ids)))
    normal = [case_id for case_id, abnormal in run.abnormal.items() if not abnormal]
    values = np.array([run.cases[case_id].score or 0.0 for case_id in (*ids, *normal)])
    levels, place = np.unique(values, return_inverse=True)
    random = np.random.default_rng([seed, len(ids), len(normal)])
    both = []
    for start, count in ((0, len(ids)), (len(ids), len(normal))):
        drawn = random.multinomial(count, np.full(count, 1 / count), _DRAWS)
        at_level = np.eye(levels.size)[place[start : start + count]]  # (cases, levels)
        both.append(drawn @ at_level / count)
    return score_interval(weighted_aps(both[0], both[1]))
