"""The air around a body, and objects of a mask that lie in it."""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

__all__ = ["count_in_air", "find_air"]

DARK = 0.08  # of the range, from which on something is there
MOSTLY = 0.9  # share of an object in air
COARSE = 128  # voxels along the longest side are enough to tell air


def find_air(values: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Dark and joined to a side of the volume, but not by the top or bottom, where lungs are cut.

    `values` with axes towards right, anterior, superior.
    """
    low, high = values.min(), np.percentile(values, 99.5)
    parts, _ = ndimage.label(values <= low + DARK * (high - low))
    sides = (parts[[0, -1]], parts[:, [0, -1]])
    outside = np.unique(np.concatenate([side.ravel() for side in sides]))
    return np.isin(parts, outside[outside > 0])


def count_in_air(marks: NDArray[np.bool_], values: NDArray[np.float64]) -> tuple[int, int]:
    """Objects of a mask that lie in air, and all of its objects; at least one voxel is marked."""
    (box,) = ndimage.find_objects(marks.astype(np.uint8))
    objects, count = ndimage.label(marks[box])
    step = max(1, -(-max(values.shape) // COARSE))
    air = find_air(values[::step, ::step, ::step])
    places = [np.arange(part.start, part.stop) // step for part in box]
    shares = ndimage.mean(air[np.ix_(*places)], objects, np.arange(1, count + 1))
    return int(np.sum(np.asarray(shares) >= MOSTLY)), int(count)
