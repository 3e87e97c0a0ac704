"""Voxels of each case between thresholds of all cases: additive as Evidence is, without its rounding.

Average precision gains recall only where an abnormal voxel lies. So the distinct float32 scores of the
abnormal voxels of all cases are thresholds enough for any pool of these cases, however often each is in it;
of a normal voxel it is enough to know between which two it lies. Replicates deal cases into ever other
batches, hence all cases are counted against the same thresholds.

Where there are more such scores than fit into memory, each abnormal case keeps some, so that equal shares of
its voxels lie between them: what shares a gap then counts as tied.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mood_evaluator.errors import UndefinedScore
from mood_evaluator.kernels import Bits, Counts, merge_into_gaps
from mood_evaluator.positive_scores import PositiveScores
from mood_evaluator.scoring import LoadPositives, PixelCase, positives_of, read_parts
from mood_evaluator.sorted_scores import ScoreSorter, SortedScores

CELLS = 1 << 26  # of both matrices; 0.5 GB together
Small = npt.NDArray[np.int32]  # a volume has fewer than 2^31 voxels


@dataclass(frozen=True, slots=True, eq=False)
class ExactCounts:
    """Voxels (cases by sorted id, thresholds ascending), each from its threshold up to the next."""

    positives: Small
    negatives: Small
    complete: bool  # whether every distinct score of an abnormal voxel is a threshold


def count_exactly(
    cases: Iterable[PixelCase],
    *,
    positives: Mapping[str, LoadPositives] | None = None,
    cells: int = CELLS,
) -> ExactCounts:
    """Read each volume once, a part at a time; raises InvalidPrediction, and UndefinedScore without a label.

    `positives` has the scores of abnormal voxels as `score_pixel_case` found them; of a labelled case that it
    leaves out they are read first. `cells` bounds cases times thresholds.
    """
    ordered = sorted(cases, key=lambda case: case.id)
    if all(case.label is None for case in ordered):
        raise UndefinedScore("No case has a label, so no voxel is known to be abnormal.")
    thresholds, complete = _find_thresholds(ordered, positives or {}, most=max(cells // len(ordered), 1))
    both = np.zeros((2, len(ordered), thresholds.size), np.int32)
    for row, case in enumerate(ordered):
        both[:, row] = _count_case(case, thresholds)
    return ExactCounts(both[0], both[1], complete)


def _find_thresholds(
    cases: Sequence[PixelCase], positives: Mapping[str, LoadPositives], *, most: int
) -> tuple[Bits, bool]:
    """Return ascending thresholds, about `most` of them at most, and whether these are all."""
    abnormal = [case for case in cases if case.label is not None]
    every, complete, some = np.zeros(0, np.uint32), True, [np.zeros(0, np.uint32)]
    for case in abnormal:
        found = positives[case.id]() if case.id in positives else positives_of(case)
        some.append(_space(found, max(most // len(abnormal), 1)))
        if complete:
            every = np.union1d(every, found.codes)
            complete = every.size <= most
    return (every if complete else np.unique(np.concatenate(some))), complete


def _space(found: PositiveScores, most: int) -> Bits:
    """Return the lowest code and others with equal shares of the voxels between them."""
    if found.codes.size <= most:
        return found.codes
    upto = np.cumsum(found.counts, dtype=np.int64)
    return np.unique(found.codes[np.searchsorted(upto, np.linspace(0, upto[-1] - 1, most), side="right")])


def _count_case(case: PixelCase, thresholds: Bits) -> Counts:
    """Return (2, thresholds) abnormal and normal voxels; those below all thresholds never count."""
    sums = np.zeros((2, thresholds.size), np.int64)
    sorters = [ScoreSorter(_adding_to(row, thresholds)) for row in sums]
    for scores, labels in read_parts(case):
        sorters[1].add(scores, labels, wanted=False)
        if labels is not None:
            sorters[0].add(scores, labels, wanted=True)
    for sorter in sorters:
        sorter.flush()
    return sums


def _adding_to(row: Counts, thresholds: Bits) -> Callable[[SortedScores], None]:
    def take(found: SortedScores) -> None:
        merge_into_gaps(found.ascending, found.zeros, thresholds, row)

    return take
