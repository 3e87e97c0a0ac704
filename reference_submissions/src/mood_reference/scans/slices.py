"""From volumes to the slices that a 2-D net sees, and back. NumPy only."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mood_reference.scans.calibration import Reducer
from mood_reference.scans.raw_scores import Scores
from mood_reference.scans.slice_curves import reduce_curve
from mood_reference.scans.volumes import Mask, Volume, find_foreground, resize, smooth, standardise


class Intensity(StrEnum):
    """What a net sees of the intensities in [0, 1]."""

    Z_SCORE = "z_score"  # mean 0 and deviation 1 over the scan's body, clipped (thesis 3.2.4)
    UNIT = "unit"  # as they are
    SIGNED = "signed"  # twice as they are, minus one


@dataclass(frozen=True, slots=True, kw_only=True)
class SliceConfig:
    """What every slice-wise method can set; the model's own Config builds on it."""

    side: int = 64  # pixels of a slice in the net (thesis 3.2.4; 128 for CRADL and Glow)
    depth: int = 64  # slices of a volume in the net, ours; thesis: all there are
    axis: int = 2  # of the array, across which slices are cut: axial
    intensity: Intensity = Intensity.Z_SCORE
    clip: float = 1.5  # deviations from the mean that the net sees (thesis 3.2.4)
    mirror_axis: int | None = None  # 0 or 1 of a slice: left-right of a symmetric anatomy (thesis: mirroring)
    rotation: float = 15.0  # degrees, at most, either way, while training; thesis: range not given, ours
    brightness: float = 0.2  # factor of at most 1 ± this while training; thesis: range not given, ours
    signed_smoothing: float = (
        1.5  # sigma in voxels of the net, while a score has its sign, where it has one: edges cancel, ours
    )
    smoothing: float = 2.0  # sigma in voxels of the net, after it (thesis: Gaussian of kernel 3 or 5)
    reducer: Reducer = Reducer.TOP_PERCENT  # voxels to scan, unless the method scores slices, ours
    slice_reducer: str = "top_decile"  # slices to scan: see reduce_slices; ours


@dataclass(frozen=True, slots=True)
class SliceSet:
    """Slices of N volumes, with which of them show a body."""

    x: Volume  # (N, D, H, W)
    places: NDArray[np.intp]  # (S, 2): volume and depth of each slice that shows a body

    def draw(self, rng: np.random.Generator, count: int) -> Volume:
        """Draw slices (B, 1, H, W), each body slice equally likely."""
        volume, depth = self.draw_places(rng, count).T
        return self.x[volume, depth][:, None]

    def draw_places(self, rng: np.random.Generator, count: int) -> NDArray[np.intp]:
        """Draw volume and depth (B, 2) of body slices."""
        chosen: NDArray[np.intp] = self.places[rng.integers(len(self.places), size=count)]
        return chosen

    def all(self) -> Volume:
        """Return every body slice (S, 1, H, W)."""
        volume, depth = self.places.T
        return self.x[volume, depth][:, None]


class Cut(NamedTuple):
    """One volume on the grid of a net."""

    x: Volume  # (D, H, W), intensities as the net wants them
    foreground: Mask  # (D, H, W)
    used: NDArray[np.bool_]  # (D,), slices that show a body


def cut_volume(volume: Volume, config: SliceConfig) -> Cut:
    """Bring a volume (X, Y, Z) to the grid of the net, the slice axis first."""
    small = resize(np.moveaxis(volume, config.axis, 0), (config.depth, config.side, config.side))
    foreground = find_foreground(small)
    used = np.logical_or.reduce(foreground, axis=(1, 2))
    return Cut(scale_intensity(small, foreground, config), foreground, used)


def scale_intensity(volume: Volume, foreground: Mask, config: SliceConfig) -> Volume:
    """Return what the net sees; outside the body it sees the lowest value."""
    if config.intensity is Intensity.Z_SCORE:
        clip = np.float32(config.clip)
        scaled = np.clip(standardise(volume, foreground), -clip, clip)
        return np.where(foreground, scaled, -clip)
    unit = np.where(foreground, np.clip(volume, 0, 1), np.float32(0))
    return unit if config.intensity is Intensity.UNIT else 2 * unit - 1


def cut_volumes(volumes: Sequence[Volume] | Volume, config: SliceConfig) -> SliceSet:
    """Return the slices of normal scans, to train on."""
    cuts = [cut_volume(volume, config) for volume in volumes]
    places = np.argwhere(np.stack([cut.used for cut in cuts]))
    if not len(places):
        raise ValueError("none of the training scans shows a body: every voxel is background")
    return SliceSet(np.stack([cut.x for cut in cuts]), places)


def assemble_scores(
    cut: Cut,
    factors: Sequence[Volume],
    slices: NDArray[np.float64] | None,
    *,
    shape: Sequence[int],
    config: SliceConfig,
) -> Scores:
    """Score the voxels of a scan of `shape` by the smoothed product of factors, the scan by its slices.

    Each of the S slices with a body has factors (S, H, W), with their signs, and a score (S,) or None.
    """
    maps = np.ones_like(cut.x)
    for factor in factors:
        full = np.zeros_like(cut.x)
        full[cut.used] = factor
        maps *= np.abs(smooth(full * cut.foreground, config.signed_smoothing))
    voxels = paste_volume(smooth(maps, config.smoothing), shape, config.axis)
    if slices is None:
        return Scores(voxels)
    every = np.full(len(cut.x), np.nan)
    every[cut.used] = slices
    return Scores(
        voxels, spread_slices(every, shape[config.axis]), reduce_slices(slices, config.slice_reducer)
    )


def paste_volume(maps: Volume, shape: Sequence[int], axis: int) -> Volume:
    """Bring maps (D, H, W) of the net's grid back to a volume of `shape`, cut across `axis`."""
    ordered = [shape[axis], *(size for i, size in enumerate(shape) if i != axis)]
    return np.ascontiguousarray(np.moveaxis(resize(maps, ordered), 0, axis))


def find_positions(depth: int) -> Volume:
    """Return where in the scan each of `depth` slices lies, from -0.5 to 0.5: (D,)."""
    return np.linspace(-0.5, 0.5, depth, dtype=np.float32)


def spread_slices(scores: NDArray[np.float64], count: int) -> NDArray[np.float64]:
    """Give each of a scan's own `count` slices the score of the net's slice that it lies in."""
    return scores[(np.arange(count) * len(scores)) // count]


def reduce_slices(scores: NDArray[np.float64], reducer: str) -> float | None:
    """Return the raw score of a scan from those of its slices, NaN left out; None when there are none.

    max | sum | mean | top_decile (mean of the highest tenth) | fpi (smoothed along the scan, then the mean of
    the highest quarter; FPI's own, thesis 4.1.3) | none: None, so that voxels are reduced instead.
    """
    known = np.sort(scores[np.isfinite(scores)])
    if not len(known) or reducer == "none":
        return None
    if reducer == "fpi":
        return reduce_curve(scores[np.isfinite(scores)])
    if reducer == "max":
        return float(known[-1])
    if reducer == "sum":
        return float(known.sum())
    if reducer == "mean":
        return float(known.mean())
    if reducer == "top_decile":
        return float(known[-max(1, len(known) // 10) :].mean())
    raise ValueError(f"slice_reducer is {reducer!r}; it must be max, sum, mean, top_decile, fpi or none")
