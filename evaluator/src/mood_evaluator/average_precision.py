"""Exact average precision, also of voxels that do not fit into memory.

AP = sum over thresholds of (recall gained) x (precision), formula 4.1 of the thesis. Only thresholds at which
a positive lies gain recall, so the streaming form keeps the positives' distinct scores and merely counts the
negatives between. The terms are added without rounding: no order of voxels or cases moves it.
"""

from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

from mood_evaluator.errors import UndefinedScore
from mood_evaluator.exact_sum import exact_sum

Counts = npt.NDArray[np.int64]
_BLOCK = 1 << 20  # levels that are looked at at once


def average_precision(scores: npt.NDArray[np.floating[Any]], labels: npt.NDArray[np.bool_]) -> float:
    """Return the AP of finite `scores` (higher = more abnormal) against `labels` of the same shape."""
    _, positives, negatives = count_levels(scores, labels)
    return average_precision_from_histogram(positives, negatives)


def count_levels(
    scores: npt.NDArray[np.floating[Any]], labels: npt.NDArray[np.bool_]
) -> tuple[npt.NDArray[np.floating[Any]], Counts, Counts]:
    """Return the distinct scores, ascending, and how many positives and negatives have each."""
    levels, counts = np.unique(scores, return_counts=True)
    positives = np.bincount(np.searchsorted(levels, scores[labels]), minlength=levels.size)
    return levels, positives, counts - positives


def average_precision_from_histogram(positives: Counts, negatives: Counts) -> float:
    """Return the AP of counts per score level, levels ascending; empty levels change nothing."""
    total = int(positives.sum())
    if not total:
        raise UndefinedScore("No positive is among what is scored, so average precision has no value.")
    area, true, false = Fraction(0), 0, 0
    for stop in range(positives.size, 0, -_BLOCK):  # from the top
        block = slice(max(stop - _BLOCK, 0), stop)
        gained = positives[block][::-1]
        trues, falses = true + np.cumsum(gained), false + np.cumsum(negatives[block][::-1])
        used = gained > 0
        precisions = np.asarray(trues[used] / (trues + falses)[used], np.float64)
        area += exact_sum(gained[used] * precisions)
        true, false = int(trues[-1]), int(falses[-1])
    return float(area / total)
