"""Loops over voxels and thresholds: NumPy's, or compiled where `mood-evaluator[fast]` is installed."""

from functools import cache
from types import ModuleType
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse

from mood_evaluator.quantizers import HALF_CODE, ONE_CODE, float16_codes

Bits = npt.NDArray[np.uint32]
"""Of float32 scores in [0, 1] without -0.0: they order as the scores do."""
Counts = npt.NDArray[np.int64]
Labels = npt.NDArray[np.bool_]
Scores = npt.NDArray[np.floating[Any]]
Sums = npt.NDArray[np.float64]


@cache
def _load() -> ModuleType | None:
    """Import Numba when a loop is first run: half a second and 70 MB that most commands never need."""
    try:
        from mood_evaluator import compiled
    except ImportError:  # without the extra `fast`
        return None
    return compiled


def prepare_kernels() -> bool:
    """Compile what is not yet compiled, and return whether anything can be: before a process is forked."""
    if _load() is None:
        return False
    scores, labels = np.linspace(0, 1, 4, dtype=np.float32), np.array([0, 0, 1, 1], np.bool_)
    codes, high = np.zeros((2, ONE_CODE + 1), np.uint32), np.zeros((2, HALF_CODE + 1), np.uint32)
    bits, gaps = scores.view(np.uint32), np.zeros(4, np.int64)
    count_codes(scores, labels, codes, high)
    take_above_zero(bits, labels, wanted=True)
    count_into_gaps(bits, labels, bits, gaps)
    merge_into_gaps(bits, 0, bits, gaps)
    pools = sparse.csr_array(np.ones((1, 2)))
    sweep_pools(pools, pools, np.ones((2, 3)), np.ones((2, 3)), np.zeros(1), np.zeros(1))
    return True


def count_codes(
    scores: Scores, labels: Labels, codes: npt.NDArray[np.uint32], high: npt.NDArray[np.uint32]
) -> None:
    """Count scores (n,) of normal and of abnormal voxels: by the float16 of s, and of 1 - s from 0.5 on.

    `codes` (2, codes up to that of 1) and `high` (2, codes up to that of 0.5) grow.
    """
    if (compiled := _load()) is not None and scores.dtype == np.float32:
        compiled.count_codes(_fixed(scores, np.uint32), _fixed(labels, np.uint8), codes, high)
        return
    for row, own in enumerate((scores[~labels], scores[labels])):
        above = own[own > 0]  # most of a volume is background
        codes[row, 0] += own.size - above.size
        codes[row] += np.bincount(float16_codes(above), minlength=codes.shape[1]).astype(np.uint32)
        complements = float16_codes(1.0 - above[above >= 0.5])  # exact
        high[row] += np.bincount(complements, minlength=high.shape[1]).astype(np.uint32)


def take_above_zero(bits: Bits, labels: Labels, *, wanted: bool) -> tuple[Bits, int]:
    """Return the scores above 0 of voxels whose label is `wanted`, and how many of them are 0."""
    if (compiled := _load()) is not None:
        found = np.empty_like(bits)
        count, zeros = compiled.take_above_zero(_fixed(bits), _fixed(labels, np.uint8), wanted, found)
        return found[:count], zeros
    own = bits[labels] if wanted else bits[~labels]
    above = own[own > 0]
    return above, own.size - above.size


def count_into_gaps(bits: Bits, labels: Labels, thresholds: Bits, gaps: Counts) -> None:
    """Count normal voxels (n,) into the gaps above each of `thresholds` (ascending, distinct, one or more).

    `gaps` (thresholds,) grows; what lies below all thresholds is left out.
    """
    if (compiled := _load()) is not None:
        starts = np.searchsorted(thresholds, compiled.BUCKETS)
        compiled.count_into_gaps(_fixed(bits), _fixed(labels, np.uint8), _fixed(thresholds), starts, gaps)
        return
    above, zeros = take_above_zero(bits, labels, wanted=False)
    above.sort()
    merge_into_gaps(above, zeros, thresholds, gaps)


def merge_into_gaps(ascending: Bits, zeros: int, thresholds: Bits, gaps: Counts) -> None:
    """Do so with scores above 0, `ascending`, and a number of `zeros`."""
    if thresholds[0] == 0:
        gaps[0] += zeros
    if (compiled := _load()) is not None:
        compiled.merge_into_gaps(_fixed(ascending), _fixed(thresholds), np.asarray(gaps))
    else:
        gaps += np.diff(np.searchsorted(ascending, thresholds), append=ascending.size)


def sweep_pools(of_abnormal: Any, weights: Any, trues: Sums, founds: Sums, true: Sums, area: Sums) -> bool:
    """Add the next thresholds to the areas of sparse pools; False, and nothing done, where none is compiled.

    `trues` (abnormal cases, thresholds) and `founds` (cases, thresholds) are summed up from the highest
    threshold; `true` and `area` (pools,) are those of the pools so far, and grow. The compiler chooses
    the order in which a pool's terms are added: replicates agree with NumPy's within 1e-12, not to the bit.
    """
    compiled = _load()
    if compiled is None:
        return False
    pools = [(part.indptr, part.indices, part.data) for part in (of_abnormal, weights)]
    compiled.sweep_pools(*pools[0], *pools[1], trues, founds, true, area)
    return True


def _fixed(values: npt.NDArray[Any], kind: type[np.unsignedinteger[Any]] = np.uint32) -> npt.NDArray[Any]:
    """View an array as what a kernel was compiled for: an ndarray that is not written to."""
    view = np.ascontiguousarray(values).view(kind)
    view.flags.writeable = False
    return view
