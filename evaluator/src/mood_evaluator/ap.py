"""Exact average precision, also of voxels that do not fit into memory.

AP = sum over thresholds of (recall gained) x (precision), formula 4.1 of the thesis. Only thresholds at which
a positive lies gain recall, so the streaming form keeps the positives' distinct scores and merely counts the
negatives between. The terms are added without rounding: no order of voxels or cases moves it.
"""

from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

from mood_evaluator.arrays import checked_counts, checked_scores_and_labels
from mood_evaluator.errors import InvalidInput, UndefinedScore
from mood_evaluator.exact_sum import exact_sum

Counts = npt.NDArray[np.int64]
_BLOCK = 1 << 20  # levels that are looked at at once


def average_precision(scores: npt.ArrayLike, labels: npt.ArrayLike) -> float:
    """Return the AP of finite `scores` (higher = more abnormal) against `labels` of the same shape.

    Scores are any real numbers; labels are booleans or 0 and 1. Arrays, lists and pandas Series are taken, by
    position. Raises UndefinedScore without a positive, InvalidInput for anything else that has no AP.

    >>> average_precision([0.1, 0.4, 0.35, 0.8], [0, 0, 1, 1])
    0.8333333333333333
    """
    return unchecked_average_precision(*checked_scores_and_labels(scores, labels))


def unchecked_average_precision(
    scores: npt.NDArray[np.floating[Any]], labels: npt.NDArray[np.bool_]
) -> float:
    """Return the AP of arrays (n,) that were checked before."""
    _, positives, negatives = count_levels(scores, labels)
    return average_precision_of_counts(positives, negatives)


def count_levels(
    scores: npt.NDArray[np.floating[Any]], labels: npt.NDArray[np.bool_]
) -> tuple[npt.NDArray[np.floating[Any]], Counts, Counts]:
    """Return the distinct scores, ascending, and how many positives and negatives have each."""
    levels, counts = np.unique(scores, return_counts=True)
    positives = np.bincount(np.searchsorted(levels, scores[labels]), minlength=levels.size)
    return levels, positives, counts - positives


def average_precision_from_histogram(positives: npt.ArrayLike, negatives: npt.ArrayLike) -> float:
    """Return the AP of counts per score level, levels ascending; empty levels change nothing.

    >>> average_precision_from_histogram([0, 1, 1], [3, 1, 0])
    0.8333333333333333
    """
    both = checked_counts(positives, "positives"), checked_counts(negatives, "negatives")
    if both[0].size != both[1].size:
        raise InvalidInput("positives and negatives differ in length. Give both counts of each level.")
    return average_precision_of_counts(*both)


def average_precision_of_counts(positives: Counts, negatives: Counts) -> float:
    """Return the AP of counts per score level that were checked before."""
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
