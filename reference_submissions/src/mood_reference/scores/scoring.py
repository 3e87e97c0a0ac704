"""From a volume to its scores, raw and calibrated: the same steps for every method."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mood_reference.configs import rebuild_config
from mood_reference.models import load_method
from mood_reference.scans.calibration import calibrate_map, calibrate_sample, reduce_map
from mood_reference.scans.volumes import Mask, Volume, find_foreground
from mood_reference.weights import Header, Weights


class Raw(NamedTuple):
    """Raw scores of one scan."""

    voxels: Volume  # (X, Y, Z), >= 0; 0 outside the foreground
    foreground: Mask
    slices: NDArray[np.float64] | None  # (D,), or None where the method scores no slices
    axis: int  # of the array, across which slices are cut
    sample: float | None  # None for a scan without a body


RawScorer = Callable[[Volume], Raw]


def make_raw_scorer(weights: Weights) -> RawScorer:
    """Return the scoring of a trained method; its nets are built once."""
    method = load_method(weights.header.method)
    config = rebuild_config(method.Config, weights.header.config)
    score = method.make_scorer(config=config, arrays=weights.arrays)

    def score_raw(volume: Volume) -> Raw:
        foreground = find_foreground(volume)
        found = score(volume)
        voxels = np.nan_to_num(found.voxels, posinf=float(np.finfo(np.float32).max)) * foreground
        sample = found.sample
        if sample is None and foreground.any():
            sample = reduce_map(voxels, foreground, reducer=config.reducer)
        axis = getattr(config, "axis", 2)
        return Raw(voxels, foreground, found.slices, axis, sample if foreground.any() else None)

    return score_raw


def calibrate_voxels(raw: Raw, header: Header) -> Volume:
    """Return one score in [0, 1] for each voxel."""
    return calibrate_map(raw.voxels, raw.foreground, tau=header.tau_pixel)


def calibrate_scan(raw: Raw, header: Header) -> float:
    """Return one score in [0, 1] for the scan; a scan without a body is as abnormal as can be."""
    if raw.sample is None:
        return 1.0
    return calibrate_sample(raw.sample, centre=header.centre_sample, scale=header.scale_sample)
