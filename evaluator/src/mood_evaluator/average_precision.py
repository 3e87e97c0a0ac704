"""Exact average precision, bit-identical to scikit-learn, also of voxels that do not fit into memory.

AP = sum over thresholds of (recall gained) x (precision). Only thresholds at which a positive lies gain
recall, so the streaming form keeps the positives' distinct scores and merely counts the negatives between.

To agree to the last bit the products must also be *added* as scikit-learn adds them: NumPy sums in pairs,
and how it pairs depends on the place of a product among all thresholds, those without a positive included.
The streaming form therefore remembers which float32 scores occurred, one bit each (133 MB of address space,
of which only touched pages cost memory): the number of set bits below a score is its place.
"""

from dataclasses import dataclass
from threading import Lock
from typing import Any

import numpy as np
import numpy.typing as npt

from mood_evaluator.errors import UndefinedScore

Counts = npt.NDArray[np.int64]
Codes = npt.NDArray[np.uint32]
# The bits of non-negative floats order like the floats, so they serve as codes.
_ONE = int(np.float32(1.0).view(np.uint32))
_BLOCK = 512  # words of 64 bits
_DENSE = 1 << 20  # products that are laid out in memory at once
CHUNK = 1 << 22  # voxels that are sorted at once


def average_precision(scores: npt.NDArray[np.floating[Any]], labels: npt.NDArray[np.bool_]) -> float:
    """Return the AP of finite `scores` (higher = more abnormal) against `labels` of the same shape."""
    levels, counts = np.unique(scores, return_counts=True)
    places = np.searchsorted(levels, scores[labels])
    positives = np.bincount(places, minlength=levels.size)
    return average_precision_from_histogram(positives, counts - positives)


def average_precision_from_histogram(positives: Counts, negatives: Counts) -> float:
    """Return the AP of counts per score level, levels ascending; empty levels change nothing."""
    used = (positives + negatives) > 0
    positives, negatives = positives[used], negatives[used]
    return _integrate(positives, negatives, np.arange(positives.size), positives.size)


@dataclass(frozen=True, slots=True, eq=False)
class CountedScores:
    """The distinct scores among some voxels, ascending, and how many voxels have each."""

    codes: Codes
    counts: Counts


def count_scores(scores: npt.NDArray[np.float32]) -> CountedScores:
    """Count scores in [0, 1] without -0.0, any shape; the zeros of the background are not sorted."""
    codes = np.ascontiguousarray(scores, np.float32).ravel().view(np.uint32)
    above = codes[codes > 0]
    above.sort()
    starts = np.flatnonzero(np.diff(above, prepend=np.uint32(0)))
    distinct, counts = above[starts], np.diff(starts, append=above.size)
    if above.size == codes.size:
        return CountedScores(distinct, counts)
    return CountedScores(np.insert(distinct, 0, 0), np.insert(counts, 0, codes.size - above.size))


class StreamingAveragePrecision:
    """AP of float32 scores in [0, 1] in two passes, in chunks: first all positives, then all negatives.

    What was counted once can be added to several pools. Adding is safe from several threads.
    """

    def __init__(self) -> None:
        self._found: list[CountedScores] = []
        self._thresholds: Codes | None = None
        self._positives: Counts = np.zeros(0, np.int64)
        self._negatives: Counts = np.zeros(0, np.int64)  # [k]: below threshold k, at or above k - 1
        self._seen = _ScoreSet()
        self._lock = Lock()

    def add_positives(self, scores: npt.NDArray[np.float32]) -> None:
        """First pass: take the scores of abnormal voxels."""
        for chunk in _split(scores):
            self.add_counted_positives(count_scores(chunk))

    def add_negatives(self, scores: npt.NDArray[np.float32]) -> None:
        """Second pass: count the scores of normal voxels."""
        for chunk in _split(scores):
            self.add_counted_negatives(count_scores(chunk))

    def add_counted_positives(self, found: CountedScores) -> None:
        """First pass, counted before."""
        with self._lock:
            self._found.append(found)

    def add_counted_negatives(self, found: CountedScores) -> None:
        """Second pass, counted before."""
        with self._lock:
            thresholds = self._fix_thresholds()
            self._seen.add(found.codes)
            below = np.append(0, np.cumsum(found.counts))
            if thresholds.size < found.codes.size:  # the shorter list is looked up in the longer
                self._negatives += np.diff(
                    below[np.searchsorted(found.codes, thresholds)], prepend=0, append=below[-1]
                )
                return
            gaps = np.searchsorted(thresholds, found.codes, side="right")
            starts = np.flatnonzero(np.diff(gaps, prepend=-1))
            self._negatives[gaps[starts]] += np.diff(below[starts], append=below[-1])

    def result(self) -> float:
        """Return the AP of all that was added."""
        thresholds = self._fix_thresholds()
        places, levels = self._seen.places(thresholds)
        return _integrate(self._positives, self._negatives[1:], places, levels)

    def _fix_thresholds(self) -> Codes:
        if self._thresholds is None:
            codes = np.concatenate([part.codes for part in self._found] or [np.zeros(0, np.uint32)])
            self._thresholds = thresholds = np.unique(codes)
            self._positives = np.zeros(thresholds.size, np.int64)
            for part in self._found:
                self._positives[np.searchsorted(thresholds, part.codes)] += part.counts
            self._negatives = np.zeros(self._thresholds.size + 1, np.int64)
            self._seen.add(self._thresholds)
            self._found.clear()
        return self._thresholds


