"""Official scores of a dataset: AP over all scans (sample task), mean of exact batch APs (pixel task)."""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from mood_evaluator.ap import unchecked_average_precision
from mood_evaluator.arrays import checked_cases, need_all
from mood_evaluator.batches import Batching
from mood_evaluator.errors import InvalidPrediction
from mood_evaluator.nifti_stream import Shape
from mood_evaluator.placement import Affine
from mood_evaluator.pools import KeptPositives, Pool
from mood_evaluator.positive_scores import PositiveScores
from mood_evaluator.shelf import Shelf
from mood_evaluator.sorted_scores import ScoreSorter, SortedScores
from mood_evaluator.volumes import open_prediction, read_label

Scores = npt.NDArray[np.float32]
LoadPositives = Callable[[], PositiveScores]


@dataclass(frozen=True, slots=True)
class PixelCase:
    """Where the prediction and the truth of a case lie."""

    id: str
    prediction: Path | None  # None counts as all zero
    label: Path | None  # None: nothing is abnormal
    shape: Shape  # voxels
    affine: Affine | None = None  # of the test set; None: the label's is taken
    image: Path | None = None  # for what lies in the body


@dataclass(frozen=True, slots=True)
class PixelScore:
    """AP per batch, in the batching's order, and their unweighted mean."""

    batch_aps: tuple[float, ...]
    mean: float


def score_sample_dataset(scores: Mapping[str, float], abnormal: Mapping[str, bool]) -> float:
    """Return the AP over all scans at once, in float64; both map the same case ids.

    >>> score_sample_dataset({"a": 0.1, "b": 0.9}, {"a": False, "b": True})
    1.0
    """
    values, truth = checked_cases(scores, abnormal)
    ids = sorted(truth)
    return unchecked_average_precision(
        np.array([values[case_id] for case_id in ids], np.float64),
        np.array([truth[case_id] for case_id in ids], np.bool_),
    )


def score_pixel_dataset(cases: Iterable[PixelCase], batching: Batching, *, threads: int = 1) -> PixelScore:
    """Return the exact float32 AP of each batch, and their mean."""
    batch_aps = pooled_aps(cases, batching.batches, threads=threads)
    return PixelScore(batch_aps, mean=mean_ap(batch_aps))


def mean_ap(aps: Sequence[float]) -> float:
    """Return the unweighted mean, rounded once: no order of batches moves a digit."""
    return math.fsum(aps) / len(aps)


def whole_set_ap(cases: Sequence[PixelCase], *, threads: int = 1) -> float:
    """Return the exact float32 AP of all voxels of `cases`."""
    return pooled_aps(cases, [[case.id for case in cases]], threads=threads)[0]


def pooled_aps(
    cases: Iterable[PixelCase],
    groups: Sequence[Sequence[str]],
    *,
    positives: Mapping[str, LoadPositives] | None = None,
    threads: int = 1,
    on_read: Callable[[], None] | None = None,
) -> tuple[float, ...]:
    """Return the exact float32 AP of the pooled voxels of each group of case ids.

    `positives` has the scores of abnormal voxels as `score_pixel_case` found them; of a labelled case that it
    leaves out they are read first. Then each volume is read once, a part at a time. A prediction that cannot
    be read counts as all zero. What is more than a gigabyte lies in temporary files. `on_read` is called
    after each reading.
    """
    reading = _Reading({case.id: case for case in cases}, dict(positives or {}), threads, on_read or _nothing)
    while True:
        try:
            with Shelf() as shelf:
                return reading.score(groups, shelf)
        except _UnreadableError as error:
            reading.leave_out(error.case_id)


def _nothing() -> None:
    pass


class _UnreadableError(Exception):
    """A prediction broke off after some of it had been counted."""

    def __init__(self, case_id: str) -> None:
        super().__init__(case_id)
        self.case_id = case_id


@dataclass(slots=True)
class _Reading:
    """Fills pools from the volumes of some cases."""

    cases: dict[str, PixelCase]
    positives: dict[str, LoadPositives]
    threads: int
    on_read: Callable[[], None]

    def leave_out(self, case_id: str) -> None:
        """Count an unreadable prediction as all zero."""
        self.cases[case_id] = replace(self.cases[case_id], prediction=None)
        self.positives.pop(case_id, None)

    def score(self, groups: Sequence[Sequence[str]], shelf: Shelf) -> tuple[float, ...]:
        wanted = tuple(dict.fromkeys(case_id for group in groups for case_id in group))
        need_all(self.cases, wanted, "cases")
        with ThreadPoolExecutor(self.threads) as readers:
            found = readers.map(self._load_positives, wanted)
            kept = {name: KeptPositives.put(shelf, part) for name, part in zip(wanted, found, strict=True)}
            pools = [Pool(shelf, [kept[case_id] for case_id in group]) for group in groups]
            of_case: dict[str, list[Pool]] = {case_id: [] for case_id in wanted}
            for pool, group in zip(pools, groups, strict=True):
                for case_id in group:
                    of_case[case_id].append(pool)
            for _ in readers.map(lambda case_id: self._add_negatives(case_id, of_case[case_id]), wanted):
                pass  # raises what was raised
        return tuple(pool.ap() for pool in pools)

    def _load_positives(self, case_id: str) -> PositiveScores:
        case = self.cases[case_id]
        if case.label is None:
            return PositiveScores.of_zeros(0)
        if case_id in self.positives:
            return self.positives[case_id]()
        with self._reading(case_id):
            return positives_of(case)

    def _add_negatives(self, case_id: str, pools: Sequence[Pool]) -> None:
        def take(found: SortedScores) -> None:
            for pool in pools:
                pool.add_negatives(found)

        sorter = ScoreSorter(take)
        with self._reading(case_id):
            for scores, labels in read_parts(self.cases[case_id]):
                sorter.add(scores, labels, wanted=False)
            sorter.flush()

    @contextmanager
    def _reading(self, case_id: str) -> Iterator[None]:
        try:
            yield
        except InvalidPrediction as error:
            raise _UnreadableError(case_id) from error
        self.on_read()


def positives_of(case: PixelCase) -> PositiveScores:
    """Read the scores of the abnormal voxels of a labelled case; raises InvalidPrediction."""
    parts = [scores[labels] for scores, labels in read_parts(case) if labels is not None]
    return PositiveScores.of(np.concatenate(parts))


def read_parts(case: PixelCase) -> Iterator[tuple[Scores, npt.NDArray[np.bool_] | None]]:
    """Yield scores and labels of a case, a part of the volume at a time; no labels where all is normal.

    Raises InvalidPrediction.
    """
    truth = None if case.label is None else read_label(case.label, shape=case.shape).ravel(order="F")
    start = 0
    for scores in read_scores(case):
        yield scores, None if truth is None else truth[start : start + scores.size]
        start += scores.size


def read_scores(case: PixelCase) -> Iterator[Scores]:
    """Yield the scores of a case in file order, 0 where there is no prediction; raises InvalidPrediction."""
    if case.prediction is None:
        yield np.zeros(math.prod(case.shape), np.float32)
        return
    with open_prediction(case.prediction, shape=case.shape) as reader:
        for chunk in reader.chunks():
            yield chunk.values.astype(np.float32, copy=False)
