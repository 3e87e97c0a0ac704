"""A contact sheet: three slices of every case, a red line around its mask, as a PNG."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

from mood_evaluator.test_set import ManifestCase, load_test_set
from mood_test_sets.gallery.choosing import in_order
from mood_test_sets.nifti import read_voxels

__all__ = ["draw_sheet", "write_contact_sheet"]

RED = (255, 60, 0)
GAP = 4  # pixels between cases
Picture = NDArray[np.uint8]


def write_contact_sheet(folder: Path, out: Path, *, columns: int = 2) -> None:
    """A PNG, whatever `out` is called."""
    Image.fromarray(draw_sheet(folder, columns=columns)).save(out, "PNG")


def draw_sheet(folder: Path, *, columns: int = 2, tile: int = 192) -> Picture:
    """(height, width, 3): cases row by row as `in_order`, each as sagittal, coronal and axial slice."""
    strips = [_draw_case(folder, case, tile) for case in in_order(load_test_set(folder).cases)]
    blank = np.zeros_like(strips[0])
    strips += [blank] * (-len(strips) % columns)
    rows = [np.hstack(strips[start : start + columns]) for start in range(0, len(strips), columns)]
    return np.vstack(rows)


def _draw_case(folder: Path, case: ManifestCase, tile: int) -> Picture:
    values = read_voxels(folder / case.image)
    low, high = values.min(), values.max()
    grey = (255 * (values - low) / max(high - low, 1e-6)).astype(np.uint8)
    mask = read_voxels(folder / case.label) > 0 if case.label else np.zeros(case.shape, dtype=np.bool_)
    slices = [_draw_slice(grey, mask, axis, tile) for axis in range(3)]
    return np.pad(np.hstack(slices), ((0, GAP), (0, GAP), (0, 0)))


def _draw_slice(grey: Picture, mask: NDArray[np.bool_], axis: int, tile: int) -> Picture:
    """The middle slice, or the one with most of the mask; the last axis points up."""
    others = tuple(other for other in range(3) if other != axis)
    where = int(np.argmax(mask.sum(axis=others))) if mask.any() else mask.shape[axis] // 2
    picture = _scale(np.take(grey, where, axis).T[::-1], tile)
    region = _scale(np.take(mask, where, axis).T[::-1], tile)
    coloured = np.repeat(picture[..., np.newaxis], 3, axis=2)
    coloured[ndimage.binary_dilation(region) & ~region] = RED
    return coloured


def _scale(plane: NDArray[Any], tile: int) -> NDArray[Any]:
    """Nearest neighbours, as tile by tile pixels."""
    rows, columns = (np.arange(tile) * side // tile for side in plane.shape)
    return plane[np.ix_(rows, columns)]