class _ScoreSet:
    """Which float32 scores of [0, 1] occurred: one bit each, in blocks of one memory page."""

    def __init__(self) -> None:
        blocks = _ONE // 64 // _BLOCK + 1
        self._words = np.zeros((blocks, _BLOCK), np.uint64)
        self._touched = np.zeros(blocks, np.bool_)

    def add(self, codes: Codes) -> None:
        """Add ascending distinct codes."""
        if codes.size == 0:
            return
        words = (codes >> 6).astype(np.intp)
        starts = np.flatnonzero(np.diff(words, prepend=-1))
        bits = np.bitwise_or.reduceat(_bit(codes), starts)
        self._words.reshape(-1)[words[starts]] |= bits
        self._touched[words[starts] // _BLOCK] = True

    def places(self, codes: Codes) -> tuple[npt.NDArray[np.int64], int]:
        """Return how many members lie below each of `codes` (members too), and how many there are."""
        if codes.size == 0:
            return np.zeros(0, np.int64), 0
        blocks = np.flatnonzero(self._touched)
        words = self._words[blocks].reshape(-1)
        upto = np.cumsum(np.bitwise_count(words), dtype=np.int64)
        at = np.searchsorted(blocks, codes // (64 * _BLOCK)) * _BLOCK + (codes >> 6) % _BLOCK
        not_below = np.bitwise_count(words[at] & ~(_bit(codes) - np.uint64(1)))
        return upto[at] - not_below, int(upto[-1])


def _bit(codes: Codes) -> npt.NDArray[np.uint64]:
    """Return the bit of each code in its word of 64."""
    return np.uint64(1) << (codes & 63).astype(np.uint64)


def _split(scores: npt.NDArray[np.float32]) -> list[npt.NDArray[np.float32]]:
    return [scores[start : start + CHUNK] for start in range(0, scores.size, CHUNK)]


def _integrate(positives: Counts, negatives: Counts, places: npt.NDArray[np.int64], levels: int) -> float:
    """Sum the AP; `negatives[k]` lie at or above the k-th ascending threshold and below the next.

    `places` are the thresholds' indices among all `levels` distinct scores.
    """
    true = np.cumsum(positives[::-1])[::-1].astype(np.float64)
    if true.size == 0 or true[0] == 0:
        raise UndefinedScore("No positive is among what is scored, so average precision has no value.")
    false = np.cumsum(negatives[::-1])[::-1].astype(np.float64)
    recall = np.append(true / true[0], 0.0)
    products = np.diff(recall) * (true / (true + false))
    return max(0.0, -_sum_in_pairs(products, places, levels))


def _sum_in_pairs(values: npt.NDArray[np.float64], places: npt.NDArray[np.int64], length: int) -> float:
    """Return `np.sum` of `length` zeros that hold `values` at ascending `places`, to the bit."""
    if values.size == 0:
        return 0.0
    if length <= _DENSE:
        dense = np.zeros(length)
        dense[places] = values
        return float(dense.sum())
    half = length // 2 - length // 2 % 8  # where NumPy's pairwise summation cuts
    cut = int(np.searchsorted(places, half))
    left = _sum_in_pairs(values[:cut], places[:cut], half)
    return left + _sum_in_pairs(values[cut:], places[cut:] - half, length - half)
