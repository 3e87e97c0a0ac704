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
    roughness: float  # share of it that is above or below both neighbours along an axis
    unevenness: float  # standard deviation of the slopes, divided by their mean


def measure(values: NDArray[Any]) -> Spread:
    """`values` are not all the same; what is no share of all voxels is taken from the fullest planes."""
    background = _commonest(values)
    far = max(float(values.max()) - background, background - float(values.min()))
    above = np.array([_count(values[:, :, place], background, far) for place in range(values.shape[2])])
    planes = np.sort(np.argsort(above[:, 0], kind="stable")[-PLANES:])
    some = (np.asarray(values[:, :, planes], dtype=np.float64) - background) / far
    inside = np.abs(some) > AWAY
    sizes = np.abs(some[inside])
    sizes /= np.quantile(sizes, BRIGHT)
    slopes = np.hypot(np.diff(some, axis=0)[:, :-1], np.diff(some, axis=1)[:-1])
    return Spread(
        background=background,
        planes=planes,
        share=float(above[:, 0].sum()) / values.size,
        faint=float(above[:, 1].sum()) / values.size,
        low=float(np.mean(sizes < LOW)),
        top=float(np.mean(sizes > TOP)),
        roughness=_roughness(some, inside),
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


def _roughness(some: NDArray[np.float64], inside: NDArray[np.bool_]) -> float:
    turns, count = 0, 0
    for values, marks in ((some, inside), (some.swapaxes(0, 1), inside.swapaxes(0, 1))):
        steps = np.diff(values, axis=0)
        turns += int(np.count_nonzero((steps[:-1] * steps[1:] < 0) & marks[1:-1]))
        count += int(np.count_nonzero(marks[1:-1]))
    return turns / max(count, 1)
