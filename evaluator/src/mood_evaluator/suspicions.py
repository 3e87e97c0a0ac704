"""All that looks wrong with a method on a test set, from what was scored and where truth is at hand."""

import math
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from mood_evaluator.case_score import CaseScore
from mood_evaluator.curves import Curve
from mood_evaluator.errors import InvalidPrediction
from mood_evaluator.nifti_stream import Shape
from mood_evaluator.orientations import Orientation, oriented_aps, turned
from mood_evaluator.quantizers import Quantizer
from mood_evaluator.scoring import PixelCase
from mood_evaluator.suspicion import Suspicion
from mood_evaluator.test_set import Task
from mood_evaluator.volumes import open_prediction, read_label
from mood_evaluator.wrong_ranking import doubt

MOST_SCANS: Final = 8  # whose maps are turned


def suspicions_of(
    *,
    task: Task,
    score: float,
    constant: float,
    abnormal: Mapping[str, bool],
    case_scores: Mapping[str, CaseScore],
    turn: Iterable[PixelCase] = (),
) -> tuple[Suspicion, ...]:
    """Judge the `score` of the cases that `abnormal` names, beside that of a `constant` guess.

    Maps of the first abnormal cases among `turn` are read once more and tried in all orientations (pixel
    task).
    """
    curve = Curve.of_cases(task, case_scores, abnormal)
    found = [doubt(curve, score=score, constant=constant, independent=task is Task.SAMPLE)]
    if task is Task.PIXEL:
        found.append(turned([*islice(_turned_aps(turn, case_scores), MOST_SCANS)]))
    return tuple(one for one in found if one is not None)


def _turned_aps(
    cases: Iterable[PixelCase], case_scores: Mapping[str, CaseScore]
) -> Iterator[Mapping[Orientation, float]]:
    for case in cases:
        if case.prediction is None or case.label is None or not case_scores[case.id].valid:
            continue
        abnormal = read_label(case.label, shape=case.shape)
        if abnormal.any():
            with suppress(InvalidPrediction):  # it changed meanwhile, and counts as all zero
                yield oriented_aps(_read_codes(case.prediction, case.shape), abnormal)


def _read_codes(path: Path, shape: Shape) -> npt.NDArray[np.uint16]:
    """Return a valid prediction (x, y, z), quantized a part at a time, so that little is held."""
    codes, start = np.empty(math.prod(shape), np.uint16), 0
    with open_prediction(path, shape=shape) as reader:
        for clean in reader.chunks():
            codes[start : start + clean.values.size] = Quantizer.TWO_SIDED.quantize(clean.values)
            start += clean.values.size
    return codes.reshape(shape, order="F")
