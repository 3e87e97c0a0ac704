"""Slice-level detection: is a slice abnormal (thesis 3.1.4)?

A slice with at least 20 annotated voxels is abnormal, one without any is normal, those between are left out.
"""

from collections.abc import Iterable
from typing import Any

import numpy as np

from mood_evaluator.curves import Curve
from mood_evaluator.errors import InvalidInput, UndefinedScore
from mood_evaluator.runs.standings import Standings
from mood_evaluator.slices import SliceScores

ANNOTATED = 20  # voxels from which on a slice is abnormal


def slice_rows(standings: Standings, test_set: str) -> list[dict[str, Any]]:
    """Return AUROC and AP over all slices per team whose run has slices."""
    found = []
    for team, run in sorted(standings.sets[test_set].items()):
        try:
            curve = _curve(run.slices.values())
            row = {"test_set": test_set, "team": team, "abnormal": int(curve.positives.sum())}
            found.append(
                row | {"normal": int(curve.negatives.sum()), "auroc": curve.auroc(), "ap": curve.ap()}
            )
        except (InvalidInput, UndefinedScore):  # no slice, or none that is abnormal
            continue
    return found


def _curve(slices: Iterable[SliceScores]) -> Curve:
    pairs = [pair for part in slices for pair in zip(part.scores, part.annotated, strict=True)]
    told = [(score, annotated > 0) for score, annotated in pairs if not 0 < annotated < ANNOTATED]
    return Curve.of(np.array([score for score, _ in told]), np.array([label for _, label in told], np.bool_))
