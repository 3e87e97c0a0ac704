"""Official scores of a dataset: AP over all scans (sample task), mean of exact batch APs (pixel task)."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from mood_evaluator.average_precision import StreamingAveragePrecision, average_precision
from mood_evaluator.batches import Batching
from mood_evaluator.errors import InvalidPrediction
from mood_evaluator.nifti_stream import Shape
from mood_evaluator.volumes import read_label, read_prediction


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


def score_pixel_dataset(cases: Iterable[PixelCase], batching: Batching) -> PixelScore:
    """Return the exact float32 AP of each batch, and their mean."""
    by_id = {case.id: case for case in cases}
    batch_aps = tuple(whole_set_ap([by_id[case_id] for case_id in batch]) for batch in batching.batches)
    return PixelScore(batch_aps, mean=float(np.mean(batch_aps)))


def whole_set_ap(cases: Sequence[PixelCase]) -> float:
    """Return the exact float32 AP of all voxels of `cases`, one case in memory at a time."""
    pool = StreamingAveragePrecision()
    for case in cases:
        if case.label is not None:
            pool.add_positives(_read_scores(case)[_read_truth(case)])
    for case in cases:
        scores = _read_scores(case)
        pool.add_negatives(scores if case.label is None else scores[~_read_truth(case)])
    return pool.result()


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
