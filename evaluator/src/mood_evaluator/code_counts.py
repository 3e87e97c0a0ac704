"""Counts of the codes of scores under both quantizers, of normal and of abnormal voxels."""

import numpy as np
import numpy.typing as npt

from mood_evaluator.kernels import Labels, count_codes
from mood_evaluator.quantizers import HALF_CODE, ONE_CODE, Quantizer, Scores

_MOST = 2**32 - 1  # what a small counter holds


class CodeCounts:
    """How many normal and abnormal voxels have each code, under both quantizers: one look at each score.

    Below 0.5 the quantizers agree, so the float16 of s is counted, and that of 1 - s from 0.5 on.
    """

    def __init__(self) -> None:
        self._codes = np.zeros((2, ONE_CODE + 1), np.int64)
        self._high = np.zeros((2, HALF_CODE + 1), np.int64)
        small = (np.zeros(counts.shape, np.uint32) for counts in (self._codes, self._high))
        self._newest = tuple(small)  # not yet in the sums above
        self._room = _MOST
        self._normal = np.zeros(0, np.bool_)

    def add(self, scores: Scores, labels: Labels | None) -> None:
        """Add scores (as for `quantize`; fewer than 2**32); without labels all of them are normal."""
        if scores.size > self._room:
            self._sum_up()
        self._room -= scores.size
        count_codes(scores, self._all_normal(scores.size) if labels is None else labels, *self._newest)

    def _all_normal(self, size: int) -> Labels:
        if self._normal.size < size:
            self._normal = np.zeros(size, np.bool_)
        return self._normal[:size]

    def _sum_up(self) -> None:
        for total, newest in zip((self._codes, self._high), self._newest, strict=True):
            np.add(total, newest, out=total)
            newest[:] = 0
        self._room = _MOST

    def of(self, quantizer: Quantizer) -> npt.NDArray[np.int64]:
        """Return the counts (2, codes), normal voxels first."""
        self._sum_up()
        if quantizer is Quantizer.MOOD2020:
            return self._codes.copy()
        counts = np.zeros((2, quantizer.size), np.int64)
        counts[:, : HALF_CODE + 1] = self._codes[:, : HALF_CODE + 1]
        rounded_down = self._high.sum(axis=1) - self._codes[:, HALF_CODE + 1 :].sum(axis=1)
        counts[:, HALF_CODE] -= rounded_down  # from above 0.5 to its float16
        counts[:, HALF_CODE:] += self._high[:, ::-1]
        return counts
