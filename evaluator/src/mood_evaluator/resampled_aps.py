"""Average precisions of many pools at once, each of which has every case some times: what resampling needs.

Counts are summed up per case before they are pooled, so that a pool costs one addition a case and threshold.
"""

from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse

from mood_evaluator.kernels import sweep_pools

Matrix = npt.NDArray[np.float64]
AnyCounts = npt.NDArray[np.number[Any]]  # (cases, thresholds), whole numbers
Weights = Any  # matrix (pools, cases), dense or sparse: how often each case is in each pool
_ROWS, _COLUMNS = 512, 256  # pools and thresholds computed at once: what fits into the processor's cache


def resampled_aps(weights: Weights, positives: AnyCounts, negatives: AnyCounts) -> Matrix:
    """Return the AP of each pool, over ascending thresholds (cases, thresholds)."""
    abnormal = np.flatnonzero(positives.any(axis=1))
    pools = [_Pools(weights[start : start + _ROWS], abnormal) for start in range(0, weights.shape[0], _ROWS)]
    true, found = np.zeros((2, positives.shape[0]))
    for stop in range(positives.shape[1], 0, -_COLUMNS):  # from the highest threshold down
        block = slice(max(stop - _COLUMNS, 0), stop)
        trues = true[:, None] + np.cumsum(positives[:, block][:, ::-1], axis=1, dtype=np.float64)
        falses = np.cumsum(negatives[:, block][:, ::-1], axis=1, dtype=np.float64)
        founds = trues + falses + (found - true)[:, None]
        for part in pools:
            part.add(trues[abnormal], founds)
        true, found = trues[:, -1].copy(), founds[:, -1].copy()
    return np.concatenate([part.aps for part in pools])


class _Pools:
    """A few pools that are swept from the highest thresholds to the lowest, some thresholds at a time."""

    def __init__(self, weights: Weights, abnormal: npt.NDArray[np.int64]) -> None:
        self._weights = weights
        self._of_abnormal = weights[:, abnormal]
        self._true, self._area = np.zeros((2, weights.shape[0]))

    def add(self, trues: Matrix, founds: Matrix) -> None:
        """Take the next thresholds: positives of abnormal cases, voxels of all cases, summed up so far."""
        if sparse.issparse(self._weights) and sweep_pools(
            self._of_abnormal, self._weights, trues, founds, self._true, self._area
        ):
            return
        true, found = self._of_abnormal @ trues, self._weights @ founds
        gained = np.diff(true, axis=1, prepend=self._true[:, None])
        precision = np.divide(true, found, out=np.zeros_like(true), where=found > 0)
        self._area += np.einsum("ij,ij->i", gained, precision)
        self._true = true[:, -1].copy()  # a view would keep the rest

    @property
    def aps(self) -> Matrix:
        return np.asarray(self._area / self._true)
