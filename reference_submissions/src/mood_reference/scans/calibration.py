"""Turns raw scores into [0, 1] by a map fixed at training time, and a map of voxels into a score of the scan.

Nothing here looks at the range of the volume at hand: scores of different cases must stay comparable, because
average precision pools them. The thesis names no calibration. Ours are strictly increasing, so they make no
ties and change no order: s / (s + tau) for voxels, whose raw scores are not negative, and a centred, scaled
softsign for scans, whose raw scores may be log-likelihoods.
"""

from collections.abc import Callable
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from mood_reference.scans.volumes import Mask, Volume

LOWEST_FOREGROUND = 0.01  # score of a foreground voxel of raw score 0; the background gets exactly 0
TAU_QUANTILE = 0.99  # of the raw scores of held-out normal scans becomes the middle of the scale


def fit_tau(scores: Volume) -> float:
    """Return the raw score that shall be mapped to the middle of the scale."""
    return max(float(np.quantile(scores, TAU_QUANTILE)), float(np.finfo(np.float32).tiny))


def calibrate(scores: Volume, *, tau: float) -> Volume:
    """Map raw scores s >= 0 to [LOWEST_FOREGROUND, 1), strictly increasing."""
    share = scores.astype(np.float64) / (scores.astype(np.float64) + tau)
    return (LOWEST_FOREGROUND + (1 - LOWEST_FOREGROUND) * share).astype(np.float32)


def calibrate_map(scores: Volume, foreground: Mask, *, tau: float) -> Volume:
    """Calibrate a map of voxels; the background scores 0, below every foreground voxel."""
    return np.where(foreground, calibrate(scores, tau=tau), np.float32(0))


def fit_sample_scale(scores: NDArray[np.float64]) -> tuple[float, float]:
    """Return centre and scale of the raw scores of normal scans: their median and half their spread."""
    centre = float(np.median(scores))
    spread = float(np.ptp(scores)) / 2
    return centre, max(spread, 1e-6 * abs(centre), float(np.finfo(np.float32).tiny))


def calibrate_sample(score: float, *, centre: float, scale: float) -> float:
    """Map any raw score to (0, 1), strictly increasing; `centre` becomes 0.5."""
    distance = float(np.clip((score - centre) / scale, -1e12, 1e12))
    return 0.5 + 0.5 * distance / (1 + abs(distance))


class Reducer(StrEnum):
    """How the voxels of a scan become the score of the scan."""

    MEAN = "mean"
    L2 = "l2"
    TOP_PERCENT = "top_percent"
    TOP_PERMILLE = "top_permille"
    MAX = "max"


def _mean_of_top(scores: Volume, share: float) -> float:
    count = max(1, round(share * scores.size))
    return float(np.mean(np.partition(scores, scores.size - count)[-count:], dtype=np.float64))


REDUCERS: dict[Reducer, Callable[[Volume], float]] = {
    Reducer.MEAN: lambda scores: _mean_of_top(scores, 1.0),
    Reducer.L2: lambda scores: float(np.sqrt(np.mean(np.square(scores), dtype=np.float64))),
    Reducer.TOP_PERCENT: lambda scores: _mean_of_top(scores, 0.01),
    Reducer.TOP_PERMILLE: lambda scores: _mean_of_top(scores, 0.001),
    Reducer.MAX: lambda scores: float(scores.max()),
}


def reduce_map(scores: Volume, foreground: Mask, *, reducer: Reducer) -> float:
    """Return the raw score of a scan from its raw map; a scan without foreground scores 0."""
    inside = scores[foreground]
    return REDUCERS[reducer](inside) if inside.size else 0.0
