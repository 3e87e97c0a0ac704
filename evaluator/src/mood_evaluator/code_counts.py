"""Counts of the codes of scores under both quantizers, of normal and of abnormal voxels."""

import numpy as np
import numpy.typing as npt

from mood_evaluator.kernels import Labels, count_codes
from mood_evaluator.quantizers import HALF_CODE, ONE_CODE, Quantizer, Scores


class CodeCounts:
    """How many normal and abnormal voxels have each code, under both quantizers: one look at each score.

    Below 0.5 the quantizers agree, so the float16 of s is counted, and that of 1 - s from 0.5 on.
    """

    def __init__(self) -> None:
        self._codes = np.zeros((2, ONE_CODE + 1), np.int64)
        self._high = np.zeros((2, HALF_CODE + 1), np.int64)

    def add(self, scores: Scores, labels: Labels | None) -> None:
        """Add scores (as for `quantize`; fewer than 2**32); without labels all of them are normal."""
        own = np.zeros(scores.size, np.bool_) if labels is None else labels
        codes, high = np.zeros((2, ONE_CODE + 1), np.uint32), np.zeros((2, HALF_CODE + 1), np.uint32)
        count_codes(scores, own, codes, high)
        self._codes += codes
        self._high += high

    def of(self, quantizer: Quantizer) -> npt.NDArray[np.int64]:
        """Return the counts (2, codes), normal voxels first."""
        if quantizer is Quantizer.MOOD2020:
            return self._codes
        counts = np.zeros((2, quantizer.size), np.int64)
        counts[:, : HALF_CODE + 1] = self._codes[:, : HALF_CODE + 1]
        rounded_down = self._high.sum(axis=1) - self._codes[:, HALF_CODE + 1 :].sum(axis=1)
        counts[:, HALF_CODE] -= rounded_down  # from above 0.5 to its float16
        counts[:, HALF_CODE:] += self._high[:, ::-1]
        return counts
