"""Exact average precision, bit-identical to scikit-learn, also of voxels that do not fit into memory.

AP = sum over thresholds of (recall gained) x (precision). Only thresholds at which a positive lies gain
recall, so the streaming form keeps the positives' distinct scores and merely counts the negatives between.

To agree to the last bit the products must also be *added* as scikit-learn adds them: NumPy sums in pairs,
and how it pairs depends on the place of a product among all thresholds, those without a positive included.
The streaming form therefore remembers which float32 scores occurred, one bit each (133 MB of address space,
of which only touched pages cost memory): the number of set bits below a score is its place.
"""

from collections.abc import Callable
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
_BLOCK = 1024  # words of 32 bits
_DENSE = 1 << 20  # products that are laid out in memory at once
CHUNK = 1 << 22  # voxels that are sorted at once


def average_precision(scores: npt.NDArray[np.floating[Any]], labels: npt.NDArray[np.bool_]) -> float:
    """Return the AP of finite `scores` (higher = more abnormal) against `labels` of the same shape."""
    _, positives, negatives = count_levels(scores, labels)
    return average_precision_from_histogram(positives, negatives)


def count_levels(
    scores: npt.NDArray[np.floating[Any]], labels: npt.NDArray[np.bool_]
) -> tuple[npt.NDArray[np.floating[Any]], Counts, Counts]:
    """Return the distinct scores, ascending, and how many positives and negatives have each."""
    levels, counts = np.unique(scores, return_counts=True)
    positives = np.bincount(np.searchsorted(levels, scores[labels]), minlength=levels.size)
    return levels, positives, counts - positives


def average_precision_from_histogram(positives: Counts, negatives: Counts) -> float:
    """Return the AP of counts per score level, levels ascending; empty levels change nothing."""
    used = (positives + negatives) > 0
    positives, negatives = positives[used], negatives[used]
    return _integrate(positives, negatives, np.arange(positives.size), positives.size)


@dataclass(frozen=True, slots=True, eq=False)
class CountedScores:
    """The distinct scores of some voxels, ascending; `edges[k]` voxels lie below the k-th (n + 1 edges)."""

    codes: Codes
    edges: Counts


class ScoreCounter:
    """Counts float32 scores in [0, 1] without -0.0, some millions at once; background is not sorted."""

    def __init__(self, take: Callable[[CountedScores], None]) -> None:
        """Call `take` with what was counted, whenever it is much."""
        self._take = take
        self._above: list[Codes] = []
        self._pending = self._zeros = 0

    def add(self, scores: npt.NDArray[np.float32]) -> None:
        """Add scores (n,)."""
        codes = np.ascontiguousarray(scores, np.float32).view(np.uint32)
        above = codes[codes > 0]
        self._zeros += codes.size - above.size
        self._above.append(above)
        self._pending += above.size
        if self._pending >= CHUNK:
            self.flush()

    def flush(self) -> None:
        """Hand over what is left."""
        if self._pending + self._zeros:
            self._take(_count(np.concatenate(self._above), self._zeros))
        self._above.clear()
        self._pending = self._zeros = 0


def _count(above: Codes, zeros: int) -> CountedScores:
    above.sort()
    starts = _starts(above)
    first = 1 if zeros else 0
    codes = np.empty(first + starts.size, np.uint32)
    codes[:first] = 0
    np.take(above, starts, out=codes[first:])
    edges = np.empty(codes.size + 1, np.int64)
    edges[:first] = 0
    np.add(starts, zeros, out=edges[first:-1])
    edges[-1] = zeros + above.size
    return CountedScores(codes, edges)


