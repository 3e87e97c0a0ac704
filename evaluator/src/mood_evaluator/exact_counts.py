"""Voxels of each case between thresholds of all cases: additive as Evidence is, without its rounding.

Average precision gains recall only where an abnormal voxel lies. So the distinct float32 scores of the
abnormal voxels of all cases are thresholds enough for any pool of these cases, however often each is in it;
of a normal voxel it is enough to know between which two it lies. Replicates deal cases into ever other
batches, hence all cases are counted against the same thresholds.

Where there are more such scores than fit into memory, each abnormal case keeps some, so that equal shares of
its voxels lie between them: what shares a gap then counts as tied.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mood_evaluator.average_precision import Codes, CountedScores, Counts, ScoreCounter, count_between
from mood_evaluator.scoring import PixelCase, read_scores
from mood_evaluator.volumes import read_label

CELLS = 1 << 26  # of both matrices; 0.5 GB together
Scores = npt.NDArray[np.float32]
Small = npt.NDArray[np.int32]  # a volume has fewer than 2^31 voxels


@dataclass(frozen=True, slots=True, eq=False)
class ExactCounts:
    """Voxels (cases by sorted id, thresholds ascending), each from its threshold up to the next."""

    positives: Small
    negatives: Small
    complete: bool  # whether every distinct score of an abnormal voxel is a threshold


def count_exactly(cases: Iterable[PixelCase], *, cells: int = CELLS) -> ExactCounts:
    """Read abnormal volumes twice and the others once, a part at a time; raises InvalidPrediction.

    `cells` bounds cases times thresholds.
    """
    ordered = sorted(cases, key=lambda case: case.id)
    thresholds, complete = _find_thresholds(ordered, most=max(cells // len(ordered), 1))
    positives, negatives = np.zeros((2, len(ordered), thresholds.size), np.int32)
    for row, case in enumerate(ordered):
        positives[row], negatives[row] = _count_case(case, thresholds)
    return ExactCounts(positives, negatives, complete)


def _find_thresholds(cases: Sequence[PixelCase], *, most: int) -> tuple[Codes, bool]:
    """Return ascending thresholds, about `most` of them at most, and whether these are all."""
    abnormal = [case for case in cases if case.label is not None]
    every, complete, some = np.zeros(0, np.uint32), True, [np.zeros(0, np.uint32)]
    for case in abnormal:
        codes, counts = _positives_of(case)
        some.append(_space(codes, counts, max(most // len(abnormal), 1)))
        if complete:
            every = np.union1d(every, codes)
            complete = every.size <= most
    return (every if complete else np.unique(np.concatenate(some))), complete


def _positives_of(case: PixelCase) -> tuple[Codes, Counts]:
    """Return the distinct scores of the abnormal voxels, ascending, and how many have each."""
    found = [np.zeros(0, np.float32), *(positives for positives, _ in _split(case) if positives.size)]
    codes, counts = np.unique(np.concatenate(found).view(np.uint32), return_counts=True)
    return codes, counts


def _space(codes: Codes, counts: Counts, most: int) -> Codes:
    """Return the lowest code and others with equal shares of the voxels between them."""
    upto = np.cumsum(counts)
    if codes.size <= most:
        return codes
    return np.unique(codes[np.searchsorted(upto, np.linspace(0, upto[-1] - 1, most), side="right")])


def _count_case(case: PixelCase, thresholds: Codes) -> Counts:
    """Return (2, thresholds) abnormal and normal voxels; those below all thresholds never count."""
    sums = np.zeros((2, thresholds.size + 1), np.int64)
    counters = [ScoreCounter(_adding_to(row, thresholds)) for row in sums]
    for both in _split(case):
        for counter, scores in zip(counters, both, strict=True):
            counter.add(scores)
    for counter in counters:
        counter.flush()
    return sums[:, 1:]


def _adding_to(row: Counts, thresholds: Codes) -> Callable[[CountedScores], None]:
    def take(found: CountedScores) -> None:
        gaps, counts = count_between(thresholds, found)
        row[gaps] += counts

    return take


def _split(case: PixelCase) -> Iterator[tuple[Scores, Scores]]:
    """Yield the scores of abnormal and of normal voxels, a part of the volume at a time."""
    truth = None if case.label is None else read_label(case.label, shape=case.shape).ravel(order="F")
    start = 0
    for scores in read_scores(case):
        abnormal = None if truth is None else truth[start : start + scores.size]
        start += scores.size
        if abnormal is None or not abnormal.any():
            yield scores[:0], scores
        else:
            yield scores[abnormal], scores[~abnormal]
