"""The objects of one case, read from its files."""

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from mood_evaluator.objects.components import find_components
from mood_evaluator.objects.matching import ScanObjects, match_objects
from mood_evaluator.quantizers import Quantizer
from mood_evaluator.scoring import PixelCase
from mood_evaluator.volumes import find_prediction, read_label_and_affine

Affine = npt.NDArray[np.float64]


def objects_of_case(case: PixelCase, *, threshold: float, min_volume: float) -> ScanObjects:
    """Return the objects that `case.prediction` shows at `threshold`, beside those of its label.

    `threshold` is a score above 0, compared under the two-sided quantizer, as it was found. `min_volume`
    (mm³) holds for predicted objects. A prediction that cannot be read shows nothing. Raises
    InvalidGroundTruth.
    """
    truth, affine = _read_truth(case)
    scores, affine = _read_scores(case, affine)
    voxel_volume = volume_of_voxel(affine)
    codes = Quantizer.TWO_SIDED.quantize(scores)
    mask = codes >= Quantizer.TWO_SIDED.quantize(np.array([threshold]))[0]
    predicted = find_components(mask, min_voxels=min_volume / voxel_volume, scores=scores)
    return match_objects(predicted, find_components(truth), voxel_volume=voxel_volume, min_volume=min_volume)


def smallest_reference(cases: Iterable[PixelCase]) -> float | None:
    """Return the volume (mm³) of the smallest object in the labels, None where there is none."""
    volumes = []
    for case in cases:
        truth, affine = _read_truth(case)
        voxel = volume_of_voxel(affine) if truth.any() else 1.0
        volumes += [found.voxels * voxel for found in find_components(truth).objects]
    return min(volumes, default=None)


def volume_of_voxel(affine: Affine | None) -> float:
    """Return the volume of a voxel in mm³; 1 where no usable affine (4, 4) says otherwise."""
    volume = 1.0 if affine is None else abs(float(np.linalg.det(affine[:3, :3])))
    return volume if np.isfinite(volume) and volume > 0 else 1.0


def _read_truth(case: PixelCase) -> tuple[npt.NDArray[np.bool_], Affine | None]:
    if case.label is None:
        return np.zeros(case.shape, np.bool_), None
    return read_label_and_affine(case.label, shape=case.shape)


def _read_scores(case: PixelCase, affine: Affine | None) -> tuple[npt.NDArray[np.float32], Affine | None]:
    """Return scores (x, y, z), and the label's affine, else the prediction's."""
    prediction = find_prediction(case.prediction, shape=case.shape)
    if prediction is None:
        return np.zeros(case.shape, np.float32), affine
    return prediction.scores, prediction.affine if affine is None else affine
