"""Scans that are the same but for noise, scale, orientation or a mirror: one person exported twice."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, product

import numpy as np
from numpy.typing import NDArray

__all__ = ["POINTS", "Sketch", "find_lookalikes", "sketch"]

POINTS = 12  # along each axis
NEAR = 0.004  # of the range: more than noise and 256 grey values change, less than the faintest anomaly
OFTENER = 10  # times as many points of a sketch as voxels may lie in a mark
FLIPS = tuple(product((1, -1), repeat=3))


@dataclass(frozen=True, slots=True)
class Sketch:
    name: str
    shape: tuple[int, ...]
    points: NDArray[np.float32]  # (12, 12, 12), 0 to 1


def sketch(name: str, values: NDArray[np.float64]) -> Sketch:
    """`values` with axes towards right, anterior, superior. The points lie as those of a mirror image do."""
    places = [_symmetric(side) for side in values.shape]
    return Sketch(name, values.shape, _scaled(values)[np.ix_(*places)].astype(np.float32))


def _symmetric(side: int) -> NDArray[np.intp]:
    half = np.linspace(0, (side - 1) / 2, POINTS // 2).astype(int)
    return np.concatenate([half, (side - 1 - half)[::-1]])


def _scaled(values: NDArray[np.float64]) -> NDArray[np.float64]:
    low, high = values.min(), values.max()
    return np.asarray((values - low) / max(high - low, 1e-12))


def find_lookalikes(
    sketches: Sequence[Sketch], read: Callable[[str], NDArray[np.float64]], *, share: float = 1
) -> Iterator[tuple[str, str, bool]]:
    """Pairs, and whether they are mirrored. `read` gives the voxels of one again, where a sketch is alike.

    This `share` of the voxels has to be near; below 1 a hot voxel or a mark makes no other person.
    """
    spare = OFTENER * (1 - share)
    means = {one.name: float(one.points.mean()) for one in sketches}  # the same for every mirror image
    for one, other in combinations(sketches, 2):
        if one.shape != other.shape or abs(means[one.name] - means[other.name]) > NEAR + spare:
            continue
        for flip in FLIPS:
            if _are_near(one.points, other.points, flip, 1 - spare):
                first, second = _scaled(read(one.name)), _scaled(read(other.name))
                if _are_near(first, second, flip, share):
                    yield one.name, other.name, flip != (1, 1, 1)
                    break


def _are_near(
    one: NDArray[np.floating], other: NDArray[np.floating], flip: tuple[int, ...], share: float
) -> bool:
    turned = other[tuple(slice(None, None, step) for step in flip)]
    return bool(np.quantile(np.abs(one - turned), share) <= NEAR)
