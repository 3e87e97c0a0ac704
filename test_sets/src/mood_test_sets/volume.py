"""A scan on the one grid of values that all written scans share, so that no rounding tells them apart."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["FULL", "VISIBLE", "Levels", "Mask", "Volume", "quantize"]

FULL = 1 << 15  # the level of the value 1; a power of two, so that values are exact in float32
VISIBLE = round(0.005 * FULL)  # a voxel counts as changed from this difference on

Levels = NDArray[np.uint16]
Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Volume:
    levels: Levels  # (side, side, side), 0..FULL; 0 outside the foreground
    foreground: Mask  # the body
    extent: Sequence[float]  # mm along each axis

    def crop(self, box: tuple[slice, slice, slice]) -> NDArray[np.float64]:
        """The values in a box, 0..1."""
        return np.asarray(self.levels[box] / FULL)

    @property
    def values(self) -> NDArray[np.float64]:
        return self.levels / FULL

    @property
    def side(self) -> int:
        return int(self.levels.shape[0])


def quantize(values: NDArray[np.floating[Any]]) -> Levels:
    """Values clipped to 0..1 and rounded to the nearest level."""
    levels: Levels = np.rint(np.clip(values, 0, 1) * FULL).astype(np.uint16)
    return levels
