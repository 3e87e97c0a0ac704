"""ROC and precision-recall curves of all teams (thesis Fig. 3.8), thinned to what a plot can show."""

from typing import Any

import numpy as np

from mood_evaluator.curves import Curve
from mood_evaluator.errors import UndefinedScore
from mood_evaluator.runs.standings import Standings

_POINTS = 200


def curve_rows(standings: Standings, test_set: str) -> list[dict[str, Any]]:
    """Return the points of both curves per team: of scans, or of all voxels under the two-sided quantizer."""
    found: list[dict[str, Any]] = []
    for team, run in sorted(standings.sets[test_set].items()):
        if run.result.score is None:
            continue
        try:
            found += [
                {"test_set": test_set, "team": team, **point}
                for point in _points(Curve.of_cases(run.task, run.cases, run.abnormal))
            ]
        except UndefinedScore:
            continue
    return found


def _points(curve: Curve) -> list[dict[str, float]]:
    (fpr, tpr), (precision, _) = curve.roc(), curve.precision_recall()
    kept = np.unique(np.searchsorted(fpr + tpr, np.linspace(0, 2, _POINTS)).clip(max=fpr.size - 1))
    kept = np.union1d(kept, [0, fpr.size - 1])
    return [{"fpr": float(fpr[k]), "tpr": float(tpr[k]), "precision": float(precision[k])} for k in kept]
