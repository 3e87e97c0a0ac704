"""Slices of one case as grey tiles, with and without the outline of its mask, and its histogram."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from mood_evaluator.test_set import ManifestCase
from mood_test_sets.nifti import read_voxels

__all__ = ["TILE", "Tiles", "draw_tiles"]

TILE = 144  # pixels along each side of a slice
BINS = 40
OUTLINE = (255, 80, 0)
Picture = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Tiles:
    plain: Picture  # (TILE, 3 TILE, 3): sagittal, coronal, axial
    marked: Picture  # the same with the border of the mask
    histogram: tuple[float, ...]  # of the values above 0, highest bin 1


def draw_tiles(folder: Path, case: ManifestCase) -> Tiles:
    """One case at a time, so that memory stays small."""
    values = read_voxels(folder / case.image)
    mask = read_voxels(folder / case.label) > 0 if case.label else np.zeros(values.shape, dtype=np.bool_)
    planes = [_slice(values, mask, axis) for axis in range(3)]
    return Tiles(
        plain=np.hstack([_colour(grey, None) for grey, _ in planes]),
        marked=np.hstack([_colour(grey, region) for grey, region in planes]),
        histogram=_histogram(values),
    )


def _slice(
    values: NDArray[np.float32], mask: NDArray[np.bool_], axis: int
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Where the mask is largest, else in the middle; the last axis points up."""
    others = tuple(other for other in range(3) if other != axis)
    where = int(np.argmax(mask.sum(axis=others))) if mask.any() else mask.shape[axis] // 2
    grey, region = (np.take(volume, where, axis).T[::-1] for volume in (values, mask))
    zoom = [TILE / side for side in grey.shape]
    smooth = ndimage.zoom(grey, zoom, order=1, mode="nearest", grid_mode=True)
    rows, columns = (np.arange(TILE) * side // TILE for side in grey.shape)
    return np.asarray(smooth), region[np.ix_(rows, columns)]


def _colour(grey: NDArray[np.float32], region: NDArray[np.bool_] | None) -> Picture:
    picture = np.repeat((255 * np.clip(grey, 0, 1)).astype(np.uint8)[..., np.newaxis], 3, axis=2)
    if region is not None:
        picture[ndimage.binary_dilation(region, iterations=2) & ~ndimage.binary_dilation(region)] = OUTLINE
    return picture


def _histogram(values: NDArray[np.float32]) -> tuple[float, ...]:
    counts, _ = np.histogram(values[values > 0], bins=BINS, range=(0, 1))
    return tuple(np.round(counts / max(counts.max(), 1), 3).tolist())
