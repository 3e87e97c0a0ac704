"""What every method does to a volume: find the body, resize, smooth. NumPy only, nothing random.

A volume is a float32 array (X, Y, Z) with intensities in [0, 1] and a background of exactly 0.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Volume = NDArray[np.float32]
Mask = NDArray[np.bool_]
BACKGROUND = 0.03  # intensities up to this are air or noise outside the body


def find_foreground(volume: Volume) -> Mask:
    """Mark the body, holes included: every voxel that has tissue on both sides of it along all three axes.

    A plain threshold would drop a black anomaly, or gas in the bowel, from the scored region.
    """
    tissue = volume > BACKGROUND
    return np.logical_and.reduce([_lies_between(tissue, axis) for axis in range(volume.ndim)])


def _lies_between(tissue: Mask, axis: int) -> Mask:
    before = np.logical_or.accumulate(tissue, axis)
    after = np.flip(np.logical_or.accumulate(np.flip(tissue, axis), axis), axis)
    return before & after


def standardise(volume: Volume, foreground: Mask) -> Volume:
    """Shift and scale the volume to mean 0 and deviation 1 over its foreground; a constant one becomes 0."""
    inside = volume[foreground] if foreground.any() else volume.ravel()
    mean, std = inside.mean(dtype=np.float64), inside.std(dtype=np.float64)
    return ((volume - np.float32(mean)) / np.float32(std + 1e-6)).astype(np.float32)


def resize(volume: Volume, shape: Sequence[int]) -> Volume:
    """Resize each axis: by the mean of the covered voxels when it shrinks, linearly when it grows."""
    for axis, size in enumerate(shape):
        if volume.shape[axis] != size:
            matrix = _resize_matrix(volume.shape[axis], size)
            volume = np.moveaxis(np.tensordot(matrix, volume, axes=((1,), (axis,))), 0, axis)
    return np.ascontiguousarray(volume, np.float32)


def _resize_matrix(old: int, new: int) -> Volume:
    """Weights (new, old) of a triangle as wide as the coarser of both grids; rows sum to 1."""
    centres = (np.arange(new) + 0.5) * old / new - 0.5  # in old voxels
    distance = np.abs(centres[:, None] - np.arange(old)[None, :])
    weights = np.maximum(0, 1 - distance / max(1.0, old / new))
    return (weights / weights.sum(axis=1, keepdims=True)).astype(np.float32)


def smooth(volume: Volume, sigma: float) -> Volume:
    """Convolve with a Gaussian of `sigma` voxels along every axis, edges repeated; 0 changes nothing."""
    radius = int(np.ceil(2 * sigma))
    if radius == 0:
        return volume
    kernel = np.exp(-0.5 * (np.arange(-radius, radius + 1) / sigma) ** 2)
    kernel = (kernel / kernel.sum()).astype(np.float32)
    for axis in range(volume.ndim):
        volume = _convolve(volume, kernel, axis)
    return volume


def _convolve(volume: Volume, kernel: Volume, axis: int) -> Volume:
    radius = len(kernel) // 2
    width = [(radius, radius) if i == axis else (0, 0) for i in range(volume.ndim)]
    padded = np.moveaxis(np.pad(volume, width, mode="edge"), axis, 0)
    size = volume.shape[axis]
    total = kernel[0] * padded[:size]
    for shift in range(1, len(kernel)):
        total += kernel[shift] * padded[shift : shift + size]
    return np.moveaxis(total, 0, axis)
