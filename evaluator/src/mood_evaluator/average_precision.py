"""Exact average precision, also of voxels that do not fit into memory.

AP = sum over thresholds of (recall gained) x (precision), formula 4.1 of the thesis. Only thresholds at which
a positive lies gain recall, so the streaming form keeps the positives' distinct scores and merely counts the
negatives between. The terms are added without rounding: no order of voxels, cases or thresholds moves it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock
from typing import Any

import numpy as np
import numpy.typing as npt

from mood_evaluator.errors import UndefinedScore
from mood_evaluator.exact_sum import exact_sum

Counts = npt.NDArray[np.int64]
Codes = npt.NDArray[np.uint32]
# The bits of non-negative floats order like the floats, so they serve as codes.
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
    true, found = _from_top(positives), _from_top(positives + negatives)
    if true.size == 0 or true[0] == 0:
        raise UndefinedScore("No positive is among what is scored, so average precision has no value.")
    gaining = positives > 0
    terms = positives[gaining] * (true[gaining] / found[gaining])
    return float(exact_sum(terms) / int(true[0]))


def _from_top(counts: Counts) -> Counts:
    """Return how many lie at or above each level."""
    return np.cumsum(counts[::-1])[::-1]


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
            self._negatives[gaps] += counts

    @staticmethod
    def _add(scores: npt.NDArray[np.float32], take: Callable[[CountedScores], None]) -> None:
        counter = ScoreCounter(take)
        for start in range(0, scores.size, CHUNK):
            counter.add(scores[start : start + CHUNK])
        counter.flush()

    def result(self) -> float:
        """Return the AP of all that was added."""
        self._fix_thresholds()
        return average_precision_from_histogram(self._positives, self._negatives[1:])

    def _fix_thresholds(self) -> Codes:
        if self._thresholds is None:
            codes = np.concatenate([part.codes for part in self._found] or [np.zeros(0, np.uint32)])
            codes.sort()  # np.unique would hash first
            self._thresholds = thresholds = codes[_starts(codes)]
            self._positives = np.zeros(thresholds.size, np.int64)
            for part in self._found:
                self._positives[np.searchsorted(thresholds, part.codes)] += np.diff(part.edges)
            self._negatives = np.zeros(self._thresholds.size + 1, np.int64)
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
