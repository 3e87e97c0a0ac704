"""Official scores of a dataset: AP over all scans (sample task), mean of exact batch APs (pixel task)."""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from mood_evaluator.average_precision import (
    CountedScores,
    ScoreCounter,
    StreamingAveragePrecision,
    average_precision,
)
from mood_evaluator.batches import Batching
from mood_evaluator.errors import InvalidPrediction
from mood_evaluator.nifti_stream import Shape
from mood_evaluator.volumes import open_prediction, read_label

_POOLS = 16  # groups filled at once


@dataclass(frozen=True, slots=True)
class PixelCase:
    """Where the prediction and the truth of a case lie."""

    id: str
    prediction: Path | None  # None counts as all zero
    label: Path | None  # None: nothing is abnormal
    shape: Shape  # voxels


@dataclass(frozen=True, slots=True)
class PixelScore:
    """AP per batch, in the batching's order, and their unweighted mean."""

    batch_aps: tuple[float, ...]
    mean: float


def score_sample_dataset(scores: Mapping[str, float], abnormal: Mapping[str, bool]) -> float:
    """Return the AP over all scans at once, in float64; both map the same case ids."""
    ids = sorted(abnormal)
    return average_precision(
        np.array([scores[case_id] for case_id in ids], np.float64),
        np.array([abnormal[case_id] for case_id in ids], np.bool_),
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
    threads: int = 1,
    on_read: Callable[[], None] | None = None,
) -> tuple[float, ...]:
    """Return the exact float32 AP of the pooled voxels of each group of case ids.

    Each volume is read twice for up to 16 groups that it is in, a part at a time. A prediction that cannot be
    read counts as all zero. `on_read` is called after each reading.
    """
    by_id = {case.id: case for case in cases}
    aps: list[float] = []
    with ThreadPoolExecutor(threads) as readers:
        for start in range(0, len(groups), _POOLS):
            aps += _fill(by_id, groups[start : start + _POOLS], readers, on_read)
    return tuple(aps)


def _fill(
    cases: dict[str, PixelCase],
    groups: Sequence[Sequence[str]],
    readers: ThreadPoolExecutor,
    on_read: Callable[[], None] | None,
) -> list[float]:
    """Score some groups; a prediction that turns out to be unreadable is left out, and all begins again."""
    while True:
        pools = _Pools(cases, groups, on_read)
        try:
            for one_pass in (pools.add_positives, pools.add_negatives):
                for _ in readers.map(one_pass, pools.ids):
                    pass  # raises what was raised
            return [pool.result() for pool in pools.pools]
        except _UnreadableError as error:
            cases[error.case_id] = replace(cases[error.case_id], prediction=None)


class _UnreadableError(Exception):
    """A prediction broke off after some of it had been counted."""

    def __init__(self, case_id: str) -> None:
        super().__init__(case_id)
        self.case_id = case_id


class _Pools:
    """Some groups that are filled in the same two passes."""

    def __init__(
        self,
        cases: Mapping[str, PixelCase],
        groups: Sequence[Sequence[str]],
        on_read: Callable[[], None] | None,
    ) -> None:
        self._cases = cases
        self._on_read = on_read
        self.pools = [StreamingAveragePrecision() for _ in groups]
        self._of_case: dict[str, list[StreamingAveragePrecision]] = {}
        for pool, group in zip(self.pools, groups, strict=True):
            for case_id in group:
                self._of_case.setdefault(case_id, []).append(pool)

    @property
    def ids(self) -> tuple[str, ...]:
        return tuple(self._of_case)

    def add_positives(self, case_id: str) -> None:
        if self._cases[case_id].label is not None:
            takers = [pool.add_counted_positives for pool in self._of_case[case_id]]
            self._count(case_id, takers, positive=True)
        self._done()

    def add_negatives(self, case_id: str) -> None:
        takers = [pool.add_counted_negatives for pool in self._of_case[case_id]]
        self._count(case_id, takers, positive=False)
        self._done()

    def _count(
        self, case_id: str, takers: Sequence[Callable[[CountedScores], None]], *, positive: bool
    ) -> None:
        def take(found: CountedScores) -> None:
            for taker in takers:
                taker(found)

        counter = ScoreCounter(take)
        for part in _read(self._cases[case_id], positive=positive):
            counter.add(part)
        counter.flush()

    def _done(self) -> None:
        if self._on_read is not None:
            self._on_read()


def _read(case: PixelCase, *, positive: bool) -> Iterator[npt.NDArray[np.float32]]:
    """Yield the scores of the abnormal or of the normal voxels; without a prediction they are 0."""
    truth = None if case.label is None else read_label(case.label, shape=case.shape).ravel(order="F")
    start = 0
    for scores in _read_scores(case):
        abnormal = None if truth is None else truth[start : start + scores.size]
        start += scores.size
        if abnormal is not None and abnormal.any():
            yield scores[abnormal if positive else ~abnormal]
        elif not positive:
            yield scores
        if positive and truth is not None and not truth[start:].any():
            return  # if the rest cannot be read, the second pass finds out


def _read_scores(case: PixelCase) -> Iterator[npt.NDArray[np.float32]]:
    try:
        yield from read_scores(case)
    except InvalidPrediction as error:
        raise _UnreadableError(case.id) from error


def read_scores(case: PixelCase) -> Iterator[npt.NDArray[np.float32]]:
    """Yield the scores of a case in file order, 0 where there is no prediction; raises InvalidPrediction."""
    if case.prediction is None:
        yield np.zeros(math.prod(case.shape), np.float32)
        return
    with open_prediction(case.prediction, shape=case.shape) as reader:
        for chunk in reader.chunks():
            yield chunk.values.astype(np.float32, copy=False)
