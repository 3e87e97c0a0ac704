"""The objects of one case, read from its files."""

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from mood_evaluator.errors import InvalidGroundTruth
from mood_evaluator.objects.components import Components, find_components
from mood_evaluator.objects.matching import ScanObjects, least_voxels, match_objects
from mood_evaluator.placement import Affine, find_affine, volume_of_voxel
from mood_evaluator.quantizers import Quantizer
from mood_evaluator.scoring import PixelCase
from mood_evaluator.volumes import find_prediction, read_label

Scores = npt.NDArray[np.float32]
Codes = npt.NDArray[np.uint16]


def objects_of_case(case: PixelCase, *, threshold: float, min_volume: float) -> ScanObjects:
    """Return the objects that `case.prediction` shows at `threshold`, beside those of its label.

    `threshold` is a score above 0, compared under the two-sided quantizer, as it was found. `min_volume`
    (mm³) holds for predicted objects; how large a voxel is, the test set says. A prediction that cannot be
    read shows nothing. Raises InvalidGroundTruth.
    """
    voxel_volume, reference = volume_of_voxel(affine_of(case)), reference_objects(case)
    scores = scores_of(case)
    code = Quantizer.TWO_SIDED.quantize(np.array([threshold]))[0]
    mask = Quantizer.TWO_SIDED.quantize(scores) >= code
    predicted = find_components(mask, min_voxels=least_voxels(min_volume, voxel_volume), scores=scores)
    return match_objects(predicted, reference, voxel_volume=voxel_volume, min_volume=min_volume)


def smallest_reference(cases: Iterable[PixelCase]) -> float | None:
    """Return the volume (mm³) of the smallest object in the labels, None where there is none."""
    volumes = []
    for case in cases:
        found = reference_objects(case).objects
        volumes += [one.voxels * volume_of_voxel(affine_of(case)) for one in found]
    return min(volumes, default=None)


def affine_of(case: PixelCase) -> Affine:
    """Return where its voxels lie, by the test set, else by its label; raises InvalidGroundTruth."""
    affine = find_affine(case.affine, case.label, shape=case.shape)
    if affine is None:
        raise InvalidGroundTruth(
            f"Neither the test set nor a label says how large a voxel of case {case.id} is. Give its image "
            f"or its label an affine, or write `affine` of this case into test_set.json."
        )
    return affine


def reference_objects(case: PixelCase) -> Components:
    """Return the objects of its label, none without one; raises InvalidGroundTruth."""
    if case.label is None:
        return find_components(np.zeros(case.shape, np.bool_))
    return find_components(read_label(case.label, shape=case.shape))


def scores_of(case: PixelCase) -> Scores:
    """Return its scores (x, y, z), 0 where there is no prediction that can be read."""
    prediction = find_prediction(case.prediction, shape=case.shape)
    return np.zeros(case.shape, np.float32) if prediction is None else prediction.scores
