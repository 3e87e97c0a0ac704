"""Scans that are the same but for noise, scale, orientation or a mirror: one person exported twice."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, product

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

__all__ = ["NEARLY_ALL", "POINTS", "Alike", "Sketch", "find_lookalikes", "sketch"]

POINTS = 12  # along each axis
NEAR = 0.004  # of the range: more than noise and 256 grey values change, less than the faintest anomaly
OFTENER = 10  # times as many points of a sketch as voxels may lie in a mark
RANGE = (0.5, 99.5)  # percentiles from and to which it is, whatever a hot voxel or a cut at the ends does
NEARLY_ALL = 0.999  # of the voxels of a scan are near, where the same person is there twice
ALIKE = 0.95  # correlation of sketches from which on it is worth to look closer
FITS, OUTLYING = 2, 0.05  # of a scale, without what is farther off
SPOT = 8  # voxels of a mark or lesion at least
FLIPS = tuple(product((1, -1), repeat=3))


@dataclass(frozen=True, slots=True)
class Sketch:
    name: str
    shape: tuple[int, ...]
    points: NDArray[np.float32]  # (12, 12, 12), 0 to 1


@dataclass(frozen=True, slots=True)
class Alike:
    first: str
    other: str
    mirrored: bool
    spot: bool  # what differs lies in one place, as a lesion that was put in


def sketch(name: str, values: NDArray[np.float64]) -> Sketch:
    """`values` with axes towards right, anterior, superior. The points lie as those of a mirror image do."""
    places = [_symmetric(side) for side in values.shape]
    low = values.min()
    points = (values[np.ix_(*places)] - low) / max(float(values.max() - low), 1e-12)
    return Sketch(name, values.shape, points.astype(np.float32))


def _symmetric(side: int) -> NDArray[np.intp]:
    half = np.linspace(0, (side - 1) / 2, POINTS // 2).astype(int)
    return np.concatenate([half, (side - 1 - half)[::-1]])


def _range(values: NDArray[np.floating]) -> tuple[float, float]:
    low, high = np.percentile(values, RANGE)
    return (float(low), float(high)) if low < high else (float(values.min()), float(values.max()))


def find_lookalikes(
    sketches: Sequence[Sketch], read: Callable[[str], NDArray[np.float64]], *, share: float = 1
) -> Iterator[Alike]:
    """Pairs. `read` gives the voxels of one again, where a sketch is alike.

    This `share` of the voxels has to be near; below 1 a hot voxel or a mark makes no other person.
    """
    spare = OFTENER * (1 - share)
    shapes = {one.name: _shape(one.points) for one in sketches}
    for one, other in combinations(sketches, 2):
        for flip in FLIPS if one.shape == other.shape else ():
            if np.vdot(shapes[one.name], _turned(shapes[other.name], flip)) < ALIKE:
                continue
            if np.quantile(_off(one.points, other.points, flip), 1 - spare) <= NEAR:
                off = _off(read(one.name), read(other.name), flip)
                if np.quantile(off, share) <= NEAR:
                    yield Alike(one.name, other.name, flip != (1, 1, 1), _is_spot(off > NEAR))
                    break


def _shape(points: NDArray[np.floating]) -> NDArray[np.floating]:
    """With mean 0 and length 1, its ends cut: the product of two is how they correlate."""
    middle = points.clip(*_range(points))
    middle = middle - middle.mean()
    return np.asarray(middle / max(float(np.linalg.norm(middle)), 1e-12))


def _turned(values: NDArray[np.floating], flip: tuple[int, ...]) -> NDArray[np.floating]:
    return values[tuple(slice(None, None, step) for step in flip)]


def _off(
    one: NDArray[np.floating], other: NDArray[np.floating], flip: tuple[int, ...]
) -> NDArray[np.floating]:
    """By what part of the range each is off when one is scaled, and cut, as the other, turned, is."""
    turned = _turned(other, flip)
    low, high = _range(turned)
    first, last = _range(one)
    used = (turned > turned.min()) & (turned < turned.max()) & (one >= first) & (one <= last)
    off = np.ones(one.shape)
    for _ in range(FITS):
        x, y = one[used].astype(np.float64), turned[used].astype(np.float64)
        if x.size < 2 or np.ptp(x) == 0:
            break
        slope = float(np.mean((x - x.mean()) * (y - y.mean())) / x.var())
        if slope <= 0:
            break
        fitted = (y.mean() + slope * (one - x.mean())).clip(turned.min(), turned.max())
        off = np.abs(fitted - turned) / (high - low)
        used &= off < OUTLYING
    return off


def _is_spot(differs: NDArray[np.bool_]) -> bool:
    parts, count = ndimage.label(differs)
    largest = int(np.bincount(parts.ravel())[1:].max()) if count else 0
    return largest >= SPOT and 2 * largest > int(np.count_nonzero(differs))
