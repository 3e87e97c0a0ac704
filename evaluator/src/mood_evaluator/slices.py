"""Scores of slices: the mean score of a slice's voxels, and how many of them are annotated."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from mood_evaluator.scoring import PixelCase
from mood_evaluator.volumes import find_prediction, read_label


@dataclass(frozen=True, slots=True)
class SliceScores:
    """Per slice along the last axis: its score in [0, 1], and how many of its voxels are annotated."""

    scores: tuple[float, ...]
    annotated: tuple[int, ...]

    def to_json(self) -> dict[str, Any]:
        return {"scores": list(self.scores), "annotated": list(self.annotated)}


def slices_of_case(case: PixelCase) -> SliceScores:
    """Read the slices of a case; a prediction that cannot be read scores 0 everywhere."""
    annotated = np.zeros(case.shape[2], np.int64)
    if case.label is not None:
        annotated = read_label(case.label, shape=case.shape).sum(axis=(0, 1))
    return SliceScores(tuple(map(float, _means(case))), tuple(map(int, annotated)))


def _means(case: PixelCase) -> npt.NDArray[np.float64]:
    prediction = find_prediction(case.prediction, shape=case.shape)
    if prediction is None:
        return np.zeros(case.shape[2])
    return np.asarray(prediction.scores.mean(axis=(0, 1), dtype=np.float64))
