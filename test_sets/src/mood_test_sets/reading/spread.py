"""How the values of a volume are spread over its range, and over space, whatever their unit."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Spread", "measure"]

PLANES = 16  # that show the most are enough
BINS, SAMPLE = 200, 1_000_000
AWAY, FAINT = 0.01, 0.001  # of the range, from which on a value is not background, or just above it
BRIGHT = 0.99  # quantile of what is not background that counts as its height
LOW, TOP = 0.1, 0.9  # of that height


@dataclass(frozen=True, slots=True)
class Spread:
    background: float  # the commonest value
    planes: NDArray[np.intp]  # along the third axis, those that show the most
    share: float  # of the voxels, that is not background
    faint: float  # share that is nearly so
    low: float  # of what is not background, the share that is less than a tenth of its height away from it
    top: float  # and more than nine tenths
    grain: float  # by what part of its height neighbours differ where it is highest, in the middle
    unevenness: float  # standard deviation of the slopes, divided by their mean


def measure(values: NDArray[Any]) -> Spread:
    """`values` are not all the same; what is no share of all voxels is taken from the fullest planes."""
    background = _commonest(values)
    far = max(float(values.max()) - background, background - float(values.min()))
    above = np.array([_count(values[:, :, place], background, far) for place in range(values.shape[2])])
    planes = np.sort(np.lexsort((above[:, 1], above[:, 0]))[-PLANES:])
    some = (np.asarray(values[:, :, planes], dtype=np.float64) - background) / far
    inside = np.abs(some) > AWAY
    heights = np.abs(some) / np.quantile(np.abs(some[inside]), BRIGHT)
    sizes = heights[inside]
    slopes = np.hypot(np.diff(some, axis=0)[:, :-1], np.diff(some, axis=1)[:-1])
    return Spread(
        background=background,
        planes=planes,
        share=float(above[:, 0].sum()) / values.size,
        faint=float(above[:, 1].sum()) / values.size,
        low=float(np.mean(sizes < LOW)),
        top=float(np.mean(sizes > TOP)),
        grain=_grain(heights),
        unevenness=float(slopes.std() / max(slopes.mean(), 1e-12)),
    )


def _count(plane: NDArray[Any], background: float, far: float) -> tuple[int, int]:
    """Voxels that are not background, and those that are nearly so."""
    sizes = np.abs(plane - background) / far
    away = int(np.count_nonzero(sizes > AWAY))
    return away, int(np.count_nonzero(sizes > FAINT)) - away


def _commonest(values: NDArray[Any]) -> float:
    sample = values.ravel()[:: max(1, values.size // SAMPLE)]
    counts, edges = np.histogram(sample, BINS, (values.min(), values.max()))
    place = int(np.argmax(counts))
    return float(np.median(sample[(sample >= edges[place]) & (sample <= edges[place + 1])]))


def _grain(heights: NDArray[np.float64]) -> float:
    steps = [
        np.abs(np.diff(one, axis=0))[(one[1:] > TOP) & (one[:-1] > TOP)]
        for one in (heights, heights.swapaxes(0, 1))
    ]
    both = np.concatenate(steps)
    return float(np.median(both)) if both.size else 1.0
