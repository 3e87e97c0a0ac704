"""Average precision in two passes, in chunks, for voxels that do not fit into memory."""

from threading import Lock

import numpy as np
import numpy.typing as npt

from mood_evaluator.arrays import checked_unit_scores
from mood_evaluator.errors import InvalidInput
from mood_evaluator.pools import KeptPositives, Pool
from mood_evaluator.positive_scores import PositiveScores
from mood_evaluator.shelf import Kept, Shelf
from mood_evaluator.sorted_scores import CHUNK, ScoreSorter, SortedScores


class StreamingAveragePrecision:
    """AP of scores in [0, 1], rounded once to float32: first all positives, then all negatives, in chunks.

    Adding is safe from several threads.

    >>> pool = StreamingAveragePrecision()
    >>> pool.add_positives([0.35, 0.8])
    >>> pool.add_negatives([0.1, 0.4])
    >>> pool.result()
    0.8333333333333333
    """

    def __init__(self) -> None:
        self._found: list[SortedScores] = []
        self._pool: Pool | None = None
        self._lock = Lock()

    def add_positives(self, scores: npt.ArrayLike) -> None:
        """First pass: take the scores of abnormal voxels; raises InvalidInput for scores outside [0, 1]."""
        for part in _count(checked_unit_scores(scores)):
            with self._lock:
                if self._pool is not None:
                    raise InvalidInput(
                        "Negatives were counted already, so no positive can follow. "
                        "Start a new StreamingAveragePrecision, and add all positives first."
                    )
                self._found.append(part)

    def add_negatives(self, scores: npt.ArrayLike) -> None:
        """Second pass: count the scores of normal voxels; raises InvalidInput for scores outside [0, 1]."""
        found = checked_unit_scores(scores)
        pool = self._fill()
        for part in _count(found):
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
