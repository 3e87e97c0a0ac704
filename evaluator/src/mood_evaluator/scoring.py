"""Official scores of a dataset: AP over all scans (sample task), mean of exact batch APs (pixel task)."""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from mood_evaluator.average_precision import (
    CHUNK,
    StreamingAveragePrecision,
    average_precision,
    count_scores,
)
from mood_evaluator.batches import Batching
from mood_evaluator.errors import InvalidPrediction
from mood_evaluator.nifti_stream import Shape
from mood_evaluator.volumes import read_label, read_prediction

_POOLS = 16  # groups filled at once: each may need 133 MB to know which scores occurred


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
    return PixelScore(batch_aps, mean=float(np.mean(batch_aps)))


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

    Each volume is read twice for up to 16 groups that it is in, one volume in memory per thread. `on_read` is
    called after each reading.
    """
    by_id = {case.id: case for case in cases}
    aps: list[float] = []
    with ThreadPoolExecutor(threads) as readers:
        for start in range(0, len(groups), _POOLS):
            pools = _Pools(by_id, groups[start : start + _POOLS], on_read)
            for one_pass in (pools.add_positives, pools.add_negatives):
                for _ in readers.map(one_pass, pools.ids):
                    pass  # raises what was raised
            aps += [pool.result() for pool in pools.pools]
    return tuple(aps)


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

    def _read(self) -> None:
        if self._on_read is not None:
            self._on_read()

    def add_positives(self, case_id: str) -> None:
        case = self._cases[case_id]
        if case.label is not None:
            found = count_scores(_read_scores(case)[_read_truth(case)])
            for pool in self._of_case[case_id]:
                pool.add_counted_positives(found)
        self._read()

    def add_negatives(self, case_id: str) -> None:
        case = self._cases[case_id]
        scores = _read_scores(case)
        normal = None if case.label is None else ~_read_truth(case)
        for start in range(0, scores.size, CHUNK):
            part = scores[start : start + CHUNK]
            found = count_scores(part if normal is None else part[normal[start : start + CHUNK]])
            for pool in self._of_case[case_id]:
                pool.add_counted_negatives(found)
        self._read()


def _read_truth(case: PixelCase) -> npt.NDArray[np.bool_]:
    assert case.label is not None
    return read_label(case.label, shape=case.shape).ravel(order="F")


def _read_scores(case: PixelCase) -> npt.NDArray[np.float32]:
    """Return the scores in file order; what cannot be read counts as all zero, like what is missing."""
    if case.prediction is not None:
        try:
            return read_prediction(case.prediction, shape=case.shape).scores.ravel(order="F")
        except InvalidPrediction:
            pass  # named as a fault when the case was scored
    return np.zeros(math.prod(case.shape), np.float32)
