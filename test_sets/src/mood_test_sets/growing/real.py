"""Scans of real people from a prepared cohort: all sampled once more in one way, edited or not."""

from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from mood_test_sets.errors import InvalidRecipe
from mood_test_sets.growing import warp
from mood_test_sets.growing.anatomy import HEALTHY, Anatomy, Condition, Look
from mood_test_sets.growing.brain import shrink_cortex
from mood_test_sets.growing.warp import Field
from mood_test_sets.nifti import read_voxels
from mood_test_sets.streams import Streams
from mood_test_sets.volume import Mask, Volume, quantize

__all__ = ["CONDITIONS", "RealScan", "mark", "resample_real"]

CONDITIONS = (Condition.ASYMMETRY, Condition.ATROPHY, Condition.INVERSUS)  # those that need no organ labels
SHIFT = 0.5  # voxels: no scan lies on the grid on which it was prepared
Path_ = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class RealScan:
    """A prepared scan of a real person; where its files lie does not matter for what is made of it."""

    id: str
    extent: tuple[float, float, float]  # mm
    image: Path = field(repr=False)
    label: Path | None = field(repr=False, default=None)


@lru_cache(maxsize=2)
def _load(file: Path) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Spline coefficients and the body, 1 inside."""
    values = read_voxels(file)
    body = np.asarray(ndimage.binary_fill_holes(values > 0), dtype=np.float32)
    return np.asarray(ndimage.spline_filter(values, output=np.float32)), body


def resample_real(
    streams: Streams,
    path: Path_,
    scan: RealScan,
    *,
    side: int,
    anatomy: Anatomy = HEALTHY,
    look: Look = Look.STANDARD,
) -> Volume:
    """The scan, moved by a part of a voxel and with that anatomy. Every case goes through the same step.

    Raises InvalidRecipe for what needs a grown scan.
    """
    if look is not Look.STANDARD:
        raise InvalidRecipe("Another look needs grown scans. Leave out --scans, or import shifted scans.")
    coefficients, body = _load(scan.image)
    if body.shape != (side,) * 3:
        raise InvalidRecipe(f"{scan.image} has {body.shape[0]} voxels a side, not {side}. Use --size.")
    nodes = _place(streams, path, scan, anatomy, side)
    (image,) = warp.resample([coefficients], nodes, side=side, order=3)
    (inside,) = warp.resample([body], nodes, side=side)
    mask = inside > 0.5
    if anatomy.condition is Condition.ATROPHY:
        shrink_cortex(image, mask, depth=(1 + 8 * anatomy.severity), length=scan.extent[0])
    levels = quantize(np.where(mask, image, np.float32(0)))
    return Volume(levels=levels, foreground=mask, extent=scan.extent)


def mark(streams: Streams, path: Path_, scan: RealScan, *, side: int) -> Mask:
    """The scan's own label, sampled at the same places."""
    nodes = _place(streams, path, scan, HEALTHY, side)
    (label,) = warp.resample([read_voxels(Path(str(scan.label)))], nodes, side=side)
    return np.asarray(label > 0.5)


def _place(streams: Streams, path: Path_, scan: RealScan, anatomy: Anatomy, side: int) -> Field:
    places = warp.deviate(streams.rng(*path, "bend"), anatomy, extent=scan.extent, smoothness=20)
    if anatomy.condition is Condition.INVERSUS:
        places[0] *= -1
    if anatomy.condition is Condition.ASYMMETRY:
        right = 1 / (1 + np.exp(-places[0] / 6))
        places[0] *= 1 + (0.12 + 0.3 * anatomy.severity) * right
    spacing = np.reshape(scan.extent, (3, 1, 1, 1)) / side
    shift = streams.rng(*path, "shift").uniform(-SHIFT, SHIFT, (3, 1, 1, 1))
    return np.asarray(places / spacing + (side - 1) / 2 + shift)
