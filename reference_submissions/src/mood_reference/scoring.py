"""From a volume to its scores, raw and calibrated: the same steps for every method."""

import numpy as np

from mood_reference.calibration import calibrate, calibrate_map, reduce_map
from mood_reference.methods import load_method
from mood_reference.volumes import Mask, Volume, find_foreground
from mood_reference.weights import Weights


def score_raw(volume: Volume, weights: Weights) -> tuple[Volume, Mask, float]:
    """Return the map of raw scores, the foreground in which it counts, and the scan's raw score."""
    method = load_method(weights.header.method)
    config = method.Config(**weights.header.config)
    foreground = find_foreground(volume)
    scores = method.score(volume, config=config, arrays=weights.arrays) * foreground
    return scores, foreground, reduce_map(scores, foreground, reducer=config.reducer)


def score_voxels(volume: Volume, weights: Weights) -> Volume:
    """Return one score in [0, 1] for each voxel."""
    scores, foreground, _ = score_raw(volume, weights)
    return calibrate_map(scores, foreground, tau=weights.header.tau_pixel)


def score_sample(volume: Volume, weights: Weights) -> float:
    """Return one score in [0, 1] for the scan."""
    *_, raw = score_raw(volume, weights)
    return float(calibrate(np.array([raw]), tau=weights.header.tau_sample)[0])
