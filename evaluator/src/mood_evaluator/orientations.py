"""Does a map fit better the other way round? Its AP beside that of all its flips and permutations of axes.

Turning a map moves scores and changes none: with its scores counted once, each orientation costs a look at
the abnormal voxels alone.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import permutations, product
from typing import Final

import numpy as np
import numpy.typing as npt

from mood_evaluator.curves import Curve
from mood_evaluator.nifti_stream import Shape
from mood_evaluator.quantizers import Quantizer
from mood_evaluator.suspicion import Suspicion

LEAST: Final = 0.2  # mean AP of an orientation that is called better
TIMES: Final = 3.0  # that of the map as given,
AHEAD: Final = 1.5  # and that of any other orientation
BETTER: Final = 0.3  # instead of both factors, which large APs leave no room for; then in each of
SEVERAL: Final = 2  # scans at least
_AXES = ("first", "second", "third")


@dataclass(frozen=True, slots=True)
class Orientation:
    """Another way to write a map: its axes in this order, then some of them flipped."""

    axes: tuple[int, int, int]
    flipped: tuple[bool, bool, bool]

    def source(self, places: Sequence[npt.NDArray[np.intp]], shape: Shape) -> list[npt.NDArray[np.intp]]:
        """Return where in the map (indices along each axis) lies what the turned map has at `places`."""
        found = [np.empty(0, np.intp)] * 3
        for axis, flipped, place in zip(self.axes, self.flipped, places, strict=True):
            found[axis] = shape[axis] - 1 - place if flipped else place
        return found

    @property
    def words(self) -> str:
        """What to do with the map."""
        moved = [axis for axis in range(3) if self.axes[axis] != axis]
        flipped = [axis for axis in range(3) if self.flipped[axis]]
        order = ", ".join(_AXES[axis] for axis in self.axes)
        swap = f"{_name(moved)} swapped" if len(moved) == 2 else f"the axes in the order {order}"
        return ", then ".join([swap] * bool(moved) + [f"{_name(flipped)} flipped"] * bool(flipped))


def _name(axes: Sequence[int]) -> str:
    return f"the {' and '.join(_AXES[axis] for axis in axes)} ax{'i' if len(axes) == 1 else 'e'}s"


AS_GIVEN: Final = Orientation((0, 1, 2), (False, False, False))


def orientations_of(shape: Shape) -> tuple[Orientation, ...]:
    """Return all that keep `shape`, the simplest first: as given, one flip, two …, then other orders."""
    orders = [axes for axes in permutations(range(3)) if tuple(shape[axis] for axis in axes) == shape]
    flips = sorted(product((False, True), repeat=3), key=sum)
    found = [Orientation((x, y, z), (a, b, c)) for x, y, z in orders for a, b, c in flips]
    return tuple(sorted(found, key=lambda one: (one.axes != AS_GIVEN.axes, sum(one.flipped))))


def oriented_aps(codes: npt.NDArray[np.uint16], abnormal: npt.NDArray[np.bool_]) -> dict[Orientation, float]:
    """Return the AP of a map (x, y, z), in `two_sided` codes, in each orientation; one voxel is abnormal."""
    size = Quantizer.TWO_SIDED.size
    counts = sum(np.bincount(slab.ravel(order="K"), minlength=size) for slab in codes.T)  # slabs of a file
    x, y, z = codes.shape
    levels, places, found = np.arange(size, dtype=np.float64), np.nonzero(abnormal), {}
    for orientation in orientations_of((x, y, z)):
        own = codes[tuple(orientation.source(places, (x, y, z)))]
        positives = np.bincount(own, minlength=size)
        found[orientation] = Curve(levels, positives, counts - positives).ap()
    return found


def turned(scans: Sequence[Mapping[Orientation, float]]) -> Suspicion | None:
    """Judge the APs of some abnormal scans: does one orientation stand out, and none of them object?"""
    shared = [one for one in (scans[0] if scans else ()) if all(one in aps for aps in scans)]
    if len(shared) < 2:
        return None
    means = {one: float(np.mean([aps[one] for aps in scans])) for one in shared}
    second, best = sorted(shared, key=means.__getitem__)[-2:]
    given = means[AS_GIVEN]
    gain = min(aps[best] - aps[AS_GIVEN] for aps in scans)
    by_factor = means[best] >= max(LEAST, TIMES * given, AHEAD * means[second]) and gain >= 0
    by_gain = len(scans) >= SEVERAL and min(gain, means[best] - means[second]) >= BETTER
    if not (by_factor or by_gain):
        return None
    return Suspicion(
        "other_way_round",
        f"The maps fit better with {best.words}: the mean AP of {len(scans)} abnormal scans is then "
        f"{means[best]:.3f} instead of {given:.3f}. Write each map in the axes of its input.",
    )