def _starts(ascending: npt.NDArray[Any]) -> npt.NDArray[np.int64]:
    """Return where a new value begins."""
    first = np.ones(ascending.size, np.bool_)
    np.not_equal(ascending[1:], ascending[:-1], out=first[1:])
    return np.flatnonzero(first)


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
        """First pass: take the scores of abnormal voxels (n,)."""
        self._add(scores, self.add_counted_positives)

    def add_negatives(self, scores: npt.NDArray[np.float32]) -> None:
        """Second pass: count the scores of normal voxels (n,)."""
        self._add(scores, self.add_counted_negatives)

    def add_counted_positives(self, found: CountedScores) -> None:
        """First pass, counted before."""
        with self._lock:
            self._found.append(found)

    def add_counted_negatives(self, found: CountedScores) -> None:
        """Second pass, counted before."""
        with self._lock:
            thresholds = self._fix_thresholds()
        gaps, counts = count_between(thresholds, found)
        with self._lock:
            self._seen.add(found.codes)
            self._negatives[gaps] += counts

    @staticmethod
    def _add(scores: npt.NDArray[np.float32], take: Callable[[CountedScores], None]) -> None:
        counter = ScoreCounter(take)
        for start in range(0, scores.size, CHUNK):
            counter.add(scores[start : start + CHUNK])
        counter.flush()

    def result(self) -> float:
        """Return the AP of all that was added."""
        thresholds = self._fix_thresholds()
        places, levels = self._seen.places(thresholds)
        return _integrate(self._positives, self._negatives[1:], places, levels)

    def _fix_thresholds(self) -> Codes:
        if self._thresholds is None:
            codes = np.concatenate([part.codes for part in self._found] or [np.zeros(0, np.uint32)])
            codes.sort()  # np.unique would hash first
            self._thresholds = thresholds = codes[_starts(codes)]
            self._positives = np.zeros(thresholds.size, np.int64)
            for part in self._found:
                self._positives[np.searchsorted(thresholds, part.codes)] += np.diff(part.edges)
            self._negatives = np.zeros(self._thresholds.size + 1, np.int64)
            self._seen.add(self._thresholds)
            self._found.clear()
        return self._thresholds


def count_between(thresholds: Codes, found: CountedScores) -> tuple[Any, Counts]:
    """Return gaps and how many scores lie in each; gap k is below threshold k, at or above k - 1."""
    if thresholds.size < found.codes.size:  # the shorter list is looked up in the longer
        edges = found.edges[np.searchsorted(found.codes, thresholds)]
        return slice(None), np.diff(edges, prepend=0, append=found.edges[-1])
    gaps = np.searchsorted(thresholds, found.codes, side="right")
    starts = _starts(gaps)
    return gaps[starts], np.diff(found.edges[starts], append=found.edges[-1])


class _ScoreSet:
    """Which float32 scores of [0, 1] occurred: one bit each, in blocks of one memory page."""

    def __init__(self) -> None:
        blocks = _ONE // 32 // _BLOCK + 1
        self._words = np.zeros((blocks, _BLOCK), np.uint32)
        self._touched = np.zeros(blocks, np.bool_)

    def add(self, codes: Codes) -> None:
        """Add ascending distinct codes."""
        if codes.size == 0:
            return
        words = codes >> np.uint32(5)
        starts = _starts(words)
        changed = words[starts]
        self._words.reshape(-1)[changed] |= np.bitwise_or.reduceat(_bit(codes), starts)
        self._touched[changed // _BLOCK] = True

    def places(self, codes: Codes) -> tuple[npt.NDArray[np.int64], int]:
        """Return how many members lie below each of `codes` (members too), and how many there are."""
        if codes.size == 0:
            return np.zeros(0, np.int64), 0
        blocks = np.flatnonzero(self._touched)
        words = self._words[blocks].reshape(-1)
        upto = np.cumsum(np.bitwise_count(words), dtype=np.int64)
        at = np.searchsorted(blocks, codes // (32 * _BLOCK)) * _BLOCK + (codes >> 5) % _BLOCK
        not_below = np.bitwise_count(words[at] & ~(_bit(codes) - np.uint32(1)))
        return upto[at] - not_below, int(upto[-1])


def _bit(codes: Codes) -> Codes:
    """Return the bit of each code in its word of 32."""
    return np.uint32(1) << (codes & np.uint32(31))


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
