"""What a method says of a scan."""

from collections.abc import Callable
from typing import NamedTuple

from numpy import float64
from numpy.typing import NDArray

from mood_reference.scans.volumes import Volume


class Scores(NamedTuple):
    """Raw scores of one scan; higher is more abnormal."""

    voxels: Volume  # (X, Y, Z) of the scan, >= 0
    slices: NDArray[float64] | None = None  # (D,) along the method's slice axis, NaN where there is no body
    sample: float | None = None  # any number; None: the method's reducer makes it from the voxels


Scorer = Callable[[Volume], Scores]
