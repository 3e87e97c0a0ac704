"""Scores of slices: the mean score of a slice's voxels, and how many of them are annotated."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from mood_evaluator.errors import InvalidPrediction
from mood_evaluator.scoring import PixelCase
from mood_evaluator.volumes import read_label, read_prediction


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
    if case.prediction is not None:
        try:
            scores = read_prediction(case.prediction, shape=case.shape).scores
        except InvalidPrediction:  # named as a fault when the case was scored
            return np.zeros(case.shape[2])
        return np.asarray(scores.mean(axis=(0, 1), dtype=np.float64))
    return np.zeros(case.shape[2])
