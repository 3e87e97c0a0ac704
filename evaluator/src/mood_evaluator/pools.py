"""A pool: the voxels of some cases between the distinct scores of their abnormal voxels.

Its thresholds are known before a normal voxel is looked at, so one look at each prediction fills all pools.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from threading import Lock

import numpy as np

from mood_evaluator.ap import average_precision_of_counts
from mood_evaluator.kernels import Bits, Counts, merge_into_gaps
from mood_evaluator.positive_scores import PositiveScores, Small, union_of
from mood_evaluator.shelf import Kept, Shelf
from mood_evaluator.sorted_scores import SortedScores


@dataclass(frozen=True, slots=True)
class KeptPositives:
    """The scores of a case's abnormal voxels, on a shelf."""

    codes: Kept[Bits]
    counts: Kept[Small]

    @classmethod
    def put(cls, shelf: Shelf, found: PositiveScores) -> "KeptPositives":
        return cls(shelf.put(found.codes), shelf.put(found.counts))

    def load(self) -> PositiveScores:
        return PositiveScores(self.codes.get(), self.counts.get())


class Pool:
    """Adding is safe from several threads."""

    def __init__(self, shelf: Shelf, parts: Sequence[KeptPositives]) -> None:
        """Take the scores of the abnormal voxels of all cases."""
        thresholds = union_of([part.codes for part in parts])
        positives = np.zeros(thresholds.size, np.int64)
        for part in parts:
            positives[np.searchsorted(thresholds, part.codes.get())] += part.counts.get()
        self._thresholds = shelf.put(thresholds)
        self._positives: Kept[Counts] = shelf.put(positives)
        self._negatives: Kept[Counts] = shelf.put(np.zeros(thresholds.size, np.int64))
        self._lock = Lock()

    def add_negatives(self, found: SortedScores) -> None:
        """Count normal voxels; those below all thresholds never matter."""
        if self._thresholds.size:
            with self._lock:
                gaps = self._negatives.get()
                merge_into_gaps(found.ascending, found.zeros, self._thresholds.get(), gaps)

    def ap(self) -> float:
        """Return the average precision; raises UndefinedScore without an abnormal voxel."""
        return average_precision_of_counts(self._positives.get(), self._negatives.get())
