"""The challenge preprocessing of thesis 4.1.1, the same for each scan: crop, shift to [0, 1], resample.

One function of the scan alone: it knows neither the role of a scan nor whether it is abnormal.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from mood_evaluator.test_set import Dataset
from mood_test_sets.errors import ImportRefused
from mood_test_sets.findings import Defect
from mood_test_sets.growing.abdomen import WINDOW, find_body
from mood_test_sets.preparing.raw import Raw
from mood_test_sets.reading.scan_file import UnusableFile
from mood_test_sets.volume import Levels, Mask, quantize

__all__ = ["Preprocessed", "Preprocessing", "check_units", "deface", "preprocess"]

MARGIN = 0.04  # of the longest side of the body, on each end
BRIGHT = 99.7  # percentile of the body that becomes 1
NARROW = 0.05  # of the window, in which no body fits
BUFFER = 10.0  # mm that the plane keeps away from the brain


@dataclass(frozen=True, slots=True)
class Preprocessing:
    dataset: Dataset
    side: int  # voxels
    window: tuple[float, float] = WINDOW  # HU that become 0 and 1; CT only

    def __post_init__(self) -> None:
        if self.window[0] >= self.window[1]:
            low, high = self.window
            raise ImportRefused(f"--window {low:g} {high:g}: the first has to be less than the second.")


@dataclass(frozen=True, slots=True)
class Preprocessed:
    levels: Levels  # (side, side, side)
    extent: tuple[float, float, float]  # mm
    mask: Mask | None  # what is abnormal


def preprocess(raw: Raw, mask: Mask | None, options: Preprocessing) -> Preprocessed:
    """Crop to the body, a cube in mm; one linear interpolation after a low-pass; outside the body 0."""
    body = _find_brain(raw.values) if options.dataset is Dataset.BRAIN else find_body(raw.values)
    shifted = _shift(raw.values, body, options)
    start, length = _cube(body, raw.spacing)
    grid = _Grid(start, length / options.side / raw.spacing, options.side)
    inside = grid.sample(body.astype(np.float32)) > 0.5
    bright = grid.sample(np.where(body, shifted, np.float32(0)))
    marked = None if mask is None else (grid.sample(mask.astype(np.float32)) > 0.5) & inside
    levels = quantize(np.where(inside, bright, np.float32(0)))
    return Preprocessed(levels, (length,) * 3, marked)


def check_units(values: NDArray[np.float32], options: Preprocessing) -> None:
    """A CT is in HU: air is below 0, and a body spans a part of the window. Raises UnusableFile."""
    if options.dataset is Dataset.BRAIN:
        return
    (low, high), least, most = options.window, float(values.min()), float(values.max())
    first, last = np.percentile(values.clip(low, high), (1, 99))
    if (low < 0 <= least) or last - first < NARROW * (high - low):
        what = f"Its values go from {least:g} to {most:g}: they seem not to be HU."
        remedy = f"Store HU, or say --window for its units (it is {low:g} {high:g})."
        raise UnusableFile(Defect.RANGE, what, remedy)


def _find_brain(values: NDArray[np.float32]) -> Mask:
    """The largest part above the background, holes filled slice by slice."""
    floor = _background(values)
    above = values > floor + 0.08 * (np.percentile(values, 99.5) - floor)
    parts, count = ndimage.label(ndimage.binary_opening(above))
    if count == 0:
        return np.asarray(above)
    body = np.asarray(parts == np.argmax(np.bincount(parts.ravel())[1:]) + 1)
    body = ndimage.binary_closing(np.pad(body, 3), iterations=2)[3:-3, 3:-3, 3:-3]
    for z in range(body.shape[2]):
        body[:, :, z] = ndimage.binary_fill_holes(body[:, :, z])
    return np.asarray(body)


def _background(values: NDArray[np.float32]) -> float:
    return float(values.min())


def _shift(values: NDArray[np.float32], body: Mask, options: Preprocessing) -> NDArray[np.float32]:
    low, high = options.window
    if options.dataset is Dataset.BRAIN:
        low = _background(values)
        high = float(np.percentile(values[body], BRIGHT)) if body.any() else low + 1
    return np.asarray((values - np.float32(low)) / np.float32(max(high - low, 1e-6)), dtype=np.float32)


def _cube(body: Mask, spacing: NDArray[np.float64]) -> tuple[NDArray[np.float64], float]:
    """First corner in voxels and side in mm of the cube around the body."""
    bounds = [np.flatnonzero(body.any(axis=axes)) for axes in ((1, 2), (0, 2), (0, 1))]
    low = np.array([b[0] if b.size else 0 for b in bounds]) - 0.5
    high = np.array([b[-1] if b.size else n - 1 for b, n in zip(bounds, body.shape, strict=True)]) + 0.5
    length = float(((high - low) * spacing).max() * (1 + 2 * MARGIN))
    return (low + high) / 2 - length / 2 / spacing, length


@dataclass(frozen=True, slots=True)
class _Grid:
    start: NDArray[np.float64]  # voxels of the source
    step: NDArray[np.float64]  # voxels of the source per voxel
    side: int

    def sample(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        soft = ndimage.gaussian_filter(values, np.maximum(0.4 * (self.step - 1), 0))
        first = self.start + self.step / 2
        image = ndimage.affine_transform(
            soft, self.step, offset=first, output_shape=(self.side,) * 3, order=1, mode="constant"
        )
        return np.asarray(image, dtype=np.float32)


def deface(raw: Raw, brain: Mask) -> Raw:
    """Remove all in front of and below the brain, beyond a plane at 45 degrees that never cuts it.

    After Quickshear (Schimke and Hale 2011), with a fixed angle. Ears and the back of the head stay.
    """
    y, z = np.ogrid[: brain.shape[1], : brain.shape[2]]
    ahead = (y * raw.spacing[1] - z * raw.spacing[2]) / np.sqrt(2)  # mm along the normal of the plane
    beyond = ahead > ahead[brain.any(axis=0)].max() + BUFFER
    values = raw.values.copy()
    values[:, beyond] = values.min()
    return Raw(values, raw.spacing)
