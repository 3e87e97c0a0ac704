"""Average precision in two passes, in chunks, for voxels that do not fit into memory."""

from threading import Lock

import numpy as np
import numpy.typing as npt

from mood_evaluator.pools import KeptPositives, Pool
from mood_evaluator.positive_scores import PositiveScores
from mood_evaluator.shelf import Kept, Shelf
from mood_evaluator.sorted_scores import CHUNK, ScoreSorter, SortedScores


class StreamingAveragePrecision:
    """AP of float32 scores in [0, 1]: first all positives, then all negatives, a chunk at a time.

    Adding is safe from several threads.
    """

    def __init__(self) -> None:
        self._found: list[SortedScores] = []
        self._pool: Pool | None = None
        self._lock = Lock()

    def add_positives(self, scores: npt.NDArray[np.float32]) -> None:
        """First pass: take the scores of abnormal voxels (n,)."""
        for part in _count(scores):
            with self._lock:
                self._found.append(part)

    def add_negatives(self, scores: npt.NDArray[np.float32]) -> None:
        """Second pass: count the scores of normal voxels (n,)."""
        pool = self._fill()
        for part in _count(scores):
            pool.add_negatives(part)

    def result(self) -> float:
        """Return the AP of all that was added; raises UndefinedScore without a positive."""
        return self._fill().ap()

    def _fill(self) -> Pool:
        with self._lock:
            if self._pool is None:
                found = PositiveScores.gather(self._found)
                kept = KeptPositives(Kept.here(found.codes), Kept.here(found.counts))
                self._pool = Pool(Shelf.boundless(), [kept])
                self._found.clear()
            return self._pool


def _count(scores: npt.NDArray[np.float32]) -> list[SortedScores]:
    found: list[SortedScores] = []
    sorter = ScoreSorter(found.append)
    for start in range(0, scores.size, CHUNK):
        sorter.add(scores[start : start + CHUNK], None, wanted=False)
    sorter.flush()
    return found
