"""Scores of voxels in order, some millions at once: what pools are filled from."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from mood_evaluator.kernels import Bits, Labels, take_above_zero

CHUNK = 1 << 22  # voxels that are sorted at once


@dataclass(frozen=True, slots=True, eq=False)
class SortedScores:
    """Scores above 0, ascending, and how many are 0."""

    ascending: Bits
    zeros: int


class ScoreSorter:
    """Sorts float32 scores in [0, 1] without -0.0; background is not sorted."""

    def __init__(self, take: Callable[[SortedScores], None]) -> None:
        """Call `take` with what was sorted, whenever it is much."""
        self._take = take
        self._above: list[Bits] = []
        self._pending = self._zeros = 0

    def add(self, scores: npt.NDArray[np.float32], labels: Labels | None, *, wanted: bool) -> None:
        """Add the scores (n,) of voxels whose label is `wanted`; without labels they are all normal."""
        own = np.zeros(scores.size, np.bool_) if labels is None else labels
        above, zeros = take_above_zero(np.ascontiguousarray(scores).view(np.uint32), own, wanted=wanted)
        self._zeros += zeros
        self._above.append(above)
        self._pending += above.size
        if self._pending >= CHUNK:
            self.flush()

    def flush(self) -> None:
        """Hand over what is left."""
        if self._pending + self._zeros:
            above = np.concatenate(self._above)
            above.sort()
            self._take(SortedScores(above, self._zeros))
        self._above.clear()
        self._pending = self._zeros = 0


def starts_of(ascending: npt.NDArray[Any]) -> npt.NDArray[np.int64]:
    """Return where a new value begins."""
    first = np.ones(ascending.size, np.bool_)
    np.not_equal(ascending[1:], ascending[:-1], out=first[1:])
    return np.flatnonzero(first)
